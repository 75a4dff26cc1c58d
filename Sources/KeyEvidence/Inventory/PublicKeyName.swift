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

  private init(sha256: String, algorithm: String) { (self.sha256, self.algorithm) = (sha256, algorithm) }

  /// Reads a SubjectPublicKeyInfo.
  ///
  /// - Throws: what the DER parser says.
  public init(subjectPublicKeyInfo bytes: [UInt8]) throws {
    let algorithm = try DER.sequence(try DER.parse(bytes), identifier: .sequence) { parts in
      let name = try AlgorithmName(try parts.required())
      let key = try ASN1BitString(derEncoded: &parts)
      return try name.keyAlgorithm(key.bytes)
    }
    self.init(sha256: SHA256.hash(data: bytes).hexadecimalDigits, algorithm: algorithm)
  }

  /// An RSA key by its modulus and exponent, both big-endian.
  public init(rsaModulus modulus: [UInt8], exponent: [UInt8]) throws {
    let numbers = [modulus, exponent].map { number in
      let significant = Array(number.drop { $0 == 0 })
      let isPositive = significant.first.map { $0 & 0x80 == 0 } ?? false
      return DERElement.bytes(0x02, isPositive ? significant : [0] + significant)
    }
    let algorithm = DERElement.bytes(0x30, DERElement.rsa + [0x05, 0])
    try self.init(subjectPublicKeyInfo: DERElement.publicKey(algorithm, DERElement.bytes(0x30, numbers[0] + numbers[1])))
  }

  /// A key on a Weierstrass curve by its ECParameters in DER and its point (SEC 1, section 2.3.3).
  public init(curve parameters: [UInt8], point: [UInt8]) throws {
    // What a token gives for parameters is copied, so it must be one element and nothing else.
    if Self.namedCurves[parameters] == nil { _ = try DER.parse(parameters) }
    let information = DERElement.publicKey(DERElement.bytes(0x30, DERElement.ecPublicKey + parameters), point)
    self.init(sha256: SHA256.hash(data: information).hexadecimalDigits, algorithm: Self.algorithm(ofCurve: parameters))
  }

  /// A key on an Edwards curve (RFC 8410): 32 bytes of Ed25519 or 57 of Ed448.
  public init(edwardsKey key: [UInt8]) throws {
    let identifier: [UInt8] = [0x06, 3, 0x2B, 0x65, key.count == 57 ? 0x71 : 0x70]
    try self.init(subjectPublicKeyInfo: DERElement.publicKey(DERElement.bytes(0x30, identifier), key))
  }

  /// The name of the kind of key that a curve is for, by its ECParameters in DER: `ecdsa-p256`, `ec-1.3.132.0.10`.
  public static func algorithm(ofCurve parameters: [UInt8]) -> String {
    if let known = namedCurves[parameters] { return known }
    guard let node = try? DER.parse(parameters), let curve = try? ASN1ObjectIdentifier(derEncoded: node) else { return "ec-explicit" }
    return AlgorithmName.curves[curve] ?? "ec-\(curve)"
  }

  /// The curves that nearly all keys are on.
  private static let namedCurves: [[UInt8]: String] = [
    [0x06, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]: "ecdsa-p256", [0x06, 5, 0x2B, 0x81, 4, 0, 0x22]: "ecdsa-p384",
    [0x06, 5, 0x2B, 0x81, 4, 0, 0x23]: "ecdsa-p521",
  ]
}

/// The few elements of DER (X.690) that public keys are written with.
private enum DERElement {
  static let rsa: [UInt8] = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1]
  static let ecPublicKey: [UInt8] = [0x06, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1]

  /// An element of some contents.
  static func bytes(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
    var length: [UInt8] = []
    var rest = contents.count
    while rest > 0 {
      length.insert(UInt8(rest & 0xFF), at: 0)
      rest >>= 8
    }
    return [tag] + (contents.count < 0x80 ? [UInt8(contents.count)] : [0x80 | UInt8(length.count)] + length) + contents
  }

  /// A SubjectPublicKeyInfo.
  static func publicKey(_ algorithm: [UInt8], _ key: [UInt8]) -> [UInt8] { bytes(0x30, algorithm + bytes(0x03, [0] + key)) }
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
  var hexadecimalDigits: String { EvidenceText.hexadecimal(self) }
}
