public import Foundation
public import PKCS11
public import SwiftASN1
public import X509

/// A key pair on a token. Its private half never leaves; it signs by asking the token.
///
/// It is an X509 `CustomPrivateKey`: wrap it with `Certificate.PrivateKey(key)` wherever swift-certificates wants a private key.
public struct TokenKey: Sendable {
  let parts: KeyParts
  let keys: TokenKeys

  init(_ parts: KeyParts, keys: TokenKeys) {
    self.parts = parts
    self.keys = keys
  }

  /// `CKA_LABEL`: for people.
  public var name: String { parts.name }
  /// `CKA_ID`, shared by both halves and the certificates.
  public var identifier: KeyIdentifier { parts.identifier }
  /// Kind and size, as the public half shows them.
  public var algorithm: KeyAlgorithm { parts.algorithm }

  /// The RFC 7512 URI that names this key: token, serial number, identifier and name.
  public var uri: PKCS11URI { keys.token.uri(ofKeyNamed: name, identifier: identifier) }

  /// Whether the token wants the PIN again for each signature (`CKA_ALWAYS_AUTHENTICATE`).
  public var wantsPINEachTime: Bool { parts.wantsPINEachTime }

  /// This key where X509 wants a private key.
  public var privateKey: Certificate.PrivateKey { Certificate.PrivateKey(self) }
}

extension TokenKey {
  /// Signs on the token, on the token's own thread, and verifies the signature in software before returning it.
  ///
  /// - Parameters:
  ///   - message: what is signed: the message, not its digest.
  ///   - algorithm: one of ``KeyAlgorithm/signatureAlgorithms``; nil for the preferred one.
  /// - Throws: ``TokenKeysError`` when the key cannot sign with this algorithm, the token offers no mechanism for it, or the signature does
  ///   not verify; `PKCS11Error` from the token.
  public func sign(_ message: some DataProtocol & Sendable, algorithm: KeySignatureAlgorithm? = nil) async throws -> KeySignature {
    try await signature(of: Array(message), algorithm: algorithm ?? self.algorithm.signatureAlgorithms[0])
  }

  private func signature(of message: [UInt8], algorithm: KeySignatureAlgorithm) async throws -> KeySignature {
    let parts = self.parts
    try SignatureScheme.check(algorithm, for: parts.algorithm)
    let raw = try await keys.perform(isRepeatable: parts.isSignatureRepeatable) { try $0.sign(message, with: parts, algorithm: algorithm) }
    // Here and not on the token's thread, which can begin with the next signature meanwhile.
    return try parts.verified(raw, of: message, algorithm: algorithm)
  }
}

extension TokenKey: CustomPrivateKey {
  /// The public half.
  public var publicKey: Certificate.PublicKey { parts.publicKey }

  /// The algorithm that is used where none is asked for.
  public var defaultSignatureAlgorithm: Certificate.SignatureAlgorithm { supportedSignatureAlgorithms[0] }

  /// The algorithms of X.509 that the key signs with, the preferred one first. RSA-PSS is not among them: swift-certificates does not know
  /// it; see ``sign(_:algorithm:)``.
  public var supportedSignatureAlgorithms: [Certificate.SignatureAlgorithm] {
    parts.algorithm.signatureAlgorithms.compactMap(\.certificateAlgorithm)
  }

  /// Signs on the token and blocks the calling thread meanwhile. Prefer ``signAsynchronously(bytes:signatureAlgorithm:)``.
  public func signSynchronously(
    bytes: some DataProtocol, signatureAlgorithm: Certificate.SignatureAlgorithm
  ) throws -> Certificate.Signature {
    let message = Array(bytes)
    let parts = self.parts
    let algorithm = try parts.algorithm.signatureAlgorithm(for: signatureAlgorithm)
    let raw = try keys.performBlocking(isRepeatable: parts.isSignatureRepeatable) {
      try $0.sign(message, with: parts, algorithm: algorithm)
    }
    return try parts.verified(raw, of: message, algorithm: algorithm).forX509(signatureAlgorithm)
  }

