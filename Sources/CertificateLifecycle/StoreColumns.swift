import Foundation
import GRDB

/// The table of certificates: the record, which is the truth, and beside it what a summary needs. Times are seconds since 1970.
enum StoreColumns {
  static let schema = """
    CREATE TABLE certificate (
      name TEXT NOT NULL PRIMARY KEY, record TEXT NOT NULL, changed_at TEXT NOT NULL, customer_id TEXT NOT NULL, environment TEXT,
      pending_kind TEXT, stage TEXT, pending_since INTEGER, refusal_codes TEXT, has_active INTEGER NOT NULL, not_before INTEGER,
      not_after INTEGER, serial TEXT, previous_count INTEGER NOT NULL, previous_serial TEXT, retiring TEXT
    ) STRICT;
    """

  private static let columns = [
    "name", "record", "changed_at", "customer_id", "environment", "pending_kind", "stage", "pending_since", "refusal_codes", "has_active",
    "not_before", "not_after", "serial", "previous_count", "previous_serial", "retiring",
  ]

  static func write(
    _ record: CertificateRecord, _ standing: CertificateStanding, text: String, at time: Date, in database: Database
  ) throws {
    let update = columns.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
    try database.execute(
      sql: """
        INSERT INTO certificate (\(columns.joined(separator: ", "))) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
        ON CONFLICT (name) DO UPDATE SET \(update)
        """,
      arguments: StatementArguments([record.name.databaseValue, text.databaseValue] + values(record, standing, at: time.ISO8601Format())))
  }

  /// What stands beside a record, in the order of the columns from `changed_at` on. Whoever makes other values of the same record must
  /// write the columns of every state file anew (``StoreSchema``): ``difference(_:_:changedAt:)`` holds them against each other.
  private static func values(_ record: CertificateRecord, _ standing: CertificateStanding, at changedAt: String) -> [DatabaseValue] {
    let values: [(any DatabaseValueConvertible)?] = [
      changedAt, record.customerID, record.environment, standing.kind?.rawValue, standing.stage?.rawValue,
      standing.pendingSince.map(seconds), standing.refusalCodes?.joined(separator: " "), standing.hasActive,
      standing.notBefore.map(seconds), standing.notAfter.map(seconds), standing.serial, standing.previousCount, standing.previousSerial,
      standing.retiring,
    ]
    return values.map { $0?.databaseValue ?? .null }
  }

  /// The first column of a row that does not say what its record says; nil where there is none.
  ///
  /// - Parameter changedAt: when the record was written, as the history has it.
  static func difference(_ row: Row, _ record: CertificateRecord, changedAt: String) -> String? {
    guard row["name"] == record.name else { return "name" }
    let expected = values(record, CertificateStanding(record), at: changedAt)
    return zip(columns.dropFirst(2), expected).first { row[$0] as DatabaseValue != $1 }?.0
  }

  /// Where a certificate stands as the file has it; nil where it has none of this name.
  static func standing(of name: String, in database: Database) throws -> CertificateStanding? {
    try Row.fetchOne(database, sql: "SELECT * FROM certificate WHERE name = ?", arguments: [name]).map(standing)
  }

  static func summaries(in database: Database, at time: Date, schedule: RenewalSchedule) throws -> [CertificateSummary] {
    let rows = try Row.fetchCursor(
      database, sql: "SELECT \(columns.filter { $0 != "record" }.joined(separator: ", ")) FROM certificate ORDER BY name")
    var summaries: [CertificateSummary] = []
    while let row = try rows.next() {
      summaries.append(
        CertificateSummary(
          standing(row), customerID: row["customer_id"], environment: row["environment"],
          changedAt: try? Date(row["changed_at"] as String, strategy: .iso8601), at: time, schedule: schedule))
    }
    return summaries
  }

  private static func standing(_ row: Row) -> CertificateStanding {
    var standing = CertificateStanding(name: row["name"])
    standing.stage = (row["stage"] as String?).map(LifecycleState.init(rawValue:))
    standing.kind = (row["pending_kind"] as String?).map(PendingOperation.Kind.init(rawValue:))
    standing.pendingSince = date(row["pending_since"])
    standing.refusalCodes = (row["refusal_codes"] as String?)?.split(separator: " ").map(String.init)
    standing.hasActive = row["has_active"]
    standing.notBefore = date(row["not_before"])
    standing.notAfter = date(row["not_after"])
    standing.serial = row["serial"]
    standing.previousCount = row["previous_count"]
    standing.previousSerial = row["previous_serial"]
    standing.retiring = row["retiring"]
    return standing
  }

  /// Counted as `Date` counts, from 2001 on: a time within the last millionth of a second would else be the next second here and this
  /// one in the record.
  private static func seconds(_ date: Date) -> Int64 {
    Int64(date.timeIntervalSinceReferenceDate.rounded(.down)) + Int64(Date.timeIntervalBetween1970AndReferenceDate)
  }
  private static func date(_ seconds: Int64?) -> Date? { seconds.map { Date(timeIntervalSince1970: TimeInterval($0)) } }
}
