import PKCS11

/// A kind of session key, and how it wraps others.
struct WrappingFamily: Sendable {
  /// What makes the key; nil for a public key that is brought in.
  let generation: Mechanism?
  let keyType: KeyType
  let template: @Sendable () -> [Attribute]
  let mechanisms: [Mechanism]

  static let all: [WrappingFamily] = [
    WrappingFamily(
      generation: .aesKeyGeneration, keyType: .aes,
      template: {
        [
          .init(.objectClass, ObjectClass.secretKey), .init(.keyType, KeyType.aes), .init(.token, false), .init(.valueLength, UInt(32)),
          .init(.wrap, true),
        ]
      },
      mechanisms: [
        .aesKeyWrapPad, .aesKeyWrapKWP, .aesCBCPad(initializationVector: [UInt8](repeating: 7, count: 16)), .aesKeyWrap,
        Mechanism(.aesCBC, parameter: [UInt8](repeating: 7, count: 16)), Mechanism(.aesECB),
      ]),
    WrappingFamily(
      generation: .des3KeyGeneration, keyType: .des3,
      template: {
        [.init(.objectClass, ObjectClass.secretKey), .init(.keyType, KeyType.des3), .init(.token, false), .init(.wrap, true)]
      },
      mechanisms: [Mechanism(.des3CBCPad, parameter: [UInt8](repeating: 7, count: 8))]),
    WrappingFamily(generation: nil, keyType: .rsa, template: nobodysKey, mechanisms: [.rsaPKCS, .rsaPKCSOAEPWithSHA1]),
  ]

  /// The mechanisms that take multiples of eight or sixteen bytes only.
  static let wantsWholeBlocks: Set<MechanismType> = [.aesKeyWrap, .aesCBC, .aesECB]

  static let mechanisms = Set(all.flatMap(\.mechanisms).map(\.type))

  /// An RSA public key to which nobody has the private half: its modulus is a random odd number, which encrypts as well as any.
  @Sendable private static func nobodysKey() -> [Attribute] {
    var random = SystemRandomNumberGenerator()
    var modulus = (0..<256).map { _ in UInt8.random(in: 0...255, using: &random) }
    modulus[0] |= 0x80
    modulus[255] |= 1
    return [
      .init(.objectClass, ObjectClass.publicKey), .init(.keyType, KeyType.rsa), .init(.token, false), .init(.isPrivate, false),
      .init(.wrap, true), .init(.modulus, modulus), .init(.publicExponent, [1, 0, 1]),
    ]
  }
}
