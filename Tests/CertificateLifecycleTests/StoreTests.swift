import Foundation
import GRDB
import TestSupport
import Testing

@testable import CertificateLifecycle

@Suite("The state file")
struct StoreTests {
  private func mode(_ path: String) throws -> Int? {
    (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
  }

  private func refusal(_ path: String) throws -> LifecycleError {
    try #require(#expect(throws: LifecycleError.self) { try LifecycleStore(path: path) })
  }

  /// A record with everything in it.
  private func record() -> CertificateRecord {
    var record = CertificateRecord(name: "payroll", customerID: "0123456-7", environment: "test")
    var pending = PendingOperation(kind: .renewal, keyName: "payroll-2", startedAt: Date(timeIntervalSince1970: 1_795_000_000))
    pending.stage = .aboutToSend
    pending.certificateRequest = Data([1, 2, 3])
    pending.transferIDDigest = "aa"
    pending.earlierTransferIDDigests = ["bb", "cc"]
    pending.sentAt = Date(timeIntervalSince1970: 1_795_000_060)
    record.pending = pending
    record.active = InstalledCertificate(
      keyName: "payroll-1", keyIdentifier: "00ff", der: Data([4, 5]), installedAt: Date(timeIntervalSince1970: 1_700_000_000))
    record.previous = [
      InstalledCertificate(keyName: "payroll-0", keyIdentifier: "00fe", der: Data([6]), installedAt: .init(timeIntervalSince1970: 0))
    ]
    return record
  }

  @Test("A record comes back as it was saved, by name and in the list, also for another process")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let saved = record()
    try LifecycleStore(path: folder.path("state")).save(saved, at: Date())
    let store = try LifecycleStore(path: folder.path("state"))
    #expect(try store.record(named: "payroll") == saved)
    #expect(try store.records() == [saved])
    #expect(try store.record(named: "other") == nil)
  }

