import CertificateLifecycle
import CertificateService
import Foundation
import HTTPSTransport
import PKCS11
import SwiftASN1
import TokenKeys
import X509

/// A TLS client whose certificate's key is on the token: what ``HTTPSTransport`` and ``TokenKeys`` do not know of each other.
enum TokenClient {
  /// The names that TLS has for how keys sign.
  private static let schemes: [(scheme: SignatureScheme, algorithm: KeySignatureAlgorithm)] = [
    (.rsaPSSSHA256, .rsaPSSSHA256), (.rsaPSSSHA384, .rsaPSSSHA384), (.rsaPSSSHA512, .rsaPSSSHA512),
    (.rsaPKCS1SHA256, .rsaPKCS1SHA256), (.rsaPKCS1SHA384, .rsaPKCS1SHA384), (.rsaPKCS1SHA512, .rsaPKCS1SHA512),
    (.ecdsaSHA256, .ecdsaSHA256), (.ecdsaSHA384, .ecdsaSHA384), (.ecdsaSHA512, .ecdsaSHA512),
  ]

  /// - Parameters:
  ///   - key: signs by those schemes that its token has a mechanism for, and by no other.
  ///   - certificateChain: the key's certificate first. A root at the end is left out: whoever is to trust it has it.
  ///   - mechanisms: the token's.
  static func identity(
    of key: TokenKey, certificateChain: [Certificate], mechanisms: [MechanismType: MechanismInformation]
  ) throws -> ClientIdentity {
    let offered = Set(AlgorithmOffer(key.algorithm, mechanisms: mechanisms).signatures.filter { $0.mechanism != nil }.map(\.algorithm))
    let usable = schemes.filter { offered.contains($0.algorithm) }
    guard !usable.isEmpty, let own = certificateChain.first else {
      throw CommandError(
        .tokenOrKey, code: "mechanism-missing", operation: "use key \(key.name) for TLS",
        message: "the token offers no mechanism by which a \(key.algorithm) key signs for TLS",
        hints: ["see what it offers with: hsmkey token show"])
    }
    let issuers = certificateChain.dropFirst().filter { $0.subject != $0.issuer }
    let algorithms = Dictionary(uniqueKeysWithValues: usable.map { ($0.scheme, $0.algorithm) })
    return ClientIdentity(certificateChain: try ([own] + issuers).map(encoded), schemes: usable.map(\.scheme)) { request in
      try await key.sign(request.message, algorithm: algorithms[request.scheme]).encodedRepresentation
    }
  }

  private static func encoded(_ certificate: Certificate) throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    return serializer.serializedBytes
  }
}

extension CommandContext {
  /// A TLS client with one of a name's certificates, whose key is on the token.
  func client(_ installed: InstalledCertificate, keys: TokenKeys, issuers: TrustAnchors) async throws -> ClientIdentity {
    guard let identifier = KeyIdentifier(hexadecimal: installed.keyIdentifier) else {
      throw CommandError.input("\(installed.keyIdentifier) is no CKA_ID", operation: "find a key of the state file on the token")
    }
    let certificate = try installed.certificate()
    let key = try await keys.key(identifier: identifier)
    guard key.publicKey == certificate.publicKey else {
      throw CommandError(
        .tokenOrKey, code: "key-mismatch", operation: "use key \(key.name) for TLS",
        message: "the key on the token is not the one of the certificate with the serial number \(certificate.serialNumber.hexadecimal)")
    }
    // A certificate whose chain is not known any more is shown alone: it is the consumer who judges.
    let chain = (try? await issuers.validate(certificate, at: Date())) ?? [certificate]
    let token = keys.token
    return try TokenClient.identity(
      of: key, certificateChain: chain, mechanisms: try await waiting("ask for mechanisms") { try token.mechanisms() })
  }

  /// How a consumer is reached: as the service is, but for whose certificates it may present.
  func consumerTransport(_ consumer: ConfigurationFile.Consumer, _ identity: ClientIdentity?) throws -> HTTPSTransport {
    var configuration = HTTPSTransport.Configuration()
    if let file = consumer.tlsCA { configuration.trust = .file(file) }
    if let timeout = settings.file.service.timeout { configuration.totalTimeout = timeout }
    configuration.proxy = settings.file.service.proxy
    configuration.userAgent = "hsmkey/\(toolVersion)"
    do {
      let transport = try HTTPSTransport(configuration, identity: identity)
      try transport.check(address: consumer.address)
      return transport
    } catch {
      throw CommandError.configuration(error, about: "the consumer \(consumer.name)")
    }
  }
}
