import Foundation
import KeyEvidence
import TestSupport
import TokenKeys

@testable import KeyCeremony

/// What refused.
func refusal(of work: () throws -> Void) -> CeremonyError? {
  do {
    try work()
    return nil
  } catch {
    return error as? CeremonyError
  }
}

/// A ceremony as its engine would write it down, with keys in software.
struct TranscriptFixture: Sendable {
  /// Who signs.
  static let ceremonyKey = SoftwareSigner.p256()
  static let auditorKey = SoftwareSigner.ed25519()

  static func sha256(_ signer: SoftwareSigner) throws -> String {
    EvidenceText.sha256(try signer.publicKey.subjectPublicKeyInfo)
  }

  var run = String(repeating: "0a", count: 16)
  var mode = TranscriptEntry.Mode.rehearsal
  var approval: TranscriptEntry.Opened.Approval?
  var answers = TranscriptEntry.Answerer.people
  var isSmall = false
  /// What the proof holds; its digest is in the transcript.
  var proof = Array("a proof".utf8)
  /// Changes an entry before it is written; nil leaves it out.
  var change: @Sendable (TranscriptEntry.Body) -> TranscriptEntry.Body? = { $0 }
  /// Written in front of an entry.
  var insert: @Sendable (TranscriptEntry.Body) -> [TranscriptEntry.Body] = { _ in [] }
  /// A line of the plan's own: a comment.
  var planNote = ""
  var toolVersion = "0.1.0"
  var sealedBy = Self.ceremonyKey

  static let tool = TranscriptEntry.Tool(version: "0.1.0", sha256: String(repeating: "01", count: 32))
  static let start = Date(timeIntervalSince1970: 1_767_323_045)

  /// The plan's file.
  func planText() throws -> String {
    let auditor = try Self.sha256(Self.auditorKey)
    let whole =
      isSmall
      ? ""
      : """
      inputs: { statement: { description: What is signed } }
      outputs: { proof: { file: ceremony.proof }, signature: { file: statement.sig } }

      """
    return """
      format: hsmkey-ceremony-plan/1
      name: first-key
      title: First key
      participants:
        leader: { name: Leena Leader, role: leader, acknowledges-with: words }
        auditor: { name: Anna Auditor, role: auditor, acknowledges-with: key, public-key-sha256: \(auditor) }
      tokens: { main: { label: payroll, user-pin: user\(isSmall ? "" : ", security-officer-pin: officer") } }
      pins: { user: { from: site }\(isSmall ? "" : ", officer: { from: shares, threshold: 2, custodians: [leader, auditor] }") }
      \(whole)ceremony-key: { token: main, key: ceremony-2026 }
      \(planNote)steps:
        - { id: agree, action: gate, actor: leader, text: We go on., participants: [leader, auditor] }
      \(isSmall ? "" : Self.setUp)\
        - { id: key, action: generate-key, actor: leader, token: main, key: ceremony-2026, algorithm: ecdsa-p256,
            policy: non-exportable-signing }
      \(isSmall ? "" : Self.use)
      """
  }

  private static let setUp = """
      - { id: share, action: share-pin, actor: leader, pin: officer }
      - { id: init, action: initialise-token, actor: leader, token: main }

    """
  private static let use = """
      - { id: proof, action: prove-key, actor: leader, token: main, key: ceremony-2026, output: proof }
      - { id: bag, action: human, actor: auditor, text: Into the bag., records: { number: Number of the bag } }
      - { id: read, action: read-aloud, actor: leader, of: key, token: main, key: ceremony-2026, reader: leader, listener: auditor }
      - { id: sign, action: sign-file, actor: leader, token: main, key: ceremony-2026, input: statement, hash: sha256, output: signature }
    """

  func plan() throws -> CeremonyPlan { try CeremonyPlan(reading: Array(try planText().utf8), file: "plan.yaml") }

  func opened() throws -> TranscriptEntry.Opened {
    let plan = try plan()
    let site = TranscriptEntry.Opened.Site(
      sha256: String(repeating: "5e", count: 32),
      tokens: ["main": .init(moduleSHA256: String(repeating: "ab", count: 32), serial: nil)],
      participantKeys: ["auditor": try Self.sha256(Self.auditorKey)])
    return .init(
      run: run, mode: mode, plan: String(decoding: plan.bytes, as: UTF8.self), planSHA256: EvidenceText.sha256(plan.bytes),
      tool: .init(version: toolVersion, sha256: Self.tool.sha256), site: mode == .performance ? site : nil, approval: approval,
      answers: answers)
  }

  /// The lines, each without its LF.
  func lines() throws -> [[UInt8]] {
    var writing = Writing(fixture: self)
    try writing.write(.opened(try opened()))
    try writing.writeSteps()
    return writing.lines
  }

  func bytes() throws -> [UInt8] { Self.joined(try lines()) }

  static func joined(_ lines: [[UInt8]]) -> [UInt8] { lines.flatMap { $0 + [0x0A] } }

  func verify(_ bytes: [UInt8], _ demands: VerifiedTranscript.Demands = .init()) throws -> VerifiedTranscript {
    try VerifiedTranscript.verify(bytes, demands, file: TranscriptWriter.fileName)
  }

