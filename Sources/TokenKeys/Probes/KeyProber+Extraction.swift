import PKCS11

extension KeyProber {
  /// Asks for each private value.
  func reading(of object: ObjectHandle, _ trial: ProbeTrial) -> [Step] {
    let number = sessionNumber
    return parts.algorithm.privateValues.map { type in
      { [self] session in
        guard object == key || number == sessionNumber else { return }
        let answer = try trial.attempt("C_GetAttributeValue") { () throws -> AttributeDisclosure in
          let disclosure = try session.disclosure(of: type, by: object)
          guard disclosure.returnValue == .ok || disclosure.byteCount > 0 else {
            // An answer like any other here, although it is none that a reader of attributes would fail for.
            throw PKCS11Error.refusal("C_GetAttributeValue", disclosure.returnValue)
          }
          return disclosure
        }
        guard case .accepted(let disclosure) = answer else { return }
        if disclosure.byteCount > 0 { trial.gaveOut(type) } else { trial.failed("\(type) came without a byte") }
      }
    }
  }

  /// Asks for the key wrapped under a session key, by one mechanism after the other.
  func wrapping(of object: ObjectHandle, _ trial: ProbeTrial) -> [Step] {
    let number = sessionNumber
    var steps: [Step] = []
    for family in Self.wrappingFamilies where offered[family.generation.type] != nil {
      for mechanism in family.mechanisms where offered[mechanism.type] != nil {
        steps.append { [self] session in
          guard object == key || number == sessionNumber else { return }
          try wrap(object, with: mechanism, family, trial, in: &session)
        }
      }
    }
    let untried = offered.filter { $0.value.flags.contains(.wrap) && !Self.wrappingMechanisms.contains($0.key) }.keys.map(\.description)
      .sorted()
    if trial.probe == .wrapOut, !untried.isEmpty { trial.note("not tried: \(untried.joined(separator: ", "))") }
    if trial.probe == .wrapOut, steps.isEmpty { trial.note("the token offers no mechanism to make a wrapping key and wrap with it") }
    return steps
  }

  private func wrap(
    _ object: ObjectHandle, with mechanism: Mechanism, _ family: WrappingFamily, _ trial: ProbeTrial, in session: inout Session
  ) throws {
    guard let wrappingKey = try makeWrappingKey(family, trial, in: &session) else { return }
    let answer = try trial.attempt("C_WrapKey", mechanism: mechanism.type) {
      try session.wrappedKeySize(object, with: mechanism, wrappingKey: wrappingKey)
    }
    if case .accepted(let size) = answer {
      if size > 0 { trial.wrapped(with: mechanism.type) } else { trial.failed("C_WrapKey answered CKR_OK and gave no byte") }
    }
    try destroy(wrappingKey, trial, in: &session)
  }

  private func makeWrappingKey(
    _ family: WrappingFamily, _ trial: ProbeTrial, in session: inout Session
  ) throws -> ObjectHandle? {
    // Some tokens want less said of a session key.
    for template in [family.template + [.init(.sensitive, true), .init(.extractable, false)], family.template] {
      let answer = try trial.attempt("C_GenerateKey", mechanism: family.generation.type, isDecisive: false) {
        try session.generateKey(family.generation, template)
      }
      if case .accepted(let made) = answer { return made }
      if session.isPoisoned { break }
    }
    return nil
  }

  /// A kind of session key, and how it wraps.
  private struct WrappingFamily {
    let generation: Mechanism
    let template: [Attribute]
    let mechanisms: [Mechanism]
  }

  private static let wrappingFamilies: [WrappingFamily] = [
    WrappingFamily(
      generation: .aesKeyGeneration,
      template: [
        .init(.objectClass, ObjectClass.secretKey), .init(.keyType, KeyType.aes), .init(.token, false), .init(.valueLength, UInt(32)),
        .init(.wrap, true),
      ],
      mechanisms: [
        .aesKeyWrapPad, .aesKeyWrapKWP, .aesKeyWrap, .aesCBCPad(initializationVector: [UInt8](repeating: 7, count: 16)),
        Mechanism(.aesCBC, parameter: [UInt8](repeating: 7, count: 16)), Mechanism(.aesECB),
      ]),
    WrappingFamily(
      generation: .des3KeyGeneration,
      template: [
        .init(.objectClass, ObjectClass.secretKey), .init(.keyType, KeyType.des3), .init(.token, false), .init(.wrap, true),
      ],
      mechanisms: [Mechanism(.des3CBCPad, parameter: [UInt8](repeating: 7, count: 8))]),
  ]

  private static let wrappingMechanisms = Set(wrappingFamilies.flatMap(\.mechanisms).map(\.type))
}

extension KeyAlgorithm {
  /// The attributes that hold the private value.
  var privateValues: [AttributeType] {
    switch kind {
    case .rsa: [.privateExponent, .prime1, .prime2, .exponent1, .exponent2, .coefficient]
    case .elliptic, .edwards25519, .moduleLattice: [.value]
    }
  }
}
