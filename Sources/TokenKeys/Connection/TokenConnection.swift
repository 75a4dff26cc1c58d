import PKCS11

/// What one piece of work on a token works with: sessions that a pool lends, and handles of keys that earlier work has found.
final class TokenConnection {
  private let lender: SessionLender
  private let handles: KeyHandles
  /// How the PIN reaches the token for keys that want it at each use.
  let login: TokenLogin

  init(_ lender: SessionLender, _ handles: KeyHandles, _ login: TokenLogin) {
    self.lender = lender
    self.handles = handles
    self.login = login
  }

  /// The token, as it was when the module was last initialised.
  var token: Token { lender.token }

  /// Changes whenever handles of private objects have become void.
  var loginEpoch: UInt64 { lender.loginEpoch }

  /// What the token can do, asked once.
  func mechanisms() throws(PKCS11Error) -> [MechanismType: MechanismInformation] { try lender.mechanisms() }

  /// Lends a session that can read.
  func reading<Result>(_ body: (inout Session) throws -> Result) throws -> Result { try lender.reading(body) }

  /// Lends a session that can write, closed afterwards where the token knows others.
  func writing<Result>(_ body: (inout Session) throws -> Result) throws -> Result { try lender.writing(body) }

  /// Lends a session to take away again what was made, also when nobody waits for it any more.
  func undoing<Result>(_ body: (inout Session) throws -> Result) throws -> Result { try lender.undoing(body) }

  /// Tells "there is no such key" from "the token shows no keys any more". For use where nothing was found: asking before every operation
  /// would cost a call each time.
  func checkLogin() throws {
    try reading { try checkLogin(in: &$0) }
  }

  /// The same in a session at hand.
  func checkLogin(in session: inout Session) throws {
    guard token.flags.contains(.loginRequired) else { return }
    guard try session.isUserLoggedIn() else {
      throw TokenKeysError(
        .loginLost, operation: "use token \(token.label)", message: "the token has dropped the login; it was reset or taken out meanwhile",
        hint: "run this again, which logs in anew")
    }
  }

  /// Shows the token a PIN for one use of a key. When that fails after the PIN was shown, or perhaps was, it is not shown again.
  func showingPIN<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      // What other functions answer comes before the PIN: the next session may do better.
      let function = (error as? PKCS11Error)?.function
      if function == nil || function == "C_Login" || function == "C_Sign" { lender.forbidRepetition() }
      throw error
    }
  }

  /// Keeps the handle of the only private key with an identifier, while the login lasts.
  func remember(_ handle: ObjectHandle, of identifier: KeyIdentifier) {
    handles.remember(handle, of: identifier, epoch: lender.loginEpoch)
  }

  /// The handle of the private key with this identifier, found once and remembered while it is valid.
  func privateKeyHandle(_ identifier: KeyIdentifier, in session: inout Session) throws -> ObjectHandle {
    if let known = handles.handle(of: identifier, epoch: lender.loginEpoch) { return known }
    let wanted: [Attribute] = [.init(.objectClass, ObjectClass.privateKey), .init(.id, identifier.bytes)]
    var found = try session.findObjects(matching: wanted, limit: 2)
    if found.isEmpty {
      try checkLogin(in: &session)
      // The login is there, and perhaps only since the search: another session may have brought it back.
      found = try session.findObjects(matching: wanted, limit: 2)
    }
    guard let handle = found.first else {
      throw TokenKeysError(
        .keyNotFound, operation: "find the private key \(identifier)",
        message: "token \(token.label) holds no private key with this CKA_ID",
        hint: "list the keys with: hsmkey key list")
    }
    guard found.count == 1 else {
      throw TokenKeysError(
        .keyAmbiguous, operation: "find the private key \(identifier)",
        message: "token \(token.label) holds several private keys with this CKA_ID")
    }
    remember(handle, of: identifier)
    return handle
  }

  /// Runs an operation with a private key's handle. A handle that the token no longer knows is looked for again by the pool's recovery.
  func withPrivateKey<Result>(_ identifier: KeyIdentifier, _ body: (inout Session, ObjectHandle) throws -> Result) throws -> Result {
    // In this order: a session that has to be opened first may bring a new login, after which earlier handles are void.
    try reading { session in
      let handle = try privateKeyHandle(identifier, in: &session)
      return try body(&session, handle)
    }
  }
}
