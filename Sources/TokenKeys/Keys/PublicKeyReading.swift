import Crypto
import CryptoExtras
import Foundation
import PKCS11
import SwiftASN1
import X509

extension TokenConnection {
  /// The public key object with the private key's `CKA_ID`: exactly one, of a kind that we know.
  ///
  /// - Parameter known: public keys with that `CKA_ID` that have been found already; when there are none, they are searched for.
  static func publicHalf(
    of identifier: KeyIdentifier, label: String, known: [ObjectHandle] = [], in session: inout Session
  ) throws -> (Certificate.PublicKey, KeyAlgorithm) {
    let operation = "read the public half of key \(label.isEmpty ? identifier.hexadecimal : label)"
    guard !identifier.bytes.isEmpty else {
      throw TokenKeysError(.keyUnusable, operation: operation, message: "the private key has no CKA_ID to find its public half by")
    }
    let handles =
      known.isEmpty
      ? try session.findObjects(matching: [.init(.objectClass, ObjectClass.publicKey), .init(.id, identifier.bytes)], limit: 2) : known
    guard let handle = handles.first, handles.count == 1 else {
      throw TokenKeysError(
        handles.isEmpty ? .keyUnusable : .keyAmbiguous, operation: operation,
        message: handles.isEmpty
          ? "the token holds no public key with CKA_ID \(identifier)" : "several public keys carry CKA_ID \(identifier)")
    }
    let type = try session.attributes([.keyType], of: handle).keyType()
    let decoder = PublicKeyDecoder(operation: operation)
    return try decoder.decode(type, session.attributes(PublicKeyDecoder.attributes(of: type), of: handle))
  }
}

/// Makes a public key of the attributes of a public key object.
struct PublicKeyDecoder {
  let operation: String

  /// What a public key object of a type tells its key by.
  static func attributes(of type: KeyType?) -> [AttributeType] {
    switch type {
    case .some(.rsa): [.modulus, .publicExponent]
    case .some(.ec), .some(.ecEdwards): [.ecParameters, .ecPoint]
    default: []
    }
  }

  func decode(_ type: KeyType?, _ values: AttributeValues) throws -> (Certificate.PublicKey, KeyAlgorithm) {
    switch type {
    case .some(.rsa): try rsa(values)
    case .some(.ec): try elliptic(values)
    case .some(.ecEdwards): try edwards(values)
    case .some(.mlDSA): throw unusable("the key is ML-DSA, which X.509 certificates have no name for yet")
    default: throw unusable("the key is neither RSA nor EC\(type.map { " but \($0)" } ?? "")")
    }
  }

  private func rsa(_ values: AttributeValues) throws -> (Certificate.PublicKey, KeyAlgorithm) {
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
  }

  private func elliptic(_ values: AttributeValues) throws -> (Certificate.PublicKey, KeyAlgorithm) {
    let (parameters, encodedPoint) = try curveAndPoint(values)
    guard let curve = EllipticCurve.allCases.first(where: { $0.parameters == parameters }), let algorithm = KeyAlgorithm.elliptic(curve)
    else {
      throw unusable("the key is on a curve other than P-256, P-384 and P-521")
    }
    do {
      let point = try Self.point(encodedPoint, size: 1 + 2 * curve.coordinateSize)
      // All of these initialisers refuse a point that is not on the curve.
      return switch curve {
      case .p256: (Certificate.PublicKey(try P256.Signing.PublicKey(x963Representation: point)), algorithm)
      case .p384: (Certificate.PublicKey(try P384.Signing.PublicKey(x963Representation: point)), algorithm)
      case .p521: (Certificate.PublicKey(try P521.Signing.PublicKey(x963Representation: point)), algorithm)
      }
    } catch { throw unusable("CKA_EC_POINT is no point on the key's curve", error) }
  }

  private func edwards(_ values: AttributeValues) throws -> (Certificate.PublicKey, KeyAlgorithm) {
    let (parameters, encodedPoint) = try curveAndPoint(values)
    guard EdwardsParameters.all.contains(EdwardsParameters(bytes: parameters)) else {
      throw unusable("the key is on an Edwards curve other than that of Ed25519")
    }
    do {
      let point = try Self.point(encodedPoint, size: 32)
      return (Certificate.PublicKey(try Curve25519.Signing.PublicKey(rawRepresentation: point)), .ed25519)
    } catch { throw unusable("CKA_EC_POINT is no Ed25519 public key", error) }
  }

  private func curveAndPoint(_ values: AttributeValues) throws -> ([UInt8], [UInt8]) {
    guard let parameters = values.bytes(.ecParameters), let point = values.bytes(.ecPoint) else {
      throw unusable("the public key shows no curve or point")
    }
    return (parameters, point)
  }

  /// The point's own bytes. The standard wraps them in a DER OCTET STRING, drafts of 3.0 put Edwards points into a BIT STRING, and some
  /// tokens give them bare; the length tells bare ones.
  private static func point(_ encoded: [UInt8], size: Int) throws -> ArraySlice<UInt8> {
    if encoded.count == size { return encoded[...] }
    return encoded.first == 0x03 ? try ASN1BitString(derEncoded: encoded).bytes : try ASN1OctetString(derEncoded: encoded).bytes
  }

  private func unusable(_ message: String, _ underlying: (any Error)? = nil) -> TokenKeysError {
    TokenKeysError(.keyUnusable, operation: operation, message: message, underlying: underlying)
  }
}
