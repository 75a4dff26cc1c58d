import PKCS11
public import Secrets

extension TokenLogin {
  /// Changes the PIN of whoever this login is for (`C_Login`, `C_SetPIN`), guarded like a login. An expired PIN can be changed, too.
  ///
  /// The PIN before is remembered as replaced, so that a stored copy that nobody has put right does not cost a try.
  ///
  /// - Parameter new: where the new PIN comes from; a prompt asks for it twice. Both PINs are entered on the device's own pad, or neither.
  /// - Returns: what a person should know.
  /// - Throws: what ``logIn(_:)`` throws; ``TokenKeysError`` with ``KeyRule/pinLength``; `PKCS11Error` from `C_SetPIN`.
  public func changePIN(to new: SecretSource) throws -> [LoginNotice] {
    guard new.isProtectedPath == source.isProtectedPath else {
      throw rules.refusal(
        .pinProtectedPath, "the PIN before and the new one are both entered on the device's own pad, or neither",
        hint: "name protected-path for both")
    }
    var session = try token.openSession(.readWrite)
    let pin = try readPIN(on: session.token)
    let login = try use(pin) { pin in
      do {
        return (try pin.logIn(as: user, &session) ? .verified : .untouched, nil)
      } catch let error as PKCS11Error where error.returnValue == .pinExpired {
        // Changing it is the one thing that can still be done with it, without a login.
        return (.untouched, nil)
      } catch {
        return (LoginOutcome(error), error)
      }
    }
    let replacement = try TokenPIN(reading: new, purpose: Self.newPurpose(rules.owner, token.label), for: session.token, confirm: true)
    try replacement.checkLength(session.token, rules)
    // The new PIN may be what C_SetPIN does not like, so only a clear answer is about the old one.
    let change = try use(pin) { pin in
      do {
        try pin.change(to: replacement, &session)
        return (.verified, nil)
      } catch {
        let answer = (error as? PKCS11Error)?.returnValue
        return (answer == .pinIncorrect || answer == .pinLocked ? .refused(answer ?? .pinIncorrect) : .untouched, error)
      }
    }
    let remembering = Result {
      let ledger = try memory.ledger(rules.token, rules.owner)
      let replaced = try replacement.digest(ledger) == change.digest ? nil : change.digest
      try ledger.changing { _ in .afterChange(rules.token, rules.owner, replacing: replaced, at: now()) }
    }
    if try session.isLoggedIn(as: user) { try session.logout() }
    try session.close()
    return login.notices.filter { !$0.isAboutChange } + Self.notices(remembering)
  }

  /// Sets the user's PIN as the security officer (`C_Login`, `C_InitPIN`): for a PIN that is locked or forgotten.
  ///
  /// - Parameter new: where the new user PIN comes from; a prompt asks for it twice.
  /// - Returns: what a person should know.
  /// - Throws: what ``logIn(_:)`` throws; ``TokenKeysError`` with ``KeyRule/pinLength``; `PKCS11Error` from `C_InitPIN`.
  public func setUserPIN(to new: SecretSource) throws -> [LoginNotice] {
    guard user == .securityOfficer else {
      throw TokenKeysError(
        .pinGuarded, operation: "set the user PIN of token \(token.label)", message: "only the security officer sets another's PIN")
    }
    var session = try token.openSession(.readWrite)
    let notices = try logIn(&session)
    let replacement = try TokenPIN(reading: new, purpose: Self.newPurpose(.user, token.label), for: session.token, confirm: true)
    try replacement.checkLength(session.token, rules)
    try replacement.initialize(&session)
    let remembering = Result { try memory.ledger(rules.token, .user).changing { _ in nil } }
    try session.logout()
    try session.close()
    return notices + Self.notices(remembering)
  }

  static func newPurpose(_ owner: PINOwner, _ label: String) -> String { "New \(owner.rawValue) PIN for token \(label)" }

  static func notices(_ remembering: Result<Void, any Error>) -> [LoginNotice] {
    guard case .failure(let error) = remembering else { return [] }
    return [
      LoginNotice(
        message: "the PIN was changed, but what is remembered of the one before could not be: \(error)",
        hint: "mend the folder, then: hsmkey token check-pin")
    ]
  }
}

extension TokenPIN {
  /// Refuses a new PIN that the token would not take, before the token is touched.
  ///
  /// - Throws: ``TokenKeysError`` with ``KeyRule/pinLength``.
  borrowing func checkLength(_ token: Token, _ rules: LoginGuard) throws(TokenKeysError) {
    let (shortest, longest) = (token.minimumPINLength ?? 0, token.maximumPINLength ?? Int.max)
    guard !isOnProtectedPath, count < shortest || count > longest else { return }
    throw TokenKeysError(
      .pinGuarded, rule: .pinLength, operation: "set a PIN of token \(token.label)",
      message: "the new PIN is too \(count < shortest ? "short" : "long") for this token; nothing was changed",
      hint: "the token takes \(shortest) to \(longest == Int.max ? "any number of" : "\(longest)") bytes")
  }
}
