import Foundation
import KeyEvidence
import TestSupport
import Testing

@testable import KeyCeremony

@Suite("Entries of a transcript")
struct TranscriptEntryTests {
  private static let digest = String(repeating: "cd", count: 32)
  private static let file = TranscriptEntry.FileRecord(step: "s", name: "proof", file: "ä.proof", size: 7, sha256: digest)

  /// One of each kind, and of each kind that has choices one with the other choice.
  private static let bodies: [TranscriptEntry.Body] = {
    let opened = try? TranscriptFixture().opened()
    var performance = TranscriptFixture()
    performance.mode = .performance
    performance.approval = .init(run: String(repeating: "0c", count: 16), sealSHA256: digest)
    let performed = try? performance.opened()
    return [opened, performed].compactMap { $0.map(TranscriptEntry.Body.opened) } + [
      .resumed(
        .init(after: 3, removedOctets: 0, removedSHA256: nil, answers: .prepared, tool: TranscriptFixture.tool, siteSHA256: nil)),
      .resumed(
        .init(after: 3, removedOctets: 17, removedSHA256: digest, answers: .people, tool: TranscriptFixture.tool, siteSHA256: digest)),
      .stepBegun(.init(step: "s", action: "generate-key", attempt: 2, intent: ["cka-id": "00ff", "before": ["a", 1, .null]])),
      .stepDone(.init(step: "s", result: ["x": "y"], comparable: ["z": [true]], calls: ["C_Sign": 2], milliseconds: 0)),
      .stepFailed(.init(step: "s", code: "CKR_PIN_INCORRECT", rule: nil, message: "the PIN\nis wrong")),
      .stepFailed(.init(step: "s", code: "rule-refused", rule: "CEREMONY-WORDS", message: "")),
      .asked(.init(step: "s", question: "s/leader", participant: "leader", text: "Säg?", answer: nil, by: .people)),
      .asked(.init(step: "s", question: "s/leader/x", participant: "leader", text: "?", answer: "A-17\u{1B}[2J", by: .prepared)),
      .fileRead(file), .fileWritten(file),
      .acknowledged(.init(step: "end", participant: "leader", means: .pin, over: digest, statement: nil, by: .people)),
      .acknowledged(.init(step: "g", participant: "leader", means: .key, over: digest, statement: ["content": [:]], by: .people)),
      .pinShared(.init(step: "s", pin: "officer", set: "00ff", threshold: 2, shares: ["leader": .init(index: 1, sha256: digest)])),
      .serial(.init(step: "s", token: "main", serial: "5a1c")), .noted(.init(step: nil, text: "x")), .noted(.init(step: "s", text: "")),
      .finished(.init(steps: 4)), .sealed(.init(statement: ["content": [:]])),
    ]
  }()

  @Test("each kind is read as it was written, and there is no kind that was not tried")
  func roundTrip() throws {
    for body in Self.bodies {
      let entry = TranscriptEntry(number: 7, previous: Self.digest, time: TranscriptFixture.start, body: body)
      #expect(try TranscriptEntry(line: entry.line) == entry)
    }
    #expect(Set(Self.bodies.map(\.kind)) == Set(TranscriptEntry.Kind.allCases))
  }

  @Test("a member that is missing, one that is not known, and one of another type is refused, in each kind")
  func members() throws {
    for body in Self.bodies {
      let entry = TranscriptEntry(number: 7, previous: Self.digest, time: TranscriptFixture.start, body: body)
      guard case .object(let members) = try CanonicalJSON.parse(entry.line) else { continue }
      func isRefused(_ change: (inout [String: JSONValue]) -> Void) -> Bool {
        var changed = members
        change(&changed)
        return (try? TranscriptEntry(line: CanonicalJSON.encode(.object(changed)))) == nil
      }
      #expect(isRefused { $0["more"] = 1 }, "\(entry.kind)")
      for name in members.keys {
        #expect(isRefused { $0[name] = nil }, "\(entry.kind): \(name) is missing")
        #expect(isRefused { $0[name] = [.bool(true)] }, "\(entry.kind): \(name) is an array")
      }
    }
  }

  @Test("a kind that is not known, and bytes that are not canonical, are refused with the line (CEREMONY-TRANSCRIPT-FILE)")
  func file() throws {
    let lines = try TranscriptFixture().lines()
    func refused(_ change: (String) -> String) -> CeremonyError? {
      var changed = lines
      changed[2] = Array(change(String(decoding: lines[2], as: UTF8.self)).utf8)
      return refusal { _ = try TranscriptReader(TranscriptFixture.joined(changed)) }
    }
    let kind = refused { $0.replacing("\"kind\":\"acknowledged\"", with: "\"kind\":\"believed\"") }
    #expect(kind?.rule.rawValue == "CEREMONY-TRANSCRIPT-FILE" && kind?.message.hasPrefix("line 3: at /kind") == true)
    let space = refused { $0.replacing("\":", with: "\": ") }
    #expect(space?.rule == .transcriptFile && space?.message.contains("white space") == true)
    #expect(refused { _ in "" }?.message.hasPrefix("line 3: ") == true)
    #expect(refused { $0 + "\r" }?.rule == .transcriptFile)
    #expect(refused { $0.replacing("Z\"", with: ".5Z\"") }?.rule == .transcriptFile)
    let long = refused { _ in String(repeating: "x", count: TranscriptEntry.maximumLineSize + 1) }
    #expect(long?.rule == .transcriptFile && long?.message.contains("1 MiB") == true)
    let large = refusal { _ = try TranscriptReader([UInt8](repeating: 0x0A, count: TranscriptReader.maximumSize + 1)) }
    #expect(large?.rule == .transcriptFile && large?.message.contains("64 MiB") == true)
    let version = refusal {
      var first = lines
      first[0] = Array(String(decoding: lines[0], as: UTF8.self).replacing("transcript/1", with: "transcript/2").utf8)
      _ = try TranscriptReader(TranscriptFixture.joined(first))
    }
    #expect(version?.rule == .transcriptFile && version?.hint?.contains("another version") == true)
  }
}
