import Foundation
import TestSupport
import Testing
import X509

@testable import ServiceSimulator

@Suite("Commands and the control file")
struct ControlTests {
  @Test("Faults are set with a count and cleared, alone or all at once")
  func faults() async throws {
    try await Workbench.with { bench in
      func status() async throws -> Int { try await bench.get("x").status }
      #expect(try await bench.simulator.perform("fault get:html-502 x2") == "set get:html-502 x2")
      let statuses = [try await status(), try await status(), try await status()]
      #expect(statuses == [502, 502, 200])
      try await bench.simulator.perform("fault html-502")
      try await bench.simulator.perform("fault soap-fault-500")
      try await bench.simulator.perform("clear html-502")
      #expect(try await status() == 500)
      try await bench.simulator.perform("clear")
      #expect(try await status() == 200)
      #expect(bench.simulator.changes().map(\.isAccepted) == [true, true, true, true, true])
    }
  }

  @Test("The clock is set, moved, stopped and let go, and everything goes by it")
  func clock() async throws {
    try await Workbench.with({ $0.notReadyFor = .seconds(3600) }) { bench in
      let simulator = bench.simulator
      try await simulator.perform("clock stop")
      try await simulator.perform("clock 2030-01-31T12:00:00Z")
      #expect(TimeText.text(simulator.now) == "2030-01-31T12:00:00Z")
      // The credential was sent in the machine's time, which is long ago now.
      #expect(try await bench.signNew().value("ErrorCode") == "PKI020")
      try await simulator.perform("order 0123456-7:2:password")
      let id = try #require(try await bench.signNew(id: "2", password: "password").value("RetrievalId"))
      #expect(try await bench.get(id).value("ErrorCode") == "SIM101")
      try await simulator.perform("advance 59m59s")
      #expect(try await bench.get(id).value("ErrorCode") == "SIM101")
      try await simulator.perform("advance 1s")
      let certificate = try #require(try await bench.get(id).certificate)
      #expect(TimeText.text(certificate.notValidBefore) == "2030-01-31T12:00:00Z")
      try await simulator.perform("clock go")
      bench.clock.advance(seconds: 10)
      #expect(simulator.now >= certificate.notValidBefore.addingTimeInterval(3610))
      try await simulator.perform("clock -1d")
      #expect(abs(simulator.now.timeIntervalSince(bench.clock.now) + 86_400) < 1)
      try await simulator.perform("clock machine")
      #expect(simulator.now == bench.clock.now)
    }
  }

  @Test("A certificate is made ready: one, or all; how long the next is not ready can be changed")
  func ready() async throws {
    try await Workbench.with { bench in
      try await bench.simulator.perform("order 0123456-7:2:password")
      let first = try #require(try await bench.signNew().value("RetrievalId"))
      let second = try #require(try await bench.signNew(id: "2", password: "password").value("RetrievalId"))
      #expect(try await bench.simulator.perform("ready \(second)") == "made \(second) ready")
      #expect(try await bench.get(first).isFail)
      #expect(try await bench.get(second).isOK)
      #expect(try await bench.simulator.perform("ready") == "made 1 certificate ready")
      #expect(try await bench.get(first).isOK)
      try await bench.simulator.perform("not-ready-for 0s")
      try await bench.simulator.perform("order 0123456-7:3:password")
      let third = try #require(try await bench.signNew(id: "3", password: "password").value("RetrievalId"))
      #expect(try await bench.get(third).isOK)
    }
  }

  @Test("A certificate is revoked, by its serial number or as the latest")
  func revoke() async throws {
    try await Workbench.with { bench in
      let (first, second) = (try await bench.customerCertificate(), try await bench.customerCertificate())
      try await bench.simulator.perform("revoke latest superseded")
      let serial = first.serialNumber.bytes.map { String(format: "%02X", $0) }.joined(separator: ":")
      #expect(try await bench.renew(with: second).value("ErrorCode") == "SIM304")
      #expect(try await bench.renew(with: first).isOK)
      try await bench.simulator.perform("revoke \(serial)")
      #expect(try await bench.renew(with: first).value("ErrorCode") == "SIM304")
    }
  }

