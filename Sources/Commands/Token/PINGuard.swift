import PKCS11
import Secrets

/// Keeps a PIN from being locked by a program: looks at the token's flags before a PIN is read.
enum PINGuard {
  /// - Throws: `PIN-LOCKED` where no PIN can help any more; `PIN-FINAL-TRY` where one more wrong PIN locks the token and nobody sits at a
  ///   terminal or at the device's own pad.
  static func check(flags: TokenFlags, source: SecretSource, token: String) throws(CommandError) {
    let operation = "log in to token \(token)"
    if flags.contains(.userPINLocked) {
      throw CommandError(
        .pin, code: "pin-locked", rule: "PIN-LOCKED", operation: operation, message: "the user PIN is locked after too many wrong ones",
        hints: ["the security officer can set a new one"])
    }
    if flags.contains(.userPINFinalTry), source != .prompt, !source.isProtectedPath {
      throw CommandError(
        .pin, code: "pin-guarded", rule: "PIN-FINAL-TRY", operation: operation,
        message: "one more wrong PIN locks the token, so the PIN is not taken from \(source)",
        hints: ["log in once by hand with the right PIN: hsmkey key list --pin-source prompt; that sets the count back"])
    }
  }
}
