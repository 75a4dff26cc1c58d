/// Why a secret could not be read. Neither the secret nor a text that may be one is ever part of it.
public struct SecretError: Error, Sendable, CustomStringConvertible {
  /// The rule that refused.
  public let rule: SecretRule
  /// What was being done: "read the user PIN from file:/etc/hsmkey/pin".
  public let operation: String
  /// What came back, in one sentence.
  public let message: String
  /// What to do next.
  public let hint: String?
  /// The error below this one.
  public let underlying: (any Error)?

  init(_ rule: SecretRule, _ operation: String, _ message: String, hint: String? = nil, underlying: (any Error)? = nil) {
    self.rule = rule
    self.operation = operation
    self.message = message
    self.hint = hint
    self.underlying = underlying
  }

  public var description: String { "\(operation): \(message) [\(rule)]" }
}