  /// A performance and its rehearsal.
  static func performance() throws -> (fixture: TranscriptFixture, rehearsal: VerifiedTranscript) {
    let rehearsal = TranscriptFixture()
    let verified = try rehearsal.verify(try rehearsal.bytes())
    var performance = TranscriptFixture()
    performance.run = String(repeating: "0b", count: 16)
    performance.mode = .performance
    performance.approval = .init(run: rehearsal.run, sealSHA256: verified.sealSHA256)
    return (performance, verified)
  }
}

/// A transcript that is being written.
private struct Writing {
  let fixture: TranscriptFixture
  var lines: [[UInt8]] = []
  var history: TranscriptHistory?

  mutating func write(_ body: TranscriptEntry.Body, at time: Date? = nil) throws {
    for inserted in fixture.insert(body) { try writeOne(inserted, at: time) }
    if let body = fixture.change(body) { try writeOne(body, at: time) }
  }

  private mutating func writeOne(_ body: TranscriptEntry.Body, at time: Date?) throws {
    let (entry, line) = try TranscriptWriter.line(
      body, number: lines.count, previous: history?.head ?? TranscriptEntry.noPrevious,
      at: time ?? TranscriptFixture.start + TimeInterval(lines.count))
    let digest = EvidenceText.sha256(line)
    if history == nil { history = try TranscriptHistory(first: entry, sha256: digest) }
    if lines.count > 0 { try history?.add(entry, sha256: digest) }
    lines.append(line)
  }

  private mutating func begin(_ step: PlanStep) throws {
    try write(.stepBegun(.init(step: step.id, action: step.action.name, attempt: 1, intent: [:])))
  }

  private mutating func end(_ step: PlanStep, _ result: [String: JSONValue] = [:], comparable: [String: JSONValue] = [:]) throws {
    try write(.stepDone(.init(step: step.id, result: result, comparable: comparable, calls: ["C_Sign": 1], milliseconds: 12)))
  }

  private mutating func ask(_ step: String, _ participant: String, _ question: String, _ answer: String?) throws {
    try write(
      .asked(.init(step: step, question: question, participant: participant, text: "What is it?", answer: answer, by: fixture.answers)))
  }

  private mutating func acknowledge(_ participant: String, at step: String) throws {
    guard let history else { return }
    guard participant == "auditor" else {
      return try write(
        .acknowledged(
          .init(
            step: step, participant: participant, means: .words, over: TranscriptAcknowledgement.digest(at: step, in: history),
            statement: nil, by: fixture.answers)))
    }
    var acknowledgement = TranscriptAcknowledgement(of: participant, at: step, in: history)
    try acknowledgement.draft.add(try TranscriptFixture.auditorKey.signature("witness", of: acknowledgement.draft))
    try write(.acknowledged(try acknowledgement.entry(by: fixture.answers)))
  }

  private mutating func record(_ step: PlanStep, _ name: String, _ file: String, _ bytes: [UInt8], written: Bool) throws {
    let record = TranscriptEntry.FileRecord(
      step: step.id, name: name, file: file, size: bytes.count, sha256: EvidenceText.sha256(bytes))
    try write(written ? .fileWritten(record) : .fileRead(record))
  }

  mutating func writeSteps() throws {
    for step in try fixture.plan().steps {
      try begin(step)
      switch step.action {
      case .gate(_, let participants):
        for participant in participants { try acknowledge(participant, at: step.id) }
        try end(step)
      case .initialiseToken(let token):
        try write(.serial(.init(step: step.id, token: token, serial: "5a1c")))
        try end(step)
      case .generateKey:
        try end(
          step, ["public-key-sha256": .string(try TranscriptFixture.sha256(TranscriptFixture.ceremonyKey))],
          comparable: ["algorithm": "ecdsa-p256", "rules": ["KEY-SENSITIVE", "KEY-LOCAL"]])
      case .proveKey:
        try record(step, "proof", "ceremony.proof", fixture.proof, written: true)
        try end(step)
      case .human:
        try ask(step.id, step.actor, "\(step.id)/\(step.actor)", "yes")
        try ask(step.id, step.actor, "\(step.id)/\(step.actor)/number", "A-17")
        try end(step)
      case .readAloud(_, _, let listener, _):
        try ask(step.id, listener, "\(step.id)/\(listener)", "aardvark adroitness absurd adviser")
        try end(step)
      case .sharePIN(let pin):
        let shares: [String: TranscriptEntry.PINShared.Share] = [
          "leader": .init(index: 1, sha256: String(repeating: "aa", count: 32)),
          "auditor": .init(index: 2, sha256: String(repeating: "bb", count: 32)),
        ]
        try write(.pinShared(.init(step: step.id, pin: pin, set: "00ff00ff", threshold: 2, shares: shares)))
        try end(step)
      case .signFile:
        try record(step, "statement", "statement.pdf", [1, 2, 3], written: false)
        try record(step, "signature", "statement.sig", [4, 5], written: true)
        try end(step)
      default: break
      }
    }
    try write(.finished(.init(steps: try fixture.plan().steps.count)))
    for participant in ["leader", "auditor"] { try acknowledge(participant, at: "end") }
    guard let history else { return }
    var seal = TranscriptSeal(of: history, at: TranscriptFixture.start + TimeInterval(lines.count))
    try seal.draft.add(try fixture.sealedBy.signature("key", of: seal.draft))
    try seal.draft.add(try TranscriptFixture.auditorKey.signature("witness", of: seal.draft))
    try write(.sealed(try seal.entry()), at: seal.time)
  }
}
