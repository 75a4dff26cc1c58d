public import PKCS11
public import Secrets

/// Gives a token its label and both PINs (`C_InitToken`, `C_InitPIN`). Everything that it holds is destroyed.
///
/// A token that is initialised already wants its present security officer PIN, which is guarded like any login. What cannot be done is
/// refused before the token is touched.
public struct TokenInitialization: Sendable {
  /// The token as it is now, initialised or not.
  public let token: Token
  let label: String
  let officer: TokenLogin
  let userPIN: SecretSource

  /// - Parameters:
  ///   - token: as it is now. Which one it is was decided with care.
  ///   - label: its new label, 1 to 32 bytes.
  ///   - securityOfficerPIN: the present one of an initialised token, otherwise the new one; a prompt asks for a new one twice.
  ///   - userPIN: the new user PIN.
  ///   - memory: where refused PINs are remembered; what it knows of the token is forgotten.
  public init(
    _ token: Token, label: String, securityOfficerPIN: SecretSource, userPIN: SecretSource, memory: PINMemory = PINMemory()
  ) {
    self.token = token
    self.label = label
    officer = TokenLogin(token: token, pin: securityOfficerPIN, user: .securityOfficer, memory: memory)
    self.userPIN = userPIN
  }

  /// Initialises the token. From the first call on a failure leaves a token without a user PIN, and says so.
  ///
  /// - Returns: the token as it is afterwards, and what a person should know.
  /// - Throws: ``TokenKeysError`` for what is refused; with ``TokenKeysError/Code/tokenHalfMade`` when the token has no user PIN by now.
  public func run() throws -> (token: Token, notices: [LoginNotice]) {
    let isNew = !token.flags.contains(.tokenInitialized)
    let rules = officer.rules
    let officerPIN =
      isNew
      ? try TokenPIN(
        reading: officer.source, purpose: TokenLogin.newPurpose(.securityOfficer, label), for: token, confirm: true)
      : try officer.readPIN(on: token)
    let user = try TokenPIN(reading: userPIN, purpose: TokenLogin.newPurpose(.user, label), for: token, confirm: true)
    if isNew { try officerPIN.checkLength(token, rules) }
    try user.checkLength(token, rules)
    for pad in [officer.source, userPIN] where pad.isProtectedPath { try rules.checkPad(token.flags) }
    if isNew {
      try officerPIN.initializeToken(in: token.slot, label: label)
    } else {
      _ = try officer.use(officerPIN) { pin in
        do {
          try pin.initializeToken(in: token.slot, label: label)
          return (.verified, nil)
        } catch {
          return (LoginOutcome(error, of: "C_InitToken"), error)
        }
      }
    }
    do {
      return try setUserPIN(user, officerPIN)
    } catch {
      throw TokenKeysError(
        .tokenHalfMade, operation: "initialise token \(label)",
        message: "the token has its label and security officer PIN, but no user PIN",
        hint: "begin again with the same security officer PIN: hsmkey token init \(label) --serial SERIAL; see: hsmkey token list",
        underlying: error)
    }
  }

  private func setUserPIN(_ user: borrowing TokenPIN, _ officerPIN: borrowing TokenPIN) throws -> (token: Token, notices: [LoginNotice]) {
    // The slot number may have changed with the initialisation; the token is found again by what was just written on it.
    let made = try token.module.token(matching: PKCS11URI(label: label))
    var session = try made.openSession(.readWrite)
    try officerPIN.logIn(afterInitializationOn: made, &session)
    try user.initialize(afterInitializationOn: made, &session)
    try session.logout()
    try session.close()
    let forgetting = Result { for known in [token, made] { try officer.memory.forget(known) } }
    return (try made.information(), TokenLogin.notices(forgetting))
  }
}
