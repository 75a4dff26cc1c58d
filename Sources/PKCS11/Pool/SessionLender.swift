/// What a pool lends to one piece of work, on one of the pool's threads: sessions with the token, logged in.
///
/// It must not leave the closure that it was given to.
public final class SessionLender {
  let core: PoolCore
  private var session: Session?
  private(set) var known: PoolLogin.Snapshot

  init(_ core: PoolCore) {
    self.core = core
    known = core.login.snapshot
    gate = known.token.module.cryptoki.gate
  }

  /// Where calls into the token's module pass. The module stays the same when it is initialised anew.
  let gate: CallGate

  /// The token, as it was when the module was last initialised.
  public var token: Token { known.token }

  /// Changes whenever handles of private objects have become void: after a new login, and after the module was initialised anew.
  public var loginEpoch: UInt64 { known.epoch }

  /// The mechanisms of the token, asked once.
  public func mechanisms() throws(PKCS11Error) -> [MechanismType: MechanismInformation] { try core.login.mechanisms(of: known) }

  /// Lends a session that can read: search, read attributes, sign.
  ///
  /// A session that an operation has left in an unknown state is replaced before its next use.
  public func reading<Result>(_ body: (inout Session) throws -> Result) throws -> Result {
    try prepare(.readOnly)
    return try body(&session!)
  }

  /// Lends a session that can write: make, change and destroy objects. It is closed afterwards, so that nothing can be changed by mistake,
  /// unless the token knows no other sessions.
  public func writing<Result>(_ body: (inout Session) throws -> Result) throws -> Result {
    try prepare(.readWrite)
    hasWritten = true
    defer { if !core.login.keepsReadWrite { dropSession() } }
    return try body(&session!)
  }

  /// Lends a session that can write to take away again what the work has left on the token. From here on the work is not interrupted any
  /// more because nobody waits for it.
  public func undoing<Result>(_ body: (inout Session) throws -> Result) throws -> Result {
    CallMonitor.ofThisThread { $0.beginUndoing() }
    return try writing(body)
  }

  /// The work is not done again from here on, whatever fails: a PIN was shown for it, and would be shown once more. What is broken is
  /// mended for the next work.
  public func forbidRepetition() { mayRepeat = false }

  // MARK: For the pool

  /// Nothing forbids doing the present piece of work once more.
  private(set) var mayRepeat = true

  /// A session to write with was lent to the present piece of work.
  private(set) var hasWritten = false

  /// A new piece of work begins.
  func begin() {
    hasWritten = false
    mayRepeat = true
  }

  /// Logs in if that was not done, and takes over what others have found out about the token meanwhile.
  func refresh() throws {
    if core.login.isCurrent(known), session != nil || !core.login.isSingle { return }
    try core.login.ensure(core)
    known = core.login.snapshot
    // Where the working session is the one that logs in, that is done before the work as well.
    if core.login.isSingle, session == nil { try prepare(.readWrite) }
  }

  /// Whether a session is open.
  var hasSession: Bool { session != nil }

  /// Closes the session without a word.
  func dropSession() { session = nil }

  /// Closes whatever is open.
  func close() {
    if let held = session.take() { try? held.close() }
  }

  private func prepare(_ access: SessionAccess) throws {
    if session != nil {
      if session!.isFit(for: access) { return }
      // Closed before the next is opened: the token's limit counts both.
      dropSession()
    }
    // Where a login is wanted it is looked for below; without one, that the token is the right one has to be asked.
    let wantsLogin = core.login.wantsLogin(known.token)
    var opened = try core.login.openSession(access, on: known.token, isForPIN: !wantsLogin)
    if core.login.isSingle {
      try core.login.logInSingle(&opened)
      known = core.login.snapshot
    }
    core.login.hasWorkingSession()
    guard try !wantsLogin || opened.isUserLoggedIn() else {
      throw PKCS11Error(
        rule: .loginKept, token: token.label, operation: "use token \(token.label)",
        message: "the token has dropped the login; it was reset or taken out meanwhile", hint: "run this again, which logs in anew")
    }
    session = consume opened
  }
}
