public import Foundation
public import KeyEvidence

/// What a transcript tells so far, gathered for whoever goes on from there: what is done, what was begun, what was learnt.
///
/// It grows entry by entry and refuses one that does not make sense after those before it (`CEREMONY-TRANSCRIPT-STEPS`), whatever the plan
/// says: a step that ends and never began, two steps at a time, anything after the seal. Whether it is what the plan says is
/// ``VerifiedTranscript``'s to tell.
public struct TranscriptHistory: Sendable {
  /// What stands in the place of a step where there is none.
  public enum Moment: String, Sendable, CaseIterable {
    /// Before the first step, and before the first one after an interruption.
    case start
    /// After an interruption, before a step goes on.
    case resume
    /// After the last step.
    case end
  }

  /// One attempt at a step.
  public struct Attempt: Sendable, Hashable {
    /// From 1.
    public let number: Int
    /// When it began.
    public let begunAt: Date
    /// What was written down for recovery before the act.
    public let intent: [String: JSONValue]
    /// Why it did not come to its end, where that could be said.
    public internal(set) var failure: TranscriptEntry.StepFailed?
    /// Whether the run was interrupted before the attempt came to its end.
    public internal(set) var isInterrupted = false
  }

  /// A step that was begun.
  public struct Step: Sendable, Hashable {
    /// The name in the plan.
    public let id: String
    /// The action's name in the plan.
    public let action: String
    /// At least one.
    public internal(set) var attempts: [Attempt]
    /// How it ended; nil while it has not.
    public internal(set) var done: TranscriptEntry.StepDone?
    /// When it ended; nil while it has not.
    public internal(set) var doneAt: Date?
  }

  /// The first entry.
  public let opened: TranscriptEntry.Opened
  /// When the run began.
  public let openedAt: Date
  /// The steps that were begun, in their order. All but the last are done.
  public private(set) var steps: [Step] = []
  /// Serial numbers that blank tokens got, by the token's name in the plan.
  public private(set) var serials: [String: String] = [:]
  /// The set that each shared PIN was last shared in, by the PIN's name in the plan.
  public private(set) var sharedPINs: [String: TranscriptEntry.PINShared] = [:]
  /// Files that were read, in the order of the entries.
  public private(set) var filesRead: [TranscriptEntry.FileRecord] = []
  /// Files that were written, or were about to be when the run was interrupted; in the order of the entries.
  public private(set) var filesWritten: [TranscriptEntry.FileRecord] = []
  /// The last acknowledgement of each participant: by the gate's name or `end`, then by the participant's.
  public private(set) var acknowledgements: [String: [String: TranscriptEntry.Acknowledged]] = [:]
  /// What was asked, the last time, by the question's name.
  public private(set) var questions: [String: TranscriptEntry.Asked] = [:]
  /// What was noted, in the order of the entries.
  public private(set) var notes: [TranscriptEntry.Noted] = []
  /// The interruptions that the run was resumed after.
  public private(set) var resumptions: [TranscriptEntry.Resumed] = []
  /// The SHA-256 of the line `finished`, in hexadecimal: what is acknowledged at the end. Nil before it.
  public private(set) var finishedSHA256: String?
  /// When all steps were done; nil before.
  public private(set) var finishedAt: Date?
  /// The last entry, where the run has come to its end.
  public private(set) var sealed: TranscriptEntry.Sealed?
  /// When the last entry was written.
  public private(set) var lastAt: Date
  /// How many entries there are.
  public private(set) var count: Int
  /// The SHA-256 of the last line, in hexadecimal.
  public private(set) var head: String
  /// Whether anybody but people answered anything.
  public private(set) var hasPreparedAnswers: Bool

  /// The history of a transcript's first entry.
  init(first entry: TranscriptEntry, sha256: String) throws(CeremonyError) {
    guard case .opened(let opened) = entry.body, entry.number == 0 else {
      throw Self.refusal(entry, "a transcript begins with an entry of the kind opened, and this is \(entry.kind.rawValue)")
    }
    self.opened = opened
    openedAt = entry.time
    lastAt = entry.time
    count = 1
    head = sha256
    hasPreparedAnswers = opened.answers == .prepared
  }

  /// The history of whole lines, whose chain is in order.
  public init(_ lines: [TranscriptLine]) throws(CeremonyError) {
    guard let first = lines.first else {
      throw CeremonyError(
        .transcriptWhole, operation: TranscriptEntry.operation, message: "there is no entry in it", hint: "it was cut off, or never written"
      )
    }
    try self.init(first: first.entry, sha256: first.sha256)
    for line in lines.dropFirst() { try add(line.entry, sha256: line.sha256) }
  }
}

extension TranscriptHistory {
  /// The step that was begun and is not done.
  public var current: Step? { steps.last.flatMap { $0.done == nil ? $0 : nil } }

  /// The names of the steps that are done, in their order.
  public var stepsDone: [String] { steps.filter { $0.done != nil }.map(\.id) }

  /// A step, if it was begun.
  public func step(_ id: String) -> Step? { steps.first { $0.id == id } }

  /// The file that a step wrote last for an output of the plan.
  public func fileWritten(_ output: String) -> TranscriptEntry.FileRecord? { filesWritten.last { $0.name == output } }

  /// Who has acknowledged at a gate, or at the `end`.
  public func hasAcknowledged(_ participant: String, at step: String) -> Bool { acknowledgements[step]?[participant] != nil }

  /// Whether the run has come to its end and is sealed.
  public var isSealed: Bool { sealed != nil }

  /// Whether all steps are done; acknowledgements and seal may be missing.
  public var isFinished: Bool { finishedSHA256 != nil }

