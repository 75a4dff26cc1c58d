import Crypto
import CryptoExtras
import Foundation
import PKCS11
import SwiftASN1
import X509

extension KeyProber {
  private static let decryption: [(Mechanism, _RSA.Encryption.Padding)] = [
    (.rsaPKCS, ._WEAK_AND_INSECURE_PKCS_V1_5), (.rsaPKCSOAEPWithSHA1, .PKCS1_OAEP), (.rsaPKCSOAEPWithSHA256, .PKCS1_OAEP_SHA256),
    // Any number below the modulus will do.
    (.rsaX509, ._WEAK_AND_INSECURE_PKCS_V1_5),
  ]

  /// Asks for the decryption of what was encrypted to the public key.
  func decrypting(_ trial: ProbeTrial) -> [Step] {
    uses(Self.decryption.map(\.0), trial, "no mechanism decrypts with a key of kind \(parts.algorithm)") { [self] mechanism, session in
      if parts.wantsPINEachTime {
        // Going on would take the PIN.
        let answer = try trial.attempt("C_DecryptInit", mechanism: mechanism.type) {
          try session.beginDecryption(with: mechanism, key: key)
        }
        if case .accepted = answer { trial.began("C_DecryptInit was accepted; the PIN that C_Decrypt wants was not given") }
        return
      }
      let encrypted = try encrypted(for: mechanism)
      let answer = try trial.attempt("C_DecryptInit", "C_Decrypt", mechanism: mechanism.type) {
        _ = try session.decrypt(encrypted, with: mechanism, key: key)
      }
      if case .accepted = answer { trial.did("C_Decrypt decrypted", by: mechanism.type) }
    }
  }

  /// Asks for a key that was encrypted to the public key.
  func unwrapping(_ trial: ProbeTrial) -> [Step] {
    uses(Self.decryption.dropLast().map(\.0), trial, "no mechanism unwraps with a key of kind \(parts.algorithm)") {
      [self] mechanism, session in
      let encrypted = try encrypted(for: mechanism)
      let template: [Attribute] = [
        .init(.objectClass, ObjectClass.secretKey), .init(.keyType, KeyType.aes), .init(.token, false), .init(.encrypt, true),
      ]
      let answer = try trial.attempt("C_UnwrapKey", mechanism: mechanism.type, doubtful: ProbeTrial.templateAnswers) {
        try session.unwrapKey(encrypted, with: mechanism, unwrappingKey: key, template)
      }
      if case .failed = answer { session.giveUp() }
      guard case .accepted(let made) = answer else { return }
      trial.did("C_UnwrapKey unwrapped a key", by: mechanism.type)
      try destroy(made, .secretKey, .aes, trial, in: &session)
    }
  }

  /// Agrees on a secret with a peer.
  func deriving(_ trial: ProbeTrial) -> [Step] {
    guard case .elliptic(let curve) = parts.algorithm.kind else {
      trial.note("no mechanism derives from a key of kind \(parts.algorithm)")
      return []
    }
    let point = curve.publicPoint()
    // Tokens differ in how they want the point.
    return uses([point, [0x04, UInt8(point.count)] + point].map { .ecdh1Derive(publicPoint: $0) }, trial, "") {
      [self] mechanism, session in
      guard !trial.hasDone else { return }
      let template: [Attribute] = [
        .init(.objectClass, ObjectClass.secretKey), .init(.keyType, KeyType.genericSecret), .init(.token, false),
        .init(.valueLength, UInt(32)),
      ]
      let answer = try trial.attempt("C_DeriveKey", mechanism: mechanism.type, doubtful: ProbeTrial.templateAnswers) {
        try session.deriveKey(mechanism, from: key, template)
      }
      if case .failed = answer { session.giveUp() }
      guard case .accepted(let made) = answer else { return }
      trial.did("C_DeriveKey agreed on a secret", by: mechanism.type)
      try destroy(made, .secretKey, .genericSecret, trial, in: &session)
    }
  }

  /// Asks for a signature with the data inside.
  func signingRecoverably(_ trial: ProbeTrial) -> [Step] {
    let message = Self.randomBytes()
    return uses([.rsaPKCS], trial, "no mechanism signs with recovery with a key of kind \(parts.algorithm)") { [self] mechanism, session in
      if parts.wantsPINEachTime {
        let answer = try trial.attempt("C_SignRecoverInit", mechanism: mechanism.type) {
          try session.beginRecoverableSignature(with: mechanism, key: key)
        }
        if case .accepted = answer { trial.began("C_SignRecoverInit was accepted; the PIN that C_SignRecover wants was not given") }
        return
      }
      let answer = try trial.attempt("C_SignRecoverInit", "C_SignRecover", mechanism: mechanism.type) {
        _ = try session.signRecoverably(message, with: mechanism, key: key)
      }
      if case .accepted = answer { trial.did("C_SignRecover signed", by: mechanism.type) }
    }
  }

  /// One step for each mechanism that the token offers and that fits the key.
  private func uses(
    _ mechanisms: [Mechanism], _ trial: ProbeTrial, _ otherwise: String, _ body: @escaping (Mechanism, inout Session) throws -> Void
  ) -> [Step] {
    let isFitting = parts.algorithm.modulusBits != nil || mechanisms.allSatisfy { $0.type == .ecdh1Derive }
    guard isFitting else {
      trial.note(otherwise)
      return []
    }
    let usable = mechanisms.filter { offered[$0.type] != nil }
    if usable.isEmpty { trial.note("the token offers none of \(Set(mechanisms.map(\.description)).sorted().joined(separator: ", "))") }
    return usable.map { mechanism in { session in try body(mechanism, &session) } }
  }

  /// Random bytes, encrypted to the public key.
  private func encrypted(for mechanism: Mechanism) throws -> [UInt8] {
    let padding = Self.decryption.first { $0.0 == mechanism }?.1 ?? .PKCS1_OAEP
    let publicKey = try _RSA.Encryption.PublicKey(derRepresentation: parts.publicKey.serializeAsPEM().derBytes)
    return Array(try publicKey.encrypt(Self.randomBytes(), padding: padding))
  }

  private static func randomBytes() -> [UInt8] {
    var random = SystemRandomNumberGenerator()
    return (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
  }
}

extension EllipticCurve {
  /// The public point of a fresh key on this curve, uncompressed.
  fileprivate func publicPoint() -> [UInt8] {
    switch self {
    case .p256: Array(P256.KeyAgreement.PrivateKey().publicKey.x963Representation)
    case .p384: Array(P384.KeyAgreement.PrivateKey().publicKey.x963Representation)
    case .p521: Array(P521.KeyAgreement.PrivateKey().publicKey.x963Representation)
    }
  }
}
