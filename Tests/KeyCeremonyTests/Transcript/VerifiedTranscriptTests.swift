import Foundation
import KeyEvidence
import TestSupport
import Testing

@testable import KeyCeremony

@Suite("What a transcript must tell")
struct VerifiedTranscriptTests {
  typealias Body = TranscriptEntry.Body

  /// What refuses a transcript in which entries are written otherwise.
  private func refused(
    _ fixture: TranscriptFixture = .init(), _ demands: VerifiedTranscript.Demands = .init(),
    _ change: @escaping @Sendable (Body) -> Body? = { $0 }, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> CeremonyError? {
    var fixture = fixture
    fixture.change = change
    let bytes = try fixture.bytes()
    let error = refusal { _ = try fixture.verify(bytes, demands) }
    #expect(error != nil, "it was taken", sourceLocation: sourceLocation)
    return error
  }

  private func left(_ out: @escaping @Sendable (Body) -> Bool) throws -> CeremonyError? { try refused { out($0) ? nil : $0 } }

  @Test("a performance that a rehearsal approved of is taken, with the key that was named")
  func performance() throws {
    let (fixture, rehearsal) = try TranscriptFixture.performance()
    var demands = VerifiedTranscript.Demands()
    demands.rehearsal = rehearsal
    demands.keySHA256 = try TranscriptFixture.sha256(TranscriptFixture.ceremonyKey)
    demands.plan = Array(try fixture.planText().utf8)
    let verified = try fixture.verify(try fixture.bytes(), demands)
    #expect(verified.keyGround == .named && verified.differences == [] && verified.history.serials == ["main": "5a1c"])
    #expect(verified.history.sharedPINs["officer"]?.threshold == 2)
  }

  @Test("a performance without its own rehearsal is refused (CEREMONY-REHEARSED)")
  func rehearsed() throws {
    let (fixture, rehearsal) = try TranscriptFixture.performance()
    var demands = VerifiedTranscript.Demands()
    demands.rehearsal = rehearsal
    func rule(_ change: (inout TranscriptFixture) -> Void) throws -> String? {
      var changed = fixture
      change(&changed)
      return try refused(changed, demands)?.rule.rawValue
    }
    #expect(try rule { $0.approval = nil } == "CEREMONY-REHEARSED")
    #expect(try rule { $0.approval = .init(run: $0.run, sealSHA256: rehearsal.sealSHA256) } == "CEREMONY-REHEARSED")
    #expect(
      try rule { $0.approval = .init(run: rehearsal.history.opened.run, sealSHA256: String(repeating: "0", count: 64)) }
        == "CEREMONY-REHEARSED")
    #expect(try rule { ($0.mode, $0.approval) = (.rehearsal, nil) } == "CEREMONY-REHEARSED")
    #expect(try rule { $0.planNote = "# one byte\n" } == "CEREMONY-PLAN-CHANGED")
    #expect(try rule { $0.toolVersion = "0.1.1" } == "CEREMONY-TOOL-UNCHANGED")
    demands = .init()
    demands.plan = Array(try fixture.planText().utf8).dropLast()
    #expect(try refused(fixture, demands)?.rule.rawValue == "CEREMONY-PLAN-CHANGED")
    demands.plan = nil
    demands.rehearsal = try fixture.verify(try fixture.bytes())
    #expect(try refused(fixture, demands)?.rule == .rehearsed)
  }

  @Test("a performance that a file answered is refused, unless that is accepted (CEREMONY-PEOPLE)")
  func people() throws {
    var (fixture, _) = try TranscriptFixture.performance()
    fixture.answers = .prepared
    #expect(try refused(fixture)?.rule.rawValue == "CEREMONY-PEOPLE")
    var demands = VerifiedTranscript.Demands()
    demands.acceptsPreparedAnswers = true
    #expect(try fixture.verify(try fixture.bytes(), demands).history.hasPreparedAnswers)
    fixture.answers = .people
    let one = try refused(fixture) { body in
      guard case .asked(let asked) = body, asked.answer == "A-17" else { return body }
      return .asked(
        .init(step: asked.step, question: asked.question, participant: asked.participant, text: "", answer: "A-17", by: .prepared))
    }
    #expect(one?.rule == .people)
    // A rehearsal may be answered by whatever.
    var rehearsal = TranscriptFixture()
    rehearsal.answers = .prepared
    #expect(try rehearsal.verify(try rehearsal.bytes()).history.hasPreparedAnswers)
  }

