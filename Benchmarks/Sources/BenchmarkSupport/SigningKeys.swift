public import PKCS11

/// The two key pairs that the benchmarks sign with, made on a token.
public struct SigningKeys {
  /// RSA with 2048 bits.
  public let rsa: ObjectHandle
  /// ECDSA on P-256.
  public let p256: ObjectHandle

  /// The curve P-256 as `CKA_EC_PARAMS`.
  public static let p256Parameters: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]

  /// Generates both (`C_GenerateKeyPair`).
  public init(_ session: inout Session) throws {
    let common = [Attribute(.token, true), Attribute(.sensitive, true), Attribute(.extractable, false), Attribute(.sign, true)]
    rsa = try session.generateKeyPair(
      .rsaPKCSKeyPairGeneration, publicKey: [Attribute(.modulusBits, 2048), Attribute(.publicExponent, [1, 0, 1])],
      privateKey: common + [Attribute(.label, "rsa")]
    ).privateKey
    p256 = try session.generateKeyPair(
      .ecKeyPairGeneration, publicKey: [Attribute(.ecParameters, Self.p256Parameters)], privateKey: common + [Attribute(.label, "p256")]
    ).privateKey
  }
}
