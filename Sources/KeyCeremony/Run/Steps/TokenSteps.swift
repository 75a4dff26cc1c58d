import KeyEvidence
import PKCS11
import Secrets
import TokenKeys

extension CeremonyRun {
  /// `check-token`
  func checkToken(_ id: String, _ expected: StepAction.TokenState, _ frame: StepFrame) async throws -> StepOutcome {
    try begin(frame)
    guard let planned = plan.token(id) else { throw frame.refusal(.planSense, "the plan has no token \(id)") }
    let module = try await module(of: id)
    let token =
      switch expected {
      case .blank: try await blankToken(id, planned.label, module, frame)
      case .initialised: try await initialisedToken(id, frame)
      }
    let wanted = plan.algorithms(on: id)
    let missing = try await waiting(frame.operation) { try token.objections(toMaking: wanted) }
    guard missing.isEmpty else {
      throw frame.refusal(
        .tokenState, "the token cannot make what later steps want: \(missing.joined(separator: "; "))",
        hint: "use another token, or write the plan with an algorithm that it offers")
    }
    let serial = token.serialNumber
    return StepOutcome(
      result: [
        "module-sha256": .string(module.file.sha256.hexadecimal),
        "library": .string(CeremonyText.shown(module.information.libraryDescription)),
        "library-version": .string("\(module.information.libraryVersion)"), "label": .string(CeremonyText.shown(token.label)),
        "serial": .string(serial), "manufacturer": .string(CeremonyText.shown(token.manufacturer)),
        "model": .string(CeremonyText.shown(token.model)), "firmware-version": .string("\(token.firmwareVersion)"),
      ],
      comparable: ["token": .string(id), "state": .string(expected.rawValue), "algorithms": .array(wanted.map { .string($0.rawValue) })],
      lines: [
        "module \(module.path), SHA-256 \(module.file.sha256.hexadecimal)",
        "token \(CeremonyText.shown(token.model)) of \(CeremonyText.shown(token.manufacturer)), "
          + (expected == .blank ? "not initialised" : "label \(CeremonyText.shown(token.label)), serial number \(serial)"),
      ])
  }

  /// The token that is to be initialised: the one with the site's serial number, or the first blank one where the site says `blank`.
  func blankToken(_ id: String, _ label: String, _ module: Module, _ frame: StepFrame) async throws -> Token {
    let tokens = try await allTokens(of: module, frame.operation)
    if let taken = tokens.first(where: { $0.flags.contains(.tokenInitialized) && $0.label == label }) {
      throw frame.refusal(
        .tokenState, "a token labelled \(label) exists already (serial number \(taken.serialNumber))",
        hint: "the plan wants a blank one; nothing was changed")
    }
    guard let serial = try siteToken(id).serial else {
      guard let blank = tokens.first(where: { !$0.flags.contains(.tokenInitialized) }) else {
        throw frame.refusal(.tokenState, "the module shows no token that is not initialised", hint: "insert a blank one")
      }
      return blank
    }
    guard let token = tokens.first(where: { $0.serialNumber == serial }) else {
      throw frame.refusal(
        .tokenSerial, "no token has the serial number \(serial)", hint: "insert the token that the site file names")
    }
    guard !token.flags.contains(.tokenInitialized) else {
      throw frame.refusal(
        .tokenState, "the token with serial number \(serial) is initialised already, and the plan wants a blank one",
        hint: "nothing was changed; a token that may lose what it holds is made blank outside of a ceremony")
    }
    return token
  }

  private func initialisedToken(_ id: String, _ frame: StepFrame) async throws -> Token {
    let token = try await presentToken(id, frame.operation)
    let objections: [(TokenFlags, String)] = [
      (.userPINLocked, "its user PIN is locked"), (.userPINFinalTry, "one more wrong user PIN locks it"),
      (.securityOfficerPINLocked, "its security officer PIN is locked"), (.writeProtected, "it is write-protected"),
    ]
    if let objection = objections.first(where: { token.flags.contains($0.0) }) {
      throw frame.refusal(.tokenState, objection.1, hint: "see: hsmkey doctor")
    }
    guard token.flags.contains(.userPINInitialized) else {
      throw frame.refusal(.tokenState, "it has no user PIN", hint: "set one with: hsmkey token set-pin --reset-user-pin")
    }
    return token
  }

