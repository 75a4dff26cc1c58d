import Crypto
import CryptoExtras
import Foundation
import PKCS11
import SwiftASN1
import X509

/// What is known of a usable key pair on a token.
struct KeyParts: Sendable, Hashable {
  let name: String
  let identifier: KeyIdentifier
  let algorithm: KeyAlgorithm
  let publicKey: Certificate.PublicKey
}

/// One private key as found on the token; `parts` tells why it cannot be used, if it cannot.
struct FoundKey: Sendable {
  let label: String
  let identifier: KeyIdentifier
  let parts: Result<KeyParts, any Error>
}

extension TokenConnection {
  /// Private keys with these attributes, each with its public half.
  func readKeys(matching attributes: [Attribute]) throws -> [FoundKey] {
    let found = try reading { session in
      let handles = try session.findObjects(matching: [.init(.objectClass, ObjectClass.privateKey)] + attributes)
      return try handles.map { handle in
        let values = try session.attributes([.label, .id], of: handle)
        let label = values.string(.label) ?? ""
        let identifier = KeyIdentifier(values.bytes(.id) ?? [])
        let parts = Result {
          let (publicKey, algorithm) = try Self.publicHalf(of: identifier, label: label, in: &session)
          return KeyParts(name: label, identifier: identifier, algorithm: algorithm, publicKey: publicKey)
        }
        return FoundKey(label: label, identifier: identifier, parts: parts)
      }
    }
    if found.isEmpty { try checkLogin() }
    return found
  }

  /// The public key object with the private key's `CKA_ID`: exactly one, of a kind that we know.
  static func publicHalf(
    of identifier: KeyIdentifier, label: String, in session: inout Session
  ) throws -> (Certificate.PublicKey, KeyAlgorithm) {
    let operation = "read the public half of key \(label.isEmpty ? identifier.hexadecimal : label)"
    guard !identifier.bytes.isEmpty else {
      throw TokenKeysError(.keyUnusable, operation: operation, message: "the private key has no CKA_ID to find its public half by")
    }
    let handles = try session.findObjects(matching: [.init(.objectClass, ObjectClass.publicKey), .init(.id, identifier.bytes)], limit: 2)
    guard let handle = handles.first, handles.count == 1 else {
      throw TokenKeysError(
        handles.isEmpty ? .keyUnusable : .keyAmbiguous, operation: operation,
        message: handles.isEmpty
          ? "the token holds no public key with CKA_ID \(identifier)" : "several public keys carry CKA_ID \(identifier)")
    }
    let values = try session.attributes([.keyType, .modulus, .publicExponent, .ecParameters, .ecPoint], of: handle)
    return try publicKey(from: values, operation: operation)
  }

  /// Decodes `CKA_MODULUS` and `CKA_PUBLIC_EXPONENT`, or `CKA_EC_PARAMS` and `CKA_EC_POINT`.
  private static func publicKey(from values: AttributeValues, operation: String) throws -> (Certificate.PublicKey, KeyAlgorithm) {
    func unusable(_ message: String, _ underlying: (any Error)? = nil) -> TokenKeysError {
      TokenKeysError(.keyUnusable, operation: operation, message: message, underlying: underlying)
    }
    let keyType = try values.unsignedLong(.keyType).map(KeyType.init(rawValue:))
    switch keyType {
    case .some(.rsa):
      guard let modulus = values.bytes(.modulus), let exponent = values.bytes(.publicExponent) else {
        throw unusable("the public key shows no modulus or exponent")
      }
      let significant = Array(modulus.drop { $0 == 0 })
      let bits = significant.isEmpty ? 0 : significant.count * 8 - significant[0].leadingZeroBitCount
      guard let algorithm = KeyAlgorithm.rsa(modulusBits: bits) else {
        throw unusable("the key is RSA with \(bits) bits; 2048, 3072 and 4096 are supported")
      }
      do {
        return (Certificate.PublicKey(try _RSA.Signing.PublicKey(n: significant, e: exponent)), algorithm)
      } catch { throw unusable("the modulus and exponent are no RSA public key", error) }
    case .some(.ec):
      guard let parameters = values.bytes(.ecParameters), let encodedPoint = values.bytes(.ecPoint) else {
        throw unusable("the public key shows no curve or point")
      }
      guard let algorithm = KeyAlgorithm.elliptic(curveParameters: parameters) else {
        throw unusable("the key is on a curve other than P-256 and P-384")
      }
      // The standard wants a DER OCTET STRING; some tokens give the bare point, which begins with 0x04 and has a known length.
      let bareLength = algorithm == .ecdsaP256 ? 65 : 97
      do {
        let point = encodedPoint.count == bareLength ? encodedPoint[...] : try ASN1OctetString(derEncoded: encodedPoint).bytes
        // Both initialisers refuse a point that is not on the curve.
        return algorithm == .ecdsaP256
          ? (Certificate.PublicKey(try P256.Signing.PublicKey(x963Representation: point)), algorithm)
          : (Certificate.PublicKey(try P384.Signing.PublicKey(x963Representation: point)), algorithm)
      } catch { throw unusable("CKA_EC_POINT is no point on the key's curve", error) }
    default:
      throw unusable("the key is neither RSA nor EC")
    }
  }
}
