/// Why a document of evidence cannot be read, is not to be trusted, or does not say what was asked for.
public struct EvidenceError: Error, Sendable, CustomStringConvertible {
  /// The rule that refused.
  public let rule: EvidenceRule
  /// Where in the document: a JSON pointer (RFC 6901) from the root of the file, such as `/content/probes/2`, or `byte 812 in
  /// /content/probes/2` for bytes that are no canonical JSON (`byte 258 or 398` for two members in the wrong order). Never empty, except
  /// about a whole document: then it is `the document`.
  public let `where`: String
  /// What was being done: `verify the signed statement`.
  public let operation: String
  /// What is wrong, in one sentence without a full stop.
  public let message: String
  /// What to do next.
  public let hint: String?
  /// The error this one rests on.
  public let underlying: (any Error)?

  /// An error from its parts.
  public init(
    _ rule: EvidenceRule, where place: String, operation: String, message: String, hint: String? = nil, underlying: (any Error)? = nil
  ) {
    self.rule = rule
    self.where = place.isEmpty ? "the document" : place
    self.operation = operation
    self.message = message
    self.hint = hint
    self.underlying = underlying
  }

  public var description: String { "\(operation): at \(self.where): \(message) [\(rule)]" }
}
