import Foundation
import PKCS11
import Secrets

extension TokenLogin {
  /// What became of the count of tries, and the error if there is one.
  typealias Effect = (outcome: LoginOutcome, error: (any Error)?)

  /// Reads the PIN and uses it once, under guard.
  ///
  /// The order matters. What can be refused without a PIN is refused before anybody is asked for it. The lock is taken when the PIN is
  /// there, so that nobody waits for a person who types; under it the flags and the memory are looked at again. The intent is on the disk
  /// before the token sees the PIN: a process that dies in between has made a try.
  ///
  /// - Parameters:
  ///   - present: the token as it is reached now; the module may have been initialised anew since it was chosen.
  ///   - act: uses the PIN; tells what that did to the count of tries, and the error if it failed.
  func attempt(on present: Token, _ act: (borrowing TokenPIN) -> Effect) throws -> [LoginNotice] {
    let pin = try readPIN(on: present)
    return try use(pin, act).notices
  }

  /// Reads the PIN, unless something stands against its use.
  ///
  /// - Parameter present: the token as it is reached now; the module may have been initialised anew since it was chosen.
  func readPIN(on present: Token) throws -> TokenPIN {
    guard present.isSame(as: token) else { throw TokenPIN.otherToken(present, token) }
    let before = try view(of: present, isLocked: false) { _ in nil }
    var agreed = agreed
    try agree(to: before.reservations.filter { !agreed.contains($0.rule) }, &agreed)
    return try TokenPIN(reading: source, purpose: purpose(before.flags), for: present, agreed: agreed)
  }

  /// Uses a PIN once, under guard.
  func use(_ pin: borrowing TokenPIN, _ act: (borrowing TokenPIN) -> Effect) throws -> (digest: PINDigest?, notices: [LoginNotice]) {
    var agreed = pin.agreed
    while true {
      switch try turn(pin, agreed, act) {
      case .done(let digest, let notices): return (digest, notices)
      case .needsAgreement(let reservations): try agree(to: reservations, &agreed)
      }
    }
  }

  /// How one turn under the lock ended.
  private enum Turn {
    case done(PINDigest?, [LoginNotice])
    /// The PIN was not tried.
    case needsAgreement([LoginGuard.Reservation])
  }

  private func turn(_ pin: borrowing TokenPIN, _ agreed: Set<KeyRule>, _ act: (borrowing TokenPIN) -> Effect) throws -> Turn {
    let view = try view(of: pin.token, isLocked: true) { try pin.digest($0) }
    defer { view.lock?.release() }
    let open = view.reservations.filter { !agreed.contains($0.rule) }
    guard open.isEmpty else { return .needsAgreement(open) }
    do {
      do {
        try view.ledger?.save(view.record.trying(at: now()))
      } catch {
        // No PIN is tried now, so none must be counted: the note may be there although it could not be synced.
        try? view.ledger?.save(view.record)
        throw error
      }
    } catch let error as TokenKeysError {
      guard agreed.contains(.pinMemory) else { return .needsAgreement([reservation(error)]) }
    }
    let (outcome, error) = act(pin)
    let record = view.record.after(outcome, view.digest, isStored: !source.isPerson, at: now())
    // When this cannot be written, what stays is a try that was begun, which counts.
    let saving = Result { try view.ledger?.save(record) }
    if let error { throw explained(error, outcome, view.flags) }
    return .done(view.digest, notices(view.flags, saving))
  }

  /// What is known of the PIN at one moment.
  private struct View {
    /// The memory, where it can be used.
    var ledger: PINLedger?
    var lock: FolderLock?
    var record: PINRecord
    var digest: PINDigest?
    var flags: TokenFlags = []
    var reservations: [LoginGuard.Reservation] = []
  }

