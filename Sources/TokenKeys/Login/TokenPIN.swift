import PKCS11
import Secrets
import Synchronization

/// A PIN that was read for one token and can be used on that token only.
struct TokenPIN: ~Copyable {
  let token: Token
  /// Entered on the device's own pad: there is nothing to read.
  let isOnProtectedPath: Bool
  /// What a person agreed to before the PIN was read.
  let agreed: Set<KeyRule>
  private let secret: SecretBytes

  /// Reads the PIN; for the protected path there is nothing to read.
  ///
  /// - Throws: `SecretError`; ``TokenKeysError`` with ``KeyRule/pinOneToken``.
  init(reading source: SecretSource, purpose: String, for token: Token, confirm: Bool = false, agreed: Set<KeyRule> = []) throws {
    self.agreed = agreed
    isOnProtectedPath = source.isProtectedPath
    self.token = token
    if isOnProtectedPath {
      secret = SecretBytes(copying: [])
    } else {
      try PINSourceRegister.bind(source, to: TokenIdentity(token))
      secret = try source.read(purpose: purpose, confirm: confirm)
    }
  }

  /// The length in bytes; 0 on the protected path.
  var count: Int { secret.count }

  /// Logs in (`C_Login`), after a look whether it is still this token.
  ///
  /// - Returns: whether the PIN was looked at.
  borrowing func logIn(as user: UserType, _ session: inout Session) throws -> Bool {
    try check(session)
    return try logInUnchecked(as: user, &session)
  }

  /// Logs in as the security officer whom this PIN has just made: the token has its new name by now.
  borrowing func logIn(afterInitializationOn made: Token, _ session: inout Session) throws {
    guard session.token.isSame(as: made) else { throw Self.otherToken(session.token, made) }
    _ = try logInUnchecked(as: .securityOfficer, &session)
  }

  private borrowing func logInUnchecked(as user: UserType, _ session: inout Session) throws -> Bool {
    try isOnProtectedPath ? session.loginOnProtectedPath(user) : session.login(user, pin: secret)
  }

  /// Signs with a key that wants the PIN for each use: `C_SignInit`, `C_Login`, `C_Sign`.
  borrowing func sign(
    _ data: [UInt8], with mechanism: Mechanism, key: ObjectHandle, maximumSignatureSize: Int, _ session: inout Session
  ) throws -> [UInt8] {
    try check(session)
    return isOnProtectedPath
      ? try session.signAuthenticatingOnProtectedPath(
        data.span, with: mechanism, key: key, maximumSignatureSize: maximumSignatureSize)
      : try session.sign(
        data.span, with: mechanism, key: key, maximumSignatureSize: maximumSignatureSize, authenticatingWith: secret)
  }

  /// Changes this PIN to another (`C_SetPIN`); both are entered on the device's own pad, or neither.
  borrowing func change(to new: borrowing TokenPIN, _ session: inout Session) throws {
    try check(session)
    if isOnProtectedPath { try session.setPINOnProtectedPath() } else { try session.setPIN(old: secret, new: new.secret) }
  }

  /// Makes this the user's PIN, as the security officer who is logged in (`C_InitPIN`).
  borrowing func initialize(_ session: inout Session) throws {
    try check(session)
    try initializeUnchecked(&session)
  }

  /// The same on a token that has just been initialised and has its new name by now.
  borrowing func initialize(afterInitializationOn made: Token, _ session: inout Session) throws {
    guard session.token.isSame(as: made) else { throw Self.otherToken(session.token, made) }
    try initializeUnchecked(&session)
  }

  private borrowing func initializeUnchecked(_ session: inout Session) throws {
    if isOnProtectedPath { try session.initializeUserPINOnProtectedPath() } else { try session.initializeUserPIN(secret) }
  }

  /// Makes this the security officer's PIN of a new token, or gives it as the present one of a token that is initialised again
  /// (`C_InitToken`).
  borrowing func initializeToken(in slot: Slot, label: String) throws {
    if isOnProtectedPath {
      try slot.initializeTokenOnProtectedPath(label: label)
    } else {
      try slot.initializeToken(label: label, securityOfficerPIN: secret)
    }
  }

  borrowing func digest(_ ledger: PINLedger) throws -> PINDigest? { isOnProtectedPath ? nil : try ledger.digest(of: secret) }

  private borrowing func check(_ session: borrowing Session) throws {
    guard session.token.isSame(as: token) else { throw Self.otherToken(session.token, token) }
    // Throws when the slot holds another one by now.
    _ = try session.token.information()
  }

  static func otherToken(_ other: Token, _ token: Token) -> TokenKeysError {
    TokenKeysError(
      .pinGuarded, rule: .pinOneToken, operation: "use a PIN on token \(other.label)",
      message: "the PIN is for another token, \(token.label) (serial \(token.serialNumber))", hint: "choose the token again")
  }
}

/// Which token each stored PIN of this process is for.
enum PINSourceRegister {
  private static let tokens = Mutex<[SecretSource: TokenIdentity]>([:])

  /// Remembers that a source is for a token. A person is asked for each token by its name, and a descriptor gives its secret only once, so
  /// neither can be used for two tokens by oversight. Nor can a secret that this process holds, which must not be kept here either.
  static func bind(_ source: SecretSource, to token: TokenIdentity) throws(TokenKeysError) {
    guard !source.isPerson, !source.isHeld, source.canBeReadAgain else { return }
    let known = tokens.withLock { tokens in
      if let known = tokens[source] { return known }
      tokens[source] = token
      return token
    }
    guard known == token else {
      throw TokenKeysError(
        .pinGuarded, rule: .pinOneToken, operation: "read a PIN for token \(token.label)",
        message: "this process has used the PIN of \(source) for token \(known.label) (serial \(known.serialNumber)) already",
        hint: "give each token a PIN source of its own")
    }
  }

  /// Forgets a token whose PINs are void.
  static func release(_ token: TokenIdentity) {
    tokens.withLock { tokens in tokens = tokens.filter { $0.value != token } }
  }
}