  @Test("another key than the one that was named or generated is refused (CEREMONY-SEAL)")
  func key() throws {
    var demands = VerifiedTranscript.Demands()
    demands.keySHA256 = String(repeating: "0", count: 64)
    #expect(try refused(.init(), demands)?.rule.rawValue == "CEREMONY-SEAL")
    var other = TranscriptFixture()
    other.sealedBy = .p256()
    #expect(try refused(other)?.message.contains("the ceremony key that the steps tell of is") == true)
    // Who says nothing of the key it generated says nothing of the one that sealed.
    other.change = { body in
      guard case .stepDone(let done) = body, done.step == "key" else { return body }
      return .stepDone(.init(step: done.step, result: [:], comparable: [:], calls: [:], milliseconds: 0))
    }
    #expect(try other.verify(try other.bytes()).keyGround == .signature)
  }

  @Test("a participant who did not acknowledge, or not so, is missed (CEREMONY-TRANSCRIPT-STEPS)")
  func acknowledgements() throws {
    for step in ["agree", "end"] {
      let error = try left { if case .acknowledged(let body) = $0 { body.participant == "leader" && body.step == step } else { false } }
      #expect(error?.rule.rawValue == "CEREMONY-TRANSCRIPT-STEPS" && error?.message.contains("leader has not acknowledged") == true)
    }
    func changed(_ change: @escaping @Sendable (TranscriptEntry.Acknowledged) -> TranscriptEntry.Acknowledged?) throws -> CeremonyError? {
      try refused { body in
        guard case .acknowledged(let old) = body, let new = change(old) else { return body }
        return .acknowledged(new)
      }
    }
    let over = String(repeating: "0", count: 64)
    let digest = try changed {
      $0.means == .key ? nil : .init(step: $0.step, participant: "leader", means: .words, over: over, statement: nil, by: .people)
    }
    #expect(digest?.rule == .transcriptSteps && digest?.message.contains("another digest") == true)
    let means = try changed { .init(step: $0.step, participant: "auditor", means: .words, over: $0.over, statement: nil, by: .people) }
    #expect(means?.message.contains("acknowledges with key in the plan") == true)
    let another = try changed {
      $0.statement == nil
        ? nil : .init(step: $0.step, participant: "auditor", means: .key, over: $0.over, statement: ["content": [:]], by: .people)
    }
    #expect(another?.rule == .transcriptSteps && another?.message.contains("/statement") == true)
  }

  @Test("an acknowledgement of another run, and one by another key than the plan's, is refused")
  func acknowledgementKeys() throws {
    let (fixture, _) = try TranscriptFixture.performance()
    func signed(by signer: SoftwareSigner, run: String) throws -> CeremonyError? {
      try refused(fixture) { body in
        guard case .acknowledged(let old) = body, old.means == .key else { return body }
        var draft = StatementDraft(
          format: TranscriptAcknowledgement.format,
          content: TranscriptAcknowledgement.content(run: run, step: old.step, participant: old.participant, over: old.over))
        guard let signature = try? signer.signature("witness", of: draft), (try? draft.add(signature)) != nil else { return nil }
        let value = try? CanonicalJSON.parse(draft.encoded())
        return .acknowledged(
          .init(step: old.step, participant: old.participant, means: .key, over: old.over, statement: value, by: .people))
      }
    }
    let run = try signed(by: TranscriptFixture.auditorKey, run: String(repeating: "0d", count: 16))
    #expect(run?.rule == .transcriptSteps && run?.message.contains("another run") == true, "\(run?.message ?? "")")
    let key = try signed(by: .ed25519(), run: fixture.run)
    #expect(key?.rule == .transcriptSteps && key?.message.contains("the plan names") == true, "\(key?.message ?? "")")
  }

