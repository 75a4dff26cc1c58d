import Foundation
import KeyCeremony
import KeyEvidence
import Secrets
import Synchronization
import TestSupport
import Testing

@testable import Commands

@Suite("A ceremony without people")
struct PreparedRoomTests {
  private let plan: CeremonyPlan
  private let person: Participant

  init() throws {
    let file = OfficialMaterial.projectFolder.appending(path: "docs/ceremonies/root-key.yaml")
    plan = try CeremonyPlan(reading: Array(try Data(contentsOf: file)), file: "root-key.yaml")
    person = plan.participants[1]
  }

  private func question(_ id: String, _ kind: CeremonyQuestion.Kind) -> CeremonyQuestion {
    CeremonyQuestion(id: id, participant: person, kind: kind, text: "What is asked")
  }

  private func room(_ answers: [String: String]) -> PreparedRoom { PreparedRoom(plan: plan, answers: { answers[$0] }, tell: { _ in }) }

  @Test("answers as prepared, and words as shown")
  func answers() async throws {
    let room = room(["a": "A-17", "b": "yes", "c": "as-shown", "d": "654321", "e": "absent"])
    #expect(!room.isAttended)
    #expect(try await room.ask(question("a", .text)) == "A-17")
    #expect(try await room.ask(question("b", .confirmation)) == "yes")
    let words = FingerprintWords.words(for: plan.sha256)
    #expect(
      try await room.ask(question("c", .words(digest: plan.sha256, places: [3, 32]))) == "\(words[2]) \(words[31])")
    #expect(try await room.askSecretly(question("d", .newPIN)).count == 6)
    #expect(try await room.askSecretly(question("e", .share)).count == 0)
  }

  @Test("gives the share that was shown to this person for this PIN, and no other")
  func share() async throws {
    let custodian = person.id
    let room = room([
      "share/\(custodian)/card": "yes", "share/\(custodian)/share": "as-shown", "combine/root-user/\(custodian)/share": "as-shown",
      "combine/other/\(custodian)/share": "as-shown",
    ])
    let share = HeldSecret(SecretBytes(copying: Array("ABCD1 EFGH2".utf8)))
    try await room.showSecretly(share, question("share/\(custodian)/card", .shareCard))
    #expect(try await room.askSecretly(question("share/\(custodian)/share", .share)) === share)
    #expect(try await room.askSecretly(question("combine/root-user/\(custodian)/share", .share)) === share)
    let error = try await #require(throws: CeremonyError.self) {
      _ = try await room.askSecretly(question("combine/other/\(custodian)/share", .share))
    }
    #expect(error.rule == .answersFile)
  }

  @Test("CEREMONY-ANSWERS-FILE: names the question that nothing is prepared for, and what is no answer to it")
  func missing() async throws {
    let room = room(["b": "no"])
    for (id, kind) in [("a", CeremonyQuestion.Kind.text), ("b", .confirmation)] {
      let error = try await #require(throws: CeremonyError.self) { _ = try await room.ask(question(id, kind)) }
      #expect(error.rule == .answersFile)
      #expect("\(error)".contains("ask \(id)"))
    }
  }

  @Test("CEREMONY-STOPPED: stop is an answer, too")
  func stopped() async throws {
    let error = try await #require(throws: CeremonyError.self) { _ = try await room(["a": "stop"]).ask(question("a", .text)) }
    #expect(error.rule == .stopped)
  }

  @Test("events are a line of JSON each, without answers and secrets")
  func events() async throws {
    let written = Mutex<[UInt8]>([])
    let inner = room(["a": "A-17", "d": "654321", "g": "yes"])
    let room = EventRoom(inner) { line in written.withLock { $0 += line } }
    try await room.show(
      CeremonyScene(.step, step: "agree", position: .init(number: 3, count: 11), title: "A gate", lines: ["one"], digest: plan.sha256))
    _ = try await room.ask(question("a", .text))
    _ = try await room.askSecretly(question("d", .newPIN))
    try await room.showSecretly(HeldSecret(SecretBytes(copying: Array("ABCD1".utf8))), question("g", .shareCard))
    let text = String(decoding: written.withLock { $0 }, as: UTF8.self)
    let events = try text.split(separator: "\n").map { try JSON(parsing: "\($0)\n") }
    #expect(events.map { $0["event"].string } == ["step", "question", "answered", "question", "answered", "question", "answered"])
    #expect(events[0].keys == ["event", "step", "number", "count", "title", "lines", "sha256"])
    #expect(events[0]["number"].number == 3 && events[0]["sha256"].string == plan.sha256.hexadecimal)
    #expect(events[1].keys == ["event", "question", "participant", "kind", "is-secret", "text"])
    #expect(events[3]["kind"].string == "new-pin" && events[3]["is-secret"].bool == true)
    for secret in ["A-17", "654321", "ABCD1"] { #expect(!text.contains(secret)) }
  }
}
