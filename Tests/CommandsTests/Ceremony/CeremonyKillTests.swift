import Campaign
import Foundation
import TestSupport
import Testing

/// A few of the places where a performance can be cut off; `scripts/ceremony-campaign` takes all of them.
@Suite(
  "Ceremonies cut off anywhere go on from there", .serialized, .timeLimit(.minutes(30)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct CeremonyKillTests {
  @Test(
    "killed while a line of the transcript is written, it comes to the same end: no key twice, a transcript that verifies and tells",
    arguments: CeremonyExample.allCases)
  func killed(example: CeremonyExample) async throws {
    try await CeremonyGround.with(example) { ground in
      let lines = try await ground.places().filter { $0.place == "transcript" && $0.bytes > 0 }
      try #require(lines.count > 15)
      // The first line and the last, and some between them.
      let chosen = [lines[0]] + stride(from: 2, to: lines.count, by: max(lines.count / 6, 1)).map { lines[$0] } + [lines[lines.count - 1]]
      var struck = 0
      for (index, point) in chosen.enumerated() {
        let verdict = try await ground.carryOut(
          CeremonyAttack(place: point.description, action: ["tear", "kill", "kill-after"][index % 3]))
        #expect(verdict.findings.isEmpty, "\(example) \(verdict.attack): \(verdict.findings)")
        struck += verdict.hasStruck ? 1 : 0
      }
      #expect(struck * 4 >= chosen.count * 3)
    }
  }
}