  @Test("a step without what the plan demands of it is refused")
  func demands() throws {
    #expect(try left { $0.kind == .fileWritten }?.message.contains("did not write the output proof") == true)
    #expect(try left { $0.kind == .fileRead }?.message.contains("did not read the input statement") == true)
    #expect(try left { $0.kind == .pinShared }?.message.contains("nothing was shared") == true)
    for (question, part) in [("bag/auditor", "not confirmed"), ("bag/auditor/number", "number was not"), ("read/auditor", "not typed")] {
      let error = try left { if case .asked(let asked) = $0 { asked.question == question } else { false } }
      #expect(error?.rule == .transcriptSteps && error?.message.contains(part) == true, "\(error?.message ?? "")")
    }
    let step = try refused { body in
      if case .finished = body { return .finished(.init(steps: 7)) }
      return body.step == "read" ? nil : body
    }
    #expect(step?.message.contains("the step sign begins, and the step read comes next") == true, "\(step?.message ?? "")")
    let last = try refused { body in
      if case .finished = body { return .finished(.init(steps: 7)) }
      return body.step == "sign" ? nil : body
    }
    #expect(last?.message.contains("finished after 7 steps") == true)
    let action = try refused { body in
      guard case .stepBegun(let begun) = body, begun.step == "key" else { return body }
      return .stepBegun(.init(step: "key", action: "destroy-key", attempt: 1, intent: [:]))
    }
    #expect(action?.message.contains("is generate-key in the plan") == true)
    let file = try refused { body in
      guard case .fileWritten(let old) = body, old.name == "proof" else { return body }
      return .fileWritten(.init(step: old.step, name: "proof", file: "other", size: 1, sha256: old.sha256))
    }
    #expect(file?.message.contains("is the file ceremony.proof in the plan") == true)
  }

  @Test("interruptions, failed attempts and a clock that went back are told")
  func observations() throws {
    var fixture = TranscriptFixture()
    fixture.insert = { body in
      guard case .stepDone(let done) = body, done.step == "key" else { return [] }
      let begun = { (attempt: Int) in Body.stepBegun(.init(step: "key", action: "generate-key", attempt: attempt, intent: [:])) }
      return [
        .stepFailed(.init(step: "key", code: "CKR_DEVICE_ERROR", rule: nil, message: "the token had hiccups")), begun(2),
        .resumed(
          .init(
            after: 14, removedOctets: 12, removedSHA256: String(repeating: "0", count: 64), answers: .people,
            tool: .init(version: "0.1.1", sha256: TranscriptFixture.tool.sha256), siteSHA256: nil)), begun(3),
      ]
    }
    let verified = try fixture.verify(try fixture.bytes())
    #expect(verified.observations.map(\.kind) == [.failure, .interruption, .tool])
    #expect(verified.observations[0].text.contains("hiccups"))
    #expect(verified.observations[1].text.contains("in the step key") && verified.observations[1].text.contains("12 bytes"))
    #expect(verified.history.step("key")?.attempts.count == 3)

    let lines = [0, 5, 4].enumerated().map { index, seconds in
      TranscriptLine(
        entry: .init(number: index, previous: "", time: TranscriptFixture.start + seconds, body: .noted(.init(step: nil, text: ""))),
        sha256: "")
    }
    #expect(TranscriptObserver.observations(lines).map(\.kind) == [.clock])
  }

  @Test("a file beside the transcript that is another, or is not there, is refused (CEREMONY-FILE-DIGEST)")
  func files() throws {
    let folder = try TemporaryFolder()
    let fixture = TranscriptFixture()
    let bytes = try fixture.bytes()
    var demands = VerifiedTranscript.Demands()
    demands.folder = folder.path
    func rule() -> String? { refusal { _ = try fixture.verify(bytes, demands) }?.rule.rawValue }
    try folder.write(fixture.proof, to: "ceremony.proof")
    #expect(rule() == "CEREMONY-FILE-DIGEST")
    try folder.write([4, 5], to: "statement.sig")
    try folder.write([1], to: "stranger")
    let verified = try fixture.verify(bytes, demands)
    #expect(verified.filesCompared == ["ceremony.proof", "statement.sig"])
    #expect(verified.observations.map(\.kind) == [.file] && verified.observations.first?.text.contains("stranger") == true)
    // What the tool itself has written beside a rehearsal is no stranger.
    try FileManager.default.removeItem(atPath: folder.path("stranger"))
    try folder.write([1], to: "performed-by")
    #expect(try fixture.verify(bytes, demands).observations.isEmpty)
    try folder.write([4, 6], to: "statement.sig")
    #expect(rule() == "CEREMONY-FILE-DIGEST")
    try folder.write([4, 5, 6], to: "statement.sig")
    #expect(rule() == "CEREMONY-FILE-DIGEST")
  }