  @Test("LIFECYCLE-OWNER-ONLY: file and folder are made for the owner only, whatever the umask")
  func modes() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("new/deep/state")
    let store = try LifecycleStore(path: path)
    try store.save(record(), at: Date())
    let lock = try store.lock("payroll", operation: "test")
    #expect(try mode(path) == 0o600)
    #expect(try mode(folder.path("new/deep")) == 0o700)
    #expect(try mode(path + ".payroll.lock") == 0o600)
    withExtendedLifetime(lock) {}
  }

  @Test("LIFECYCLE-OWNER-ONLY: a file that others can read, write or run is refused", arguments: [0o644, 0o660, 0o601, 0o640])
  func readableByOthers(mode: Int) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([], to: "state")
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    let error = try refusal(path)
    #expect(error.rule == .ownerOnly)
    #expect(error.message.contains(String(mode, radix: 8)))
    #expect(error.hint == "chmod 600 \(path)")
  }

  @Test(
    "LIFECYCLE-OWNER-ONLY: a folder that others can change is refused: they could put another file or journal there",
    arguments: [0o770, 0o777, 0o1777])
  func folderOfOthers(mode: Int) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path)
    #expect(try refusal(folder.path("state")).rule == .ownerOnly)
  }

  @Test("LIFECYCLE-OWNER-ONLY: a folder that others can only look into will do", arguments: [0o755, 0o711])
  func folderOthersCanRead(mode: Int) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path)
    _ = try LifecycleStore(path: folder.path("state"))
  }

  @Test("LIFECYCLE-OWNER-ONLY: a directory or a symbolic link in the file's place is refused", arguments: ["directory", "link"])
  func notAFile(kind: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("state")
    if kind == "directory" {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } else {
      let target = try folder.write([], to: "target")
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }
    let error = try refusal(path)
    #expect(error.rule == .ownerOnly)
  }

  @Test(
    "LIFECYCLE-OWNER-ONLY: a file, or a folder, of another user is refused, whatever its mode",
    .enabled(if: geteuid() == 0, "only root gives files away"),
    arguments: ["file", "folder", "folder behind a link"])
  func ofAnotherUser(what: String) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path("theirs"), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try folder.write([], to: "theirs/state")
    try folder.makeLink("link", to: "theirs")
    try folder.giveAway(what == "file" ? "theirs/state" : "theirs")
    let error = try refusal(folder.path(what == "folder behind a link" ? "link/state" : "theirs/state"))
    #expect(error.rule == .ownerOnly)
    #expect(error.message.contains("belongs to another user (65534)"))
    #expect(error.hint == "run hsmkey as the user that the state belongs to")
  }

  @Test("A file that is no SQLite file is refused and left as it is")
  func notADatabase() throws {
    let folder = try TemporaryFolder()
    let content = Array(repeating: UInt8(ascii: "x"), count: 5_000)
    let path = try folder.write(content, to: "state")
    let error = try refusal(path)
    #expect(error.code == .stateUnusable)
    #expect(error.operation.contains(path))
    #expect(try Array(Data(contentsOf: URL(filePath: path))) == content)
  }

  @Test("A damaged file is an error, not an empty state")
  func damaged() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("state")
    try LifecycleStore(path: path).save(record(), at: Date())
    var content = try Data(contentsOf: URL(filePath: path))
    for index in content.indices.dropFirst(100) { content[index] ^= 0xA5 }
    try content.write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    let error = try #require(#expect(throws: LifecycleError.self) { try LifecycleStore(path: path).record(named: "payroll") })
    #expect(error.code == .stateUnusable)
  }

  @Test("A record that cannot be decoded is an error that says so, and is not overwritten by reading")
  func undecodable() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("state")
    let store = try LifecycleStore(path: path)
    try store.save(record(), at: Date())
    try BrokenDisk(path: path).change("UPDATE certificate SET record = '{\"name\":\"payroll\"'")
    let error = try #require(#expect(throws: LifecycleError.self) { try store.records() })
    #expect(error.code == .stateUnusable)
    #expect(error.underlying is DecodingError)
  }

  @Test("A disk that refuses is an error of the state file, and what was saved before stays")
  func fullDisk() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("state")
    let store = try LifecycleStore(path: path)
    let saved = record()
    try store.save(saved, at: Date())
    try BrokenDisk(path: path).fail()
    var changed = saved
    changed.pending = nil
    let error = try #require(#expect(throws: LifecycleError.self) { try store.save(changed, at: Date()) })
    #expect(error.code == .stateUnusable)
    #expect(try store.record(named: "payroll") == saved)
  }

  @Test("A folder that cannot be made is an error of the state file")
  func noFolder() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([], to: "file")
    #expect(try refusal(file + "/state").code == .stateUnusable)
  }

  @Test("Many processes may find a new state at once")
  func madeOnce() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("new/state")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 1...8 {
        group.addTask { try LifecycleStore(path: path).save(.init(name: "\(number)", customerID: "1", environment: "test"), at: Date()) }
      }
      try await group.waitForAll()
    }
    #expect(try LifecycleStore(path: path).records().count == 8)
  }

  @Test("A state that a newer version has migrated is refused")
  func newerVersion() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("state")
    _ = try LifecycleStore(path: path)
    try BrokenDisk(path: path).change("PRAGMA user_version = 3")
    #expect(try refusal(path).message.contains("newer version"))
  }

  @Test("A file of the first version is taken over: records, stages under today's names, columns, and a history that begins with that")
  func firstVersion() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("state")
    let names = [
      "planned": LifecycleState.planned, "request-made": .requestMade, "sending": .aboutToSend, "sent": .retrievalIDKnown,
      "received": .checked, "installed": .stored, "written": .active,
    ]
    let texts = names.keys.map { stage in
      """
      {"active":{"der":"BAU=","installedAt":"2023-11-14T22:13:20Z","keyIdentifier":"00ff","keyName":"payroll-1"},"customerID":"0123456-7",\
      "name":"\(stage)","pending":{"certificateRequest":"AQID","keyIdentifier":"00aa","keyName":"payroll-2","kind":"renewal",\
      "sentAt":"2026-11-18T11:07:40Z","stage":"\(stage)","startedAt":"2026-11-18T11:06:40Z","transferIDDigest":"aa"},"previous":[]}
      """
    }
    try FirstVersion.write(texts, to: path)
    let store = try LifecycleStore(path: path)
    for (old, stage) in names {
      let record = try #require(try store.record(named: old))
      #expect(record.environment == nil)
      #expect(record.active?.keyName == "payroll-1")
      #expect(record.pending?.stage == stage)
      #expect(record.pending?.earlierTransferIDDigests == nil)
      #expect(record.proofs.isEmpty && record.toldConsumers.isEmpty)
      #expect(record.pending?.startedAt == Date(timeIntervalSince1970: 1_795_000_000))
      #expect(try store.history(of: old).map(\.event) == ["taken-over"])
    }
    try store.verifyHistory()
    #expect(try store.summaries(at: Date()).map(\.name) == names.keys.sorted())
    #expect(try LifecycleStore(path: path).records().count == names.count, "taken over once")
  }

  @Test("Saves are synced before they return, the folder too")
  func synchronous() throws {
    let folder = try TemporaryFolder()
    let store = try LifecycleStore(path: folder.path("state"))
    #expect(try store.synchronousLevel() == 3)
  }
}

