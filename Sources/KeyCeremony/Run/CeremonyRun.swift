import Foundation
import KeyEvidence
import PKCS11
import Secrets
import TokenKeys

/// One run of a plan: its steps on tokens, with people, and the record of it.
///
/// Each step is recorded before and after. A run that was cut off is gone on with by making it again in the same folder: what is done is
/// left alone, and the step that was under way first looks at what it finds.
public actor CeremonyRun {
  let plan: CeremonyPlan
  let site: SiteBinding
  let mode: TranscriptEntry.Mode
  let room: any CeremonyRoom
  let desk: (any CertificateDesk)?
  /// Where a rehearsal happens; nil in a performance.
  let stage: (any RehearsalStage)?
  let surroundings: CeremonySurroundings
  /// What the rehearsal made of each step; nil in a rehearsal.
  let rehearsed: [String: [String: JSONValue]]?
  var record: RunRecord
  var modules: [String: Module] = [:]
  var openKeys: [String: TokenKeys] = [:]
  /// Serial numbers that blank tokens got, by the token's name in the plan.
  var serials: [String: String]
  /// The PINs that are in force now, where a step has set another.
  var userPINs: [String: String] = [:]
  var officerPINs: [String: String] = [:]
  /// Shared PINs that this process holds.
  var held: [String: HeldSecret] = [:]
  /// What participants type at gates.
  var chosenPINs: [String: HeldSecret] = [:]

  init(
    plan: CeremonyPlan, site: SiteBinding, mode: TranscriptEntry.Mode, room: any CeremonyRoom, desk: (any CertificateDesk)?,
    stage: (any RehearsalStage)?, surroundings: CeremonySurroundings, rehearsed: [String: [String: JSONValue]]?, record: RunRecord
  ) {
    self.plan = plan
    self.site = site
    self.mode = mode
    self.room = room
    self.desk = desk
    self.stage = stage
    self.surroundings = surroundings
    self.rehearsed = rehearsed
    self.record = record
    serials = record.serials
  }

  /// Goes through the plan from where the record ends, and seals the record.
  ///
  /// - Throws: what stopped it; the record tells of it, and the run can be gone on with.
  public func run() async throws -> RunSummary {
    do {
      try await open()
      for (index, step) in plan.steps.enumerated() {
        let position = CeremonyScene.Position(number: index + 1, count: plan.steps.count)
        if record.isDone(step.id) {
          takeOver(step)
          try await room.show(
            CeremonyScene(.note, step: step.id, position: position, title: "Step \(step.id) was done before the interruption"))
          continue
        }
        try await perform(step, position)
      }
      let summary = try await close()
      await closeAllKeys()
      return summary
    } catch {
      await closeAllKeys()
      throw mode == .rehearsal ? Self.inRehearsal(error) : error
    }
  }

  /// The error of a rehearsal, which is not gone on with as a performance is.
  private static func inRehearsal(_ error: any Error) -> any Error {
    let rules: Set<CeremonyRule> = [.stopped, .participant, .shareCount]
    guard let error = error as? CeremonyError, rules.contains(error.rule) else { return error }
    return CeremonyError(
      error.rule, operation: error.operation, message: error.message,
      hint: "a rehearsal is not gone on with: rehearse again, into a new folder", underlying: error)
  }

  private func open() async throws {
    try await room.show(
      CeremonyScene(
        .ceremony, title: mode == .rehearsal ? "REHEARSAL of \(plan.title)" : plan.title,
        lines: record.isResumed
          ? ["The run \(record.run) was interrupted and is gone on with. \(record.doneCount) of \(plan.steps.count) steps are done."]
          : [plan.purpose.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }].compactMap(\.self) + [
            "Run \(record.run)",
            mode == .performance
              ? "When it is interrupted, by stop, Ctrl-C or a power cut, the same command goes on."
              : "When it is interrupted, a rehearsal is begun anew in another folder.",
          ],
        digest: plan.sha256))
    if record.isResumed {
      let leader = plan.participants[0]
      let question = CeremonyQuestion(
        id: "resume/\(leader.id)", participant: leader, kind: .confirmation,
        text: "The ceremony was interrupted. Everybody is here again and wants to go on: type yes")
      let answer = try await room.ask(question)
      try record.asked(.resume, question, answer: answer, isAttended: room.isAttended)
      guard answer == "yes" else {
        throw CeremonyError(.stopped, operation: "resume the ceremony", message: "it is not gone on with", hint: "nothing was changed")
      }
    }
    try await choosePINs()
  }

  /// What a step that is done already has changed for those after it.
  private func takeOver(_ step: PlanStep) {
    guard case .setPIN(let token, let owner, let pin) = step.action else { return }
    if owner == .user { userPINs[token] = pin } else { officerPINs[token] = pin }
  }

  private func perform(_ step: PlanStep, _ position: CeremonyScene.Position) async throws {
    let earlier = record.intents(ofStep: step.id)
    let frame = StepFrame(step: step, position: position, attempt: earlier.count + 1, earlier: earlier)
    let description = StepDescription(step, in: plan)
    try await room.show(
      CeremonyScene(
        .step, step: step.id, position: position, title: description.action,
        lines: [step.note].compactMap(\.self) + ["Expected: \(description.expected)"]
          + (frame.isRepeated ? ["This step was begun before and not ended; what it has left is looked at first."] : [])))
    let calls = CallCount()
    let start = ContinuousClock.now
    do {
      let outcome = try await act(frame)
      try compare(outcome, frame)
      for file in outcome.files { try write(file.bytes, to: file.output, frame) }
      var lines = outcome.lines
      lines += outcome.files.compactMap { file in plan.output(file.output).map { "wrote \($0.file)" } }
      let milliseconds = Int((ContinuousClock.now - start) / .milliseconds(1))
      try record.done(
        step: step.id, result: outcome.result, comparable: outcome.comparable, calls: calls.end(), milliseconds: milliseconds)
      try await room.show(
        CeremonyScene(.done, step: step.id, position: position, title: "Step \(step.id) is done", lines: lines, digest: outcome.digest))
    } catch {
      _ = calls.end()
      let trouble = surroundings.explain(error)
      // What went wrong matters more than that it could not be written down.
      try? record.failed(step: step.id, code: trouble.code, rule: trouble.rule, message: trouble.message)
      try? await room.show(CeremonyScene(.trouble, step: step.id, position: position, title: trouble.message))
      throw error
    }
  }

  /// Writes down that a step acts now, and what its next attempt has to know should this one be cut off.
  func begin(_ frame: StepFrame, intending intent: [String: JSONValue] = [:]) throws {
    try record.begun(step: frame.step.id, action: frame.step.action.name, attempt: frame.attempt, intent: intent)
  }

  private func act(_ frame: StepFrame) async throws -> StepOutcome {
    switch frame.step.action {
    case .checkToken(let token, let state): try await checkToken(token, state, frame)
    case .initialiseToken(let token): try await initialiseToken(token, frame)
    case .setPIN(let token, let owner, let pin): try await setPIN(token, owner, pin, frame)
    case .sharePIN(let pin): try await sharePIN(pin, frame)
    case .combinePIN(let pin): try await combinePIN(pin, frame)
    case .generateKey(let key, let algorithm, let policy): try await generateKey(key, algorithm, policy, frame)
    case .proveKey(let key, let output): try await proveKey(key, output, frame)
    case .makeRequest(let key, let subject, let output): try await makeRequest(key, subject, output, frame)
    case .enrolCertificate(let enrolment): try await enrol(enrolment, frame)
    case .renewCertificate(let token, let certificate, let output): try await renew(certificate, on: token, output, frame)
    case .importCertificate(let key, let input): try await importCertificate(key, input, frame)
    case .signFile(let key, let input, let hash, let output): try await signFile(key, input, hash, output, frame)
    case .destroyKey(let key, let evenIfCertified): try await destroyKey(key, evenIfCertified, frame)
    case .verifyCopy(let key, let second): try await verifyCopy(key, second, frame)
    case .human(let text, let fields): try await human(text, fields, frame)
    case .readAloud(let subject, let reader, let listener, let count):
      try await readAloud(subject, reader, listener, count, frame)
    case .gate(let text, let participants): try await gate(text, participants, frame)
    }
  }

  /// That the step makes what it made in the rehearsal.
  private func compare(_ outcome: StepOutcome, _ frame: StepFrame) throws {
    guard let there = rehearsed?[frame.step.id] else { return }
    let differences = TranscriptComparison.differences(frame.step.id, rehearsed: there, performed: outcome.comparable)
    guard !differences.isEmpty else { return }
    let told = differences.map { difference in
      let (before, now) = (Self.text(difference.rehearsed), Self.text(difference.performed))
      return "\(difference.pointer) was \(before) and is \(now)"
    }
    throw frame.refusal(
      .asRehearsed, "it came out differently than in the rehearsal: \(told.joined(separator: "; "))",
      hint: "no file was written; find out why before you go on: the plan is the same, so the token or the machine is another")
  }

  private static func text(_ value: JSONValue?) -> String {
    value.map { CeremonyText.shown(String(decoding: CanonicalJSON.encode($0), as: UTF8.self)) } ?? "nothing"
  }
}

/// What a run came to.
public struct RunSummary: Sendable, Hashable {
  /// 32 hexadecimal digits.
  public let run: String
  /// Rehearsal or performance.
  public let mode: TranscriptEntry.Mode
  /// The folder with transcript and outputs.
  public let folder: String
  /// The SHA-256 of the transcript's last line, the seal.
  public let sealSHA256: String
  /// The fingerprint of the key that sealed the transcript: SHA-256 of its SubjectPublicKeyInfo.
  public let keySHA256: String
  /// What was written, by the output's name in the plan.
  public let files: [String: String]
}
