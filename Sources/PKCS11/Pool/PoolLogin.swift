internal import Synchronization

/// The login that all sessions of a pool share, and the session that keeps it alive.
///
/// Login belongs to the program and the token: it lasts for as long as one session is open. So one session is opened first, used for
/// nothing else, and closed last, unless the token allows no second one.
final class PoolLogin: Sendable {
  /// Logs in on a session; called on a thread of the pool, and again when the login was lost.
  typealias LogIn = @Sendable (inout Session) throws -> Void

  /// What is known of the token at one time.
  struct Snapshot: Sendable {
    let token: Token
    /// Changes with each login.
    let login: UInt64
    /// Changes whenever handles of private objects have become void.
    let epoch: UInt64
  }

  private struct Present {
    var snapshot: Snapshot
    var isLoggedIn = false
    /// Why there will be no login, ever: the PIN was refused, or nobody can be asked for it again.
    var refusal: (any Error)?
    var mechanisms: [MechanismType: MechanismInformation]?
    var mechanismsOfLogin: UInt64 = 0

    mutating func hasLoggedIn(to token: Token) {
      isLoggedIn = true
      snapshot = Snapshot(token: token, login: snapshot.login + 1, epoch: snapshot.epoch + 1)
    }
  }

  /// Held for a whole login: nobody else may try at the same time.
  private struct Anchor: ~Copyable {
    var session: Session?
    /// The module as it was last initialised, when the token was not found in it again.
    var module: Module?
  }

  private let logIn: LogIn?
  private let present: Mutex<Present>
  private let anchor = Mutex(Anchor())
  private let onlyOne: Atomic<Bool>
  private let hasWorked = Atomic<Bool>(false)
  private let needsReadWrite = Atomic<Bool>(false)

  init(token: Token, isSingle: Bool, logIn: LogIn?) {
    present = Mutex(Present(snapshot: Snapshot(token: token, login: 1, epoch: 1)))
    onlyOne = Atomic(isSingle)
    self.logIn = logIn
  }

  var snapshot: Snapshot { present.withLock { $0.snapshot } }

  /// The epoch of the snapshot while the user is logged in, and zero otherwise: a glance that takes no lock.
  private let epochOfLogin = Atomic<UInt64>(0)

  /// Whether the user is logged in and nothing has changed since a snapshot was taken.
  func isCurrent(_ known: Snapshot) -> Bool { epochOfLogin.load(ordering: .acquiring) == known.epoch }

  /// Changes what is known, and what can be seen of it at a glance.
  private func change(_ body: (inout Present) -> Void) {
    present.withLock { present in
      body(&present)
      epochOfLogin.store(present.isLoggedIn ? present.snapshot.epoch : 0, ordering: .releasing)
    }
  }

  /// One session is all that the token allows, so it is also the one that works.
  var isSingle: Bool { onlyOne.load(ordering: .relaxed) }

  /// A session was opened beside the one that holds the login.
  func hasWorkingSession() { hasWorked.store(true, ordering: .relaxed) }

  /// The token has no room beside the session that holds the login, and never had: from now on one session does both.
  ///
  /// - Returns: whether that is so.
  func becomeSingle() throws -> Bool {
    try exclusively { anchor in
      guard !isSingle, !hasWorked.load(ordering: .relaxed), anchor.session != nil else { return false }
      anchor.session = nil
      onlyOne.store(true, ordering: .relaxed)
      return true
    }
  }

  /// The token knows no read-only sessions, or no second session to write with.
  var keepsReadWrite: Bool { isSingle || needsReadWrite.load(ordering: .relaxed) }

  /// Whether a session of this token is of use only when the user is logged in.
  func wantsLogin(_ token: Token) -> Bool { logIn != nil && !isSingle && token.flags.contains(.loginRequired) }

  /// Opens a session, read-only where the token has such sessions.
  ///
  /// - Parameter isForPIN: a PIN is to be shown in it, so that this is the right token has to be made sure of.
  func openSession(_ access: SessionAccess, on token: Token, isForPIN: Bool) throws(PKCS11Error) -> Session {
    func open(_ access: SessionAccess) throws(PKCS11Error) -> Session {
      isForPIN ? try token.openSession(access) : try token.openSessionInSlot(access)
    }
    guard access == .readOnly, !keepsReadWrite else { return try open(.readWrite) }
    do {
      return try open(.readOnly)
    } catch {
      guard let answer = error.returnValue, error.function == CryptokiFunction.C_OpenSession.name, Self.readOnlyRefused.contains(answer)
      else { throw error }
      // Some modules know read-write sessions only, and each says so in another way.
      let session = try open(.readWrite)
      needsReadWrite.store(true, ordering: .relaxed)
      return session
    }
  }

  private static let readOnlyRefused: Set<ReturnValue> = [
    .sessionReadOnly, .sessionReadWriteSecurityOfficerExists, .argumentsBad, .functionNotSupported, .functionFailed,
  ]

  func mechanisms(of snapshot: Snapshot) throws(PKCS11Error) -> [MechanismType: MechanismInformation] {
    if let known = present.withLock({ $0.mechanismsOfLogin == snapshot.login ? $0.mechanisms : nil }) { return known }
    let answer = try snapshot.token.mechanisms()
    present.withLock {
      $0.mechanisms = answer
      $0.mechanismsOfLogin = snapshot.login
    }
    return answer
  }

