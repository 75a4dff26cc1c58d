internal import CCryptoki
internal import Synchronization

/// Whether a session can change what is on the token.
public enum SessionAccess: Hashable, Sendable {
  /// Objects on the token can be used but not made, changed or destroyed.
  case readOnly
  /// Objects on the token can be made, changed and destroyed (`CKF_RW_SESSION`).
  case readWrite
}

/// A session with a token: where every operation happens.
///
/// A session has one owner and does one thing at a time; the compiler sees to both. When an operation was begun and did not come to its
/// end, nobody can tell what state the module keeps for it: the session is poisoned, and all it can do is close.
///
/// Login belongs to the program and the token, not to a session: it lasts until ``logout()`` in any session, or until the last session with
/// the token is closed.
public struct Session: ~Copyable, Sendable {
  /// The token, as it was when the session was opened.
  public let token: Token

  /// Whether the session can change what is on the token.
  public let access: SessionAccess

  /// An operation was left half done, or the session is lost: further use is refused.
  public internal(set) var isPoisoned = false

  let cryptoki: Cryptoki
  private let generation: UInt
  private var openHandle: CK_SESSION_HANDLE?

  init(_ handle: CK_SESSION_HANDLE, of token: Token, _ access: SessionAccess) {
    self.token = token
    self.access = access
    cryptoki = token.module.cryptoki
    generation = token.module.generation
    openHandle = handle
  }

  /// Closes the session when ``close()`` was not called. It never logs out, and a failure goes unheard.
  deinit {
    guard let openHandle, !cryptoki.isForked else { return }
    let (cryptoki, generation) = (cryptoki, generation)
    cryptoki.gate.passing {
      guard cryptoki.generation.load(ordering: .relaxed) == generation else { return }
      _ = unsafe cryptoki.answer(.C_CloseSession, cryptoki.functions.pointee.C_CloseSession) { $0(openHandle) }
    }
  }

  /// Closes the session (`C_CloseSession`). Session objects made in it are destroyed. Closing the program's last session with the token
  /// ends the login.
  public consuming func close() throws(PKCS11Error) {
    guard let handle = openHandle.take() else { return }
    let (cryptoki, token, generation) = (cryptoki, token, generation)
    try cryptoki.gate.passing { () throws(PKCS11Error) in
      try Self.checkModule(cryptoki, generation, token)
      try unsafe cryptoki.call(
        .C_CloseSession, cryptoki.functions.pointee.C_CloseSession, token: token.label, operation: "close the session"
      ) { $0(handle) }
    }
  }

  /// The module's number for this session.
  ///
  /// - Throws: ``PKCS11Rule/sessionUsable`` or ``PKCS11Rule/moduleInUse``. Every operation begins with this.
  @inline(__always)
  var handle: CK_SESSION_HANDLE {
    get throws(PKCS11Error) {
      guard let openHandle, !isPoisoned else { throw unusable() }
      try checkModule()
      if CallMonitor.ofThisThread({ $0.hearsThatWorkWasGivenUp() }) == true { throw givenUp() }
      return openHandle
    }
  }

  /// Calls a function on this session. After answers that say the session is lost, the session is poisoned.
  @inline(__always)
  mutating func call<Pointer>(
    _ function: CryptokiFunction, _ pointer: Pointer?, mechanism: @autoclosure () -> MechanismType? = nil,
    operation: @autoclosure () -> String, _ invoke: (Pointer) -> CK_RV
  ) throws(PKCS11Error) {
    let answer = cryptoki.answer(function, pointer, mechanism: mechanism(), invoke)
    if answer != .ok { throw failure(function, answer, isMissing: pointer == nil, operation: operation()) }
  }

  /// The error for an answer; poisons the session when the answer says that it is lost.
  mutating func failure(
    _ function: CryptokiFunction, _ answer: ReturnValue, isMissing: Bool = false, operation: String
  ) -> PKCS11Error {
    if CallAdvice(answer, from: function).poisonsSession { isPoisoned = true }
    return cryptoki.failure(function, answer, isMissing: isMissing, token: token.label, operation: operation)
  }

  /// Whether the session can be used for an access. It changes nothing; only what changes can be asked of an optional session in its place.
  mutating func isFit(for wanted: SessionAccess) -> Bool {
    !isPoisoned && cryptoki.generation.load(ordering: .relaxed) == generation && (wanted == .readOnly || access == .readWrite)
  }

  /// Gives the session up: all that it can do from here on is close, which ends what was begun in it and destroys its session objects.
  public mutating func giveUp() { isPoisoned = true }

  private func checkModule() throws(PKCS11Error) { try Self.checkModule(cryptoki, generation, token) }

  private static func checkModule(_ cryptoki: Cryptoki, _ generation: UInt, _ token: Token) throws(PKCS11Error) {
    if cryptoki.isForked { throw Cryptoki.forked(token: token.label, operation: "use a session") }
    guard cryptoki.generation.load(ordering: .relaxed) == generation else {
      throw PKCS11Error(
        rule: .moduleInUse, token: token.label, operation: "use a session", message: "the module was finalized, which closed its sessions",
        hint: "open the module again")
    }
  }

  private func givenUp() -> PKCS11Error {
    PKCS11Error(
      rule: .callDeadline, token: token.label, operation: "use a session", message: "nobody waits for this work any more",
      hint: "undo what it has left on the token")
  }

  private func unusable() -> PKCS11Error {
    PKCS11Error(
      rule: .sessionUsable, token: token.label, operation: "use a session",
      message: isPoisoned ? "an earlier operation failed half way, so the session's state is not known" : "the session is closed",
      hint: "close it and open a new session")
  }
}
