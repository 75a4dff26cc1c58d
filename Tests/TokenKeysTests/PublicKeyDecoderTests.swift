import Crypto
import Foundation
import Testing
import X509

@testable import PKCS11
@testable import TokenKeys

@Suite("Public keys, over made-up answers of a token")
struct PublicKeyDecoderTests {
  private let decoder = PublicKeyDecoder(operation: "read the public half of key k")

  private func decode(_ type: KeyType?, _ values: [AttributeType: [UInt8]]) throws -> (Certificate.PublicKey, KeyAlgorithm) {
    try decoder.decode(type, AttributeValues(values.mapValues { AttributeValue(content: .bytes($0)) }))
  }

  private static func octetString(_ bytes: [UInt8]) -> [UInt8] { [0x04] + length(bytes.count) + bytes }
  private static func bitString(_ bytes: [UInt8]) -> [UInt8] { [0x03] + length(bytes.count + 1) + [0] + bytes }
  private static func length(_ count: Int) -> [UInt8] { count < 128 ? [UInt8(count)] : [0x81, UInt8(count)] }

  private static let p256 = P256.Signing.PrivateKey().publicKey
  private static let p384 = P384.Signing.PrivateKey().publicKey
  private static let p521 = P521.Signing.PrivateKey().publicKey
  private static let edwards = Curve25519.Signing.PrivateKey().publicKey

  @Test("A point is read bare, in an OCTET STRING and in a BIT STRING, on every curve")
  func points() throws {
    let curves: [(EllipticCurve, Data, Certificate.PublicKey, KeyAlgorithm)] = [
      (.p256, Self.p256.x963Representation, .init(Self.p256), .ecdsaP256),
      (.p384, Self.p384.x963Representation, .init(Self.p384), .ecdsaP384),
      (.p521, Self.p521.x963Representation, .init(Self.p521), .ecdsaP521),
    ]
    for (curve, point, key, algorithm) in curves {
      for encoded in [Array(point), Self.octetString(Array(point)), Self.bitString(Array(point))] {
        let decoded = try decode(.ec, [.ecParameters: curve.parameters, .ecPoint: encoded])
        #expect(decoded.0 == key)
        #expect(decoded.1 == algorithm)
      }
    }
  }

  @Test("An Ed25519 key is read in all three encodings, under both names of its curve")
  func edwards() throws {
    let point = Array(Self.edwards.rawRepresentation)
    for parameters in EdwardsParameters.all {
      for encoded in [point, Self.octetString(point), Self.bitString(point)] {
        let decoded = try decode(.ecEdwards, [.ecParameters: parameters.bytes, .ecPoint: encoded])
        #expect(decoded.0 == Certificate.PublicKey(Self.edwards))
        #expect(decoded.1 == .ed25519)
      }
    }
  }

  @Test("What is no public key is an error that says what is wrong, and never a crash")
  func refused() throws {
    let p256 = Array(Self.p256.x963Representation)
    let curve = EllipticCurve.p256.parameters
    var offCurve = p256
    offCurve[64] ^= 1
    let cases: [(KeyType?, [AttributeType: [UInt8]], String)] = [
      (nil, [:], "neither RSA nor EC"), (.aes, [:], "CKK_AES"), (.mlDSA, [:], "ML-DSA"), (.ec, [.ecParameters: curve], "no curve or point"),
      (.ec, [.ecParameters: curve, .ecPoint: offCurve], "no point on the key's curve"),
      (.ec, [.ecParameters: curve, .ecPoint: Self.octetString(offCurve)], "no point on the key's curve"),
      (.ec, [.ecParameters: curve, .ecPoint: []], "no point on the key's curve"),
      (.ec, [.ecParameters: curve, .ecPoint: Self.octetString(p256) + [0]], "no point on the key's curve"),
      (.ec, [.ecParameters: EllipticCurve.p384.parameters, .ecPoint: p256], "no point on the key's curve"),
      (.ec, [.ecParameters: EdwardsParameters.curveName.bytes, .ecPoint: p256], "a curve other than"),
      (.ecEdwards, [.ecParameters: curve, .ecPoint: p256], "an Edwards curve other than"),
      (.ecEdwards, [.ecParameters: EdwardsParameters.curveName.bytes, .ecPoint: p256], "no Ed25519 public key"),
      (.rsa, [.modulus: [1]], "no modulus or exponent"), (.rsa, [.modulus: [], .publicExponent: [1, 0, 1]], "RSA with 0 bits"),
      (.rsa, [.modulus: [0, 0, 1], .publicExponent: [1, 0, 1]], "RSA with 1 bits"),
    ]
    for (type, values, text) in cases {
      let error = try #require(#expect(throws: TokenKeysError.self) { _ = try decode(type, values) })
      #expect(error.code == .keyUnusable)
      #expect(error.message.contains(text), "\(error.message)")
    }
  }
}
