import Foundation
import TestSupport
import Testing

@testable import Campaign

/// People who err at the terminal, who are not there, and who stop.
@Suite(
  "Ceremonies with people who err", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct PeopleRefusalTests {
  @Test("CEREMONY-WORDS, CEREMONY-PARTICIPANT, CEREMONY-STOPPED: three mistakes end a run, one does not; it goes on, and tells of it")
  func mistakes() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      /// One run, in which some answers are others.
      func attend(_ code: Int, _ rule: String, _ instead: @escaping (CeremonyPeople.Asked) -> String?) async throws {
        let people = try CeremonyPeople()
        people.instead = instead
        let child = try people.begin(place)
        let ended = try await people.attend(child)
        #expect(ended == code)
        let shown = CeremonyPeople.plain(people.terminal.shown)
        #expect(rule.isEmpty || shown.replacing("\n", with: "").contains("[\(rule)]"), "\(shown.suffix(1500))")
      }
      // The leader errs once and the officer three times.
      var wrongWords = 0
      var wrongPINs = 0
      try await attend(2, "CEREMONY-PARTICIPANT") { asked in
        if asked.prompt.contains("words: "), wrongWords < 1 {
          wrongWords += 1
          return "acme acme acme acme"
        }
        guard asked.prompt.hasSuffix(" PIN: "), !asked.prompt.contains("New") else { return nil }
        wrongPINs += 1
        return "another-pin"
      }
      #expect(wrongWords == 1 && wrongPINs == 3)
      // Words that were read wrong three times, at the same gate.
      var words = 0
      try await attend(2, "CEREMONY-WORDS") { asked in
        guard asked.prompt.contains("words: ") else { return nil }
        words += 1
        return "acme acme acme acme"
      }
      #expect(words == 3)
      try await attend(2, "CEREMONY-PARTICIPANT") { $0.prompt.contains("words: ") ? "absent" : nil }
      // Nothing and Enter: the officer is not here.
      try await attend(2, "CEREMONY-PARTICIPANT") { $0.prompt.hasSuffix("  PIN: ") ? "" : nil }
      try await attend(2, "CEREMONY-STOPPED") { $0.screen.contains("Number in the archive") ? "stop" : nil }
      try await attend(0, "") { _ in nil }

      #expect(try place.failedSteps() == ["agree": "CEREMONY-PARTICIPANT", "file": "CEREMONY-STOPPED"])
      let rules = try place.transcript().filter { $0["kind"] as? String == "step-failed" }.compactMap { $0["rule"] as? String }
      #expect(rules == ["PARTICIPANT", "WORDS", "PARTICIPANT", "PARTICIPANT", "STOPPED"].map { "CEREMONY-\($0)" })
      let report = try JSON(
        parsing: try await place.succeeds(["ceremony", "verify", "performance", "--rehearsal", "rehearsal", "--json"]))
      let kinds = report["observations"].list.compactMap { $0["kind"].string }
      #expect(kinds.filter { $0 == "failure" }.count == 5 && kinds.filter { $0 == "interruption" }.count == 5)
      #expect(report["answers"].string == "people")
    }
  }
}
