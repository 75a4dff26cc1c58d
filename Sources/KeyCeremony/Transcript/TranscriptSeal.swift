public import Foundation
public import KeyEvidence

/// The statement that closes a transcript: what was run, and the digest of everything that was written down.
///
/// ```swift
/// var seal = TranscriptSeal(of: writer.history)
/// try await ceremonyKey.sign(&seal.draft, role: "key")
/// try await auditorKey.sign(&seal.draft, role: "witness")
/// try writer.seal(seal)
/// ```
public struct TranscriptSeal: Sendable {
  /// The format of the statement, with its version.
  public static let format = "hsmkey-ceremony-seal/1"

  /// When it is made, in whole seconds: the time of the last entry, which nothing but the seal vouches for.
  public let time: Date
  /// What is signed, and the signatures: by the ceremony key in the role `key`, by participants who acknowledge with a key as `witness`.
  public var draft: StatementDraft

  /// The seal of a transcript after which nothing but the seal follows.
  public init(of history: TranscriptHistory, at time: Date = Date()) {
    self.time = Date(timeIntervalSince1970: time.timeIntervalSince1970.rounded(.down))
    draft = StatementDraft(
      format: Self.format, content: Self.content(history.opened, entries: history.count, head: history.head, at: self.time))
  }

  /// The entry that it becomes.
  func entry() throws(CeremonyError) -> TranscriptEntry.Sealed {
    TranscriptEntry.Sealed(statement: try draft.value(operation: "seal the transcript"))
  }

  /// What is stated.
  static func content(_ opened: TranscriptEntry.Opened, entries: Int, head: String, at time: Date) -> JSONValue {
    [
      "entries": .integer(entries), "head": .string(head), "mode": .string(opened.mode.rawValue),
      "plan-sha256": .string(opened.planSHA256), "run": .string(opened.run), "time": .string(EvidenceTime.text(time)),
    ]
  }
}

/// The statement by which a participant acknowledges with a key.
public struct TranscriptAcknowledgement: Sendable {
  /// The format of the statement, with its version.
  public static let format = "hsmkey-ceremony-acknowledgement/1"

  /// The gate's name in the plan, or `end`.
  public let step: String
  /// The participant's name in the plan.
  public let participant: String
  /// The digest that is shown, in hexadecimal.
  public let over: String
  /// What the participant signs in the role `witness`.
  public var draft: StatementDraft

  /// - Parameter step: a gate's name in the plan: then it is over the plan; or `end`: then it is over the line `finished`.
  public init(of participant: String, at step: String, in history: TranscriptHistory) {
    self.step = step
    self.participant = participant
    over = Self.digest(at: step, in: history)
    draft = StatementDraft(
      format: Self.format, content: Self.content(run: history.opened.run, step: step, participant: participant, over: over))
  }

  /// What is acknowledged, in hexadecimal: the plan at gates, everything up to the line `finished` at the end.
  public static func digest(at step: String, in history: TranscriptHistory) -> String {
    step == TranscriptHistory.Moment.end.rawValue ? history.finishedSHA256 ?? history.head : history.opened.planSHA256
  }

  /// The entry that it becomes.
  func entry(by answerer: TranscriptEntry.Answerer) throws(CeremonyError) -> TranscriptEntry.Acknowledged {
    TranscriptEntry.Acknowledged(
      step: step, participant: participant, means: .key, over: over,
      statement: try draft.value(operation: "write down the acknowledgement"), by: answerer)
  }

  /// What is stated.
  static func content(run: String, step: String, participant: String, over: String) -> JSONValue {
    ["over": .string(over), "participant": .string(participant), "run": .string(run), "step": .string(step)]
  }
}

extension TranscriptWriter {
  /// Appends the seal, the last line.
  ///
  /// - Throws: as ``append(_:at:)`` does; `CEREMONY-SEAL` when something was appended since the seal was made, or nobody signed it.
  public func seal(_ seal: TranscriptSeal) throws(CeremonyError) {
    let history = history
    guard
      seal.draft.content == TranscriptSeal.content(history.opened, entries: history.count, head: history.head, at: seal.time),
      seal.draft.signatures.contains(where: { $0.role == "key" })
    else {
      throw CeremonyError(
        .seal, operation: "seal the transcript",
        message: "the seal is not that of the transcript as it is now, or the key has not signed it")
    }
    try append(.sealed(try seal.entry()), at: seal.time)
  }
}

extension StatementDraft {
  fileprivate func value(operation: String) throws(CeremonyError) -> JSONValue {
    do throws(EvidenceError) {
      return try CanonicalJSON.parse(encoded())
    } catch {
      throw CeremonyError(
        .seal, operation: operation, message: "the statement could not be read again: \(error.message)", underlying: error)
    }
  }
}
