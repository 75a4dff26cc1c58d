/// One thing that was looked at, and how it is.
struct DoctorStep: Encodable, Sendable {
  struct Outcome: RawRepresentable, Hashable, Encodable, Sendable {
    let rawValue: String
    static let ok = Outcome(rawValue: "ok")
    /// It works, and somebody should look at it.
    static let warning = Outcome(rawValue: "warning")
    /// It stands in the way.
    static let failed = Outcome(rawValue: "failed")
    /// Nothing is known of it.
    static let notChecked = Outcome(rawValue: "not-checked")
  }

  let name: String
  let outcome: Outcome
  /// One sentence; lower case, no full stop.
  let message: String
  /// More of it, a line each.
  let details: [String]
  /// What to do next; nil when nothing is to be done.
  let hint: String?
  /// The rule that refused, where one did.
  let rule: String?
  /// The exit code that a failure asks for.
  let exitStatus: ExitStatus

  enum CodingKeys: CodingKey { case name, outcome, message, details, hint, rule }

  // Every field is always there, so that scripts need not ask first.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(outcome.rawValue, forKey: .outcome)
    try container.encode(message, forKey: .message)
    try container.encode(details, forKey: .details)
    try container.encode(hint, forKey: .hint)
    try container.encode(rule, forKey: .rule)
  }
}

/// What a step has found out, for the steps that build on it.
enum Known<Value: Sendable>: Sendable {
  case yes(Value)
  /// Not, because of the step with this name.
  case no(because: String)

  /// The same, unless one of the others is not known.
  func given(_ others: Known<Void>...) -> Known<Value> {
    guard case .yes = self else { return self }
    for case .no(let name) in others { return .no(because: name) }
    return self
  }

  /// Both, or the first reason why not.
  func and<Other: Sendable>(_ other: Known<Other>) -> Known<(Value, Other)> {
    switch (self, other) {
    case (.yes(let value), .yes(let second)): .yes((value, second))
    case (.no(let name), _), (_, .no(let name)): .no(because: name)
    }
  }
}

/// What a step says when it has not failed.
struct Finding<Value: Sendable>: Sendable {
  let value: Value
  var outcome = DoctorStep.Outcome.ok
  let message: String
  var details: [String] = []
  var hint: String?

  static func ok(_ value: Value, _ message: String, details: [String] = []) -> Finding {
    Finding(value: value, message: message, details: details)
  }

  static func warning(_ value: Value, _ message: String, details: [String] = [], hint: String?) -> Finding {
    Finding(value: value, outcome: .warning, message: message, details: details, hint: hint)
  }
}

extension Finding where Value == Void {
  static func ok(_ message: String, details: [String] = []) -> Finding { .ok((), message, details: details) }
  static func warning(_ message: String, details: [String] = [], hint: String?) -> Finding {
    .warning((), message, details: details, hint: hint)
  }
}

/// Why a step was left out although nothing stood in its way.
struct NotChecked: Error {
  let reason: String
  var hint: String?
}

/// The steps of an examination, in their order. A step that fails ends those that build on it, and no others.
struct Examination: Sendable {
  private(set) var steps: [DoctorStep] = []

  /// Takes a step, unless what it builds on is not known.
  ///
  /// - Parameter body: tells what it found; throws what stands in the way, or ``NotChecked``.
  mutating func step<Input: Sendable, Value: Sendable>(
    _ name: String, given input: Known<Input>, _ body: @Sendable (Input) async throws -> Finding<Value>
  ) async -> Known<Value> {
    switch input {
    case .no(let cause):
      add(name, .notChecked, "not checked, because of \(cause)")
      return .no(because: cause)
    case .yes(let value):
      do {
        let finding = try await body(value)
        add(name, finding.outcome, finding.message, details: finding.details, hint: finding.hint)
        return .yes(finding.value)
      } catch let error as NotChecked {
        add(name, .notChecked, "not checked: \(error.reason)", hint: error.hint)
      } catch {
        let known = ErrorTranslation.translate(error) ?? .fault(error, operation: name)
        add(
          name, .failed, known.message, hint: known.hints.isEmpty ? nil : known.hints.joined(separator: "; "), rule: known.rule,
          known.exitStatus)
      }
      return .no(because: name)
    }
  }

  private mutating func add(
    _ name: String, _ outcome: DoctorStep.Outcome, _ message: String, details: [String] = [], hint: String? = nil, rule: String? = nil,
    _ exitStatus: ExitStatus = .done
  ) {
    steps.append(
      DoctorStep(name: name, outcome: outcome, message: message, details: details, hint: hint, rule: rule, exitStatus: exitStatus))
  }
}
