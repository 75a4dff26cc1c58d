import Crypto
import Foundation
import TestSupport
import Testing

@testable import Campaign

/// What keeps a performance from being begun, or from being gone on with.
@Suite(
  "Ceremonies that are not begun, and not gone on with", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct BeginningTests {
  @Test("another plan, tool, module or folder than was rehearsed and reviewed is refused, and the rehearsal is not spent by it")
  func beginning() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      let plan = try place.text("plan.yaml")
      try place.edit("plan.yaml") { $0 + "#" }
      try await place.refuses("CEREMONY-PLAN-CHANGED", hint: "rehearse it again")
      let told = try await place.refuses("CEREMONY-PLAN-CHANGED", 2, place.performance + ["--json"])
      #expect(told.code == "rule-refused")
      try place.write(plan, to: "plan.yaml")

      // The same program but for a byte after its end.
      try FileManager.default.copyItem(atPath: CeremonyPlace.program, toPath: place.path("hsmkey"))
      let handle = try FileHandle(forWritingTo: URL(filePath: place.path("hsmkey")))
      try handle.seekToEnd()
      try handle.write(contentsOf: [0])
      try handle.close()
      let other = try await run(place.path("hsmkey"), place.performance, environment: place.environment, in: place.folder.path)
      #expect(try Refusal(text: other, exitCode: 2, sourceLocation: #_sourceLocation).rule == "CEREMONY-TOOL-UNCHANGED")

      try place.edit("site.yaml", as: "module.yaml") { $0.replacing(/module-sha256: [0-9a-f]{4}/, with: "module-sha256: 0000") }
      try await place.refuses("MODULE-DIGEST", 2, place.performance(site: "module.yaml"), hint: "site file")
      #expect(!place.exists("performance"))

      try FileManager.default.createDirectory(atPath: place.path("performance"), withIntermediateDirectories: false)
      try place.write("somebody's", to: "performance/notes.txt")
      try await place.refuses("CEREMONY-OUTPUT-NEW", hint: "new folder")
      #expect(try place.text("performance/notes.txt") == "somebody's")
      try FileManager.default.removeItem(atPath: place.path("performance"))

      #expect(!place.exists("rehearsal/performed-by"))
      try await place.succeeds(place.performance)
    }
  }

  @Test("CEREMONY-REHEARSED: a rehearsal that is not there, did not come to its end, or is a performance")
  func rehearsed() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      try await place.refuses("CEREMONY-REHEARSED", 2, place.performance(rehearsal: "none"), hint: "hsmkey ceremony rehearse")
      let stop = try place.answers("agree/leader", "stop")
      let rehearsal = ["ceremony", "rehearse", "plan.yaml", "--out", "half", "--answers", stop]
      try await place.refuses("CEREMONY-STOPPED", 2, rehearsal, hint: "into a new folder")
      try await place.refuses("CEREMONY-OUTPUT-NEW", 2, rehearsal, hint: "not gone on with")
      try await place.refuses("CEREMONY-REHEARSED", 2, place.performance(rehearsal: "half"), hint: "rehearse again")
      try await place.refuses("CEREMONY-TRANSCRIPT-WHOLE", 6, ["ceremony", "verify", "half"], hint: "rehearse again")
      #expect(!place.exists("performance"))

      try await place.succeeds(place.performance)
      try place.edit("site.yaml", as: "second.yaml") { $0.replacing("output-folder: performance", with: "output-folder: second") }
      try await place.refuses("CEREMONY-REHEARSED", 2, place.performance(site: "second.yaml", rehearsal: "performance"))
      try await place.refuses(
        "CEREMONY-REHEARSED", 2, ["ceremony", "verify", "performance", "--rehearsal", "performance", "--accept-prepared-answers"])
      #expect(!place.exists("second"))
    }
  }

  @Test("CEREMONY-APPROVAL-ONCE and CEREMONY-RESUME: a run is gone on with by its own plan, rehearsal and site, until it is sealed")
  func resuming() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      let stop = try place.answers("agree/officer", "stop")
      try await place.refuses("CEREMONY-STOPPED", 2, place.performance(answers: stop), hint: "the same command goes on")

      // The rehearsal has approved that run, and no other.
      try place.edit("site.yaml", as: "second.yaml") { $0.replacing("output-folder: performance", with: "output-folder: second") }
      try await place.refuses("CEREMONY-APPROVAL-ONCE", 2, place.performance(site: "second.yaml"), hint: "rehearse again")
      #expect(!place.exists("second"))

      let before = try place.text("performance/transcript.jsonl")
      try await place.succeeds(["ceremony", "rehearse", "plan.yaml", "--out", "again", "--answers", "answers.yaml"])
      try await place.refuses("CEREMONY-RESUME", 2, place.performance(rehearsal: "again"), hint: "that it was begun with")
      try place.edit("site.yaml", as: "serial.yaml") { $0.replacing(/serial: \w{4}/, with: "serial: 0000") }
      try await place.refuses("CEREMONY-RESUME", 2, place.performance(site: "serial.yaml"), hint: "put the site file back")

      // The plan is changed by a byte, and rehearsed as it is now.
      let plan = try place.text("plan.yaml")
      try place.edit("plan.yaml") { $0 + "#" }
      try await place.refuses("CEREMONY-PLAN-CHANGED", hint: "rehearse it again")
      try place.write(try await place.succeeds(["ceremony", "check", "plan.yaml", "--print-answers"]), to: "changed.yaml")
      try await place.succeeds(["ceremony", "rehearse", "plan.yaml", "--out", "changed", "--answers", "changed.yaml"])
      let changed = place.performance(rehearsal: "changed", answers: "changed.yaml")
      try await place.refuses("CEREMONY-PLAN-CHANGED", 2, changed, hint: "the plan that was begun")
      try place.write(plan, to: "plan.yaml")
      #expect(try place.text("performance/transcript.jsonl") == before, "what is not gone on with is not touched")

      try await place.succeeds(place.performance)
      #expect(try await place.tool(place.performance).standardError.contains("complete and sealed already"))
      try await place.refuses("CEREMONY-APPROVAL-ONCE", 2, place.performance(site: "second.yaml"))
      #expect(try await place.findings(issuedBefore: 0, wasInterrupted: true) == [])
    }
  }

  @Test("CEREMONY-ONE-RUN: while people are at it nobody else is, and is told with 75 that it passes")
  func oneRun() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      let people = try CeremonyPeople()
      let child = try people.begin(place)
      var other: Refusal?
      people.instead = { asked in
        guard asked.prompt.contains("words: "), other == nil else { return nil }
        other = try await place.refuses("CEREMONY-ONE-RUN", 75, hint: "that terminal")
        return "stop"
      }
      let code = try await people.attend(child)
      #expect(code == 2)
      #expect(other != nil)
      try await place.succeeds(place.performance)
    }
  }
}