  /// Adds the next entry.
  ///
  /// - Throws: `CEREMONY-TRANSCRIPT-STEPS` when it makes no sense there; nothing is added then.
  mutating func add(_ entry: TranscriptEntry, sha256: String) throws(CeremonyError) {
    guard sealed == nil else { throw Self.refusal(entry, "there is an entry after the seal") }
    switch entry.body {
    case .opened: throw Self.refusal(entry, "the run was opened already")
    case .resumed(let body): try resume(body, entry)
    case .stepBegun(let body): try begin(body, entry)
    case .stepDone(let body):
      try checkIsOpen(body.step, entry)
      steps[steps.count - 1].done = body
      steps[steps.count - 1].doneAt = entry.time
    case .stepFailed(let body):
      try checkIsOpen(body.step, entry)
      steps[steps.count - 1].attempts[steps[steps.count - 1].attempts.count - 1].failure = body
    case .asked(let body):
      try checkIsOpen(body.step, entry, or: Set(Moment.allCases))
      questions[body.question] = body
      note(body.by)
    case .fileRead(let body):
      try checkIsOpen(body.step, entry, or: [.start, .resume])
      filesRead.append(body)
    case .fileWritten(let body):
      try checkIsOpen(body.step, entry)
      filesWritten.append(body)
    case .acknowledged(let body):
      try checkIsOpen(body.step, entry, or: [.end])
      acknowledgements[body.step, default: [:]][body.participant] = body
      note(body.by)
    case .pinShared(let body):
      try checkIsOpen(body.step, entry)
      sharedPINs[body.pin] = body
    case .serial(let body):
      try checkIsOpen(body.step, entry)
      serials[body.token] = body.serial
    case .noted(let body): notes.append(body)
    case .finished(let body): try finish(body, entry, sha256)
    case .sealed(let body):
      guard isFinished else { throw Self.refusal(entry, "the run is sealed before it is finished") }
      sealed = body
    }
    count += 1
    head = sha256
    lastAt = entry.time
  }

  private mutating func note(_ answerer: TranscriptEntry.Answerer) {
    if answerer == .prepared { hasPreparedAnswers = true }
  }

  private mutating func resume(_ body: TranscriptEntry.Resumed, _ entry: TranscriptEntry) throws(CeremonyError) {
    guard body.after == count else {
      throw Self.refusal(entry, "it says that it goes on after \(body.after) entries, and \(count) stand before it")
    }
    resumptions.append(body)
    note(body.answers)
    guard let step = current, step.attempts.last?.failure == nil else { return }
    steps[steps.count - 1].attempts[step.attempts.count - 1].isInterrupted = true
  }

  private mutating func begin(_ body: TranscriptEntry.StepBegun, _ entry: TranscriptEntry) throws(CeremonyError) {
    guard !isFinished else { throw Self.refusal(entry, "the step \(body.step) begins after all steps were done") }
    let attempt = Attempt(number: body.attempt, begunAt: entry.time, intent: body.intent)
    guard let current else {
      guard step(body.step) == nil else { throw Self.refusal(entry, "the step \(body.step) begins again after it was done") }
      guard Moment(rawValue: body.step) == nil else { throw Self.refusal(entry, "no step is called \(body.step)") }
      guard body.attempt == 1 else {
        throw Self.refusal(entry, "the first attempt at the step \(body.step) has the number \(body.attempt)")
      }
      steps.append(Step(id: body.step, action: body.action, attempts: [attempt]))
      return
    }
    guard current.id == body.step, current.action == body.action else {
      throw Self.refusal(entry, "the step \(body.step) begins before the step \(current.id) is done")
    }
    guard let last = current.attempts.last, last.failure != nil || last.isInterrupted else {
      throw Self.refusal(entry, "the step \(body.step) begins twice")
    }
    guard body.attempt == current.attempts.count + 1 else {
      throw Self.refusal(entry, "attempt \(current.attempts.count + 1) at the step \(body.step) has the number \(body.attempt)")
    }
    steps[steps.count - 1].attempts.append(attempt)
  }

  private mutating func finish(_ body: TranscriptEntry.Finished, _ entry: TranscriptEntry, _ sha256: String) throws(CeremonyError) {
    guard !isFinished else { throw Self.refusal(entry, "the run is finished twice") }
    if let current { throw Self.refusal(entry, "the run is finished before the step \(current.id) is done") }
    guard body.steps == steps.count else {
      throw Self.refusal(entry, "it says that \(body.steps) steps are done, and \(steps.count) are")
    }
    finishedSHA256 = sha256
    finishedAt = entry.time
  }

  private func checkIsOpen(_ step: String, _ entry: TranscriptEntry, or moments: Set<Moment> = []) throws(CeremonyError) {
    if let moment = Moment(rawValue: step) {
      guard moments.contains(moment) else { throw Self.refusal(entry, "nothing of the kind \(entry.kind.rawValue) belongs to the \(step)") }
      let isTime =
        switch moment {
        case .start: steps.isEmpty || !resumptions.isEmpty
        case .resume: !resumptions.isEmpty
        case .end: isFinished
        }
      guard isTime else { throw Self.refusal(entry, "it is not the time of the \(step)") }
      return
    }
    guard let current, current.id == step else {
      throw Self.refusal(
        entry,
        self.step(step) == nil ? "the step \(step) has not begun" : "the step \(step) is done already")
    }
    guard current.attempts.last?.failure == nil else {
      throw Self.refusal(entry, "the step \(step) has failed, and was not begun again")
    }
  }

  private static func refusal(_ entry: TranscriptEntry, _ message: String) -> CeremonyError {
    CeremonyError(
      .transcriptSteps, operation: TranscriptEntry.operation, message: "line \(entry.number + 1): \(message)",
      hint: "whatever wrote this was not this tool, or has a fault; do not go by it")
  }
}
