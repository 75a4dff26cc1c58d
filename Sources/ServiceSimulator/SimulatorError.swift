/// What the simulator throws: which rule was broken, what was being done, and what to do next.
public struct SimulatorError: Error, Sendable, CustomStringConvertible {
  /// The rule that was broken.
  public let rule: SimulatorRule
  /// What was being done: "write the trust files".
  public let operation: String
  /// One sentence: what came back.
  public let message: String
  /// What to do next, where there is something to do.
  public let hint: String?
  /// The error that it came from, where there is one.
  public let underlying: (any Error)?

  /// Takes the parts as they are; the message is shown, so it holds no secret.
  public init(_ rule: SimulatorRule, _ operation: String, _ message: String, hint: String? = nil, underlying: (any Error)? = nil) {
    self.rule = rule
    self.operation = operation
    self.message = message
    self.hint = hint
    self.underlying = underlying
  }

  public var description: String { "\(operation): \(message) [\(rule)]" + (hint.map { "; \($0)" } ?? "") }
}
