import Foundation
import KeyEvidence
import TestSupport
import Testing

@testable import KeyCeremony

@Suite("A transcript that was tampered with is refused by name")
struct TranscriptTamperTests {
  private static let small = {
    var fixture = TranscriptFixture()
    fixture.isSmall = true
    return fixture
  }()
  private static let whole = TranscriptFixture()

  /// What refuses the lines of a whole transcript, changed.
  private func refused(_ lines: [[UInt8]], sourceLocation: SourceLocation = #_sourceLocation) -> CeremonyError? {
    let error = refusal { _ = try Self.whole.verify(TranscriptFixture.joined(lines)) }
    #expect(error != nil, "it was taken", sourceLocation: sourceLocation)
    return error
  }

  @Test("what is not tampered with is taken")
  func untouched() throws {
    #expect(try Self.small.verify(Self.small.bytes()).history.isSealed)
    let verified = try Self.whole.verify(Self.whole.bytes())
    #expect(verified.history.stepsDone == ["agree", "share", "init", "key", "proof", "bag", "read", "sign"])
    #expect(verified.keyGround == .transcript && verified.observations.isEmpty)
    #expect(verified.participantKeys == ["auditor": try TranscriptFixture.sha256(TranscriptFixture.auditorKey)])
  }

  @Test("each byte changed (CEREMONY-TRANSCRIPT-FILE, CEREMONY-TRANSCRIPT-CHAIN, CEREMONY-SEAL)", arguments: 0..<4)
  func bytes(part: Int) throws {
    let bytes = try Self.small.bytes()
    let plan = try Self.small.plan()
    for (index, byte) in bytes.enumerated() where index % 4 == part {
      for mask: UInt8 in [0x01, 0x20] {
        var changed = bytes
        changed[index] = byte ^ mask
        let error = refusal { _ = try VerifiedTranscript.verify(changed, .init()) { _ throws(CeremonyError) in plan } }
        let rules: [CeremonyRule] = [.transcriptFile, .transcriptChain, .seal, .transcriptWhole]
        guard let error, rules.contains(error.rule) else {
          Issue.record("byte \(index) ^ \(mask): \(error.map { "\($0)" } ?? "it was taken")")
          return
        }
      }
    }
  }

