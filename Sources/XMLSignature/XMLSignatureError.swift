/// A document, a signature or a signer broke a rule.
public struct XMLSignatureError: Error, Sendable, CustomStringConvertible {
  /// The rule that was broken.
  public let rule: XMLRule
  /// What was being done: "verify a signature".
  public let operation: String
  /// What came back, in one sentence, lower case and without a full stop. It may name a tag of the document, never
  /// its text.
  public let message: String
  /// What to do next, where there is something.
  public let hint: String?
  /// The error of another library that this one rests on.
  public let underlying: (any Error)?

  init(_ rule: XMLRule, _ operation: Operation, _ message: String, hint: String? = nil, underlying: (any Error)? = nil) {
    self.rule = rule
    self.operation = operation.rawValue
    self.message = message
    self.hint = hint
    self.underlying = underlying
  }

  /// The operation, the message, the rule in brackets, and the hint.
  public var description: String {
    "\(operation): \(message) [\(rule)]" + (hint.map { "; \($0)" } ?? "")
  }

  enum Operation: String {
    case parse = "parse an XML document"
    case canonicalize = "canonicalize XML"
    case extract = "take an element out of its envelope"
    case verify = "verify an XML signature"
    case sign = "sign an XML document"
  }
}
