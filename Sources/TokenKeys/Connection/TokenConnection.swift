import PKCS11
import Secrets

/// The sessions that we hold on one token, and the login that they share. Lives on one ``TokenThread`` and never leaves it.
///
/// Login belongs to the application and the token, not to a session: it lasts as long as one session stays open. So the read-only session
/// opened first is kept until the end, and a read-write one is opened only for an operation that writes.
final class TokenConnection {
  let token: Token
  /// How the PIN reaches the token for keys that want it at each use.
  var keyAuthentication: KeyAuthentication?
  private var session: Session?
  private var mechanismsOfToken: [MechanismType: MechanismInformation]?
  private var privateKeyHandles: [KeyIdentifier: ObjectHandle] = [:]

  init(token: Token) { self.token = token }

  /// Opens the session that keeps the login alive, and logs in where the token wants it (`C_OpenSession`, `C_Login`).
  func login(_ pin: borrowing SecretBytes) throws(PKCS11Error) {
    var opened = try token.openSession(.readOnly)
    try opened.login(.user, pin: pin)
    session = consume opened
  }

  /// Opens the session and lets the device's own pad ask for the PIN.
  func loginOnProtectedPath() throws(PKCS11Error) {
    var opened = try token.openSession(.readOnly)
    try opened.loginOnProtectedPath(.user)
    session = consume opened
  }

  /// Closes the session, which ends the login.
  func close() throws(PKCS11Error) {
    privateKeyHandles = [:]
    if let held = session.take() { try held.close() }
  }

  /// What the token can do, asked once.
  func mechanisms() throws(PKCS11Error) -> [MechanismType: MechanismInformation] {
    if let mechanismsOfToken { return mechanismsOfToken }
    let answer = try token.slot.mechanisms()
    mechanismsOfToken = answer
    return answer
  }

  /// Lends the read-only session. A session that an operation has left in an unknown state is replaced before its next use.
  func reading<Result>(_ body: (inout Session) throws -> Result) throws -> Result {
    if !Self.isUsable(&session) {
      // The new one is opened before the old one goes, so that the login survives.
      var replacement = try token.openSession(.readOnly)
      try checkLogin(&replacement)
      session = consume replacement
    }
    return try body(&session!)
  }

  /// Tells "there is no such key" from "the token shows no keys any more". For use where nothing was found: asking before every operation
  /// would cost a call each time.
  func checkLogin() throws { try reading { try checkLogin(&$0) } }

  private func checkLogin(_ session: inout Session) throws {
    guard try session.isUserLoggedIn() else {
      throw TokenKeysError(
        .loginLost, operation: "use token \(token.label)", message: "the token has dropped the login; it was reset or taken out meanwhile",
        hint: "run this again, which logs in anew")
    }
  }

  private static func isUsable(_ session: inout Session?) -> Bool {
    // Looking into an optional that cannot be copied means taking the value out and putting it back.
    guard let held = session.take() else { return false }
    let isUsable = !held.isPoisoned
    session = consume held
    return isUsable
  }

  /// Lends a read-write session of its own, closed afterwards.
  func writing<Result>(_ body: (inout Session) throws -> Result) throws -> Result {
    var session = try token.openSession(.readWrite)
    let result = try body(&session)
    // What was to be done is done; a session that does not close is no reason to say that it was not.
    try? session.close()
    return result
  }

  /// The handle of the private key with this identifier, found once and remembered while it is valid.
  func privateKeyHandle(_ identifier: KeyIdentifier) throws -> ObjectHandle {
    if let known = privateKeyHandles[identifier] { return known }
    let found = try reading { session in
      try session.findObjects(matching: [.init(.objectClass, ObjectClass.privateKey), .init(.id, identifier.bytes)], limit: 2)
    }
    guard let handle = found.first else {
      try checkLogin()
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
    privateKeyHandles[identifier] = handle
    return handle
  }

  /// Drops what is known of a key, so that it is looked for again.
  func forget(_ identifier: KeyIdentifier) { privateKeyHandles[identifier] = nil }

  /// Runs an operation with a private key's handle; looks the key up again once if the token no longer knows the handle.
  func withPrivateKey<Result>(_ identifier: KeyIdentifier, _ body: (inout Session, ObjectHandle) throws -> Result) throws -> Result {
    let handle = try privateKeyHandle(identifier)
    do {
      return try reading { try body(&$0, handle) }
    } catch let error as PKCS11Error where error.returnValue == .keyHandleInvalid || error.returnValue == .objectHandleInvalid {
      forget(identifier)
      let freshHandle = try privateKeyHandle(identifier)
      return try reading { try body(&$0, freshHandle) }
    }
  }
}
