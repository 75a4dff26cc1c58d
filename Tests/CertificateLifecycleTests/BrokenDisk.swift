import Foundation
import GRDB

/// A state file that can be read and not written: what a full disk looks like from inside.
struct BrokenDisk: Sendable {
  let path: String

  func fail() throws {
    try change("CREATE TRIGGER full BEFORE UPDATE ON certificate BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
  }

  func mend() throws { try change("DROP TRIGGER full") }

  /// The disk is full after so many more saves.
  func fail(after saves: Int) throws {
    try change(
      """
      CREATE TABLE room (saves INTEGER); INSERT INTO room VALUES (\(saves));
      CREATE TRIGGER full BEFORE INSERT ON history WHEN (SELECT saves FROM room) = 0
        BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;
      CREATE TRIGGER filling AFTER INSERT ON history BEGIN UPDATE room SET saves = saves - 1; END;
      """)
  }

  func mendAfter() throws { try change("DROP TRIGGER full; DROP TRIGGER filling; DROP TABLE room") }

  func change(_ sql: String) throws { try DatabaseQueue(path: path).write { try $0.execute(sql: sql) } }
}
