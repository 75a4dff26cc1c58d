import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import CertificateLifecycle

@Suite("The file for the certificate's users")
struct CertificateFileTests {
  private func mode(_ path: String) throws -> Int? {
    (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
  }

  @Test("It is replaced in one step, keeps its permissions, and nothing else is left in its folder")
  func replaced() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      let file = try bench.fileForUsers("old")
      try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
      let reader = try #require(FileHandle(forReadingAtPath: file))
      let installed = try await bench.renew(file: file)
      let stillRead = try reader.readToEnd()
      #expect(stillRead == Data("old".utf8), "who had it open reads the old one to its end")
      #expect(try Certificate(pemEncoded: String(contentsOfFile: file, encoding: .utf8)) == installed.certificate())
      #expect(try mode(file) == 0o640)
      #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.path("users")) == ["payroll.pem"])
    }
  }

  @Test(
    "When it cannot be written the certificate is in use all the same, and every later command tries the file again",
    arguments: ["fetch", "renew"])
  func notWritten(command: String) async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      let file = bench.folder.path("missing/payroll.pem")
      let error = try await lifecycleError { try await bench.renew(file: file) }
      #expect(error.code == .fileNotWritten)
      #expect(error.message.contains(file))
      #expect(error.hint?.contains("hsmkey certificate fetch payroll") == true)
      let record = try bench.record()
      let active = try #require(record.active)
      #expect(record.previous.count == 1)
      #expect(record.pending?.stage == .stored)
      #expect(await bench.keys.certificates(of: active.keyName) == [try active.certificate()])

      #expect(try await lifecycleError { try await bench.renew(file: file) }.code == .fileNotWritten)
      try FileManager.default.createDirectory(atPath: bench.folder.path("missing"), withIntermediateDirectories: false)
      let installed = try await command == "fetch" ? bench.fetch(file: file) : bench.renew(file: file)
      #expect(installed.der == active.der)
      #expect(try Certificate(pemEncoded: String(contentsOfFile: file, encoding: .utf8)) == active.certificate())
      #expect(try bench.record().pending == nil)
      #expect(try bench.record().previous.count == 1)
      #expect(bench.transport.posted.count == 2)
    }
  }

  @Test("A directory in its place is an error that leaves no file behind")
  func directory() async throws {
    try await LifecycleBench.with { bench in
      let file = bench.folder.path("users/payroll.pem")
      try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
      #expect(try await lifecycleError { try await bench.enrol(file: file) }.code == .fileNotWritten)
      #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.path("users")) == ["payroll.pem"])
    }
  }

  @Test("An enrolment of which only the file is missing is finished by the renewal that follows it")
  func leftOver() async throws {
    try await LifecycleBench.with { bench in
      let file = bench.folder.path("missing/payroll.pem")
      _ = try await lifecycleError { try await bench.enrol(file: file) }
      bench.clock.advance(days: 700)
      #expect(try await lifecycleError { try await bench.renew(file: file) }.code == .fileNotWritten)
      try FileManager.default.createDirectory(atPath: bench.folder.path("missing"), withIntermediateDirectories: false)
      let installed = try await bench.renew(file: file)
      #expect(try bench.record().previous.count == 1)
      #expect(try Certificate(pemEncoded: String(contentsOfFile: file, encoding: .utf8)) == installed.certificate())
    }
  }

  @Test("In the place of a symbolic link comes a file with the permissions of a new one; what the link led to is not touched")
  func symbolicLink() throws {
    let folder = try TemporaryFolder()
    let target = try folder.write("target".utf8, to: "target")
    try folder.setMode(0o777, of: "target")
    try folder.makeLink("payroll.pem", to: "target")
    let path = folder.path("payroll.pem")
    #expect(try CertificateFile.replace(path, with: "new", name: "payroll", operation: "test") == nil)
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType == .typeRegular)
    #expect(try mode(path) == 0o644 & ~umaskOfTests())
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "target")
    #expect(try mode(target) == 0o777)
  }

  @Test("Permissions to run it, and set-user-ID bits, are not handed on")
  func oddModes() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("old".utf8, to: "payroll.pem")
    try folder.setMode(0o4755, of: "payroll.pem")
    #expect(try CertificateFile.replace(path, with: "new", name: "payroll", operation: "test") == nil)
    #expect(try mode(path) == 0o644)
  }

  @Test("Owner and group are handed on with the permissions", .enabled(if: geteuid() == 0, "only root gives files away"))
  func ownerAndGroup() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("old".utf8, to: "payroll.pem")
    try folder.setMode(0o640, of: "payroll.pem")
    try folder.giveAway("payroll.pem")
    #expect(try CertificateFile.replace(path, with: "new", name: "payroll", operation: "test") == nil)
    #expect(try owners(path) == [65534, 65534])
    #expect(try mode(path) == 0o640)
  }

  @Test(
    "An owner or group that cannot be kept is a warning, and the group is kept where it can be",
    .enabled(if: geteuid() == 0, "only root makes files of several users"), arguments: [false, true])
  func ownerNotKept(isMember: Bool) async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("old".utf8, to: "payroll.pem")
    try folder.setMode(0o640, of: "payroll.pem")
    if isMember {
      try folder.giveAway("payroll.pem")
      try FileManager.default.setAttributes([.ownerAccountID: 0], ofItemAtPath: path)
    }
    try FileManager.default.setAttributes([.ownerAccountID: 65534], ofItemAtPath: folder.path)
    let warning = try #require(
      try await OtherUser.run { try CertificateFile.replace(path, with: "new", name: "payroll", operation: "test") })
    #expect(warning.hasPrefix(isMember ? "its owner could not be kept" : "its owner and group could not be kept"))
    #expect(warning.contains(path))
    #expect(try owners(path) == [65534, 65534])
    #expect(try mode(path) == 0o640)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
  }

  private func owners(_ path: String) throws -> [Int?] {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return [attributes[.ownerAccountID], attributes[.groupOwnerAccountID]].map { ($0 as? NSNumber)?.intValue }
  }

  /// Asking with `umask` would change it for the whole process.
  private func umaskOfTests() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Umask:") })
    return try #require(Int(line.dropFirst(6).trimmingCharacters(in: .whitespaces), radix: 8))
  }

  @Test("Without a file in the plan nothing is written")
  func noFile() async throws {
    try await LifecycleBench.with { bench in
      let before = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).count
      try await bench.enrol()
      #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).count == before + 2, "the state and its lock")
    }
  }
}
