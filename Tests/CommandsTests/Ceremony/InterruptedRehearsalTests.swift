import Campaign
import Foundation
import TestSupport
import Testing

@Suite(
  "Rehearsals that did not come to their end",
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct InterruptedRehearsalTests {
  @Test("it approves nothing, its folder is taken, and the way out is another folder (CEREMONY-REHEARSED, CEREMONY-OUTPUT-NEW)")
  func anew() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      let path = URL(filePath: place.path("rehearsal/transcript.jsonl"))
      let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
      try Data((lines.dropLast(5).joined(separator: "\n") + "\n").utf8).write(to: path)

      let performed = try await place.tool(place.performance)
      #expect(performed.exitCode == 2 && performed.standardError.contains("[CEREMONY-REHEARSED]"), "\(performed)")
      #expect(performed.standardError.contains("rehearse again, into a new folder"))

      let rehearsed = try await place.tool(["ceremony", "rehearse", "plan.yaml", "--out", "rehearsal", "--answers", "answers.yaml"])
      #expect(rehearsed.exitCode == 2 && rehearsed.standardError.contains("already [CEREMONY-OUTPUT-NEW]"), "\(rehearsed)")
      #expect(rehearsed.standardError.contains("name a new folder"))
    }
  }
}