  /// Looks at the memory, and then, at the last moment, at the token.
  ///
  /// - Parameters:
  ///   - token: as it is reached now.
  ///   - isLocked: take the token's turn; without it, a try of another process may be under way.
  ///   - digest: of the PIN, once it is known.
  private func view(of token: Token, isLocked: Bool, _ digest: (PINLedger) throws -> PINDigest?) throws -> View {
    let rules = rules
    var view = View(record: PINRecord(rules.token, rules.owner))
    do {
      let ledger = try memory.ledger(rules.token, rules.owner)
      view.digest = try digest(ledger)
      if isLocked { view.lock = try ledger.lock(operation: rules.operation) }
      view.ledger = ledger
      let record = try ledger.record()
      view.record = isLocked ? record.settled() : record
    } catch let error as TokenKeysError where error.code == .pinMemory {
      view.reservations.append(reservation(error))
    }
    do {
      view.flags = try token.information().flags
      view.reservations += try rules.reservations(view.flags, view.record, view.digest)
    } catch {
      view.lock?.release()
      throw error
    }
    return view
  }

  private func reservation(_ error: TokenKeysError) -> LoginGuard.Reservation {
    LoginGuard.Reservation(rule: .pinMemory, sentence: error.message)
  }

  /// Has a person agree to what stands against a try; in unattended use it is refused.
  private func agree(to reservations: [LoginGuard.Reservation], _ agreed: inout Set<KeyRule>) throws {
    guard let first = reservations.first else { return }
    guard isAttended else { throw rules.refusal(first) }
    do {
      let name = rules.pinName
      let question =
        source.isProtectedPath
        ? "The device will ask for the \(name) of token \(token.label)." : "The \(name) of token \(token.label) will be tried."
      let lines = reservations.map { $0.sentence.prefix(1).uppercased() + $0.sentence.dropFirst() + "." }
      guard try confirm(lines + [question]) else { throw rules.refusal(first, wasAsked: true) }
    } catch let error as SecretError where error.rule == .noTerminal {
      // At the device's own pad stands a person, whether there is a terminal or not.
      guard source.isProtectedPath else { throw rules.refusal(first, lacksTerminal: true) }
    }
    agreed.formUnion(reservations.map(\.rule))
  }

  private func purpose(_ flags: TokenFlags) -> String {
    let name = rules.owner == .user ? "User PIN" : "Security officer PIN"
    let isLast = PINState(flags, rules.owner).isFinalTry
    return "\(name) for token \(token.label)" + (isLast ? " (the last try before it is locked)" : "")
  }

  /// A refusal with what follows from it here.
  private func explained(_ error: any Error, _ outcome: LoginOutcome, _ flags: TokenFlags) -> any Error {
    guard let error = error as? PKCS11Error, error.function == "C_Login" else { return error }
    var hints = [error.hint]
    switch outcome {
    case .refused(.pinLocked) where rules.owner == .user:
      hints = ["the security officer can set a new one: hsmkey token set-pin --reset-user-pin"]
    case .refused(.pinLocked): break
    case .refused where !source.isPerson:
      hints = [
        "\(source) is not tried on this token again in unattended use; put the right PIN there, then, on a terminal: "
          + rules.clearingCommand
      ]
      if flags.contains(.protectedAuthenticationPath) {
        hints.append("the device has a pad of its own; perhaps it wants its PIN there: protected-path")
      }
    case .uncertain: hints.append("whether the token looked at the PIN is not known, so this counts as a try")
    case .untouched where error.returnValue == .pinExpired: hints = ["set a new PIN: hsmkey token set-pin"]
    default: break
    }
    return PKCS11Error(
      rule: error.rule, function: error.function, returnValue: error.returnValue, token: error.token, operation: error.operation,
      message: error.message, hint: hints.compactMap(\.self).joined(separator: "; "), underlying: error.underlying)
  }

  private func notices(_ flags: TokenFlags, _ saving: Result<Void?, any Error>) -> [LoginNotice] {
    var notices: [LoginNotice] = []
    if PINState(flags, rules.owner).isToBeChanged {
      notices.append(
        LoginNotice(
          message: "the token wants its \(rules.pinName) changed: it is the one it was delivered with, or has expired",
          hint: "hsmkey token set-pin" + (rules.owner == .user ? "" : " --security-officer"), isAboutChange: true))
    }
    if case .failure(let error) = saving {
      notices.append(
        LoginNotice(
          message: "the login succeeded, but that could not be remembered, so it counts as a failed try: \(error)",
          hint: "mend the folder before the next unattended login"))
    }
    return notices
  }
}
