import Foundation
import GRDB

/// The tables of the state file, and how a file of an earlier version becomes one of this.
enum StoreSchema {
  /// What `user_version` says of the tables in this file.
  static let current = 2

  static func version(_ database: Database) throws -> Int { try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0 }

  /// Runs in one transaction, so that of several processes that find a new file one makes the tables, and that a crash leaves the file as
  /// it was.
  static func migrate(_ database: Database, _ path: String) throws {
    let version = try version(database)
    guard version <= current else { throw LifecycleStore.unusable(path, "a newer version of this program has written it", nil) }
    guard version < current else { return }
    if version == 0 {
      try database.execute(sql: StoreColumns.schema + StoreHistory.schema)
    } else {
      try takeOverFirstVersion(database, path)
    }
    try database.execute(sql: "PRAGMA user_version = \(current)")
  }

  /// The first version had a record a certificate, a time beside it, and no history.
  private static func takeOverFirstVersion(_ database: Database, _ path: String) throws {
    let rows = try Row.fetchAll(database, sql: "SELECT record, changed_at FROM certificate ORDER BY name")
    try database.execute(sql: "DROP TABLE certificate")
    try database.execute(sql: StoreColumns.schema + StoreHistory.schema)
    for row in rows {
      let text = try withTodaysStages(row["record"], path)
      let changedAt = (try? Date(row["changed_at"] as String, strategy: .iso8601)) ?? Date(timeIntervalSince1970: 0)
      try LifecycleStore.write(
        LifecycleStore.decode(text, path), .takenOver, detail: ["from": "a state file of version 1"], at: changedAt, in: database)
    }
  }

  /// What the first version called the stages of what is pending. Its *received* had passed every check.
  private static let stages = [
    "sending": LifecycleState.aboutToSend, "sent": .retrievalIDKnown, "received": .checked, "installed": .stored, "written": .active,
  ]

  private static func withTodaysStages(_ text: String, _ path: String) throws -> String {
    guard var record = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
      throw LifecycleStore.unusable(path, "a record in it cannot be read", nil)
    }
    if var pending = record["pending"] as? [String: Any], let stage = pending["stage"] as? String {
      pending["stage"] = stages[stage]?.rawValue ?? stage
      record["pending"] = pending
    }
    return String(decoding: try JSONSerialization.data(withJSONObject: record, options: .sortedKeys), as: UTF8.self)
  }
}