  @Test(
    "SIMULATOR-CONTROL: what cannot be carried out is refused with its reason, and changes nothing",
    arguments: [
      "", "nonsense", "Fault html-502", "clear html-502", "clear html-502 x3", "outages", "outages 1.1", "outages often", "advance",
      "advance 1", "advance 1d 1d", "advance d", "order 1:2", "order a:b", "ready nothing", "ready a b", "not-ready-for soon", "revoke",
      "revoke 01", "revoke latest", "revoke response-signer because", "revoke a b c", "note \u{1b}[2J",
      "note " + String(repeating: "x", count: 1000),
    ])
  func refused(command: String) async throws {
    try await Workbench.with { bench in
      let error = await #expect(throws: SimulatorError.self) { try await bench.simulator.perform(command) }
      #expect(error?.rule == .control)
      let change = try #require(bench.simulator.changes().last)
      #expect(!change.isAccepted && change.reason.contains("[SIMULATOR-CONTROL]"))
    }
  }

  @Test(
    "SIMULATOR-CLOCK: what is no time, or beyond certificates, is refused",
    arguments: ["tomorrow", "2027-13-01", "2027-01-01T00:00", "+1", "1d", "+400000d", "-40000d", "2200-01-01", "1969-12-31"])
  func refusedTimes(time: String) async throws {
    try await Workbench.with { bench in
      let before = bench.simulator.now
      let error = await #expect(throws: SimulatorError.self) { try await bench.simulator.perform("clock \(time)") }
      #expect(error?.rule == .clock)
      #expect(bench.simulator.now == before)
    }
  }

  // MARK: The file

  /// Appends to a file of one's own.
  private func append(_ text: String, to path: String) throws {
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
    }
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data(text.utf8))
    try file.close()
  }

  @Test("A command that was written before a request was sent holds for that request; half a line says nothing yet")
  func file() async throws {
    let folder = try TemporaryFolder()
    let control = folder.path("control")
    try await Workbench.with({ $0.controlFile = control }) { bench in
      func status() async throws -> Int { try await bench.get("x").status }
      #expect(try await status() == 200)
      for _ in 0..<5 {
        try append("fault html-502\n", to: control)
        #expect(try await status() == 502)
        try append("# a comment\n\n  clear html-502  \n", to: control)
        #expect(try await status() == 200)
      }
      try append("fault html-5", to: control)
      #expect(try await status() == 200)
      try append("02 x1\n", to: control)
      #expect(try await status() == 502)
      #expect(bench.log.lines.contains("control line 21 -> set html-502 x1"))
    }
  }

  @Test("A file that was replaced or shortened is read from its start")
  func replaced() async throws {
    let folder = try TemporaryFolder()
    let control = folder.path("control")
    try append("note first\nfault html-502\n", to: control)
    try await Workbench.with({ $0.controlFile = control }) { bench in
      #expect(try await bench.get("x").status == 502)
      try append("clear\n", to: folder.path("next"))
      _ = try FileManager.default.removeItem(atPath: control)
      try FileManager.default.moveItem(atPath: folder.path("next"), toPath: control)
      #expect(try await bench.get("x").status == 200)
      let file = try #require(FileHandle(forWritingAtPath: control))
      try file.truncate(atOffset: 0)
      try file.close()
      #expect(try await bench.get("x").status == 200)
      try append("note x\n", to: control)
      #expect(try await bench.get("x").status == 200)
      let lines = bench.log.lines.filter { $0.hasPrefix("control") }.map { String($0.dropFirst(8)) }
      #expect(lines == ["line 1 -> note: first", "line 2 -> set html-502", "line 1 -> cleared all faults", "line 1 -> note: x"])
    }
  }

  @Test("Without a request it is looked at too")
  func watched() async throws {
    let folder = try TemporaryFolder()
    let control = folder.path("control")
    try await Workbench.with({ $0.controlFile = control }) { bench in
      try append("note seen\n", to: control)
      _ = try await eventually("the note") { bench.log.lines.contains("control line 1 -> note: seen") ? true : nil }
    }
  }

  @Test("SIMULATOR-OWNER-ONLY: a file that others can read, and a link, say nothing, and that is told once", arguments: [true, false])
  func foreign(link: Bool) async throws {
    let folder = try TemporaryFolder()
    let control = folder.path("control")
    try append("fault html-502\n", to: link ? folder.path("real") : control)
    if link {
      try FileManager.default.createSymbolicLink(atPath: control, withDestinationPath: folder.path("real"))
    } else {
      try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: control)
    }
    try await Workbench.with({ $0.controlFile = control }) { bench in
      for _ in 0..<2 { #expect(try await bench.get("x").status == 200) }
      #expect(bench.log.lines.filter { $0.contains("[SIMULATOR-OWNER-ONLY]") }.count == 1)
      if !link {
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: control)
        #expect(try await bench.get("x").status == 502)
      }
    }
  }
}
