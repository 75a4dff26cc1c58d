import Foundation
import GRDB
import ServiceSimulator
import TestSupport
import Testing

@testable import CertificateLifecycle

@Suite("The history")
struct HistoryTests {
  @Test("Every saved step of an enrolment and a renewal stands in it, with the state that followed, and nothing secret")
  func steps() async throws {
    try await LifecycleBench.with { bench in
      try await bench.enrol()
      let made = ["key-named", "key-made", "request-made", "about-to-send"]
      let installed = ["retrieval-id-known", "received", "checked", "stored", "file-written", "users-told"]
      let states = ["planned", "key-made", "request-made", "about-to-send"] + installed.prefix(4) + ["active", "active"]
      var history = try bench.store().history(of: LifecycleBench.name)
      #expect(history.map(\.event) == made + installed)
      #expect(history.map(\.state.rawValue) == states)
      #expect(history.map(\.number) == Array(1...10))
      #expect(history[4].detail["retrieval-id"]?.isEmpty == false)
      #expect(!"\(history)".contains(LifecycleBench.password))

      bench.clock.advance(days: 700)
      bench.transport.plan("renewCertificate", .unreachable)
      _ = try await serviceError { try await bench.renew() }
      try await bench.renew()
      history = try bench.store().history(of: LifecycleBench.name)
      #expect(history.dropFirst(10).map(\.event) == made + ["not-sent", "about-to-send"] + installed)
      #expect(history.last?.state == .overlap)
      try bench.store().verifyHistory()
    }
  }

