import Foundation
import GRDB

/// A state file as the first version wrote it.
enum FirstVersion {
  static func write(_ records: [String], to path: String) throws {
    let database = try DatabaseQueue(path: path)
    try database.write { database in
      try database.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS certificate (name TEXT NOT NULL PRIMARY KEY, record TEXT NOT NULL, changed_at TEXT NOT NULL) STRICT;
          PRAGMA user_version = 1;
          """)
      for text in records {
        let name = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        try database.execute(
          sql: "INSERT INTO certificate VALUES (?, ?, '2026-11-18T11:06:40Z')", arguments: [name?["name"] as? String, text])
      }
    }
    try database.close()
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
  }
}
