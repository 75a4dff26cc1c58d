import Crypto
import CryptoExtras
import X509

extension StatementSignatureAlgorithm {
  /// Whether a key signs this way at all: RSA with 2048 to 16384 bits, or the curve that belongs to the hash.
  func fits(_ key: Certificate.PublicKey) -> Bool {
    switch form {
    case .rsaPKCS1, .rsaPSS: _RSA.Signing.PublicKey(key).map { (2048...16384).contains($0.keySizeInBits) } ?? false
    case .ecdsa(.sha256): P256.Signing.PublicKey(key) != nil
    case .ecdsa(.sha384): P384.Signing.PublicKey(key) != nil
    case .ecdsa(.sha512): P521.Signing.PublicKey(key) != nil
    case .edwards: Curve25519.Signing.PublicKey(key) != nil
    }
  }

  /// Whether a signature over a message is the key's.
  func isValid(_ signature: [UInt8], over message: [UInt8], by key: Certificate.PublicKey) -> Bool {
    guard fits(key) else { return false }
    return switch form {
    case .rsaPKCS1(let hash): Self.isValidRSA(signature, message, hash, .insecurePKCS1v1_5, key)
    case .rsaPSS(let hash): Self.isValidRSA(signature, message, hash, .PSS, key)
    case .ecdsa(.sha256):
      P256.Signing.PublicKey(key).flatMap { key in
        (try? P256.Signing.ECDSASignature(derRepresentation: signature)).map { key.isValidSignature($0, for: SHA256.hash(data: message)) }
      } ?? false
    case .ecdsa(.sha384):
      P384.Signing.PublicKey(key).flatMap { key in
        (try? P384.Signing.ECDSASignature(derRepresentation: signature)).map { key.isValidSignature($0, for: SHA384.hash(data: message)) }
      } ?? false
    case .ecdsa(.sha512):
      P521.Signing.PublicKey(key).flatMap { key in
        (try? P521.Signing.ECDSASignature(derRepresentation: signature)).map { key.isValidSignature($0, for: SHA512.hash(data: message)) }
      } ?? false
    case .edwards: Curve25519.Signing.PublicKey(key)?.isValidSignature(signature, for: message) ?? false
    }
  }

  private static func isValidRSA(
    _ signature: [UInt8], _ message: [UInt8], _ hash: Hash, _ padding: _RSA.Signing.Padding, _ key: Certificate.PublicKey
  ) -> Bool {
    guard let key = _RSA.Signing.PublicKey(key) else { return false }
    let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
    return switch hash {
    case .sha256: key.isValidSignature(signature, for: SHA256.hash(data: message), padding: padding)
    case .sha384: key.isValidSignature(signature, for: SHA384.hash(data: message), padding: padding)
    case .sha512: key.isValidSignature(signature, for: SHA512.hash(data: message), padding: padding)
    }
  }
}
