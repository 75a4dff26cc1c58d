import PKCS11

extension KeyProber {
  /// Asks for each private value.
  ///
  /// - Parameter object: a copy, in the session in which it was made; nil for the key itself, by the number that it has by then.
  func reading(of object: ObjectHandle?, _ trial: ProbeTrial) -> [Step] {
    let number = sessionNumber
    return parts.algorithm.privateValues.map { type in
      { [self] session in
        guard object == nil || number == sessionNumber else { return }
        let answer = try trial.attempt("C_GetAttributeValue") { () throws -> AttributeDisclosure in
          let disclosure = try session.disclosure(of: type, by: object ?? key)
          if disclosure.hasResidue { trial.note("something was left in the memory lent for \(type); it was wiped and not looked at") }
          // An answer like any other here, although it is none that a reader of attributes would fail for.
          guard disclosure.returnValue == .ok else { throw PKCS11Error.refusal("C_GetAttributeValue", disclosure.returnValue) }
          return disclosure
        }
        guard case .accepted(let disclosure) = answer else { return }
        if disclosure.byteCount > 0 { trial.gaveOut(type) } else { trial.failed("\(type) came without a byte") }
      }
    }
  }

  /// Asks for the key wrapped under a session key, by one mechanism after the other.
  func wrapping(of object: ObjectHandle?, _ trial: ProbeTrial) -> [Step] {
    let number = sessionNumber
    var steps: [Step] = []
    for family in WrappingFamily.all where family.generation.map({ offered[$0.type] != nil }) ?? parts.algorithm.isShort {
      for mechanism in family.mechanisms where offered[mechanism.type] != nil {
        steps.append { [self] session in
          guard object == nil || number == sessionNumber else { return }
          // A key is as long as it happens to be: what wants whole blocks is asked only where nothing else gives it out.
          if WrappingFamily.wantsWholeBlocks.contains(mechanism.type), trial.hasWrapped { return }
          try wrap(object ?? key, with: mechanism, family, trial, in: &session)
        }
      }
    }
    let untried = offered.filter { $0.value.flags.contains(.wrap) && !WrappingFamily.mechanisms.contains($0.key) }.keys.map(\.description)
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
      if size > 0 { trial.wrapped(with: mechanism.type) } else { trial.began("C_WrapKey answered CKR_OK and gave no byte") }
    }
    let isSecret = family.generation != nil
    try destroy(wrappingKey, isSecret ? .secretKey : .publicKey, family.keyType, trial, in: &session)
  }

  private func makeWrappingKey(
    _ family: WrappingFamily, _ trial: ProbeTrial, in session: inout Session
  ) throws -> ObjectHandle? {
    // Some tokens want less said of a session key.
    let hidden: [Attribute] = [.init(.sensitive, true), .init(.extractable, false)]
    for template in family.generation == nil ? [family.template()] : [family.template() + hidden, family.template()] {
      let function = family.generation == nil ? "C_CreateObject" : "C_GenerateKey"
      let answer = try trial.attempt(function, mechanism: family.generation?.type, isDecisive: false) {
        guard let generation = family.generation else { return try session.createObject(template) }
        return try session.generateKey(generation, template)
      }
      if case .accepted(let made) = answer { return made }
      // Nobody knows what a call has left that failed.
      if case .failed = answer { session.giveUp() }
      if session.isPoisoned { break }
    }
    trial.note("the token makes no session key to wrap with")
    return nil
  }
}

extension KeyAlgorithm {
  /// The attributes that hold the private value.
  var privateValues: [AttributeType] {
    switch kind {
    case .rsa: [.privateExponent, .prime1, .prime2, .exponent1, .exponent2, .coefficient]
    case .elliptic, .edwards25519, .moduleLattice: [.value]
    }
  }

  /// Whether the private key can be encrypted by RSA as it is.
  fileprivate var isShort: Bool { modulusBits == nil }
}
