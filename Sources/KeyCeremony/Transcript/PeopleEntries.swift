public import KeyEvidence

extension TranscriptEntry {
  /// Somebody was asked.
  public struct Asked: Sendable, Hashable {
    /// The step's name in the plan.
    public let step: String
    /// The question's name, as prepared answers have it.
    public let question: String
    /// Who was asked, by the name in the plan.
    public let participant: String
    /// What was asked.
    public let text: String
    /// Nil for a secret.
    public let answer: String?
    /// Who answered.
    public let by: Answerer
  }

  /// How a participant acknowledged.
  public enum Means: String, Sendable, Hashable, CaseIterable {
    /// Typed words of the digest.
    case words
    /// Typed a PIN of the person's own.
    case pin
    /// Signed with a key of the person's own.
    case key
  }

  /// A participant acknowledged.
  public struct Acknowledged: Sendable, Hashable {
    /// The gate's name in the plan, or `end`.
    public let step: String
    /// The participant's name in the plan.
    public let participant: String
    /// How.
    public let means: Means
    /// The digest that was shown, in hexadecimal: the plan's at gates, that of the line `finished` at the end.
    public let over: String
    /// The signed statement, of those who acknowledge with a key.
    public let statement: JSONValue?
    /// Who answered.
    public let by: Answerer
  }

  /// A PIN was generated and shared. The digests are of shares on paper, and say nothing of the PIN.
  public struct PINShared: Sendable, Hashable {
    /// A custodian's share.
    public struct Share: Sendable, Hashable {
      /// The number on the card.
      public let index: Int
      /// In hexadecimal.
      public let sha256: String
    }

    /// The step's name in the plan.
    public let step: String
    /// The PIN's name in the plan.
    public let pin: String
    /// The set's name on each card, in hexadecimal.
    public let set: String
    /// How many shares make the PIN.
    public let threshold: Int
    /// By the custodian's name in the plan.
    public let shares: [String: Share]
  }

  /// Something to know.
  public struct Noted: Sendable, Hashable {
    /// The step's name in the plan; nil for what is about none.
    public let step: String?
    /// What there is to know.
    public let text: String
  }

  /// All steps are done.
  public struct Finished: Sendable, Hashable {
    /// How many.
    public let steps: Int
  }

  /// The signatures over everything before.
  public struct Sealed: Sendable, Hashable {
    /// The signed statement; see ``TranscriptSeal``.
    public let statement: JSONValue
  }
}

extension TranscriptEntry.Asked: TranscriptBody {
  static let memberNames: Set = ["step", "question", "participant", "text", "answer", "by"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    self.init(
      step: try object.name("step"), question: try object.text("question", 1...256), participant: try object.name("participant"),
      text: try object.freeText("text"), answer: try object.nullableFreeText("answer"), by: try object.word("by"))
  }

  var members: [String: JSONValue] {
    [
      "answer": .text(answer), "by": .string(by.rawValue), "participant": .string(participant), "question": .string(question),
      "step": .string(step), "text": .string(text),
    ]
  }
}

extension TranscriptEntry.Acknowledged: TranscriptBody {
  static let memberNames: Set = ["step", "participant", "means", "over", "statement", "by"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    let statement = try object.required("statement")
    let means: TranscriptEntry.Means = try object.word("means")
    guard (statement == .null) == (means != .key) else {
      throw object.failure("statement", "a statement is there if and only if the means is a key")
    }
    self.init(
      step: try object.name("step"), participant: try object.name("participant"), means: means, over: try object.sha256("over"),
      statement: statement == .null ? nil : .object(try object.object("statement")), by: try object.word("by"))
  }

  var members: [String: JSONValue] {
    [
      "by": .string(by.rawValue), "means": .string(means.rawValue), "over": .string(over), "participant": .string(participant),
      "statement": statement ?? .null, "step": .string(step),
    ]
  }
}

extension TranscriptEntry.PINShared: TranscriptBody {
  static let memberNames: Set = ["step", "pin", "set", "threshold", "shares"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    var shares: [String: Share] = [:]
    for (custodian, value) in try object.object("shares") {
      let share = try EvidenceObject(
        value, at: JSONPointer.appending(EvidenceText.shown(custodian), to: object.pointer("shares")), required: ["index", "sha256"],
        operation: TranscriptEntry.operation)
      shares[custodian] = Share(index: try share.count("index"), sha256: try share.sha256("sha256"))
    }
    self.init(
      step: try object.name("step"), pin: try object.name("pin"), set: try object.hexadecimal("set", bytes: 1...32),
      threshold: try object.count("threshold"), shares: shares)
  }

  var members: [String: JSONValue] {
    [
      "pin": .string(pin), "set": .string(set),
      "shares": .object(shares.mapValues { ["index": .integer($0.index), "sha256": .string($0.sha256)] }), "step": .string(step),
      "threshold": .integer(threshold),
    ]
  }
}

extension TranscriptEntry.Noted: TranscriptBody {
  static let memberNames: Set = ["step", "text"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    self.init(step: try object.required("step") == .null ? nil : try object.name("step"), text: try object.freeText("text"))
  }

  var members: [String: JSONValue] { ["step": .text(step), "text": .string(text)] }
}

extension TranscriptEntry.Finished: TranscriptBody {
  static let memberNames: Set = ["steps"]
  init(_ object: EvidenceObject) throws(EvidenceError) { self.init(steps: try object.count("steps")) }
  var members: [String: JSONValue] { ["steps": .integer(steps)] }
}

extension TranscriptEntry.Sealed: TranscriptBody {
  static let memberNames: Set = ["statement"]
  init(_ object: EvidenceObject) throws(EvidenceError) { self.init(statement: .object(try object.object("statement"))) }
  var members: [String: JSONValue] { ["statement": statement] }
}
