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
      await recorder.check("\(name) cannot be wrapped out") {
        try need(.aesKeyGeneration, .generate)
        // The plain wrapping takes multiples of eight bytes, and a key is as long as it happens to be: asked only where there is no other.
        let padding = Self.paddingWrappers.filter { offers($0.type, .wrap) }
        let mechanisms = padding.isEmpty && offers(.aesKeyWrap, .wrap) ? [.aesKeyWrap] : padding
        if mechanisms.isEmpty { throw Lacking.mechanisms([.aesKeyWrap] + Self.paddingWrappers.map(\.type), .wrap) }
        var answers: [(mechanism: Mechanism, refusal: ReturnValue?)] = []
        for mechanism in mechanisms { answers.append((mechanism, try wrap(kind, mechanism))) }
        let given = answers.filter { $0.refusal == nil }.map { "\($0.mechanism)" }
        guard given.isEmpty else {
          throw Finding(
            rule: KeyRule.notExtractable.rawValue,
            detail: "C_WrapKey gives it out under a key that anybody can make, by \(given.joined(separator: ", "))")
        }
        return answers.map { "\($0.mechanism): \($0.refusal?.name ?? "")" }.joined(separator: ", ")
      }
    }
  }

  private static let paddingWrappers: [Mechanism] = [
    .aesKeyWrapPad, .aesKeyWrapKWP, .aesCBCPad(initializationVector: [UInt8](repeating: 7, count: 16)),
  ]

  /// What a token answers that is asked for its private key, wrapped under a fresh key of ours.
  private func wrap(_ kind: KeyKind, _ mechanism: Mechanism) throws -> ReturnValue? {
    var refusal: ReturnValue?
    _ = try attack(kind) { session, key in
      let wrappingKey = try session.generateKey(
        .aesKeyGeneration,
        [
          .init(.objectClass, ObjectClass.secretKey), .init(.keyType, KeyType.aes), .init(.token, false),
          .init(.valueLength, UInt(32)), .init(.wrap, true),
        ])
      refusal = try answer { _ = try session.wrapKey(key, with: mechanism, wrappingKey: wrappingKey) }
      return nil
    }
    return refusal
  }

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
