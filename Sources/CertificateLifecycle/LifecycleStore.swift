public import Foundation
import GRDB
import SystemPackage

/// The state of all certificates in one SQLite file (mode 0600, in a folder of mode 0700 when we make it).
///
/// Every save is one transaction, synced to the disk before it returns. With `synchronous = FULL` a loss of power right after a save could
/// still bring the rollback journal back, and with it the state before; `EXTRA` also syncs the folder after the journal is removed.
public final class LifecycleStore: Sendable {
  /// Where the file is.
  public let path: String
  private let database: DatabaseQueue

  /// Opens the file, or makes it.
  ///
  /// - Throws: ``LifecycleError`` with ``LifecycleRule/ownerOnly`` when others could open it; ``LifecycleError/Code/stateUnusable`` when
  ///   it is no state file of ours or the disk refuses.
  public init(path: String) throws {
    self.path = path
    try Self.prepareFile(path)
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(10)
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = EXTRA") }
      database = try DatabaseQueue(path: path, configuration: configuration)
      if try database.read(StoreSchema.version) != StoreSchema.current {
        try database.write { try StoreSchema.migrate($0, path) }
      }
    } catch let error as DatabaseError {
      throw Self.unusable(path, error)
    }
  }

  /// Opens the file where there is one, for commands that only look: they must not leave a state behind.
  ///
  /// - Returns: nil where there is no file. A folder that cannot be searched and a link that leads nowhere are errors, not "no file".
  /// - Throws: what ``init(path:)`` throws.
  public convenience init?(existing path: String) throws {
    do {
      _ = try FileManager.default.attributesOfItem(atPath: path)
    } catch let error as CocoaError where error.code == .fileReadNoSuchFile || error.code == .fileNoSuchFile {
      return nil
    } catch {
      throw Self.unusable(path, error.localizedDescription, error)
    }
    try self.init(path: path)
  }

  /// The state of one certificate, if there is any.
  public func record(named name: String) throws -> CertificateRecord? {
    try reading { database in
      try String.fetchOne(database, sql: "SELECT record FROM certificate WHERE name = ?", arguments: [name])
    }.map(decode)
  }

  /// The state of every certificate, by name.
  public func records() throws -> [CertificateRecord] {
    try reading { try String.fetchAll($0, sql: "SELECT record FROM certificate ORDER BY name") }.map(decode)
  }

  /// Every certificate at a glance, by name: from the columns beside the records, without decoding a certificate.
  ///
  /// - Parameters:
  ///   - time: the time at which the certificates stand where they stand: now.
  ///   - schedule: how renewals are spread.
  public func summaries(at time: Date, schedule: RenewalSchedule = .init()) throws -> [CertificateSummary] {
    try reading { try StoreColumns.summaries(in: $0, at: time, schedule: schedule) }
  }

  /// What happened to a certificate, the oldest first.
  public func history(of name: String) throws -> [LifecycleLogEntry] {
    try reading { database in
      try Row.fetchAll(database, sql: "SELECT * FROM history WHERE name = ? ORDER BY number", arguments: [name])
        .map(StoreHistory.entry)
    }
  }

  /// Checks the chain of the whole history, that each record is the one that its last entry was written with, and that the columns beside
  /// it, which summaries are made of, say what the record says.
  ///
  /// - Throws: ``LifecycleError`` with ``LifecycleRule/historyChain``.
  public func verifyHistory() throws {
    guard let fault = try reading(StoreHistory.fault) else { return }
    throw LifecycleError(
      .ruleRefused, rule: .historyChain, operation: "verify the history in \(path)", message: fault,
      hint: "somebody or something else than hsmkey has written to the state file; compare it with a backup")
  }

  /// Saves the state of one certificate and why it changed, in one transaction that is on the disk when this returns.
  ///
  /// Every step of a certificate's life that is saved is saved here, and only if ``LifecycleMachine`` has that step.
  ///
  /// - Throws: ``LifecycleError`` with ``LifecycleRule/transition`` for a step that the table does not have.
  func commit(_ record: CertificateRecord, _ event: LifecycleMachine.Event, detail: [String: String] = [:], at time: Date) throws {
    try writing { database in
      let before = try StoreColumns.standing(of: record.name, in: database) ?? CertificateStanding(name: record.name)
      let after = CertificateStanding(record)
      // Time moves on during a run: a step that was allowed when it began is allowed when it is saved.
      let isKnown = [before.state(at: time), before.state(at: .distantPast)].contains { from in
        [after.state(at: time), after.state(at: .distantPast)].contains { LifecycleMachine.allows(from, event, $0) }
      }
      guard isKnown else {
        throw LifecycleError(
          .fault, rule: .transition, operation: "save the state of certificate \(record.name)",
          message: "\(event) does not lead from \(before.state(at: time)) to \(after.state(at: time))",
          hint: "this is a fault of hsmkey; the state before is kept")
      }
      try Self.write(record, event, detail: detail, standing: after, at: time, in: database)
    }
  }

  /// Saves a record and its entry without asking whether the step is one.
  ///
  /// - Parameter standing: what the record says, for the columns.
  static func write(
    _ record: CertificateRecord, _ event: LifecycleMachine.Event, detail: [String: String], standing: CertificateStanding? = nil,
    at time: Date, in database: Database
  ) throws {
    let standing = standing ?? CertificateStanding(record)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.dateEncodingStrategy = .iso8601
    let text = String(decoding: try encoder.encode(record), as: UTF8.self)
    try StoreColumns.write(record, standing, text: text, at: time, in: database)
    try StoreHistory.add(
      event, standing.state(at: time), of: record.name, detail: detail, recordSHA256: DigestText.sha256(text), at: time, in: database)
  }

  /// What SQLite says of how it syncs: 3 is `EXTRA`.
  func synchronousLevel() throws -> Int? { try reading { try Int.fetchOne($0, sql: "PRAGMA synchronous") } }

  /// Takes the right to change one certificate, for as long as the returned value lives. Other processes are refused meanwhile.
  func lock(_ name: String, operation: String) throws -> OperationLock {
    try OperationLock(statePath: path, name: name, operation: operation)
  }

  private func reading<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try translating { try database.read(body) }
  }

  /// Runs in one transaction that takes the right to write at once, and waits for other processes to let go of it.
  func writing(_ body: (Database) throws -> Void) throws { try translating { try database.write(body) } }

  private func translating<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw Self.unusable(path, error)
    }
  }

  private func decode(_ text: String) throws -> CertificateRecord { try Self.decode(text, path) }

  static func decode(_ text: String, _ path: String) throws -> CertificateRecord {
    do {
      return try Self.decode(text)
    } catch {
      throw unusable(path, "a record in it cannot be read", error)
    }
  }

  static func decode(_ text: String) throws -> CertificateRecord {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    return try decoder.decode(CertificateRecord.self, from: Data(text.utf8))
  }

  private static func refuseOtherOwner(
    _ attributes: [FileAttributeKey: Any], of item: String, _ path: String, orRoot: Bool
  ) throws {
    let owner = (attributes[.ownerAccountID] as? NSNumber)?.uint32Value
    guard owner == geteuid() || (orRoot && owner == 0) else {
      throw LifecycleError(
        .ruleRefused, rule: .ownerOnly, operation: "open the state file \(path)",
        message: "\(item) belongs to another user (\(owner.map(String.init) ?? "unknown"))",
        hint: "run hsmkey as the user that the state belongs to")
    }
  }

  /// Makes the folder and the file with owner-only modes before SQLite sees them, and refuses what others could open.
  private static func prepareFile(_ path: String) throws {
    let files = FileManager.default
    let folder = URL(filePath: path).deletingLastPathComponent().path
    do {
      if !files.fileExists(atPath: folder) {
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try syncParents(of: folder)
      }
      if !files.fileExists(atPath: path) {
        try FileDescriptor.open(
          FilePath(path), .readWrite, options: [.create, .noFollow, .closeOnExec], permissions: .ownerReadWrite
        ).close()
      }
      // Whoever can change the folder can put another file, or a rollback journal, in our place.
      let folderAttributes = try files.attributesOfItem(atPath: URL(filePath: folder).resolvingSymlinksInPath().path)
      let folderMode = (folderAttributes[.posixPermissions] as? NSNumber)?.intValue
      try refuseOtherOwner(folderAttributes, of: folder, path, orRoot: true)
      guard let folderMode, folderMode & 0o022 == 0 else {
        throw LifecycleError(
          .ruleRefused, rule: .ownerOnly, operation: "open the state file \(path)",
          message: "others can change the folder \(folder) (mode \(String(folderMode ?? 0, radix: 8)))", hint: "chmod go-w \(folder)")
      }
      let attributes = try files.attributesOfItem(atPath: path)
      try refuseOtherOwner(attributes, of: path, path, orRoot: false)
      let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
      guard attributes[.type] as? FileAttributeType == .typeRegular, mode & 0o077 == 0 else {
        throw LifecycleError(
          .ruleRefused, rule: .ownerOnly, operation: "open the state file \(path)",
          message: "it must be a regular file that only its owner can open, and has mode \(String(mode, radix: 8))",
          hint: "chmod 600 \(path)")
      }
    } catch let error as LifecycleError {
      throw error
    } catch {
      throw unusable(path, "\(error.localizedDescription)", error)
    }
  }

  /// A new folder must survive a loss of power as what is in it does: SQLite syncs the folder of its file, and no folder above.
  private static func syncParents(of folder: String) throws {
    var parent = FilePath(folder)
    while parent.removeLastComponent(), !parent.isEmpty {
      // What cannot be opened was not made by us.
      guard let descriptor = try? FileDescriptor.open(parent, .readOnly, options: [.directory, .closeOnExec]) else { return }
      defer { try? descriptor.close() }
      guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
  }

  /// What SQLite says, once: its message is often only the text of its code.
  private static func unusable(_ path: String, _ error: DatabaseError) -> LifecycleError {
    let code = "\(error.resultCode)"
    let message = error.message.flatMap { code.contains($0) ? nil : "\(code): \($0)" } ?? code
    guard error.resultCode == .SQLITE_FULL else { return unusable(path, message, error) }
    return LifecycleError(
      .stateUnusable, operation: "use the state file \(path)", message: message,
      hint: "make room on its disk, then run this again; what was saved before is kept", underlying: error)
  }

  static func unusable(_ path: String, _ message: String, _ cause: (any Error)?) -> LifecycleError {
    LifecycleError(
      .stateUnusable, operation: "use the state file \(path)", message: message,
      hint: "check the path (configuration key state), the disk and who owns it",
      underlying: cause)
  }
}
