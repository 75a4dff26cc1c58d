/// Why there is no response.
public struct HTTPSTransportError: Error, Sendable, CustomStringConvertible {
  /// The rule that refused, or that could not be kept.
  public let rule: TransportRule
  /// What was being done: "post to https://example.org/service".
  public let operation: String
  /// What came back, in one sentence, with the HTTP library's own words in parentheses.
  public let message: String
  /// What to do next.
  public let hint: String?
  /// The error below this one.
  public let underlying: (any Error)?
  /// False only when it is certain that not one byte of the request, head or body, has left: the server cannot have acted on it, and it
  /// may be sent again. True in every other case, also when it is only possible.
  public let requestMayHaveBeenSent: Bool

  init(
    _ rule: TransportRule, _ operation: String, _ message: String, hint: String? = nil, underlying: (any Error)? = nil,
    requestMayHaveBeenSent: Bool = false
  ) {
    self.rule = rule
    self.operation = operation
    self.message = message
    self.hint = hint
    self.underlying = underlying
    self.requestMayHaveBeenSent = requestMayHaveBeenSent
  }

  public var description: String { "\(operation): \(message) [\(rule)]" }
}
