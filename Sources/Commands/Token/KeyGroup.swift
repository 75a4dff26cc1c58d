import ArgumentParser
import CertificateService
import Crypto
import Foundation
import PKCS11
import SwiftASN1
import TokenKeys
import X509

/// `hsmkey key …`
struct KeyGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Key pairs on the token.",
    subcommands: [
      KeyGenerateCommand.self, KeyListCommand.self, KeyShowCommand.self, KeyPublicCommand.self, KeySignCommand.self, KeyDestroyCommand.self,
      KeyProveCommand.self, KeyVerifyProofCommand.self, KeyCountersignProofCommand.self,
    ])
}

/// One key in answers.
struct KeyReport: Encodable, Sendable {
  struct CertificateSummary: Encodable, Sendable {
    let subject: String
    let issuer: String
    let serial: String
    let notBefore: Date
    let notAfter: Date

    init(_ certificate: Certificate) {
      subject = certificate.subject.readable
      issuer = certificate.issuer.readable
      serial = certificate.serialNumber.hexadecimal
      notBefore = certificate.notValidBefore
      notAfter = certificate.notValidAfter
    }
  }

  let name: String
  let id: String
  let algorithm: String
  let uri: String
  let publicKeySha256: String
  let verdict: VerdictReport?
  let certificates: [CertificateSummary]?

  init(_ key: TokenKey, verdict: VerdictReport? = nil, certificates: [Certificate]? = nil) throws {
    name = key.name
    id = key.identifier.hexadecimal
    algorithm = key.algorithm.rawValue
    uri = key.uri.description
    publicKeySha256 = try key.publicKey.subjectPublicKeyInfoSHA256
    self.verdict = verdict
    self.certificates = certificates.map { $0.map(CertificateSummary.init) }
  }

  var text: String {
    var blocks = [
      Console.facts([("key", name), ("algorithm", algorithm), ("id", id), ("public key SHA-256", publicKeySha256), ("uri", uri)])
    ]
    if let verdict { blocks.append(verdict.text) }
    for certificate in certificates ?? [] {
      blocks.append(
        Console.facts([
          ("certificate", certificate.subject), ("issuer", certificate.issuer), ("serial", certificate.serial),
          ("valid", "\(certificate.notBefore.ISO8601Format()) to \(certificate.notAfter.ISO8601Format())"),
        ]))
    }
    return blocks.joined(separator: "\n\n")
  }
}

extension Certificate.PublicKey {
  /// SHA-256 of the DER SubjectPublicKeyInfo, in hexadecimal: names a public key whatever its kind.
  var subjectPublicKeyInfoSHA256: String {
    get throws { SHA256.hash(data: try serializeAsPEM().derBytes).hexadecimal }
  }
}

extension Sequence<UInt8> {
  /// Two lower-case hexadecimal digits a byte.
  var hexadecimal: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}

extension Certificate.SerialNumber {
  /// The serial number's bytes in hexadecimal.
  var hexadecimal: String { bytes.hexadecimal }
}

extension Data {
  /// SHA-256 of the bytes, in hexadecimal.
  var sha256Hexadecimal: String { SHA256.hash(data: self).hexadecimal }
}
