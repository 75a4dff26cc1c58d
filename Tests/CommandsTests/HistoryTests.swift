import Foundation
import ServiceSimulator
import TestSupport
import Testing

@Suite("certificate history", .serialized)
struct HistoryTests {
  private static let blind = ["HSMKEY_MODULE": "/nonexistent", "HSMKEY_PIN_SOURCE": "file:/nonexistent"]

  @Test("tells every step, as text and as JSON, without a token; and nothing for a name that nothing has happened to")
  func steps() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let nothing = try await bench.succeeds("certificate", "history", "payroll", environment: Self.blind)
      #expect(nothing == "payroll: nothing has happened yet\n")
      #expect(!bench.exists("state"), "looking makes no state")
      try await service.enrol()
      let answer = try await bench.object("certificate", "history", "payroll", environment: Self.blind)
      let events = answer["entries"].list.compactMap { $0["event"].string }
      #expect(
        events == [
          "key-named", "key-made", "request-made", "about-to-send", "retrieval-id-known", "received", "checked", "stored", "file-written",
          "users-told",
        ])
      #expect(answer["entries"].list.last?["state"].string == "active")
      #expect(answer["is-whole"].bool == true)
      let text = try await bench.succeeds("certificate", "history", "payroll", environment: Self.blind)
      #expect(events.allSatisfy { text.contains("\($0) -> ") })
      #expect(text.hasSuffix("  the chain holds\n"))
      #expect(!text.contains(ServiceBench.transferPassword) && !text.contains(ServiceBench.transferID))
    }
  }

  @Test("LIFECYCLE-HISTORY-CHAIN: a state file that something else has written to is told of, with exit code 2 and all that is there")
  func changed() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await service.enrol()
      let program = """
        import sqlite3, sys
        file = sqlite3.connect(sys.argv[1])
        file.execute("DROP TRIGGER history_is_not_changed")
        file.execute("UPDATE history SET detail = '{}' WHERE number = 3")
        file.commit()
        """
      try #require(try await run("python3", ["-c", program, bench.folder.path("state/state.sqlite")]).succeeded)
      let result = try await bench.hsmkey(["certificate", "history", "payroll", "--json"], environment: Self.blind)
      #expect(result.exitCode == 2)
      let answer = try JSON(parsing: result.standardOutput)
      #expect(answer["is-whole"].bool == false)
      #expect(answer["fault"].string == "entry 3 of the history was changed")
      #expect(answer["entries"].list.count == 10)
      #expect(result.standardError.contains("LIFECYCLE-HISTORY-CHAIN"))
    }
  }
}
