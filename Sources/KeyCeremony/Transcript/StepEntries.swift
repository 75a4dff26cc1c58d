public import KeyEvidence

extension TranscriptEntry {
  /// A step begins.
  public struct StepBegun: Sendable, Hashable {
    /// The step's name in the plan.
    public let step: String
    /// The action's name in the plan.
    public let action: String
    /// How often the step has begun, with this time: from 1.
    public let attempt: Int
    /// What is needed to find out, after an interruption, how far it came.
    public let intent: [String: JSONValue]
  }

  /// A step has come to its end.
  public struct StepDone: Sendable, Hashable {
    /// The step's name in the plan.
    public let step: String
    /// What came of it, for people.
    public let result: [String: JSONValue]
    /// What the rehearsal and the performance have in common.
    public let comparable: [String: JSONValue]
    /// How often each Cryptoki function was called.
    public let calls: [String: Int]
    /// How long it took.
    public let milliseconds: Int
  }

  /// A step did not come to its end. It may be begun again.
  public struct StepFailed: Sendable, Hashable {
    /// The step's name in the plan.
    public let step: String
    /// A short word: `key-not-found`, `CKR_PIN_INCORRECT`.
    public let code: String
    /// The rule that refused, where one did.
    public let rule: String?
    /// What was wrong.
    public let message: String
  }

  /// A file that was read, or that is about to be put in its place.
  public struct FileRecord: Sendable, Hashable {
    /// The step's name in the plan.
    public let step: String
    /// The input's or output's name in the plan.
    public let name: String
    /// The file's name, without a folder.
    public let file: String
    /// In bytes.
    public let size: Int
    /// In hexadecimal.
    public let sha256: String
  }

  /// A blank token got its serial number.
  public struct Serial: Sendable, Hashable {
    /// The step's name in the plan.
    public let step: String
    /// The token's name in the plan.
    public let token: String
    /// The serial number.
    public let serial: String
  }
}

extension TranscriptEntry.StepBegun: TranscriptBody {
  static let memberNames: Set = ["step", "action", "attempt", "intent"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    let attempt = try object.count("attempt")
    guard attempt > 0 else { throw object.failure("attempt", "attempts are counted from 1") }
    self.init(step: try object.name("step"), action: try object.name("action"), attempt: attempt, intent: try object.object("intent"))
  }

  var members: [String: JSONValue] {
    ["action": .string(action), "attempt": .integer(attempt), "intent": .object(intent), "step": .string(step)]
  }
}

extension TranscriptEntry.StepDone: TranscriptBody {
  static let memberNames: Set = ["step", "result", "comparable", "calls", "milliseconds"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    let listed = try object.object("calls")
    let counts = try EvidenceObject(
      .object(listed), at: object.pointer("calls"), required: [], optional: Set(listed.keys), operation: TranscriptEntry.operation)
    var calls: [String: Int] = [:]
    for name in listed.keys { calls[name] = try counts.count(name) }
    self.init(
      step: try object.name("step"), result: try object.object("result"), comparable: try object.object("comparable"), calls: calls,
      milliseconds: try object.count("milliseconds"))
  }

  var members: [String: JSONValue] {
    [
      "calls": .object(calls.mapValues(JSONValue.integer)), "comparable": .object(comparable), "milliseconds": .integer(milliseconds),
      "result": .object(result), "step": .string(step),
    ]
  }
}

extension TranscriptEntry.StepFailed: TranscriptBody {
  static let memberNames: Set = ["step", "code", "rule", "message"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    self.init(
      step: try object.name("step"), code: try object.text("code", 1...128), rule: try object.nullableFreeText("rule"),
      message: try object.freeText("message"))
  }

  var members: [String: JSONValue] {
    ["code": .string(code), "message": .string(message), "rule": .text(rule), "step": .string(step)]
  }
}

extension TranscriptEntry.FileRecord: TranscriptBody {
  static let memberNames: Set = ["step", "name", "file", "size", "sha256"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    let file = try object.text("file", 1...255)
    guard !file.utf8.contains(UInt8(ascii: "/")), file != ".", file != ".." else {
      throw object.failure("file", "it is no name of a file in a folder")
    }
    self.init(
      step: try object.name("step"), name: try object.name("name"), file: file, size: try object.count("size"),
      sha256: try object.sha256("sha256"))
  }

  var members: [String: JSONValue] {
    ["file": .string(file), "name": .string(name), "sha256": .string(sha256), "size": .integer(size), "step": .string(step)]
  }
}

extension TranscriptEntry.Serial: TranscriptBody {
  static let memberNames: Set = ["step", "token", "serial"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    self.init(step: try object.name("step"), token: try object.name("token"), serial: try object.text("serial", 1...64))
  }

  var members: [String: JSONValue] { ["serial": .string(serial), "step": .string(step), "token": .string(token)] }
}