  /// Signs on the token, on the token's own thread, and verifies the signature in software before returning it.
  ///
  /// - Throws: ``TokenKeysError`` when the key cannot sign with this algorithm or the signature does not verify; `PKCS11Error` from the
  ///   token.
  public func signAsynchronously(
    bytes: some DataProtocol & Sendable, signatureAlgorithm: Certificate.SignatureAlgorithm
  ) async throws -> Certificate.Signature {
    let algorithm = try parts.algorithm.signatureAlgorithm(for: signatureAlgorithm)
    return try await signature(of: Array(bytes), algorithm: algorithm).forX509(signatureAlgorithm)
  }
}

extension TokenKey: Hashable {
  public static func == (left: TokenKey, right: TokenKey) -> Bool { left.parts == right.parts && left.keys === right.keys }
  public func hash(into hasher: inout Hasher) { hasher.combine(parts) }
}

extension TokenKey: PEMSerializable {
  /// What X509 would write around the key; nothing ever is written.
  public static var defaultPEMDiscriminator: String { "PRIVATE KEY" }

  /// Always throws: the private key is on the token and stays there.
  public func serialize(into coder: inout DER.Serializer) throws { throw Self.staysOnToken(name) }

  /// Always throws: the private key is on the token and stays there.
  public func serializeAsPEM(discriminator: String) throws -> PEMDocument { throw Self.staysOnToken(name) }

  private static func staysOnToken(_ name: String) -> TokenKeysError {
    TokenKeysError(.keyUnusable, operation: "export key \(name)", message: "the private key is on the token and cannot leave it")
  }
}

extension TokenKey: CustomStringConvertible {
  public var description: String { "\(algorithm) key \(name) (\(identifier))" }
}

extension TokenConnection {
  /// Signs with a private key; nobody has verified the result yet.
  func sign(_ message: [UInt8], with parts: KeyParts, algorithm: KeySignatureAlgorithm) throws -> [UInt8] {
    let scheme = try SignatureScheme(algorithm, for: parts.algorithm, offered: mechanisms())
    let authentication = parts.wantsPINEachTime ? login : nil
    return try withPrivateKey(parts.identifier) { session, handle in
      guard let authentication else { return try scheme.sign(message, key: handle, in: &session) }
      return try showingPIN { try scheme.sign(message, key: handle, authentication: authentication, in: &session) }
    }
  }
}

extension KeyParts {
  /// Whether a signature that failed half way may be tried again without asking: not where each try needs the PIN.
  var isSignatureRepeatable: Bool { !wantsPINEachTime }

  /// A signature by the private half, once the public half has verified it.
  func verified(_ raw: [UInt8], of message: [UInt8], algorithm: KeySignatureAlgorithm) throws(TokenKeysError) -> KeySignature {
    guard let signature = KeySignature(verifying: raw, of: message, by: publicKey, algorithm: algorithm) else {
      throw TokenKeysError(
        .ruleRefused, rule: .verifyAfterSign, operation: "sign with key \(name)",
        message: "the token returned a signature that does not verify with the key's public half",
        hint: "do not use this token until its maker has explained it; nothing has been sent")
    }
    return signature
  }
}

extension KeyAlgorithm {
  /// Our name for what X.509 asks for.
  fileprivate func signatureAlgorithm(for asked: Certificate.SignatureAlgorithm) throws(TokenKeysError) -> KeySignatureAlgorithm {
    guard let algorithm = KeySignatureAlgorithm(asked) else { throw SignatureScheme.mismatch("\(asked)", self) }
    try SignatureScheme.check(algorithm, for: self)
    return algorithm
  }
}

extension KeySignature {
  fileprivate func forX509(_ algorithm: Certificate.SignatureAlgorithm) throws -> Certificate.Signature {
    try Certificate.Signature(signatureAlgorithm: algorithm, signatureBytes: ASN1BitString(bytes: encodedRepresentation[...]))
  }
}
