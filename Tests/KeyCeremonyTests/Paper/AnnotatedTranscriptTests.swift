import Foundation
import KeyEvidence
import TestSupport
import Testing

@testable import KeyCeremony

@Suite("The transcript of a ceremony on paper", .serialized)
struct AnnotatedTranscriptTests {
  private static func page(_ fixture: TranscriptFixture, rehearsal: TranscriptFixture? = nil) throws -> String {
    try AnnotatedTranscript(
      try fixture.plan(), try TranscriptReader(try fixture.bytes()), rehearsal: try rehearsal.map { try TranscriptReader(try $0.bytes()) }
    ).html()
  }

  /// How many entries stand before the interruption: those before the end of the step `proof`, and two more.
  private static func interruption() throws -> Int {
    let lines = try TranscriptReader(try TranscriptFixture().bytes()).lines
    let end = try #require(
      lines.firstIndex { line in
        guard case .stepDone(let done) = line.entry.body else { return false }
        return done.step == "proof"
      })
    return end + 2
  }

  /// One with everything that can happen.
  static func eventful() throws -> TranscriptFixture {
    var fixture = TranscriptFixture()
    let before = try interruption()
    fixture.mode = .performance
    fixture.approval = .init(run: String(repeating: "0a", count: 16), sealSHA256: String(repeating: "cd", count: 32))
    fixture.insert = { body in
      guard case .stepDone(let done) = body, done.step == "proof" else { return [] }
      return [
        .stepFailed(.init(step: "proof", code: "CKR_DEVICE_ERROR", rule: nil, message: "the token <b>does not</b> answer")),
        .stepBegun(.init(step: "proof", action: "prove-key", attempt: 2, intent: [:])),
        .resumed(
          .init(
            after: before, removedOctets: 17, removedSHA256: String(repeating: "ee", count: 32), answers: .people,
            tool: TranscriptFixture.tool,
            siteSHA256: nil)),
        .asked(.init(step: "start", question: "start/officer", participant: "officer", text: "Choose", answer: nil, by: .people)),
        .stepBegun(.init(step: "proof", action: "prove-key", attempt: 3, intent: [:])),
        .noted(.init(step: "proof", text: "The key was found; it is not made again.")),
        .serial(.init(step: "proof", token: "main", serial: "5a1c77")),
      ]
    }
    return fixture
  }

  @Test("each step with its answers, files, calls, shares; acknowledgements, seal, digests in words")
  func content() throws {
    let page = try Self.page(TranscriptFixture())
    for text in [
      "<strong><bdi>A-17</bdi></strong>", "aardvark adroitness absurd adviser", "<bdi>ceremony.proof</bdi></strong> (proof), 7 octets",
      "C_Sign",
      "shared, 2 of 2",
      "share 2: <bdi>Anna Auditor</bdi>", "Key of the ceremony",
      "all \(try TranscriptFixture().plan().steps.count) steps are done, and the transcript is sealed", "No interruption",
      "File read: <bdi>statement.pdf</bdi>", "rehearsal</span>",
    ] {
      #expect(page.contains(text), "\(text)")
    }
    let key = try #require([UInt8](hexadecimal: try TranscriptFixture.sha256(TranscriptFixture.ceremonyKey)))
    #expect(page.contains(PaperParts.words(key)))
    #expect(!page.contains("<script") && !page.contains("href=") && !page.contains("src=") && !page.contains("url("))
  }

  @Test("interruptions, failed attempts, torn lines, notes, answers of a file are told at the top and at their step")
  func events() throws {
    var fixture = try Self.eventful()
    let page = try Self.page(fixture)
    for text in [
      "Interrupted after line \(try Self.interruption()), in the step proof", "A last line that was not whole (17 octets)",
      "An attempt at the step proof failed",
      "the token &lt;b&gt;does not&lt;/b&gt; answer", "begun again, attempt 3", "The key was found; it is not made again.",
      "has the serial number <strong><bdi>5a1c77</bdi>", "It came to its end", "Before the first step, and after each interruption",
    ] {
      #expect(page.contains(text), "\(text)")
    }
    #expect(!page.contains("No interruption") && !page.contains("from a file of prepared answers"))
    fixture.answers = .prepared
    #expect(try Self.page(fixture).contains("answers came from a file of prepared answers, not from people"))
  }

  @Test("what differs from the rehearsal is told; a transcript that ends early says so")
  func differences() throws {
    var performance = try Self.eventful()
    #expect(try Self.page(performance, rehearsal: TranscriptFixture()).contains("it is what was rehearsed"))
    performance.change = { body in
      guard case .stepDone(let done) = body, done.step == "key" else { return body }
      return .stepDone(
        .init(
          step: done.step, result: done.result, comparable: ["algorithm": "ecdsa-p384"], calls: done.calls, milliseconds: done.milliseconds)
      )
    }
    let page = try Self.page(performance, rehearsal: TranscriptFixture())
    #expect(page.contains("Not as rehearsed") && page.contains("<bdi>/algorithm</bdi>: <bdi>ecdsa-p256"))
    let fixture = TranscriptFixture()
    let lines = try fixture.lines()
    let early = try AnnotatedTranscript(
      try fixture.plan(), try TranscriptReader(TranscriptFixture.joined(Array(lines.prefix(8))))
    ).html()
    #expect(early.contains("It has not come to its end") && early.contains("It was not begun") && early.contains("There is no seal"))
    let resealed = try AnnotatedTranscript(
      try fixture.plan(), try TranscriptReader(TranscriptFixture.joined(Array(lines.dropLast())))
    ).html()
    #expect(resealed.contains("There is no seal"))
  }

  @Test("the plan must be the transcript's: CEREMONY-PLAN-CHANGED; a transcript has a beginning: CEREMONY-TRANSCRIPT-WHOLE")
  func otherPlan() throws {
    let other = try ExamplePlan.plan("first-key")
    let changed = refusal { _ = try AnnotatedTranscript(other, try TranscriptReader(try TranscriptFixture().bytes())) }
    #expect(changed?.rule == .planChanged)
    #expect(refusal { _ = try AnnotatedTranscript(other, try TranscriptReader([])) }?.rule == .transcriptWhole)
  }

  @Test(
    "in Chromium: A4, both digests in QR codes, every step, nothing wider than a telephone",
    .enabled(if: PaperBrowser.isToRun, PaperBrowser.whySkipped))
  func browser() async throws {
    let fixture = try Self.eventful()
    // Signatures are random: one transcript for both.
    let transcript = try TranscriptReader(try fixture.bytes())
    let lines = transcript.lines
    let page = try AnnotatedTranscript(
      try fixture.plan(), transcript, rehearsal: try TranscriptReader(try TranscriptFixture().bytes())
    ).html()
    let paper = try await PaperBrowser(page, name: "transcript")
    #expect(paper.information.contains("(A4)"))
    let last = try #require(lines.last)
    let plan = EvidenceText.hexadecimal(try fixture.plan().sha256)
    #expect(
      Set(paper.codes) == [
        "hsmkey-ceremony-plan/1 sha256 \(plan)", "hsmkey-ceremony-transcript/1 lines \(lines.count) sha256 \(last.sha256)",
      ])
    #expect(paper.overflow == 0)
    #expect(paper.words.contains(last.sha256) && paper.words.contains("A-17"))
    for (number, sheet) in paper.sheets.enumerated() {
      #expect(sheet.filter { !$0.isWhitespace }.hasSuffix("\(number + 1)/\(paper.sheets.count)"))
    }
  }
}
