import Foundation
import TestSupport
import Testing

@testable import Campaign

@Suite(
  "Ceremonies where a new PIN is mistyped", .timeLimit(.minutes(5)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct MistypedPINTests {
  @Test("a new token PIN that is typed differently the second time, or is too short, is asked for again and ends nothing")
  func askedAgain() async throws {
    try await CeremonyGround.with(.rootKey) { ground in
      let place = try await ground.place()
      let site = try String(contentsOfFile: place.path("site.yaml"), encoding: .utf8)
      try place.write(site.replacing("root-officer: 'file:officer-pin'", with: "root-officer: prompt"), to: "site.yaml")
      let people = try CeremonyPeople()
      // Too short, then two that differ, then the right one.
      var typed = ["99", "99", "90817263", "90817264", "90817263", "90817263"]
      people.instead = { asked in
        if asked.prompt.contains("New security officer PIN for token root") { return typed.isEmpty ? "?" : typed.removeFirst() }
        return asked.screen.contains("Type these words as you heard them") ? "stop" : nil
      }
      let ended = try await people.attend(try people.begin(place))
      #expect(ended == 2, "\(CeremonyPeople.plain(people.terminal.shown).suffix(2000))")
      #expect(typed.isEmpty)
      let entries = try place.transcript()
      let begun = entries.filter { $0["kind"] as? String == "step-begun" && $0["step"] as? String == "initialise" }
      let notes = entries.compactMap { $0["kind"] as? String == "noted" ? $0["text"] as? String : nil }
      #expect(begun.count == 1)
      #expect(notes.filter { $0.hasPrefix("a new PIN was typed wrongly") }.count == 2, "\(notes)")
      #expect(try place.failedSteps() == ["compare": "CEREMONY-STOPPED"])
    }
  }
}
