import KeyEvidence

extension TranscriptEntry {
  /// Whether a run is the rehearsal or the thing itself.
  public enum Mode: String, Sendable, Hashable, CaseIterable {
    /// On throw-away tokens.
    case rehearsal
    /// On the tokens that count.
    case performance
  }

  /// Who answered.
  public enum Answerer: String, Sendable, Hashable, CaseIterable {
    /// People, at the terminal.
    case people
    /// A file of prepared answers.
    case prepared
  }

  /// The program that ran.
  public struct Tool: Sendable, Hashable {
    /// As `--version` prints it.
    public let version: String
    /// The SHA-256 of its file, in hexadecimal.
    public let sha256: String
  }

  /// The run begins.
  public struct Opened: Sendable, Hashable {
    /// The format of a transcript, with its version.
    public static let format = "hsmkey-ceremony-transcript/1"

    /// What the site file says that is no secret and no path.
    public struct Site: Sendable, Hashable {
      /// A token as the site file names it.
      public struct Token: Sendable, Hashable {
        /// The SHA-256 of the module's file, in hexadecimal.
        public let moduleSHA256: String
        /// Nil for a blank token.
        public let serial: String?
      }

      /// The SHA-256 of the site file, in hexadecimal.
      public let sha256: String
      /// By the token's name in the plan.
      public let tokens: [String: Token]
      /// The SHA-256 of each participant's SubjectPublicKeyInfo, by the participant's name in the plan.
      public let participantKeys: [String: String]
    }

    /// The rehearsal that approves of a performance.
    public struct Approval: Sendable, Hashable {
      /// The rehearsal's run.
      public let run: String
      /// The SHA-256 of the rehearsal's last line, in hexadecimal.
      public let sealSHA256: String
    }

    /// A random number that no other run has: 32 hexadecimal digits.
    public let run: String
    /// Rehearsal or performance.
    public let mode: Mode
    /// The plan: the text of the file, as it was.
    public let plan: String
    /// The SHA-256 of ``plan``, in hexadecimal.
    public let planSHA256: String
    /// The program that runs.
    public let tool: Tool
    /// Nil in a rehearsal.
    public let site: Site?
    /// Nil in a rehearsal.
    public let approval: Approval?
    /// Who answers.
    public let answers: Answerer
  }

  /// The run goes on after an interruption.
  public struct Resumed: Sendable, Hashable {
    /// How many entries were there.
    public let after: Int
    /// The bytes of a last line that had not been written to its end and was cut off; mostly 0.
    public let removedOctets: Int
    /// The SHA-256 of those bytes; nil where there were none.
    public let removedSHA256: String?
    /// Who answers.
    public let answers: Answerer
    /// The program that runs.
    public let tool: Tool
    /// Nil in a rehearsal.
    public let siteSHA256: String?
  }
}

extension TranscriptEntry.Tool {
  init(_ object: EvidenceObject) throws(EvidenceError) {
    self.init(version: try object.text("version", 1...64), sha256: try object.sha256("sha256"))
  }

  var value: JSONValue { ["sha256": .string(sha256), "version": .string(version)] }
}

extension TranscriptEntry.Opened: TranscriptBody {
  static let memberNames: Set = ["format", "run", "mode", "plan", "plan-sha256", "tool", "site", "approval", "answers"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    let format = try object.text("format", 1...128)
    guard format == Self.format else {
      throw object.failure("format", "it is \(EvidenceText.shown(format)), and \(Self.format) is known here", rule: .format)
    }
    let plan = try object.freeText("plan", maximum: CeremonyPlan.maximumSize)
    let digest = try object.sha256("plan-sha256")
    guard digest == EvidenceText.sha256(Array(plan.utf8)) else {
      throw object.failure("plan-sha256", "it is not the SHA-256 of the plan beside it")
    }
    let run = try object.hexadecimal("run", bytes: 16...16)
    let site = try object.required("site") == .null ? nil : try Site(try object.inner("site", Site.memberNames))
    var approval: Approval?
    if try object.required("approval") != .null {
      let inner = try object.inner("approval", ["run", "seal-sha256"])
      approval = Approval(run: try inner.hexadecimal("run", bytes: 16...16), sealSHA256: try inner.sha256("seal-sha256"))
    }
    self.init(
      run: run, mode: try object.word("mode"), plan: plan, planSHA256: digest,
      tool: try .init(try object.inner("tool", ["sha256", "version"])), site: site, approval: approval,
      answers: try object.word("answers"))
  }

  var members: [String: JSONValue] {
    [
      "answers": .string(answers.rawValue),
      "approval": approval.map { ["run": .string($0.run), "seal-sha256": .string($0.sealSHA256)] } ?? .null,
      "format": .string(Self.format), "mode": .string(mode.rawValue), "plan": .string(plan), "plan-sha256": .string(planSHA256),
      "run": .string(run), "site": site.map(\.value) ?? .null, "tool": tool.value,
    ]
  }
}

extension TranscriptEntry.Opened.Site {
  static let memberNames: Set = ["participant-keys", "sha256", "tokens"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    var tokens: [String: Token] = [:]
    for (name, value) in try object.object("tokens") {
      let token = try EvidenceObject(
        value, at: JSONPointer.appending(EvidenceText.shown(name), to: object.pointer("tokens")), required: ["module-sha256", "serial"],
        operation: TranscriptEntry.operation)
      tokens[name] = Token(
        moduleSHA256: try token.sha256("module-sha256"),
        serial: try token.required("serial") == .null ? nil : try token.text("serial", 1...64)
      )
    }
    let keys = try EvidenceObject(
      try object.required("participant-keys"), at: object.pointer("participant-keys"), required: [],
      optional: Set(try object.object("participant-keys").keys), operation: TranscriptEntry.operation)
    var participantKeys: [String: String] = [:]
    for name in try object.object("participant-keys").keys { participantKeys[name] = try keys.sha256(name) }
    self.init(sha256: try object.sha256("sha256"), tokens: tokens, participantKeys: participantKeys)
  }

  var value: JSONValue {
    [
      "participant-keys": .object(participantKeys.mapValues(JSONValue.string)), "sha256": .string(sha256),
      "tokens": .object(tokens.mapValues { ["module-sha256": .string($0.moduleSHA256), "serial": .text($0.serial)] }),
    ]
  }
}

extension TranscriptEntry.Resumed: TranscriptBody {
  static let memberNames: Set = ["after", "removed-octets", "removed-sha256", "answers", "tool", "site-sha256"]

  init(_ object: EvidenceObject) throws(EvidenceError) {
    let octets = try object.count("removed-octets")
    let digest = try object.nullableSHA256("removed-sha256")
    guard (octets == 0) == (digest == nil) else {
      throw object.failure("removed-sha256", "a digest is there if and only if something was removed")
    }
    self.init(
      after: try object.count("after"), removedOctets: octets, removedSHA256: digest, answers: try object.word("answers"),
      tool: try .init(try object.inner("tool", ["sha256", "version"])), siteSHA256: try object.nullableSHA256("site-sha256"))
  }

  var members: [String: JSONValue] {
    [
      "after": .integer(after), "answers": .string(answers.rawValue), "removed-octets": .integer(removedOctets),
      "removed-sha256": .text(removedSHA256), "site-sha256": .text(siteSHA256), "tool": tool.value,
    ]
  }
}
