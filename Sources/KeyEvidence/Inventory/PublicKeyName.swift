import Crypto
import SwiftASN1

/// What names a public key: the SHA-256 of its SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), and its kind and size.
///
/// It names keys of any kind. Whether a key is one that can be used, such as a point on its curve, is not looked at.
public struct PublicKeyName: Hashable, Sendable {
  /// SHA-256 of the SubjectPublicKeyInfo in DER, in hexadecimal.
  public let sha256: String
  /// Kind and size, named as in ``InventoryKey/algorithm``.
  public let algorithm: String

  /// Reads a SubjectPublicKeyInfo.
  ///
  /// - Throws: what the DER parser says.
  public init(subjectPublicKeyInfo bytes: [UInt8]) throws {
    sha256 = SHA256.hash(data: bytes).hexadecimalDigits
    algorithm = try DER.sequence(try DER.parse(bytes), identifier: .sequence) { parts in
      let name = try AlgorithmName(try parts.required())
      let key = try ASN1BitString(derEncoded: &parts)
      return try name.keyAlgorithm(key.bytes)
    }
  }

  /// An RSA key by its modulus and exponent, both big-endian.
  public init(rsaModulus modulus: [UInt8], exponent: [UInt8]) throws {
    var key = DER.Serializer()
    key.appendConstructedNode(identifier: .sequence) { coder in
      for number in [modulus, exponent] {
        coder.appendPrimitiveNode(identifier: .integer) { bytes in
          let significant = number.drop { $0 == 0 }
          if significant.first.map({ $0 & 0x80 != 0 }) ?? true { bytes.append(0) }
          bytes.append(contentsOf: significant)
        }
      }
    }
    try self.init(key.serializedBytes) { coder in
      try coder.serialize(AlgorithmName.rsa)
      coder.appendPrimitiveNode(identifier: .null) { _ in }
    }
  }

  /// A key on a Weierstrass curve by its ECParameters in DER and its point (SEC 1, section 2.3.3).
  public init(curve parameters: [UInt8], point: [UInt8]) throws {
    try self.init(point) { coder in
      try coder.serialize(AlgorithmName.ecPublicKey)
      coder.serialize(try DER.parse(parameters))
    }
  }

  /// A key on an Edwards curve (RFC 8410): 32 bytes of Ed25519 or 57 of Ed448.
  public init(edwardsKey key: [UInt8]) throws {
    try self.init(key) { try $0.serialize(key.count == 57 ? AlgorithmName.ed448 : AlgorithmName.ed25519) }
  }

  /// The name of the kind of key that a curve is for, by its ECParameters in DER: `ecdsa-p256`, `ec-1.3.132.0.10`.
  public static func algorithm(ofCurve parameters: [UInt8]) -> String {
    guard let node = try? DER.parse(parameters), let curve = try? ASN1ObjectIdentifier(derEncoded: node) else { return "ec-explicit" }
    return AlgorithmName.curves[curve] ?? "ec-\(curve)"
  }

  private init(_ key: [UInt8], _ algorithm: (inout DER.Serializer) throws -> Void) throws {
    var serializer = DER.Serializer()
    try serializer.appendConstructedNode(identifier: .sequence) { coder in
      try coder.appendConstructedNode(identifier: .sequence, algorithm)
      try coder.serialize(ASN1BitString(bytes: key[...]))
    }
    try self.init(subjectPublicKeyInfo: serializer.serializedBytes)
  }
}

/// An AlgorithmIdentifier (RFC 5280, section 4.1.1.2), as far as a name is made of it.
struct AlgorithmName {
  static let rsa: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 1, 1]
  static let ecPublicKey: ASN1ObjectIdentifier = [1, 2, 840, 10045, 2, 1]
  static let ed25519: ASN1ObjectIdentifier = [1, 3, 101, 112]
  static let ed448: ASN1ObjectIdentifier = [1, 3, 101, 113]

  let identifier: ASN1ObjectIdentifier
  private let curve: ASN1ObjectIdentifier?

  init(_ node: ASN1Node) throws {
    (identifier, curve) = try DER.sequence(node, identifier: .sequence) { parts in
      let identifier = try ASN1ObjectIdentifier(derEncoded: &parts)
      let parameters = parts.next()
      let curve = parameters?.identifier == .objectIdentifier ? try parameters.map { try ASN1ObjectIdentifier(derEncoded: $0) } : nil
      return (identifier, curve)
    }
  }

  /// The name of a way of signing, as standards have it, or the object identifier.
  var name: String { Self.signatures[identifier] ?? "\(identifier)" }

  /// Kind and size of a key of this algorithm.
  func keyAlgorithm(_ key: ArraySlice<UInt8>) throws -> String {
    switch identifier {
    case Self.rsa, [1, 2, 840, 113_549, 1, 1, 10]:
      let modulus = try DER.sequence(try DER.parse(key), identifier: .sequence) { parts in
        let modulus = try ArraySlice<UInt8>(derEncoded: &parts)
        _ = try ArraySlice<UInt8>(derEncoded: &parts)
        return modulus
      }
      let significant = modulus.drop { $0 == 0 }
      return "rsa-\(significant.isEmpty ? 0 : significant.count * 8 - (significant.first ?? 0).leadingZeroBitCount)"
    case Self.ecPublicKey: return curve.map { Self.curves[$0] ?? "ec-\($0)" } ?? "ec-explicit"
    case Self.ed25519: return "ed25519"
    case Self.ed448: return "ed448"
    default: return "\(identifier)"
    }
  }

  static let curves: [ASN1ObjectIdentifier: String] = [
    [1, 2, 840, 10045, 3, 1, 7]: "ecdsa-p256", [1, 3, 132, 0, 34]: "ecdsa-p384", [1, 3, 132, 0, 35]: "ecdsa-p521",
  ]

  private static let signatures: [ASN1ObjectIdentifier: String] = [
    [1, 2, 840, 113_549, 1, 1, 2]: "md2WithRSAEncryption", [1, 2, 840, 113_549, 1, 1, 4]: "md5WithRSAEncryption",
    [1, 2, 840, 113_549, 1, 1, 5]: "sha1WithRSAEncryption", [1, 2, 840, 113_549, 1, 1, 10]: "rsassaPss",
    [1, 2, 840, 113_549, 1, 1, 11]: "sha256WithRSAEncryption", [1, 2, 840, 113_549, 1, 1, 12]: "sha384WithRSAEncryption",
    [1, 2, 840, 113_549, 1, 1, 13]: "sha512WithRSAEncryption", [1, 2, 840, 10040, 4, 3]: "dsaWithSHA1",
    [1, 2, 840, 10045, 4, 1]: "ecdsaWithSHA1", [1, 2, 840, 10045, 4, 3, 2]: "ecdsaWithSHA256",
    [1, 2, 840, 10045, 4, 3, 3]: "ecdsaWithSHA384", [1, 2, 840, 10045, 4, 3, 4]: "ecdsaWithSHA512",
    [1, 3, 101, 112]: "Ed25519", [1, 3, 101, 113]: "Ed448",
  ]
}

extension Sequence<UInt8> {
  /// Two lower-case hexadecimal digits a byte.
  var hexadecimalDigits: String {
    var text = ""
    text.reserveCapacity(underestimatedCount * 2)
    for byte in self {
      text.append(Self.digit(byte >> 4))
      text.append(Self.digit(byte & 15))
    }
    return text
  }

  private static func digit(_ value: UInt8) -> Character { Character(UnicodeScalar(value < 10 ? 0x30 + value : 0x57 + value)) }
}
