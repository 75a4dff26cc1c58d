import PKCS11

/// Makes probes on one private key.
///
/// A probe is a row of steps, each of them small, because a call that fails can take its session with it: the steps that are left go on in
/// another. What a step makes lives in its session only, and is destroyed in it; with a session that is given up, it goes by itself.
final class KeyProber {
  typealias Step = (inout Session) throws -> Void

  let parts: KeyParts
  /// The key's number, as of the session in use: a new login makes earlier ones void.
  private(set) var key: ObjectHandle
  let offered: [MechanismType: MechanismInformation]
  private let connection: TokenConnection
  private var steps: [Step] = []
  /// Which of the sessions that are used one after the other is in use.
  private(set) var sessionNumber = 0
  /// Flags that a token has let itself be talked into changing, with the value to turn them back to.
  private var turnedFlags: [AttributeType: Bool] = [:]

  init(_ parts: KeyParts, _ key: ObjectHandle, _ connection: TokenConnection) throws {
    self.parts = parts
    self.key = key
    self.connection = connection
    offered = try connection.mechanisms()
  }

  /// Makes probes, in the order of ``KeyProbe/allCases``.
  ///
  /// - Parameter willProbe: is told of each probe before it begins.
  /// - Throws: what is no answer to a probe, such as a deadline that has passed or a login that was lost; after everything that was changed
  ///   has been turned back.
  func run(_ probes: Set<KeyProbe>, willProbe: @escaping (KeyProbe) -> Void) throws -> [ProbeResult] {
    let trials = KeyProbe.allCases.filter(probes.contains).map(ProbeTrial.init)
    for trial in trials {
      steps.append { [unowned self] _ in
        willProbe(trial.probe)
        goOn(with: steps(of: trial))
      }
    }
    do {
      while !steps.isEmpty {
        try connection.writing { session in
          sessionNumber += 1
          key = try connection.privateKeyHandle(parts.identifier, in: &session)
          while !steps.isEmpty, !session.isPoisoned { try steps.removeFirst()(&session) }
        }
      }
      try turnFlagsBack(after: nil)
      try checkNothingIsLeft()
    } catch {
      steps = []
      if !turnedFlags.isEmpty { try turnFlagsBack(after: error) }
      throw error
    }
    return trials.map(\.result)
  }

  private func steps(of trial: ProbeTrial) -> [Step] {
    switch trial.probe {
    case .readPrivateValue: reading(of: nil, trial)
    case .wrapOut: wrapping(of: nil, trial)
    case .decrypt: decrypting(trial)
    case .unwrap: unwrapping(trial)
    case .derive: deriving(trial)
    case .signRecover: signingRecoverably(trial)
    case .copy: copying(trial, changing: [])
    case .copyExtractable: copying(trial, changing: [.init(.extractable, true)])
    case .makeExtractable: turning(.extractable, to: true, trial)
    case .makeReadable: turning(.sensitive, to: false, trial)
    default: []
    }
  }

  /// Puts steps in front of those that are left.
  func goOn(with more: [Step]) { steps.insert(contentsOf: more, at: 0) }

  /// Everything that could get the value of a private key out.
  func extraction(of object: ObjectHandle?, _ trial: ProbeTrial) -> [Step] { reading(of: object, trial) + wrapping(of: object, trial) }

  /// Destroys what a step has made, in the session in which it was made. The key itself is never destroyed, whatever number the token gave
  /// for what it made, nor is any other object that was there before: only a session object of the kind that was asked for is. A session
  /// whose object cannot be destroyed is closed, and the object with it.
  func destroy(_ made: ObjectHandle, _ objectClass: ObjectClass, _ keyType: KeyType, _ trial: ProbeTrial, in session: inout Session) throws
  {
    guard made != key, made.rawValue != 0 else {
      trial.note("the token gave the number of \(made == key ? "the key itself" : "no object") for what it made")
      return session.giveUp()
    }
    guard !session.isPoisoned else { return }
    guard try isOwn(made, objectClass, keyType, in: &session) else {
      trial.note("what the token says that it made is no session object of the kind that was asked for, and was not destroyed")
      return session.giveUp()
    }
    let answer = try trial.attempt("C_DestroyObject", isDecisive: false) { try session.destroyObject(made) }
    if case .accepted = answer { return }
    session.giveUp()
  }

  /// Whether an object is a session object of a kind, by the token's word.
  private func isOwn(_ made: ObjectHandle, _ objectClass: ObjectClass, _ keyType: KeyType, in session: inout Session) throws -> Bool {
    do {
      let values = try session.attributes([.token, .objectClass, .keyType], of: made)
      return try values.bool(.token) == false && values.objectClass() == objectClass && values.keyType() == keyType
    } catch let error as PKCS11Error where error.returnValue != nil {
      return false
    }
  }

  // MARK: - What has to be put right again

  func didTurn(_ flag: AttributeType, from value: Bool) { turnedFlags[flag] = value }
  func didTurnBack(_ flag: AttributeType) { turnedFlags[flag] = nil }

  /// Turns flags back that were left turned, in a session of its own, whoever waits.
  private func turnFlagsBack(after cause: (any Error)?) throws {
    guard !turnedFlags.isEmpty else { return }
    let flags = turnedFlags
    turnedFlags = [:]
    do {
      try connection.undoing { session in
        let key = try connection.privateKeyHandle(parts.identifier, in: &session)
        for (flag, value) in flags { try session.setAttributes([.init(flag, value)], of: key) }
      }
    } catch {
      let names = flags.map { "\($0.key) = \($0.value)" }.sorted().joined(separator: " and ")
      throw TokenKeysError(
        .keyUnusable, rule: .attributesFixed, operation: "probe key \(parts.name)",
        message: "the token let itself be talked into changing the key, and the change is still there\(cause.map { " (\($0))" } ?? ""): "
          + "\(error)",
        hint: "destroy the key, or set \(names) again with another tool", underlying: cause ?? error)
    }
  }

  /// The login is there, and the key is as alone under its identifier as it was: what a probe has made is gone.
  private func checkNothingIsLeft() throws {
    try connection.reading { session in
      try connection.checkLogin(in: &session)
      let same = try session.findObjects(
        matching: [.init(.objectClass, ObjectClass.privateKey), .init(.id, parts.identifier.bytes)], limit: 3)
      // Some tokens number their objects anew for each search.
      guard same.count == 1 else {
        throw TokenKeysError(
          .keyAmbiguous, rule: .uniqueID, operation: "probe key \(parts.name)",
          message: same.isEmpty
            ? "the key was destroyed meanwhile" : "\(same.count) private keys have its CKA_ID after the probes, where there was one",
          hint: "look at the private keys with CKA_ID \(parts.identifier) with another tool")
      }
    }
  }
}