  @Test("LIFECYCLE-HISTORY-CHAIN: the database refuses to change, delete, replace or skip an entry")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("state")
    let store = try LifecycleStore(path: path)
    for name in ["a", "b"] { try store.save(.init(name: name, customerID: "1", environment: "test"), at: Date()) }
    let disk = BrokenDisk(path: path)
    let values = "at, name, event, state, detail, record_sha256, previous_hash, hash FROM history WHERE number = 1"
    for sql in [
      "UPDATE history SET event = 'other' WHERE number = 1", "DELETE FROM history", "DELETE FROM history WHERE number = 2",
      "INSERT OR REPLACE INTO history SELECT 1, \(values)", "INSERT INTO history SELECT 4, \(values)",
    ] {
      #expect(throws: DatabaseError.self, "\(sql)") { try disk.change(sql) }
    }
    try store.verifyHistory()
  }

  @Test(
    "LIFECYCLE-HISTORY-CHAIN: who takes the guards away and changes the file all the same is found out",
    arguments: [
      ("UPDATE history SET event = 'abandoned' WHERE number = 2", "entry 2 of the history was changed"),
      ("UPDATE history SET at = '2020-01-01T00:00:00Z' WHERE number = 3", "entry 3 of the history was changed"),
      ("UPDATE history SET detail = '{}' WHERE number = 1", "entry 1 of the history was changed"),
      ("DELETE FROM history WHERE number = 2", "entry 2 of the history is missing"),
      ("DELETE FROM history WHERE number = 1", "entry 1 of the history is missing"),
      ("DELETE FROM history WHERE number > 3", "the record of b is not the one that its last entry was written with"),
      ("DELETE FROM history", "the record of a has no history"),
      ("UPDATE certificate SET record = replace(record, '\"1\"', '\"2\"') WHERE name = 'a'", "the record of a is not the one"),
      ("DELETE FROM certificate WHERE name = 'a'", "the record of a is missing"),
    ])
  func tampering(sql: String, fault: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("state")
    let store = try LifecycleStore(path: path)
    var record = CertificateRecord(name: "a", customerID: "1", environment: "test")
    record.pending = PendingOperation(kind: .enrolment, keyName: "a-1", startedAt: Date(timeIntervalSince1970: 0))
    try store.commit(record, .keyNamed, detail: ["key": "a-1"], at: Date())
    var other = CertificateRecord(name: "b", customerID: "1", environment: "test")
    other.pending = PendingOperation(kind: .enrolment, keyName: "b-1", startedAt: Date(timeIntervalSince1970: 0))
    try store.commit(other, .keyNamed, at: Date())
    record.pending?.stage = .keyMade
    try store.commit(record, .keyMade, at: Date())
    other.pending?.stage = .keyMade
    try store.commit(other, .keyMade, at: Date())
    try store.verifyHistory()
    let disk = BrokenDisk(path: path)
    for trigger in ["history_is_not_changed", "history_is_not_shortened"] { try disk.change("DROP TRIGGER \(trigger)") }
    try disk.change(sql)
    let error = try #require(#expect(throws: LifecycleError.self) { try store.verifyHistory() })
    #expect(error.rule == .historyChain)
    #expect(error.message.contains(fault), "\(error.message)")
  }

  @Test("LIFECYCLE-HISTORY-CHAIN: a column that does not say what the record says is found out, by which --due and status decide")
  func columns() async throws {
    try await LifecycleBench.with({ $0.notReadyFor = .seconds(100) }) { bench in
      try await bench.install()
      try await bench.renew()
      bench.clock.advance(days: 700)
      // A renewal that was refused, an earlier certificate, one in use: no column but the one of retiring is empty.
      _ = try await serviceError { try await bench.lifecycle(permanentCodes: ["SIM101"]).renew(bench.plan()) }
      let store = try bench.store()
      try store.verifyHistory()
      let columns = try await DatabaseQueue(path: bench.statePath).read { database in
        try database.columns(in: "certificate").filter { !["name", "record"].contains($0.name) }
      }
      #expect(columns.count == 14)
      let disk = BrokenDisk(path: bench.statePath)
      try disk.change("CREATE TABLE before AS SELECT * FROM certificate")
      for column in columns {
        let other = column.type == "INTEGER" ? "COALESCE(\(column.name), 0) + 1" : "COALESCE(\(column.name), '') || 'x'"
        let values = [other] + (column.isNotNull || column.name == "retiring" ? [] : ["NULL"])
        for value in values + (column.name == "not_after" ? ["9999999999"] : []) {
          try disk.change("UPDATE certificate SET \(column.name) = \(value)")
          let error = try #require(#expect(throws: LifecycleError.self, "\(column.name)") { try store.verifyHistory() })
          #expect(error.rule == .historyChain)
          #expect(error.message == "\(column.name) of payroll is not what the record says")
          try disk.change("UPDATE certificate SET \(column.name) = (SELECT \(column.name) FROM before)")
          try store.verifyHistory()
        }
      }
    }
  }

  @Test("Times that are no whole seconds are the same second in the record and beside it", arguments: [0, 0.5, 0.999, 0.999_999_9])
  func fractions(fraction: Double) throws {
    let folder = try TemporaryFolder()
    let store = try LifecycleStore(path: folder.path("state"))
    for second in 0..<20 {
      let time = Date(timeIntervalSinceReferenceDate: 800_000_000 + Double(second * 37) + fraction)
      var record = CertificateRecord(name: "a", customerID: "1", environment: "test")
      record.pending = PendingOperation(kind: .enrolment, keyName: "a-1", startedAt: time)
      try store.save(record, at: time)
      try store.verifyHistory()
    }
  }

  @Test("Two entries of different fields never have the same hash because their texts run together")
  func fieldsAreApart() {
    func hash(_ name: String, _ event: String) -> String {
      LifecycleLogEntry.hash(
        previous: "", number: 1, at: "", name: name, event: event, state: "", detail: "", recordSHA256: "")
    }
    #expect(hash("ab", "c") != hash("a", "bc"))
    #expect(hash("1:a", "") != hash("", "1:a"))
  }

  @Test("The record and its entry are saved together or not at all")
  func together() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("state")
    let store = try LifecycleStore(path: path)
    var record = CertificateRecord(name: "a", customerID: "1", environment: "test")
    record.pending = PendingOperation(kind: .enrolment, keyName: "a-1", startedAt: Date(timeIntervalSince1970: 0))
    try store.commit(record, .keyNamed, at: Date())
    try BrokenDisk(path: path).change(
      "CREATE TRIGGER full BEFORE INSERT ON history BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
    let saved = record
    record.pending?.stage = .keyMade
    #expect(throws: LifecycleError.self) { try store.commit(record, .keyMade, at: Date()) }
    #expect(try store.record(named: "a") == saved)
    try store.verifyHistory()
  }
}
