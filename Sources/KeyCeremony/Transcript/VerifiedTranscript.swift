public import Foundation
public import X509

/// A transcript that is whole, unchanged, sealed, and tells the steps of its plan with everything that the plan demands.
///
/// Only the check makes one. It needs no token, no site file and no network. Whose the ceremony key is nobody but the caller can say: see
/// ``Demands/keySHA256``.
public struct VerifiedTranscript: Sendable {
  /// What a checker wants beyond what the transcript says of itself.
  public struct Demands: Sendable {
    /// The SHA-256 of the ceremony key's SubjectPublicKeyInfo, in hexadecimal. Without it the key is what the transcript says.
    public var keySHA256: String?
    /// The bytes of the plan that must have been run.
    public var plan: [UInt8]?
    /// The rehearsal that the performance must rest on.
    public var rehearsal: VerifiedTranscript?
    /// Whether a performance may have been answered from a file.
    public var acceptsPreparedAnswers = false
    /// The folder with the files that the ceremony wrote; they are not looked at without it.
    public var folder: String?

    /// No demands.
    public init() {}
  }

  /// Something that a reader should know although nothing is wrong.
  public struct Observation: Sendable, Hashable {
    /// What kind of thing it is.
    public enum Kind: String, Sendable, Hashable {
      /// The run was interrupted and resumed.
      case interruption
      /// A step failed and was begun again.
      case failure
      /// The clock went back.
      case clock
      /// Another program went on with the run.
      case tool
      /// The run went on with another site file.
      case site
      /// A file lies in the folder that the transcript does not tell of.
      case file
    }

    /// What kind of thing it is.
    public let kind: Kind
    /// The line of the transcript, counted from 1; nil where it is about none.
    public let line: Int?
    /// When; nil where it is about no line.
    public let time: Date?
    /// One sentence without a full stop.
    public let text: String
  }

  /// Why the ceremony key is taken for the right one.
  public enum KeyGround: String, Sendable, Hashable {
    /// The checker named it.
    case named
    /// A step of this transcript says that it was generated; nobody else does.
    case transcript
    /// It has signed; nothing else is known of it.
    case signature
  }

  /// The plan that was run, read from the transcript itself.
  public let plan: CeremonyPlan
  /// All entries.
  public let lines: [TranscriptLine]
  /// The entries, gathered.
  public let history: TranscriptHistory
  /// The key that sealed it.
  public let key: Certificate.PublicKey
  /// The SHA-256 of its SubjectPublicKeyInfo, in hexadecimal.
  public let keySHA256: String
  /// Why it is taken for the right one.
  public let keyGround: KeyGround
  /// The keys of participants who acknowledged with one: SHA-256 in hexadecimal, by the participant's name in the plan.
  public let participantKeys: [String: String]
  /// Interruptions and the like, in the order of the transcript.
  public let observations: [Observation]
  /// The files that were compared, by name; nil where no folder was given.
  public let filesCompared: [String]?
  /// Where the performance made something else than the rehearsal; nil where none was given.
  public let differences: [TranscriptComparison.Difference]?

  /// The SHA-256 of the last line, in hexadecimal: the name of this very transcript.
  public var sealSHA256: String { history.head }

  /// Checks the bytes of a transcript.
  ///
  /// - Parameter file: its name, for messages.
  /// - Throws: `CEREMONY-TRANSCRIPT-FILE`, `CEREMONY-TRANSCRIPT-CHAIN`, `CEREMONY-TRANSCRIPT-STEPS`, `CEREMONY-TRANSCRIPT-WHOLE`,
  ///   `CEREMONY-SEAL`, `CEREMONY-PEOPLE`, `CEREMONY-REHEARSED`, `CEREMONY-PLAN-CHANGED`, `CEREMONY-TOOL-UNCHANGED` or
  ///   `CEREMONY-FILE-DIGEST`.
  public static func verify(_ bytes: [UInt8], _ demands: Demands = Demands(), file: String) throws(CeremonyError) -> VerifiedTranscript {
    try verify(bytes, demands) { plan throws(CeremonyError) in
      do throws(CeremonyError) {
        return try CeremonyPlan(reading: plan, file: "in \(file)")
      } catch {
        throw refusal(
          .transcriptFile, "line 1: the plan in it cannot be read: \(error.message)",
          hint: "another version of this tool may have written it", underlying: error)
      }
    }
  }

  /// - Parameter readPlan: reads the plan that the transcript holds.
  static func verify(
    _ bytes: [UInt8], _ demands: Demands, readPlan: ([UInt8]) throws(CeremonyError) -> CeremonyPlan
  ) throws(CeremonyError) -> VerifiedTranscript {
    let (lines, history) = try whole(bytes)
    let planBytes = Array(history.opened.plan.utf8)
    if let demanded = demands.plan, demanded != planBytes {
      throw CeremonyError(
        .planChanged, operation: operation, message: "the plan that was run is not the one that was named",
        hint: "its SHA-256 is \(history.opened.planSHA256)")
    }
    let plan = try readPlan(planBytes)
    try TranscriptStepCheck(plan: plan, history: history).check(lines)
    let seal = try TranscriptSealCheck(plan: plan, history: history, demandedKey: demands.keySHA256).check(lines)
    let origin = TranscriptOriginCheck(plan: plan, history: history, demands: demands)
    try origin.check(lines)
    let files = try demands.folder.map { folder throws(CeremonyError) in try TranscriptFolderCheck(history: history, folder: folder).check()
    }
    return VerifiedTranscript(
      plan: plan, lines: lines, history: history, key: seal.key, keySHA256: seal.keySHA256, keyGround: seal.ground,
      participantKeys: seal.participantKeys,
      observations: TranscriptObserver.observations(lines) + (files?.observations ?? []),
      filesCompared: files?.compared,
      differences: demands.rehearsal.map { TranscriptComparison(rehearsal: $0.history, performance: history).differences })
  }

  static let operation = "verify the transcript"

  /// The lines of a transcript that goes on to its seal.
  private static func whole(_ bytes: [UInt8]) throws(CeremonyError) -> ([TranscriptLine], TranscriptHistory) {
    let reader = try TranscriptReader(bytes)
    guard !reader.lines.isEmpty else {
      throw refusal(.transcriptWhole, "there is no whole line in it", hint: "it was cut off, or never written")
    }
    let history = try TranscriptHistory(reader.lines)
    let last = reader.lines.count
    if history.isSealed {
      guard reader.tail.isEmpty else {
        throw refusal(.transcriptSteps, "line \(last + 1): something stands after the seal", hint: "the seal is the last line")
      }
      return (reader.lines, history)
    }
    let place = "it ends after line \(last)" + (reader.tail.isEmpty ? "" : ", within line \(last + 1)")
    let state =
      if history.isFinished {
        "all steps are done, and acknowledgements or the seal are missing"
      } else if let current = history.current {
        "the step \(current.id) has no end"
      } else {
        "\(history.stepsDone.count) steps are done, and there is no end"
      }
    throw refusal(
      .transcriptWhole, "\(place): \(state)",
      hint: history.opened.mode == .rehearsal
        ? "it was cut off, or the rehearsal did not come to its end: then rehearse again, into a new folder"
        : "it was cut off, or the run was interrupted: then run the same command again, and it resumes")
  }

  static func refusal(_ rule: CeremonyRule, _ message: String, hint: String? = nil, underlying: (any Error)? = nil) -> CeremonyError {
    CeremonyError(rule, operation: operation, message: message, hint: hint, underlying: underlying)
  }
}
