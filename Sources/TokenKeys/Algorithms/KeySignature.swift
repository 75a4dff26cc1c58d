import Crypto
import CryptoExtras
import Foundation
import X509

/// A signature made on a token and verified in software.
public struct KeySignature: Sendable, Hashable {
  /// How it was made.
  public let algorithm: KeySignatureAlgorithm

  /// The bytes as the token gave them. For ECDSA: r and s, each as long as the order of the curve, as XML signatures and JOSE want them.
  public let rawRepresentation: [UInt8]

  /// The bytes as X.509, CMS, TLS and `openssl dgst` want them. For ECDSA: the DER sequence of r and s (RFC 3279 section 2.2.3); for all
  /// others the same as ``rawRepresentation``.
  public let encodedRepresentation: [UInt8]

  /// Verifies a signature in software.
  ///
  /// - Returns: nil when it does not verify.
  init?(verifying raw: [UInt8], of message: [UInt8], by publicKey: Certificate.PublicKey, algorithm: KeySignatureAlgorithm) {
    self.algorithm = algorithm
    rawRepresentation = raw
    let isValid: Bool
    switch algorithm.form {
    case .rsaPKCS1(let hash):
      encodedRepresentation = raw
      isValid = Self.verify(raw, of: message, hash, .insecurePKCS1v1_5, publicKey)
    case .rsaPSS(let hash):
      encodedRepresentation = raw
      isValid = Self.verify(raw, of: message, hash, .PSS, publicKey)
    case .ecdsa(.sha256):
      guard let key = P256.Signing.PublicKey(publicKey), let signature = try? P256.Signing.ECDSASignature(rawRepresentation: raw) else {
        return nil
      }
      encodedRepresentation = Array(signature.derRepresentation)
      isValid = key.isValidSignature(signature, for: SHA256.hash(data: message))
    case .ecdsa(.sha384):
      guard let key = P384.Signing.PublicKey(publicKey), let signature = try? P384.Signing.ECDSASignature(rawRepresentation: raw) else {
        return nil
      }
      encodedRepresentation = Array(signature.derRepresentation)
      isValid = key.isValidSignature(signature, for: SHA384.hash(data: message))
    case .ecdsa(.sha512):
      guard let key = P521.Signing.PublicKey(publicKey), let signature = try? P521.Signing.ECDSASignature(rawRepresentation: raw) else {
        return nil
      }
      encodedRepresentation = Array(signature.derRepresentation)
      isValid = key.isValidSignature(signature, for: SHA512.hash(data: message))
    case .edwards:
      encodedRepresentation = raw
      isValid = Curve25519.Signing.PublicKey(publicKey)?.isValidSignature(raw, for: message) ?? false
    case .moduleLattice:
      return nil  // no public key of X.509's is one of these
    }
    guard isValid else { return nil }
  }

  private static func verify(
    _ raw: [UInt8], of message: [UInt8], _ hash: SignatureHash, _ padding: _RSA.Signing.Padding, _ publicKey: Certificate.PublicKey
  ) -> Bool {
    guard let key = _RSA.Signing.PublicKey(publicKey) else { return false }
    let signature = _RSA.Signing.RSASignature(rawRepresentation: raw)
    return switch hash {
    case .sha256: key.isValidSignature(signature, for: SHA256.hash(data: message), padding: padding)
    case .sha384: key.isValidSignature(signature, for: SHA384.hash(data: message), padding: padding)
    case .sha512: key.isValidSignature(signature, for: SHA512.hash(data: message), padding: padding)
    }
  }
}
