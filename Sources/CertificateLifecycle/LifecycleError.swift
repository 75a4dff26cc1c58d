/// Why a certificate's life cannot go on by itself. What the service or the token said is thrown as their own errors.
public struct LifecycleError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is. An open set.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A named rule refused; nothing was changed.
    public static let ruleRefused = Code(rawValue: "rule-refused")
    /// The certificate is not ready at the service yet; the state is kept and `fetch` goes on.
    public static let notReady = Code(rawValue: "not-ready")
    /// The service could not be reached to ask for the certificate; the state is kept and `fetch` goes on.
    public static let unreachable = Code(rawValue: "unreachable")
    /// A one-use request may or may not have been carried out.
    public static let outcomeUncertain = Code(rawValue: "outcome-uncertain")
    /// The name has no certificate, or nothing is pending for it.
    public static let nothingToDo = Code(rawValue: "nothing-there")
    /// Something is needed to go on that was not given: the transfer credentials, for one.
    public static let inputMissing = Code(rawValue: "input-missing")
    /// The state file cannot be opened, read or written.
    public static let stateUnusable = Code(rawValue: "state-unusable")
    /// A fault of ours: the state would have changed as the table of the life cycle does not have it.
    public static let fault = Code(rawValue: "fault")
    /// The certificate is installed, but the file for its users could not be written.
    public static let fileNotWritten = Code(rawValue: "file-not-written")
  }

  /// What kind of failure it is.
  public let code: Code
  /// The rule that refused, where one did.
  public let rule: LifecycleRule?
  /// What was being done: `renew certificate payroll`.
  public let operation: String
  /// What came back, in one sentence without a full stop.
  public let message: String
  /// What to do next.
  public let hint: String?
  /// The error this one rests on.
  public let underlying: (any Error)?

  /// An error from its parts.
  public init(
    _ code: Code, rule: LifecycleRule? = nil, operation: String, message: String, hint: String? = nil, underlying: (any Error)? = nil
  ) {
    self.code = code
    self.rule = rule
    self.operation = operation
    self.message = message
    self.hint = hint
    self.underlying = underlying
  }

  public var description: String { "\(operation): \(message)" + (rule.map { " [\($0)]" } ?? "") }
}
