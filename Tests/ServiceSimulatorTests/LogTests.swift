import Crypto
import CryptoExtras
import Foundation
import TestSupport
import Testing
import X509

@testable import ServiceSimulator

@Suite("The request log")
struct LogTests {
  @Test("It tells of every request what was asked, what came of it, and whether anything was committed")
  func contents() async throws {
    try await Workbench.with { bench in
      let id = try #require(try await bench.signNew().value("RetrievalId"))
      _ = try await bench.signNew()
      _ = try await bench.get(id)
      bench.clock.advance(seconds: 60)
      _ = try await bench.get(id)
      let old = try await bench.customerCertificate()
      let renewal = try await bench.renew(with: old)
      let log = bench.simulator.log()
      #expect(log.map(\.number) == [1, 2, 3, 4, 5])
      #expect(log.map(\.operation) == ["signNewCertificate", "signNewCertificate", "getCertificate", "getCertificate", "renewCertificate"])
      #expect(log.map(\.committed) == [true, false, false, false, true])
      #expect(log.map(\.result) == ["OK", "FAIL", "FAIL", "OK", "OK"])
      #expect(log.map(\.errorCodes) == [[], ["PKI020"], ["SIM101"], [], []])
      #expect(log.map(\.retrievalID) == [id, nil, id, id, renewal.value("RetrievalId")])
      #expect(log.allSatisfy { $0.customerID == Messages.customerID && $0.status == 200 && $0.delivery == "whole" && !$0.isTestBench })
      let digest = SHA256.hash(data: Data(Workbench.transferID.utf8)).map { String(format: "%02x", $0) }.joined()
      #expect(log.map(\.transferIDDigest) == [digest, digest, nil, nil, nil])
      let issued = try await bench.simulator.issuedCertificates().map(\.serialNumber.hexadecimal)
      #expect(log.map(\.serial) == [issued[0], nil, nil, issued[0], issued[2]])
      #expect(log[4].signerSerial == issued[1])
      let key = try Workbench.customerKey.get().publicKey.derRepresentation
      #expect(log[0].publicKeyDigest == SHA256.hash(data: key).map { String(format: "%02x", $0) }.joined())
    }
  }

  @Test("What the client is not told is in it: commits behind a closed connection, faults, and before the answer leaves")
  func lostAnswers() async throws {
    try await Workbench.with { bench in
      try await bench.simulator.perform("fault sign-new:close-before-commit x1")
      try await bench.simulator.perform("fault sign-new:hang-after-commit")
      _ = try await bench.signNew()
      let payload = Messages.signNew(
        id: Workbench.transferID, password: Workbench.password, request: try Workbench.certificateRequest())
      async let hanging = bench.post(Messages.envelope(payload), action: "signNewCertificate", options: ["--max-time", "10"])
      let entry = try await eventually("the entry") { bench.simulator.log().count == 2 ? bench.simulator.log()[1] : nil }
      #expect(bench.simulator.log().map(\.committed) == [false, true])
      #expect(entry.status == 0 && entry.delivery == "none" && entry.faults == ["hang-after-commit"] && entry.retrievalID != nil)
      await bench.simulator.stop()
      _ = try await hanging
      #expect(bench.simulator.log().count == 2)
    }
  }

  @Test("In a file it reads the same, is one's own, and holds no password and no transfer id")
  func file() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("log.jsonl")
    var logged: [LoggedRequest] = []
    for _ in 0..<2 {
      try await Workbench.with({ $0.logFile = path }) { bench in
        _ = try await bench.signNew()
        _ = try await bench.get("nothing")
        _ = try await bench.post("<\(Workbench.password)/>", action: Workbench.transferID)
        try await bench.simulator.perform("order 0123456-7:9876:anotherPassword")
        logged += bench.simulator.log()
      }
    }
    let read = try LoggedRequest.read(path)
    #expect(read.map(\.operation) == logged.map(\.operation) && read.map(\.outcome) == logged.map(\.outcome) && read.count == 6)
    #expect(read.map(\.transferIDDigest) == logged.map(\.transferIDDigest) && read.map(\.serial) == logged.map(\.serial))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for secret in [Workbench.password, Workbench.transferID, "9876", "anotherPassword"] { #expect(!text.contains(secret)) }
    #expect(text.split(separator: "\n").count == 8)
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    // A line that is not finished says nothing yet.
    try folder.write(Array((text + "{\"kind\":\"requ").utf8), to: "unfinished")
    #expect(try LoggedRequest.read(folder.path("unfinished")) == read)
  }

  @Test("SIMULATOR-OWNER-ONLY: a log that others can read, or that is something else, is not written", arguments: [true, false])
  func foreign(link: Bool) async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array("precious".utf8), to: "log")
    try FileManager.default.setAttributes([.posixPermissions: link ? 0o600 : 0o644], ofItemAtPath: path)
    if link { try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: path) }
    var configuration = ServiceSimulator.Configuration()
    configuration.keys = try Workbench.keys.get()
    configuration.logFile = link ? folder.path("link") : path
    let simulator = try ServiceSimulator(configuration)
    await #expect { try await simulator.start() } throws: { ($0 as? SimulatorError)?.rule == .ownerOnly }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
  }
}
