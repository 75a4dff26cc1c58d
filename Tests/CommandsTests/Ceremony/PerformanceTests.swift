import Campaign
import Foundation
import TestSupport
import Testing

/// Each example, performed by people at a terminal.
@Suite(
  "Ceremonies: the examples, rehearsed and performed", .serialized, .timeLimit(.minutes(20)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct PerformanceTests {
  @Test("people at a terminal perform it, and the transcript verifies", arguments: CeremonyExample.allCases)
  func atTerminal(example: CeremonyExample) async throws {
    try await CeremonyGround.with(example) { ground in
      let place = try await ground.place()
      let people = try CeremonyPeople()
      people.instead = { asked in
        // The vendor's tool copies the token while the ceremony waits.
        if asked.screen.contains("Replicate the token") {
          try await place.replicate(cards: ["first", "second"].compactMap { people.cards[$0] })
        }
        return nil
      }
      let child = try people.terminal.start(
        CeremonyPlace.program,
        ["ceremony", "perform", place.path("plan.yaml"), "--site", place.path("site.yaml"), "--rehearsal", place.path("rehearsal")],
        environment: place.environment)
      let code = try await people.attend(child)
      #expect(code == 0, "\(CeremonyPeople.plain(people.terminal.shown).suffix(3000))")
      let report = try JSON(
        parsing: try await place.succeeds([
          "ceremony", "verify", "performance", "--rehearsal", "rehearsal", "--plan", "plan.yaml", "--json",
        ]))
      #expect(report["mode"].string == "performance")
    }
  }
}
