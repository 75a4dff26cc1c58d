import KeyEvidence

/// One attempt at one step.
struct StepFrame: Sendable {
  let step: PlanStep
  /// The step's number, counted from 1.
  let position: CeremonyScene.Position
  /// How often it has been begun, this time included.
  let attempt: Int
  /// What earlier attempts, in this run or in one that was cut off, had written down before they acted.
  let earlier: [[String: JSONValue]]

  /// Whether an earlier attempt may have done something.
  var isRepeated: Bool { !earlier.isEmpty }

  /// The texts that earlier attempts have noted under a name.
  func earlierTexts(_ member: String) -> [String] {
    earlier.compactMap { if case .string(let text)? = $0[member] { text } else { nil } }
  }

  var operation: String { "step \(step.id) (\(step.action.name))" }

  func refusal(_ rule: CeremonyRule, _ message: String, hint: String? = nil) -> CeremonyError {
    CeremonyError(rule, operation: operation, message: message, hint: hint)
  }
}

/// What came of a step.
struct StepOutcome: Sendable {
  /// For people and auditors: serial numbers, digests, names.
  var result: [String: JSONValue] = [:]
  /// What must be the same in the rehearsal and in the performance.
  var comparable: [String: JSONValue] = [:]
  /// Files to write, by the output's name. They are written when everything else is as it should be.
  var files: [(output: String, bytes: [UInt8])] = []
  /// What people see.
  var lines: [String] = []
  /// A digest that people see large.
  var digest: [UInt8]?
}
