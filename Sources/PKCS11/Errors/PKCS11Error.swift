/// A PKCS #11 operation that did not succeed: what was being done, which function of the module answered what, on which token, and
/// what to do next.
///
/// Compare errors by ``returnValue`` and ``rule``, never by text. No text here ever holds a secret or an argument of a call.
public struct PKCS11Error: Error, Sendable {
  /// The rule that was broken. ``PKCS11Rule/call`` when the module answered something other than `CKR_OK`.
  public let rule: PKCS11Rule

  /// The Cryptoki function that answered, such as `C_Login`; `nil` when the failure is our own finding.
  public let function: String?

  /// What the function answered; `nil` when the failure is our own finding.
  public let returnValue: ReturnValue?

  /// The label of the token; `nil` when no token was involved.
  public let token: String?

  /// What was being done, such as "log in as the user".
  public let operation: String

  /// One sentence about what came back; lower case, no full stop.
  public let message: String

  /// What to do next, when there is something to say.
  public let hint: String?

  /// The cause beneath, when there is one.
  public let underlying: (any Error)?

  package init(
    rule: PKCS11Rule, function: String? = nil, returnValue: ReturnValue? = nil, token: String? = nil, operation: String, message: String,
    hint: String? = nil, underlying: (any Error)? = nil
  ) {
    self.rule = rule
    self.function = function
    self.returnValue = returnValue
    self.token = token
    self.operation = operation
    self.message = message
    self.hint = hint
    self.underlying = underlying
  }

  /// The error for a function that answered something other than `CKR_OK`.
  package init(function: String, returnValue: ReturnValue, token: String?, operation: String) {
    let advice = CallAdvice(returnValue, from: function)
    self.init(
      rule: .call, function: function, returnValue: returnValue, token: token, operation: operation, message: advice.message,
      hint: advice.hint)
  }
}

extension PKCS11Error: CustomStringConvertible {
  /// For example `log in as the user: the token refused the PIN: CKR_PIN_INCORRECT (0xA0) from C_Login, token "payroll" [PKCS11-CALL]`.
  public var description: String {
    var text = "\(operation): \(message)"
    if let returnValue { text += ": \(returnValue)" }
    if let function { text += " from \(function)" }
    if let token { text += ", token \"\(token)\"" }
    return text + " [\(rule)]"
  }
}

extension PKCS11Error {
  /// The error for an answer that a question of ours was given and that is none elsewhere, such as `CKR_ATTRIBUTE_SENSITIVE`.
  package static func refusal(_ function: String, _ returnValue: ReturnValue) -> PKCS11Error {
    PKCS11Error(function: function, returnValue: returnValue, token: nil, operation: "probe")
  }
}
