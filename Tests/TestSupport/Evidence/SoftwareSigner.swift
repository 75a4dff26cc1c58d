import Crypto
import CryptoExtras
import Foundation
public import KeyEvidence
public import X509

/// A key in software that signs statements, of each kind that there is.
public struct SoftwareSigner: Sendable {
  public let algorithm: StatementSignatureAlgorithm
  public let publicKey: Certificate.PublicKey
  public let privateKey: Certificate.PrivateKey
  private let signing: @Sendable ([UInt8]) throws -> [UInt8]

  public func sign(_ bytes: [UInt8]) throws -> [UInt8] { try signing(bytes) }

  public func signature(_ role: String, of draft: StatementDraft) throws -> StatementSignature {
    try StatementSignature(role: role, algorithm: algorithm, publicKey: publicKey, signature: try sign(draft.bytesToSign), of: draft)
  }

  /// RSA keys take long to make: one for all tests.
  private static let rsa = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }

  public static func rsa(_ algorithm: StatementSignatureAlgorithm) throws -> SoftwareSigner {
    let key = try rsa.get()
    return SoftwareSigner(algorithm: algorithm, publicKey: .init(key.publicKey), privateKey: .init(key)) { bytes in
      let padding: _RSA.Signing.Padding = algorithm.rawValue.contains("pss") ? .PSS : .insecurePKCS1v1_5
      return switch algorithm.rawValue.suffix(3) {
      case "256": Array(try key.signature(for: SHA256.hash(data: bytes), padding: padding).rawRepresentation)
      case "384": Array(try key.signature(for: SHA384.hash(data: bytes), padding: padding).rawRepresentation)
      default: Array(try key.signature(for: SHA512.hash(data: bytes), padding: padding).rawRepresentation)
      }
    }
  }

  public static func p256() -> SoftwareSigner {
    let key = P256.Signing.PrivateKey()
    return SoftwareSigner(algorithm: .ecdsaSHA256, publicKey: .init(key.publicKey), privateKey: .init(key)) {
      Array(try key.signature(for: SHA256.hash(data: $0)).derRepresentation)
    }
  }

  public static func p384() -> SoftwareSigner {
    let key = P384.Signing.PrivateKey()
    return SoftwareSigner(algorithm: .ecdsaSHA384, publicKey: .init(key.publicKey), privateKey: .init(key)) {
      Array(try key.signature(for: SHA384.hash(data: $0)).derRepresentation)
    }
  }

  public static func p521() -> SoftwareSigner {
    let key = P521.Signing.PrivateKey()
    return SoftwareSigner(algorithm: .ecdsaSHA512, publicKey: .init(key.publicKey), privateKey: .init(key)) {
      Array(try key.signature(for: SHA512.hash(data: $0)).derRepresentation)
    }
  }

  public static func ed25519() -> SoftwareSigner {
    let key = Curve25519.Signing.PrivateKey()
    return SoftwareSigner(algorithm: .ed25519, publicKey: .init(key.publicKey), privateKey: .init(key)) {
      Array(try key.signature(for: $0))
    }
  }

  public static func of(_ algorithm: StatementSignatureAlgorithm) throws -> SoftwareSigner {
    switch algorithm {
    case .ecdsaSHA256: p256()
    case .ecdsaSHA384: p384()
    case .ecdsaSHA512: p521()
    case .ed25519: ed25519()
    default: try rsa(algorithm)
    }
  }
}