  /// `initialise-token`
  func initialiseToken(_ id: String, _ frame: StepFrame) async throws -> StepOutcome {
    guard let planned = plan.token(id), let officerPIN = planned.securityOfficerPIN else {
      throw frame.refusal(.planSense, "the plan has no token \(id) with a security officer PIN")
    }
    let module = try await module(of: id)
    let officer = try await source(ofPIN: officerPIN, frame.operation)
    let user = try await source(ofPIN: planned.userPIN, frame.operation)
    let label = planned.label
    let made = try await tokenMadeBefore(id, label, module, frame)
    if made == nil {
      let blank = try await blankToken(id, label, module, frame)
      let before = try await allTokens(of: module, frame.operation).filter { $0.flags.contains(.tokenInitialized) }
      try begin(
        frame,
        intending: ["label": .string(label), "serials-before": .array(before.map { .string($0.serialNumber) })])
      let memory = surroundings.pinMemory
      try await askingAgain(frame) {
        _ = try await waiting(frame.operation, isAtPad: officer.isProtectedPath || user.isProtectedPath) {
          try TokenInitialization(blank, label: label, securityOfficerPIN: officer, userPIN: user, memory: memory).run()
        }
      }
    } else {
      try begin(frame, intending: frame.earlier[0])
    }
    var token = try await tokenLabelled(label, made?.serialNumber, module, frame)
    if !token.flags.contains(.userPINInitialized) {
      try record.noted(step: frame.step.id, "the token had its label and no user PIN: it gets one now")
      try await finish(token, officer, user, frame)
      token = try await tokenLabelled(label, token.serialNumber, module, frame)
    }
    let serial = token.serialNumber
    if try siteToken(id).serial == nil {
      try record.serial(step: frame.step.id, token: id, serial)
      serials[id] = serial
    }
    // That both PINs are what they were meant to be: the user's login is the proof, and the one that later steps use.
    _ = try await keys(on: id, frame.operation)
    return StepOutcome(
      result: ["serial": .string(serial), "label": .string(label)], comparable: ["label": .string(label)],
      lines: ["token \(label) has the serial number \(serial)", "logged in with its user PIN"])
  }

  /// Does again what was ended by a new PIN that was typed differently the second time, or that the token finds too short or too long.
  /// Nothing was changed by then.
  private func askingAgain(_ frame: StepFrame, _ body: () async throws -> Void) async throws {
    for _ in 1..<Self.maximumTries where room.isAttended {
      do {
        return try await body()
      } catch  where (error as? SecretError)?.rule == .confirmation || (error as? TokenKeysError)?.rule == .pinLength {
        let trouble = surroundings.explain(error)
        try record.noted(step: frame.step.id, "a new PIN was typed wrongly: \(trouble.message)")
        try await room.show(
          CeremonyScene(.trouble, step: frame.step.id, title: trouble.message, lines: ["Nothing was changed; it is asked for again."]))
      }
    }
    try await body()
  }

  /// Gives a token that an attempt has left without a user PIN one.
  private func finish(_ token: Token, _ officer: SecretSource, _ user: SecretSource, _ frame: StepFrame) async throws {
    let login = TokenLogin(token: token, pin: officer, user: .securityOfficer, memory: surroundings.pinMemory)
    do {
      _ = try await waiting(frame.operation, isAtPad: officer.isProtectedPath || user.isProtectedPath) { try login.setUserPIN(to: user) }
    } catch let error as SecretError {
      throw error
    } catch {
      throw CeremonyError(
        .tokenState, operation: frame.operation,
        message: "the token \(token.label) (serial number \(token.serialNumber)) was left half initialised, and cannot be finished: "
          + surroundings.explain(error).message,
        hint: "nothing is on it yet: make it blank with its vendor's tool (softhsm2-util --delete-token --serial \(token.serialNumber)), "
          + "then go on by the same command; with a wrong security officer PIN, go on with the right one", underlying: error)
    }
  }

