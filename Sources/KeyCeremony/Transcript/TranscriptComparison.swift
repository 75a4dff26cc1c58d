public import KeyEvidence

/// Where a performance made something else than its rehearsal.
///
/// What is compared is what each step says may be: keys, times, serial numbers and what follows from them are left out by the steps.
public struct TranscriptComparison: Sendable {
  /// One thing that differs.
  public struct Difference: Sendable, Hashable {
    /// The step's name in the plan.
    public let step: String
    /// Where in the step's `comparable`: a JSON pointer; empty for the step itself.
    public let pointer: String
    /// Nil where the rehearsal had nothing there.
    public let rehearsed: JSONValue?
    /// Nil where the performance had nothing there.
    public let performed: JSONValue?
  }

  /// In the order of the steps.
  public let differences: [Difference]

  /// Compares the steps that are done.
  public init(rehearsal: TranscriptHistory, performance: TranscriptHistory) {
    var differences: [Difference] = []
    for step in rehearsal.steps {
      guard let done = step.done else { continue }
      let other = performance.step(step.id)?.done?.comparable
      differences += Self.differences(.object(done.comparable), other.map(JSONValue.object), step.id, "")
    }
    for step in performance.steps where rehearsal.step(step.id)?.done == nil {
      if let done = step.done { differences += Self.differences(nil, .object(done.comparable), step.id, "") }
    }
    self.differences = differences
  }

  /// Compares one step as soon as it is done.
  public static func differences(
    _ step: String, rehearsed: [String: JSONValue], performed: [String: JSONValue]
  ) -> [Difference] {
    differences(.object(rehearsed), .object(performed), step, "")
  }

  private static func differences(_ one: JSONValue?, _ other: JSONValue?, _ step: String, _ pointer: String) -> [Difference] {
    switch (one, other) {
    case (.object(let one)?, .object(let other)?):
      return Set(one.keys).union(other.keys).sorted().flatMap {
        differences(one[$0], other[$0], step, JSONPointer.appending($0, to: pointer))
      }
    case (.array(let one)?, .array(let other)?):
      return (0..<max(one.count, other.count)).flatMap {
        differences(
          $0 < one.count ? one[$0] : nil, $0 < other.count ? other[$0] : nil, step, JSONPointer.appending($0, to: pointer))
      }
    default:
      return one == other ? [] : [Difference(step: step, pointer: pointer, rehearsed: one, performed: other)]
    }
  }
}
