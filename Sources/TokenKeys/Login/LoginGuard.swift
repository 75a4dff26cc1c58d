import PKCS11
import Secrets

/// Keeps wrong PINs from locking a token.
struct LoginGuard {
  /// The token's flags, asked just now.
  let flags: TokenFlags
  let token: String

  /// - Throws: ``TokenKeysError`` with ``KeyRule/pinNotLocked`` or ``KeyRule/pinFinalTry``.
  func check(_ source: SecretSource) throws(TokenKeysError) {
    let operation = "log in to token \(token)"
    if flags.contains(.userPINLocked) {
      throw TokenKeysError(
        .pinGuarded, rule: .pinNotLocked, operation: operation, message: "the token says that its user PIN is locked; it was not tried",
        hint: "the security officer can set a new user PIN")
    }
    if flags.contains(.userPINFinalTry), source != .prompt, !source.isProtectedPath {
      throw TokenKeysError(
        .pinGuarded, rule: .pinFinalTry, operation: operation,
        message: "one more wrong PIN would lock the token, so a stored PIN is not tried",
        hint: "log in once at a prompt (PIN source prompt); if that works, the stored PIN is wrong or out of date")
    }
  }
}
