import Foundation
import GRDB

/// A state file that can be read and not written: what a full disk looks like from inside.
struct BrokenDisk: Sendable {
  let path: String

  func fail() throws {
    try change("CREATE TRIGGER full BEFORE UPDATE ON certificate BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
  }

  func mend() throws { try change("DROP TRIGGER full") }

  func change(_ sql: String) throws { try DatabaseQueue(path: path).write { try $0.execute(sql: sql) } }
}
