import PKCS11
import Secrets

/// Keeps wrong security officer PINs from locking a token that is to be initialised again.
struct SecurityOfficerGuard {
  /// The token's flags, asked just now.
  let flags: TokenFlags
  let token: String

  /// - Throws: ``CommandRule/securityOfficerPINNotLocked`` or ``CommandRule/securityOfficerPINFinalTry``.
  func check(_ source: SecretSource, operation: String) throws(CommandError) {
    guard flags.contains(.tokenInitialized) else { return }
    if flags.contains(.securityOfficerPINLocked) {
      throw refusal(
        .securityOfficerPINNotLocked, operation, "token \(token) says that its security officer PIN is locked; it was not tried",
        hint: "only the vendor's own tool can reset such a token")
    }
    if flags.contains(.securityOfficerPINFinalTry), source != .prompt {
      throw refusal(
        .securityOfficerPINFinalTry, operation,
        "one more wrong security officer PIN would lock token \(token), so a stored one is not tried",
        hint: "give it at a prompt: --so-pin-source prompt")
    }
  }

  private func refusal(_ rule: CommandRule, _ operation: String, _ message: String, hint: String) -> CommandError {
    CommandError(.pin, code: "pin-guarded", rule: rule.rawValue, operation: operation, message: message, hints: [hint])
  }
}
