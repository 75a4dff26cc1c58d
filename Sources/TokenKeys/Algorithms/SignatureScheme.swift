import Crypto
import PKCS11
import SwiftASN1
import X509

extension KeyAlgorithm {
  /// The X.509 algorithms that a key of this kind signs with, the preferred one first.
  ///
  /// An ECDSA key signs over the digest of its own strength only: a longer digest would be cut, a shorter one would weaken it.
  var signatureAlgorithms: [Certificate.SignatureAlgorithm] {
    switch self {
    case .ecdsaP256: [.ecdsaWithSHA256]
    case .ecdsaP384: [.ecdsaWithSHA384]
    default: [.sha256WithRSAEncryption, .sha384WithRSAEncryption, .sha512WithRSAEncryption]
    }
  }

  var defaultSignatureAlgorithm: Certificate.SignatureAlgorithm { signatureAlgorithms[0] }
}

/// How one X.509 signature algorithm is made by one token: which mechanism, what is handed to it, and how its answer is read.
struct SignatureScheme {
  let algorithm: Certificate.SignatureAlgorithm
  private let hash: Hash
  private let mechanism: Mechanism
  private let input: Input
  private let signatureSize: Int
  private let isElliptic: Bool

  private enum Input {
    /// The token digests the message itself.
    case message
    /// We digest, and wrap the digest as PKCS#1 wants it (RFC 8017 section 9.2, step 2).
    case digestInfo
    /// We digest, and hand over the bare digest.
    case digest
  }

  /// - Parameter offered: the token's mechanisms; the first that fits is used.
  init(_ algorithm: Certificate.SignatureAlgorithm, for key: KeyAlgorithm, offered: [MechanismType: MechanismInformation]) throws {
    try Self.check(algorithm, for: key)
    guard let hash = Hash(algorithm) else { throw Self.mismatch(algorithm, key) }
    self.algorithm = algorithm
    self.hash = hash
    isElliptic = key.modulusBits == nil
    signatureSize = key.modulusBits.map { $0 / 8 } ?? (key == .ecdsaP256 ? 64 : 96)

    let candidates: [(Mechanism, Input)] =
      isElliptic
      ? [(.ecdsa, .digest)]
      : [(hash.rsaMechanism, .message), (.rsaPKCS, .digestInfo)]
    guard let (mechanism, input) = candidates.first(where: { offered[$0.0.type]?.flags.contains(.sign) == true }) else {
      throw TokenKeysError(
        .mechanismMissing, operation: "sign with a key of kind \(key)",
        message: "the token offers none of \(candidates.map { $0.0.type.description }.joined(separator: ", "))")
    }
    self.mechanism = mechanism
    self.input = input
  }

  /// Refuses an algorithm that a kind of key does not sign with. Needs no token.
  static func check(_ algorithm: Certificate.SignatureAlgorithm, for key: KeyAlgorithm) throws(TokenKeysError) {
    guard key.signatureAlgorithms.contains(algorithm) else { throw mismatch(algorithm, key) }
  }

  private static func mismatch(_ algorithm: Certificate.SignatureAlgorithm, _ key: KeyAlgorithm) -> TokenKeysError {
    TokenKeysError(
      .algorithmMismatch, operation: "sign with a key of kind \(key)", message: "such a key does not sign with \(algorithm)",
      hint: "it signs with \(key.signatureAlgorithms.map(\.description).joined(separator: ", "))")
  }

  /// Asks the token for the signature (`C_SignInit`, `C_Sign`) and returns it in the form X.509 wants: for ECDSA that is the DER sequence
  /// of r and s (RFC 5480), which the token gives as two numbers of fixed length.
  func sign(_ message: [UInt8], key: ObjectHandle, in session: inout Session) throws -> [UInt8] {
    let data =
      switch input {
      case .message: message
      case .digestInfo: hash.digestInfoPrefix + hash.digest(message)
      case .digest: hash.digest(message)
      }
    let raw = try session.sign(data, with: mechanism, key: key, maximumSignatureSize: signatureSize)
    guard raw.count == signatureSize else {
      throw TokenKeysError(
        .ruleRefused, rule: .verifyAfterSign, operation: "sign on the token",
        message: "the token returned a signature of \(raw.count) bytes where \(signatureSize) belong")
    }
    guard isElliptic else { return raw }
    return signatureSize == 64
      ? Array(try P256.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
      : Array(try P384.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
  }
}

/// The SHA-2 functions that signatures use here.
private struct Hash {
  let digest: @Sendable ([UInt8]) -> [UInt8]
  let rsaMechanism: Mechanism
  /// DER of `DigestInfo` up to the digest itself (RFC 8017 section 9.2, note 1).
  let digestInfoPrefix: [UInt8]

  init?(_ algorithm: Certificate.SignatureAlgorithm) {
    switch algorithm {
    case .sha256WithRSAEncryption, .ecdsaWithSHA256:
      digest = { Array(SHA256.hash(data: $0)) }
      rsaMechanism = .sha256RSAPKCS
      digestInfoPrefix = Self.prefix(algorithm: 1, length: 32)
    case .sha384WithRSAEncryption, .ecdsaWithSHA384:
      digest = { Array(SHA384.hash(data: $0)) }
      rsaMechanism = .sha384RSAPKCS
      digestInfoPrefix = Self.prefix(algorithm: 2, length: 48)
    case .sha512WithRSAEncryption:
      digest = { Array(SHA512.hash(data: $0)) }
      rsaMechanism = .sha512RSAPKCS
      digestInfoPrefix = Self.prefix(algorithm: 3, length: 64)
    default: return nil
    }
  }

  /// `SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.2.algorithm, NULL }, OCTET STRING (length) }`, without the octets.
  private static func prefix(algorithm: UInt8, length: UInt8) -> [UInt8] {
    [0x30, 17 + length, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, algorithm, 0x05, 0x00, 0x04, length]
  }
}
