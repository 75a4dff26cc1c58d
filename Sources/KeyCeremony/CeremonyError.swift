/// Why a ceremony cannot be begun, goes no further, or cannot be believed.
public struct CeremonyError: Error, Sendable, CustomStringConvertible {
  /// The rule that refused.
  public let rule: CeremonyRule
  /// What was being done: `read the plan first-key.yaml`, `step generate`.
  public let operation: String
  /// What is wrong, in one sentence without a full stop. Begins with `line N:` where it is about a line of a file.
  public let message: String
  /// What to do next.
  public let hint: String?
  /// The error this one rests on.
  public let underlying: (any Error)?

  /// An error from its parts.
  public init(
    _ rule: CeremonyRule, operation: String, message: String, hint: String? = nil, underlying: (any Error)? = nil
  ) {
    self.rule = rule
    self.operation = operation
    self.message = message
    self.hint = hint
    self.underlying = underlying
  }

  /// The same error of another undertaking.
  package func during(_ operation: String) -> CeremonyError {
    CeremonyError(rule, operation: operation, message: message, hint: hint, underlying: underlying)
  }

  public var description: String { "\(operation): \(message) [\(rule)]" }
}
