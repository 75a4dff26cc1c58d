import Crypto
import Foundation
import KeyEvidence

/// The record of one run as the engine uses it: what was there when the run was opened, and what is written from now on.
final class RunRecord: Sendable {
  let folder: String
  private let writer: TranscriptWriter
  /// Whether this process goes on with what another has begun.
  let isResumed: Bool

  init(_ writer: TranscriptWriter, folder: String, isResumed: Bool) {
    self.writer = writer
    self.folder = folder
    self.isResumed = isResumed
  }

  private var history: TranscriptHistory { writer.history }

  // MARK: What is known

  var run: String { history.opened.run }
  var serials: [String: String] { history.serials }
  var doneCount: Int { history.stepsDone.count }
  var isFinished: Bool { history.isFinished }

  func isDone(_ step: String) -> Bool { history.step(step)?.done != nil }

  func isUnderWay(_ step: String) -> Bool { history.current.map { $0.id == step && $0.attempts.last?.failure == nil } ?? false }

  func intents(ofStep step: String) -> [[String: JSONValue]] { history.step(step)?.attempts.map(\.intent) ?? [] }

  /// The digest of each custodian's share of a PIN, by the custodian's name, where the PIN was shared in this run.
  func shareDigests(ofPIN pin: String) -> [String: String] { history.sharedPINs[pin]?.shares.mapValues(\.sha256) ?? [:] }

  /// The set that a PIN was last shared in.
  func set(ofPIN pin: String) -> String? { history.sharedPINs[pin]?.set }

  /// The digests that were recorded for an output by a step; the file may be in place with one of them.
  func digestsWritten(step: String, name: String) -> [String] {
    history.filesWritten.filter { $0.step == step && $0.name == name }.map(\.sha256)
  }

  /// The public key that the steps so far have met under a key's name.
  func publicKeySHA256(of key: PlanKey, in plan: CeremonyPlan) -> String? { history.publicKeySHA256(of: key, in: plan) }

  func hasAcknowledgedEnd(_ participant: String) -> Bool {
    history.hasAcknowledged(participant, at: TranscriptHistory.Moment.end.rawValue)
  }

  // MARK: What is written

  func resumed(_ entry: TranscriptEntry.Resumed) throws { try writer.append(.resumed(entry)) }

  func begun(step: String, action: String, attempt: Int, intent: [String: JSONValue]) throws {
    try writer.append(.stepBegun(.init(step: step, action: action, attempt: attempt, intent: intent)))
  }

  func done(
    step: String, result: [String: JSONValue], comparable: [String: JSONValue], calls: [String: Int], milliseconds: Int
  ) throws {
    try writer.append(.stepDone(.init(step: step, result: result, comparable: comparable, calls: calls, milliseconds: milliseconds)))
  }

  /// Why a step did not come to its end; a note where it had not begun yet.
  func failed(step: String, code: String, rule: String?, message: String) throws {
    guard isUnderWay(step) else {
      try noted(step: nil, "the step \(step) was not begun: \(message)" + (rule.map { " [\($0)]" } ?? ""))
      return
    }
    try writer.append(.stepFailed(.init(step: step, code: code, rule: rule, message: message)))
  }

  func asked(_ moment: TranscriptHistory.Moment, _ question: CeremonyQuestion, answer: String?, isAttended: Bool) throws {
    try asked(step: moment.rawValue, question, answer: answer, isAttended: isAttended)
  }

  func asked(step: String, _ question: CeremonyQuestion, answer: String?, isAttended: Bool) throws {
    try writer.append(
      .asked(
        .init(
          step: step, question: question.id, participant: question.participant.id, text: question.text, answer: answer,
          by: isAttended ? .people : .prepared)))
  }

  func fileRead(step: String, name: String, file: String, size: Int, sha256: String) throws {
    try writer.append(.fileRead(.init(step: step, name: name, file: file, size: size, sha256: sha256)))
  }

  func fileWritten(step: String, name: String, file: String, size: Int, sha256: String) throws {
    try writer.append(.fileWritten(.init(step: step, name: name, file: file, size: size, sha256: sha256)))
  }

  func acknowledged(
    step: String, _ participant: Participant, means: TranscriptEntry.Means, over digest: [UInt8], isAttended: Bool
  ) throws {
    try writer.append(
      .acknowledged(
        .init(
          step: step, participant: participant.id, means: means, over: digest.hexadecimal, statement: nil,
          by: isAttended ? .people : .prepared)))
  }

  func pinShared(step: String, pin: String, set: String, threshold: Int, shares: [(custodian: String, index: Int, sha256: String)]) throws {
    let listed = shares.map { ($0.custodian, TranscriptEntry.PINShared.Share(index: $0.index, sha256: $0.sha256)) }
    try writer.append(
      .pinShared(.init(step: step, pin: pin, set: set, threshold: threshold, shares: Dictionary(listed) { first, _ in first })))
  }

  func serial(step: String, token: String, _ serial: String) throws {
    try writer.append(.serial(.init(step: step, token: token, serial: serial)))
  }

  func noted(step: String?, _ text: String) throws { try writer.append(.noted(.init(step: step, text: text))) }

  // MARK: The end

  /// Writes that all steps are done, unless that stands there already.
  ///
  /// - Returns: the SHA-256 of that line.
  func finish(steps: Int) throws -> [UInt8] {
    let digest = try history.finishedSHA256 ?? writer.append(.finished(.init(steps: steps)))
    return [UInt8](hexadecimal: digest) ?? []
  }

  /// The seal of everything that was written until now, not signed yet.
  func unsignedSeal() -> TranscriptSeal { TranscriptSeal(of: history) }

  /// Writes the seal.
  ///
  /// - Returns: the SHA-256 of that line, the last one.
  func seal(_ seal: TranscriptSeal) throws -> [UInt8] {
    try writer.seal(seal)
    return [UInt8](hexadecimal: history.head) ?? []
  }

  /// What a participant who acknowledges with a key signs.
  func unsignedAcknowledgement(of participant: Participant, at step: String) -> TranscriptAcknowledgement {
    TranscriptAcknowledgement(of: participant.id, at: step, in: history)
  }

  func acknowledged(_ acknowledgement: TranscriptAcknowledgement, isAttended: Bool) throws {
    try writer.append(.acknowledged(try acknowledgement.entry(by: isAttended ? .people : .prepared)))
  }

  /// What was written: the SHA-256 by the output's name.
  var writtenFiles: [String: String] { Dictionary(history.filesWritten.map { ($0.name, $0.sha256) }) { _, last in last } }
}
