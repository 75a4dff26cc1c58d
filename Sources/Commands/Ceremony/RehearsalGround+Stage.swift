import Crypto
import Foundation
import KeyCeremony
import PKCS11
import Secrets
import SwiftASN1
import TokenKeys
import X509

extension RehearsalGround: RehearsalStage {
  func serial(of token: String) async throws -> String? { site.tokens[token]?.serial }

  func sharedPIN(_ id: String) async -> HeldSecret? { sharedPINs[id] }

  func input(_ id: String, certificateFor key: TokenKey?) async throws -> [UInt8] {
    guard let key else { return Self.content(of: id, plan) }
    return Array(try Self.certificate(for: key).serializeAsPEM().pemString.utf8) + [UInt8(ascii: "\n")]
  }

  func replicate(serial: String, pin: SecretSource, as copy: String, pin copyPIN: SecretSource) async throws {
    guard let planned = plan.token(copy), let copySerial = site.tokens[copy]?.serial else {
      throw CeremonyError(
        .copy, operation: "copy a token for the rehearsal", message: "the plan itself initialises \(copy), which is to become a copy")
    }
    try SoftHSMReplica.make(of: serial, in: tokenFolder, serial: copySerial, label: planned.label)
    guard pin != copyPIN else { return }
    let module = try await tokens.open()
    let memory = tokens.memory
    let outcome = await Result.of {
      try await tokens.context.waiting("set the PIN of the copy \(copy)") {
        let uri = try PKCS11URI("pkcs11:serial=\(copySerial)")
        let token = try module.token(matching: uri)
        try memory.forget(token)
        _ = try TokenLogin(token: token, pin: pin, memory: memory).changePIN(to: copyPIN)
      }
    }
    try await tokens.close(module)
    try outcome.get()
  }

  /// A certificate that an authority of the moment has issued for a key.
  private static func certificate(for key: TokenKey) throws -> Certificate {
    let issuer = try DistinguishedName { CommonName("REHEARSAL") }
    return try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey, notValidBefore: Date() - 3600,
      notValidAfter: Date() + 30 * 86_400, issuer: issuer, subject: try DistinguishedName { CommonName("REHEARSAL \(key.name)") },
      signatureAlgorithm: .ecdsaWithSHA256, extensions: try Certificate.Extensions { Critical(BasicConstraints.notCertificateAuthority) },
      issuerPrivateKey: Certificate.PrivateKey(P256.Signing.PrivateKey()))
  }
}

extension Result where Failure == any Error {
  /// What comes of the work, so that something else can be done before it is told.
  fileprivate static func of(_ body: () async throws -> Success) async -> Result {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}