  /// Logs in unless that is done.
  func ensure(_ core: PoolCore) throws {
    let (isLoggedIn, refusal) = present.withLock { ($0.isLoggedIn, $0.refusal) }
    if isLoggedIn { return }
    if let refusal { throw refusal }
    try exclusively { anchor in
      // Whoever had the turn before has logged in, or was refused for good.
      let (isLoggedIn, refusal) = present.withLock { ($0.isLoggedIn, $0.refusal) }
      if let refusal { throw refusal }
      if !isLoggedIn { try establish(&anchor) }
    }
  }

  /// Logs in again, unless somebody did since `known`.
  ///
  /// - Returns: whether it was done here.
  func renew(since known: Snapshot) throws -> Bool {
    try exclusively { anchor in
      guard snapshot.login == known.login else { return false }
      if let refusal = present.withLock({ $0.refusal }) { throw refusal }
      change { $0.isLoggedIn = false }
      anchor.session = nil
      try establish(&anchor)
      return true
    }
  }

  /// Initialises the module anew and finds the token again, unless somebody did since `known`.
  ///
  /// - Returns: whether it was done here.
  func reinitialize(since known: Snapshot) throws -> Bool {
    try exclusively { anchor in
      let token = snapshot.token
      guard token.module.generation == known.token.module.generation else { return false }
      if let refusal = present.withLock({ $0.refusal }) { throw refusal }
      change { $0.isLoggedIn = false }
      let module = try (anchor.module ?? token.module).reopened()
      anchor.session = nil
      anchor.module = module
      let same = try module.tokens().filter { $0.isSame(as: token) }
      guard let found = same.first, same.count == 1 else {
        throw PKCS11Error(
          rule: same.isEmpty ? .tokenPresent : .tokenUnambiguous, token: token.label, operation: "find the token \(token.uri) again",
          message: same.isEmpty ? "it is not there any more" : "\(same.count) tokens are the same by now",
          hint: "look after the device and its connection")
      }
      anchor.module = nil
      change { $0.snapshot = Snapshot(token: found, login: $0.snapshot.login, epoch: $0.snapshot.epoch + 1) }
      try establish(&anchor)
      return true
    }
  }

  /// Makes handles of private objects void, so that they are looked for again.
  func forgetHandles(since epoch: UInt64) {
    change { present in
      let known = present.snapshot
      if known.epoch == epoch { present.snapshot = Snapshot(token: known.token, login: known.login, epoch: epoch + 1) }
    }
  }

  /// Whether there is a session that holds the login. One that a hanging call is about to use is not counted.
  var holdsSession: Bool { anchor.withLockIfAvailable { $0.session != nil } ?? false }

  /// Closes the session that holds the login. All threads have ended but those that hang: nobody waits for one of these once more.
  func close() throws {
    _ = try anchor.withLockIfAvailable { anchor in
      if let held = anchor.session.take() { try held.close() }
    }
  }

  /// Logs in on the one session that the token allows.
  func logInSingle(_ session: inout Session) throws {
    guard isSingle else { return }
    if let refusal = present.withLock({ $0.refusal }) { throw refusal }
    try attempt(&session)
    change { $0.hasLoggedIn(to: $0.snapshot.token) }
  }

  private func establish(_ anchor: inout Anchor) throws {
    let token = snapshot.token
    if !isSingle {
      if anchor.session == nil { anchor.session = try openSession(.readOnly, on: token, isForPIN: true) }
      do {
        try attempt(&anchor.session!)
      } catch {
        anchor.session = nil
        throw error
      }
    }
    change { $0.hasLoggedIn(to: token) }
  }

  private func attempt(_ session: inout Session) throws {
    do {
      try logIn?(&session)
    } catch {
      // What only a person can mend is not tried again by whoever comes next: it might cost another try of the PIN. That the token cannot
      // be asked, is not there, or that its PIN's source could not be read, has cost none, and may be better the next time.
      let concernsPIN = (error as? PKCS11Error).map { $0.function == CryptokiFunction.C_Login.name || $0.rule == .pinPresent } ?? true
      let isLeftToPeople = (error as? any RecoveryAdvising)?.recovery.isLeftToPeople ?? false
      if concernsPIN, isLeftToPeople { present.withLock { $0.refusal = error } }
      throw error
    }
  }

  /// Waits for its turn as for a call into the module, so that a login that hangs does not keep others for longer than its deadline.
  private func exclusively<Result>(_ body: (inout Anchor) throws -> Result) throws -> Result {
    // Those who only wait are not in the module: who has the turn may have to finalize it.
    let gate = snapshot.token.module.cryptoki.gate
    CallMonitor.ofThisThread { $0.begin(.C_Login) }
    let isInside = CallMonitor.hasEnteredOnThisThread
    if isInside { gate.leave() }
    return try anchor.withLock { anchor in
      if isInside { gate.enter() }
      CallMonitor.ofThisThread { $0.end() }
      return try body(&anchor)
    }
  }
}