  @Test("each line left out, twice, or in the place of its neighbour (CEREMONY-TRANSCRIPT-CHAIN)")
  func lines() throws {
    let lines = try Self.whole.lines()
    for index in lines.indices {
      var without = lines
      without.remove(at: index)
      let left = refused(without)
      #expect(left?.rule == (index == lines.count - 1 ? .transcriptWhole : .transcriptChain), "line \(index + 1)")
      if index < lines.count - 1 { #expect(left?.message.contains("entry \(index) was left out") == true, "\(left?.message ?? "")") }
      let twice = refused(Array(lines[...index] + lines[index...]))
      #expect(twice?.rule.rawValue == "CEREMONY-TRANSCRIPT-CHAIN" && twice?.message.contains("twice") == true, "\(twice?.message ?? "")")
      guard index + 1 < lines.count else { continue }
      var swapped = lines
      swapped.swapAt(index, index + 1)
      let moved = refused(swapped)
      #expect(moved?.rule == .transcriptChain && moved?.message.contains("order") == true, "line \(index + 1): \(moved?.message ?? "")")
      #expect(moved?.message.hasPrefix("line \(index + 1): ") == true)
    }
  }

  @Test("cut off after each line, and within each line (CEREMONY-TRANSCRIPT-WHOLE)")
  func prefixes() throws {
    let lines = try Self.whole.lines()
    for count in 0..<lines.count {
      let error = refused(Array(lines.prefix(count)))
      #expect(error?.rule.rawValue == "CEREMONY-TRANSCRIPT-WHOLE", "\(count) lines: \(error.map { "\($0)" } ?? "")")
      let part = TranscriptFixture.joined(Array(lines.prefix(count))) + lines[count].prefix(lines[count].count / 2)
      let within = refusal { _ = try Self.whole.verify(part) }
      #expect(within?.rule == .transcriptWhole, "within line \(count + 1)")
    }
    let bytes = try Self.small.bytes()
    for length in stride(from: 0, to: bytes.count, by: 61) {
      #expect(refusal { _ = try Self.small.verify(Array(bytes.prefix(length))) }?.rule == .transcriptWhole, "\(length) bytes")
    }
    let lacking = refusal { _ = try Self.small.verify(bytes.dropLast()) }
    #expect(lacking?.rule == .transcriptWhole && lacking?.message.contains("within line") == true)
  }

  @Test("two runs spliced together at each line (CEREMONY-TRANSCRIPT-CHAIN)")
  func spliced() throws {
    var other = Self.whole
    other.run = String(repeating: "0b", count: 16)
    let (ours, theirs) = (try Self.whole.lines(), try other.lines())
    for index in 1..<ours.count {
      let error = refused(Array(ours[..<index] + theirs[index...]))
      #expect(
        error?.rule == .transcriptChain && error?.message.contains("two runs are spliced together") == true, "\(error?.message ?? "")")
      #expect(error?.message.hasPrefix("line \(index + 1): ") == true)
      #expect(error?.message.contains(other.run) == true)
    }
    // A piece of another run in the middle.
    for index in 2..<(ours.count - 4) {
      let error = refused(Array(ours[..<index] + theirs[index..<(index + 2)] + ours[(index + 2)...]))
      #expect(error?.rule == .transcriptChain && error?.message.contains("spliced") == true, "line \(index + 1): \(error?.message ?? "")")
    }
    let both = refused(ours + theirs)
    #expect(both?.rule == .transcriptChain && both?.message.contains("two runs") == true)
  }

  @Test("a line that was put in, and a number that was edited (CEREMONY-TRANSCRIPT-CHAIN)")
  func putIn() throws {
    let lines = try Self.whole.lines()
    for index in 1..<lines.count {
      let note = TranscriptEntry(
        number: index, previous: EvidenceText.sha256(lines[index - 1]), time: TranscriptFixture.start,
        body: .noted(.init(step: nil, text: "All was well.")))
      let error = refused(lines[..<index] + [note.line] + lines[index...])
      #expect(error?.rule == .transcriptChain && error?.message.contains("put in") == true, "line \(index): \(error?.message ?? "")")
    }
    for index in lines.indices {
      var edited = lines
      let text = String(decoding: edited[index], as: UTF8.self)
      edited[index] = Array(text.replacing("\"entry\":\(index),", with: "\"entry\":\(index + 1),").utf8)
      let error = refused(edited)
      #expect(error?.rule == .transcriptChain && error?.message.contains("number was edited") == true, "\(error?.message ?? "")")
    }
  }

  @Test("lines that were written anew behind an edited one are refused by the seal (CEREMONY-SEAL)")
  func rewritten() throws {
    var edited = TranscriptFixture()
    edited.change = { body in
      guard case .asked(let asked) = body, asked.answer == "A-17" else { return body }
      return .asked(
        .init(step: asked.step, question: asked.question, participant: asked.participant, text: asked.text, answer: "A-18", by: asked.by))
    }
    let (ours, theirs) = (try Self.whole.lines(), try edited.lines())
    guard let last = try? TranscriptEntry(line: try #require(ours.last)), let before = theirs.dropLast().last else { return }
    // The chain fits up to the seal, which is the other transcript's.
    let seal = TranscriptEntry(number: last.number, previous: EvidenceText.sha256(before), time: last.time, body: last.body)
    let error = refused(theirs.dropLast() + [seal.line])
    #expect(error?.rule.rawValue == "CEREMONY-SEAL" && error?.message.contains("head") == true, "\(error?.message ?? "")")
  }
}