@Suite("One writer")
struct OperationLockTests {
  @Test("a full disk is told once, with what to do about it")
  func fullDisk() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("state.sqlite")
    let store = try LifecycleStore(path: path)
    let error = #expect(throws: LifecycleError.self) {
      try store.writing { try $0.execute(sql: "PRAGMA max_page_count = 1; CREATE TABLE more (x); CREATE TABLE evenMore (x)") }
    }
    #expect(error?.message == "13 (database or disk is full)")
    #expect(error?.hint?.contains("make room") == true)
  }

  @Test("LIFECYCLE-ONE-WRITER: the second to lock a name is refused until the first has let go; other names are free")
  func withinAProcess() throws {
    let folder = try TemporaryFolder()
    let store = try LifecycleStore(path: folder.path("state"))
    var first: OperationLock? = try store.lock("payroll", operation: "renew certificate payroll")
    let error = try #require(
      #expect(throws: LifecycleError.self) { try store.lock("payroll", operation: "renew certificate payroll") })
    #expect(error.rule == .oneWriter)
    _ = try store.lock("other", operation: "test")
    withExtendedLifetime(first) {}
    first = nil
    _ = try store.lock("payroll", operation: "test")
  }

  @Test("LIFECYCLE-ONE-WRITER: another process is refused too, and the kernel lets go when that process ends")
  func acrossProcesses() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      let marker = bench.folder.path("locked")
      let (process, lifeline) = try ChildProcess.server(
        "flock", [bench.statePath + ".payroll.lock", "sh", "-c", "touch \(marker); exec sleep 600"], log: "/dev/null")
      _ = try await eventually("the lock") { FileManager.default.fileExists(atPath: marker) ? true : nil }
      #expect(try await lifecycleError { try await bench.renew() }.rule == .oneWriter)
      #expect(bench.transport.posted.isEmpty)
      process.end()
      withExtendedLifetime(lifeline) {}
    }
  }

  @Test("LIFECYCLE-ONE-WRITER: of two tasks that enrol at once one does, and the other is refused")
  func acrossTasks() async throws {
    try await LifecycleBench.with { bench in
      let outcomes = await withTaskGroup(of: Result<InstalledCertificate, any Error>.self) { group in
        for _ in 1...4 {
          group.addTask {
            do { return .success(try await bench.enrol()) } catch { return .failure(error) }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(outcomes.count { (try? $0.get()) != nil } == 1, "\(outcomes)")
      // A task that came after the winner had finished finds the certificate.
      let rules = outcomes.compactMap { outcome -> LifecycleRule? in
        if case .failure(let error as LifecycleError) = outcome { error.rule } else { nil }
      }
      #expect(rules.count == 3)
      #expect(rules.allSatisfy { $0 == .oneWriter || $0 == .alreadyEnrolled })
      #expect(bench.transport.posted("signNewCertificate").count == 1)
    }
  }

  @Test(
    "Any name makes a lock file in the state's folder, and different names make different ones",
    arguments: ["../../etc/x", "a/b", "å", "%2f", "a b", "."])
  func names(name: String) throws {
    let folder = try TemporaryFolder()
    let store = try LifecycleStore(path: folder.path("state"))
    let lock = try store.lock(name, operation: "test")
    let other = try store.lock(name + "x", operation: "test")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".lock") }
    #expect(files.count == 2)
    withExtendedLifetime((lock, other)) {}
  }

  @Test("A symbolic link in the lock file's place is refused")
  func link() throws {
    let folder = try TemporaryFolder()
    let store = try LifecycleStore(path: folder.path("state"))
    try FileManager.default.createSymbolicLink(atPath: folder.path("state.payroll.lock"), withDestinationPath: folder.path("elsewhere"))
    let error = try #require(#expect(throws: LifecycleError.self) { try store.lock("payroll", operation: "test") })
    #expect(error.code == .stateUnusable)
    #expect(!FileManager.default.fileExists(atPath: folder.path("elsewhere")))
  }
}
