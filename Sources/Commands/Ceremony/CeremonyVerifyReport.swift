import Foundation
import KeyCeremony
import KeyEvidence

/// What a checked transcript says, and what it does not.
struct CeremonyVerifyReport: Answer {
  struct Plan: Encodable, Sendable {
    let name: String
    let title: String
    let sha256: String
    let words: String
    /// Whether it is the one that was named with --plan.
    let isTheOneNamed: Bool
  }

  struct Key: Encodable, Sendable {
    let token: String
    let name: String
    let publicKeySha256: String
    let publicKeyWords: String
    /// `named`, `transcript` or `signature`: why it is taken for the ceremony key.
    let ground: String
  }

  struct Person: Encodable, Sendable {
    let id: String
    let name: String
    let role: String
    let acknowledgesWith: String
    let publicKeySha256: String?
    /// The gates that the person acknowledged at, and `end`.
    let acknowledgedAt: [String]
  }

  struct Step: Encodable, Sendable {
    let id: String
    let action: String
    let actor: String
    let attempts: Int
    let begunAt: Date?
    let doneAt: Date?
    let milliseconds: Int
  }

  struct File: Encodable, Sendable {
    let name: String
    let file: String
    let step: String
    let size: Int
    let sha256: String
    /// Whether the file in the folder was compared with it.
    let isCompared: Bool
  }

  struct Observation: Encodable, Sendable {
    let kind: String
    let line: Int?
    let time: Date?
    let text: String
  }

  struct Difference: Encodable, Sendable {
    let step: String
    let pointer: String
    let rehearsed: String?
    let performed: String?
  }

  let transcript: String
  let format: String
  let mode: String
  let run: String
  let answers: String
  let openedAt: Date
  let sealedAt: Date
  let entries: Int
  let sealSha256: String
  let tool: String
  let toolSha256: String
  let plan: Plan
  let key: Key
  let participants: [Person]
  let steps: [Step]
  /// Serial numbers that tokens got in this run, by their names in the plan.
  let serials: [String: String]
  let filesWritten: [File]
  let filesRead: [File]
  let observations: [Observation]
  /// The run of the rehearsal that approved, if the transcript names one.
  let rehearsalRun: String?
  let isRehearsalCompared: Bool
  let differences: [Difference]
  /// What the transcript does not show, a sentence each.
  let notShown: [String]

  var exitStatus: ExitStatus { differences.isEmpty ? .done : .ruleRefused }

  init(_ verified: VerifiedTranscript, of path: String, rehearsal: VerifiedTranscript?, isPlanNamed: Bool) {
    let (history, plan) = (verified.history, verified.plan)
    transcript = path
    format = TranscriptEntry.Opened.format
    mode = history.opened.mode.rawValue
    run = history.opened.run
    answers = history.hasPreparedAnswers ? TranscriptEntry.Answerer.prepared.rawValue : TranscriptEntry.Answerer.people.rawValue
    openedAt = history.openedAt
    sealedAt = history.lastAt
    entries = history.count
    sealSha256 = verified.sealSHA256
    tool = history.opened.tool.version
    toolSha256 = history.opened.tool.sha256
    self.plan = Plan(
      name: plan.name, title: plan.title, sha256: history.opened.planSHA256,
      words: FingerprintWords.words(for: plan.sha256).joined(separator: " "), isTheOneNamed: isPlanNamed)
    let keyDigest = (try? verified.key.subjectPublicKeyInfo).map { EvidenceText.digest($0) } ?? []
    key = Key(
      token: plan.ceremonyKey.token, name: plan.ceremonyKey.name, publicKeySha256: verified.keySHA256,
      publicKeyWords: FingerprintWords.words(for: keyDigest).joined(separator: " "), ground: verified.keyGround.rawValue)
    participants = plan.participants.map { participant in
      Person(
        id: participant.id, name: participant.name, role: participant.role.rawValue,
        acknowledgesWith: participant.acknowledgement.means.rawValue, publicKeySha256: verified.participantKeys[participant.id],
        acknowledgedAt: (plan.steps.map(\.id) + [TranscriptHistory.Moment.end.rawValue]).filter {
          history.hasAcknowledged(participant.id, at: $0)
        })
    }
    steps = plan.steps.map { step in
      let told = history.step(step.id)
      return Step(
        id: step.id, action: step.action.name, actor: step.actor, attempts: told?.attempts.count ?? 0,
        begunAt: told?.attempts.first?.begunAt, doneAt: told?.doneAt, milliseconds: told?.done?.milliseconds ?? 0)
    }
    serials = history.serials
    filesWritten = plan.outputs.compactMap { history.fileWritten($0.id) }.map { File($0, isCompared: verified.filesCompared != nil) }
    filesRead = history.filesRead.map { File($0, isCompared: false) }
    observations = verified.observations.map { Observation(kind: $0.kind.rawValue, line: $0.line, time: $0.time, text: $0.text) }
    rehearsalRun = history.opened.approval?.run
    isRehearsalCompared = rehearsal != nil
    differences = (verified.differences ?? []).map {
      Difference(step: $0.step, pointer: $0.pointer, rehearsed: $0.rehearsed.map(Self.text), performed: $0.performed.map(Self.text))
    }
    notShown = Self.limits(verified, isRehearsalCompared: rehearsal != nil, isPlanNamed: isPlanNamed)
  }

  private static func text(_ value: JSONValue) -> String { String(decoding: CanonicalJSON.encode(value), as: UTF8.self) }

  private static func limits(_ verified: VerifiedTranscript, isRehearsalCompared: Bool, isPlanNamed: Bool) -> [String] {
    let isPerformance = verified.history.opened.mode == .performance
    return [
      isPerformance ? nil : "It is a rehearsal: keys and tokens were thrown away.",
      verified.keyGround == .named
        ? nil : "Nothing but the transcript itself says that the key which sealed it is the ceremony key: name that key with --key.",
      isPlanNamed ? nil : "Nobody said which plan was to be run: name it with --plan.",
      isPerformance && !isRehearsalCompared ? "The rehearsal was not looked at: name it with --rehearsal." : nil,
      verified.filesCompared == nil ? "The files that were written were not looked at: name the folder." : nil,
      verified.history.hasPreparedAnswers && isPerformance ? "A file answered, and not people." : nil,
      "When it was is the word of the machine's clock, and who typed the word of the transcript; a key's signature is more than a word.",
    ].compactMap(\.self)
  }
}

extension CeremonyVerifyReport.File {
  fileprivate init(_ record: TranscriptEntry.FileRecord, isCompared: Bool) {
    self.init(
      name: record.name, file: record.file, step: record.step, size: record.size, sha256: record.sha256, isCompared: isCompared)
  }
}
