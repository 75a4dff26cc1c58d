import Foundation
import GRDB

/// The history's table: entries are added and never changed, which the database refuses as well.
enum StoreHistory {
  static let schema = """
    CREATE TABLE history (
      number INTEGER NOT NULL PRIMARY KEY, at TEXT NOT NULL, name TEXT NOT NULL, event TEXT NOT NULL, state TEXT NOT NULL,
      detail TEXT NOT NULL, record_sha256 TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL
    ) STRICT;
    CREATE INDEX history_of_name ON history (name, number);
    CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'the history is only added to'); END;
    CREATE TRIGGER history_is_not_shortened BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'the history is only added to'); END;
    CREATE TRIGGER history_has_no_gaps BEFORE INSERT ON history
      WHEN NEW.number IS NOT (SELECT COALESCE(MAX(number), 0) + 1 FROM history)
      BEGIN SELECT RAISE(ABORT, 'the history is only added to'); END;
    """

  /// Adds an entry, in the transaction that saves the record.
  static func add(
    _ event: LifecycleMachine.Event, _ state: LifecycleState, of name: String, detail: [String: String], recordSHA256: String,
    at time: Date,
    in database: Database
  ) throws {
    let last = try Row.fetchOne(database, sql: "SELECT number, hash FROM history ORDER BY number DESC LIMIT 1")
    let number = (last?["number"] ?? 0) + 1
    let previous: String = last?["hash"] ?? LifecycleLogEntry.noHash
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let detail = String(decoding: try encoder.encode(detail), as: UTF8.self)
    let at = time.ISO8601Format()
    let hash = LifecycleLogEntry.hash(
      previous: previous, number: number, at: at, name: name, event: event.rawValue, state: state.rawValue, detail: detail,
      recordSHA256: recordSHA256)
    try database.execute(
      sql: "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      arguments: [number, at, name, event.rawValue, state.rawValue, detail, recordSHA256, previous, hash])
  }

  static func entry(_ row: Row) throws -> LifecycleLogEntry {
    LifecycleLogEntry(
      number: row["number"], at: row["at"], name: row["name"], event: row["event"], state: LifecycleState(rawValue: row["state"]),
      detail: try JSONDecoder().decode([String: String].self, from: Data((row["detail"] as String).utf8)),
      recordSHA256: row["record_sha256"], previousHash: row["previous_hash"], hash: row["hash"])
  }

  /// What is wrong with the chain; nil when nothing is.
  static func fault(in database: Database) throws -> String? {
    var previous = LifecycleLogEntry.noHash
    var expected = 1
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM history ORDER BY number")
    while let row = try rows.next() {
      let number: Int = row["number"]
      guard number == expected else { return "entry \(expected) of the history is missing" }
      guard row["previous_hash"] == previous else { return "entry \(number) of the history does not follow the one before it" }
      let hash = LifecycleLogEntry.hash(
        previous: previous, number: number, at: row["at"], name: row["name"], event: row["event"], state: row["state"],
        detail: row["detail"], recordSHA256: row["record_sha256"])
      guard row["hash"] == hash else { return "entry \(number) of the history was changed" }
      (previous, expected) = (hash, expected + 1)
    }
    // Entries cut off from the end leave a chain that holds. The records tell: each is the one that its last entry was written with, and
    // the columns beside it, by which it is decided what is due, say the same as the record.
    let records = try Row.fetchCursor(
      database,
      sql: """
        SELECT certificate.*, history.record_sha256, history.at FROM certificate LEFT JOIN history
        ON history.number = (SELECT MAX(number) FROM history WHERE history.name = certificate.name)
        """)
    while let row = try records.next() {
      let name: String = row["name"]
      guard let digest: String = row["record_sha256"] else { return "the record of \(name) has no history" }
      let text: String = row["record"]
      guard DigestText.sha256(text) == digest else {
        return "the record of \(name) is not the one that its last entry was written with"
      }
      guard let record = try? LifecycleStore.decode(text) else { return "the record of \(name) cannot be read" }
      if let column = StoreColumns.difference(row, record, changedAt: row["at"]) {
        return "\(column) of \(name) is not what the record says"
      }
    }
    let orphan = try String.fetchOne(
      database, sql: "SELECT name FROM history WHERE name NOT IN (SELECT name FROM certificate) LIMIT 1")
    return orphan.map { "the record of \($0) is missing" }
  }
}