  @Test("where the performance made something else than the rehearsal is told with its place")
  func comparison() throws {
    let (fixture, rehearsal) = try TranscriptFixture.performance()
    var changed = fixture
    changed.change = { body in
      guard case .stepDone(let done) = body, done.step == "key" else { return body }
      return .stepDone(
        .init(
          step: "key", result: done.result, comparable: ["algorithm": "ecdsa-p384", "rules": ["KEY-SENSITIVE"], "more/": 1], calls: [:],
          milliseconds: 1))
    }
    var demands = VerifiedTranscript.Demands()
    demands.rehearsal = rehearsal
    let differences = try changed.verify(try changed.bytes(), demands).differences ?? []
    #expect(
      differences == [
        .init(step: "key", pointer: "/algorithm", rehearsed: "ecdsa-p256", performed: "ecdsa-p384"),
        .init(step: "key", pointer: "/more~1", rehearsed: nil, performed: 1),
        .init(step: "key", pointer: "/rules/1", rehearsed: "KEY-LOCAL", performed: nil),
      ])
    #expect(
      TranscriptComparison.differences("key", rehearsed: ["a": 1], performed: ["a": 2]).map(\.pointer) == ["/a"])
  }

  @Test("one name of a key is one key in all steps (CEREMONY-TRANSCRIPT-STEPS)")
  func exchangedKey() throws {
    let error = try refused { body in
      guard case .stepDone(let done) = body, done.step == "sign" else { return body }
      return .stepDone(
        .init(
          step: done.step, result: ["public-key-sha256": .string(String(repeating: "0", count: 64))], comparable: [:], calls: [:],
          milliseconds: 1))
    }
    #expect(error?.rule == .transcriptSteps && error?.message.contains("in a step before") == true)
  }

  @Test("an acknowledgement of an attempt that came to nothing is none of the next one (CEREMONY-TRANSCRIPT-STEPS)")
  func earlierAttempt() throws {
    var fixture = TranscriptFixture()
    fixture.insert = { body in
      guard case .stepDone(let done) = body, done.step == "agree" else { return [] }
      return [
        .stepFailed(.init(step: "agree", code: "stopped", rule: nil, message: "somebody was not here")),
        .stepBegun(.init(step: "agree", action: "gate", attempt: 2, intent: [:])),
      ]
    }
    let error = try refused(fixture)
    #expect(error?.rule == .transcriptSteps && error?.message.contains("has not acknowledged") == true)
  }

  @Test("of a key that is destroyed and made anew, the last one counts")
  func madeAnew() throws {
    func done(_ step: String, _ digest: String) -> Body {
      .stepDone(.init(step: step, result: ["public-key-sha256": .string(digest)], comparable: [:], calls: [:], milliseconds: 1))
    }
    let plan = try CeremonyPlan(reading: Array(Self.madeAnewPlan.utf8), file: "plan.yaml")
    var fixture = TranscriptFixture()
    fixture.run = String(repeating: "0c", count: 16)
    var entries: [Body] = []
    for (step, action, digest) in [("one", "generate-key", "aa"), ("gone", "destroy-key", "aa"), ("two", "generate-key", "bb")] {
      entries += [.stepBegun(.init(step: step, action: action, attempt: 1, intent: [:])), done(step, String(repeating: digest, count: 32))]
    }
    let opened = try fixture.opened()
    let first = TranscriptEntry(number: 0, previous: TranscriptEntry.noPrevious, time: TranscriptFixture.start, body: .opened(opened))
    var history = try TranscriptHistory(first: first, sha256: "")
    #expect(history.publicKeySHA256(of: plan.ceremonyKey, in: plan) == nil)
    for (index, body) in entries.enumerated() {
      try history.add(TranscriptEntry(number: index + 1, previous: "", time: TranscriptFixture.start, body: body), sha256: "")
    }
    #expect(history.publicKeySHA256(of: plan.ceremonyKey, in: plan) == String(repeating: "bb", count: 32))
  }

  private static let madeAnewPlan = """
    format: hsmkey-ceremony-plan/1
    name: twice
    title: A key that is made anew
    participants: { leader: { name: Leena Leader, role: leader, acknowledges-with: words } }
    tokens: { main: { label: payroll, user-pin: user } }
    pins: { user: { from: site } }
    ceremony-key: { token: main, key: k }
    steps:
      - { id: agree, action: gate, actor: leader, text: We begin., participants: [leader] }
      - { id: one, action: generate-key, actor: leader, token: main, key: k, algorithm: ecdsa-p256, policy: non-exportable-signing }
      - { id: gone, action: destroy-key, actor: leader, token: main, key: k }
      - { id: two, action: generate-key, actor: leader, token: main, key: k, algorithm: ecdsa-p256, policy: non-exportable-signing }

    """
}
