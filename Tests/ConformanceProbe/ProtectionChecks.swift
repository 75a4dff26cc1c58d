import PKCS11
import TokenKeys

extension Bench {
  /// Attempts to get a private key out, which must fail whatever the attributes say.
  func checkProtection() async {
    for kind in [KeyKind.rsa2048, .ecdsaP256] {
      let name = "the private \(kind.rawValue) key"
      await recorder.check("\(name) cannot be read") {
        try attack(kind) { session, key in
          let types: [AttributeType] = kind.type == .rsa ? [.privateExponent, .prime1, .prime2] : [.value]
          let values = try session.attributes(types, of: key)
          for type in types where values.bytes(type)?.isEmpty == false {
            throw Finding(rule: KeyRule.sensitive.rawValue, detail: "\(type) can be read")
          }
          return types.map { "\($0) \(values[$0].isSensitive ? "sensitive" : "not there")" }.joined(separator: ", ")
        }
      }
      await recorder.check("\(name) cannot be made extractable") {
        try attack(kind) { session, key in try loosen(.extractable, to: true, .notExtractable, key, in: &session) }
      }
      await recorder.check("\(name) cannot be made readable") {
        try attack(kind) { session, key in try loosen(.sensitive, to: false, .sensitive, key, in: &session) }
      }
      for mechanism in Self.wrapping {
        await recorder.check("\(name) cannot be wrapped out by \(mechanism)") {
          try need(mechanism.type, .wrap)
          try need(.aesKeyGeneration, .generate)
          return try attack(kind) { session, key in
            let wrappingKey = try session.generateKey(
              .aesKeyGeneration,
              [
                .init(.objectClass, ObjectClass.secretKey), .init(.keyType, KeyType.aes), .init(.token, false),
                .init(.valueLength, UInt(32)), .init(.wrap, true),
              ])
            let refusal = try answer {
              let bytes = try session.wrapKey(key, with: mechanism, wrappingKey: wrappingKey)
              throw Finding(
                rule: KeyRule.notExtractable.rawValue,
                detail: bytes.isEmpty ? "C_WrapKey says CKR_OK, and gives nothing" : "C_WrapKey gives it out, under a key that anybody can make")
            }
            return refusal.map { "\($0)" }
          }
        }
      }
    }
  }

  private static let wrapping: [Mechanism] = [
    .aesKeyWrap, .aesKeyWrapPad, .aesKeyWrapKWP, .aesCBCPad(initializationVector: [UInt8](repeating: 7, count: 16)),
  ]

  /// Runs an attempt on a private key, in a read-write session with the user logged in.
  private func attack(_ kind: KeyKind, _ body: (inout Session, ObjectHandle) throws -> String?) throws -> String? {
    let key = try key(kind)
    return try withLogin(.readWrite) { session in
      let handle = try key.privateHandle(in: &session)
      return try body(&session, handle)
    }
  }

  private func loosen(
    _ type: AttributeType, to value: Bool, _ rule: KeyRule, _ key: ObjectHandle, in session: inout Session
  ) throws -> String? {
    let refusal = try answer { try session.setAttributes([.init(type, value)], of: key) }
    let now = try session.attributes([type], of: key).bool(type)
    if now == value { throw Finding(rule: rule.rawValue, detail: "\(type) is \(value) afterwards") }
    return refusal.map { "\($0)" } ?? "CKR_OK, and nothing has changed"
  }
}