  /// The token that an earlier attempt of this step has initialised.
  private func tokenMadeBefore(_ id: String, _ label: String, _ module: Module, _ frame: StepFrame) async throws -> Token? {
    guard let first = frame.earlier.first else { return nil }
    var before: Set<String> = []
    if case .array(let serials)? = first["serials-before"] {
      before = Set(serials.compactMap { if case .string(let text) = $0 { text } else { nil } })
    }
    let candidates = try await allTokens(of: module, frame.operation).filter {
      $0.flags.contains(.tokenInitialized) && $0.label == label && !before.contains($0.serialNumber)
    }
    guard candidates.count < 2 else {
      throw frame.refusal(
        .tokenState, "\(candidates.count) tokens are labelled \(label) that were not there before this step",
        hint: "somebody else initialises tokens meanwhile; find out which one is meant")
    }
    if let serial = try siteToken(id).serial, let found = candidates.first, found.serialNumber != serial { return nil }
    return candidates.first
  }

  private func tokenLabelled(_ label: String, _ serial: String?, _ module: Module, _ frame: StepFrame) async throws -> Token {
    let tokens = try await allTokens(of: module, frame.operation).filter {
      $0.flags.contains(.tokenInitialized) && $0.label == label && (serial == nil || $0.serialNumber == serial)
    }
    guard let token = tokens.first, tokens.count == 1 else {
      throw frame.refusal(
        .tokenState, "\(tokens.count) tokens are labelled \(label) after the initialisation", hint: "see: hsmkey token list")
    }
    return token
  }

  /// `set-pin`
  func setPIN(_ id: String, _ owner: StepAction.PINHolder, _ new: String, _ frame: StepFrame) async throws -> StepOutcome {
    guard let planned = plan.token(id) else { throw frame.refusal(.planSense, "the plan has no token \(id)") }
    let isUser = owner == .user
    guard let old = isUser ? userPINs[id] ?? planned.userPIN : officerPINs[id] ?? planned.securityOfficerPIN else {
      throw frame.refusal(.planSense, "the token \(id) has no security officer PIN in the plan")
    }
    let (before, after) = (try await source(ofPIN: old, frame.operation), try await source(ofPIN: new, frame.operation))
    try await closeKeys(on: id)
    let token = try await presentToken(id, frame.operation)
    try begin(frame, intending: ["pin": .string(new)])
    let login = { (source: SecretSource) in
      TokenLogin(token: token, pin: source, user: isUser ? .user : .securityOfficer, memory: self.surroundings.pinMemory)
    }
    let isAtPad = before.isProtectedPath || after.isProtectedPath
    do {
      try await askingAgain(frame) {
        let change = login(before)
        _ = try await waiting(frame.operation, isAtPad: isAtPad) { try change.changePIN(to: after) }
      }
    } catch  where frame.isRepeated && Self.isRefused(error) {
      // The attempt that was cut off may have changed it. The one before is tried first: when it was replaced, that is remembered and it
      // costs no try. A try that it has just cost is no reason against the other one.
      var check = login(after)
      if error is PKCS11Error { check.agreed = [.pinCountLow] }
      try await room.show(
        CeremonyScene(
          .note, step: frame.step.id,
          title: "The token does not take the PIN \(old) any more; perhaps it has \(new) already, which is tried now"))
      do {
        _ = try await waiting(frame.operation, isAtPad: isAtPad) { [check] in try check.check() }
      } catch let other where Self.isRefused(other) {
        throw error
      }
      try record.noted(step: frame.step.id, "the PIN had been changed before the interruption")
    }
    if isUser { userPINs[id] = new } else { officerPINs[id] = new }
    return StepOutcome(
      result: ["owner": .string(owner.rawValue), "pin": .string(new)], comparable: ["owner": .string(owner.rawValue), "pin": .string(new)],
      lines: ["the \(isUser ? "user" : "security officer") PIN of token \(planned.label) is now \(new)"])
  }
}

extension CeremonyRun {
  /// Whether the token has refused a PIN, or would have: then nothing was done with it.
  fileprivate static func isRefused(_ error: any Error) -> Bool {
    if let error = error as? PKCS11Error { return error.function == "C_Login" && error.returnValue == .pinIncorrect }
    return [.pinRefusedBefore, .pinCountLow].contains((error as? TokenKeysError)?.rule)
  }
}

extension CeremonyPlan {
  /// What keys the plan makes on a token, each kind once.
  func algorithms(on token: String) -> [KeyAlgorithm] {
    var seen: [KeyAlgorithm] = []
    for step in steps {
      if case .generateKey(let key, let algorithm, _) = step.action, key.token == token, !seen.contains(algorithm) {
        seen.append(algorithm)
      }
    }
    return seen
  }
}
