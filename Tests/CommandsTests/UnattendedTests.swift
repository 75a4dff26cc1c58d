import Foundation
import ServiceSimulator
import TestSupport
import Testing

@Suite("Without anybody there: the units of systemd, and what goes into the journal", .serialized)
struct UnattendedTests {
  private static let units = OfficialMaterial.projectFolder.appending(path: "systemd")

  /// The units with the program that was built here in the place of the installed one.
  private func units(in folder: TemporaryFolder) throws -> [String] {
    try ["hsmkey.service", "hsmkey.timer"].map { name in
      let text = try String(contentsOf: Self.units.appending(path: name), encoding: .utf8)
      try folder.write(text.replacing("ExecStart=/usr/bin/hsmkey", with: "ExecStart=\(Bench.program)").utf8, to: name)
      return folder.path(name)
    }
  }

  /// The values of a key, in order.
  private func values(_ key: String, in unit: String) throws -> [String] {
    try String(contentsOf: Self.units.appending(path: unit), encoding: .utf8).split(separator: "\n")
      .filter { $0.hasPrefix("\(key)=") }.map { String($0.dropFirst(key.count + 1)) }
  }

  @Test("systemd finds nothing wrong with the units")
  func verified() async throws {
    let folder = try TemporaryFolder()
    let result = try await run("systemd-analyze", ["verify", "--man=no"] + units(in: folder))
    // What it says of other units of this machine is not ours.
    let complaints = result.standardError.split(separator: "\n").filter { $0.contains("hsmkey") }
    #expect(complaints.isEmpty, "\(result.standardError)")
    #expect(result.exitCode == 0, "\(result.standardError)")
  }

  @Test("systemd rates the service's exposure 1.5 of 10 or less")
  func exposure() async throws {
    let folder = try TemporaryFolder()
    let service = try #require(try units(in: folder).first)
    let result = try await run("systemd-analyze", ["security", "--offline=true", "--threshold=15", "--no-pager", service])
    #expect(result.exitCode == 0, "\(result.standardOutput.split(separator: "\n").last ?? "")\(result.standardError)")
  }

  @Test("the service is tried again for exactly the exit codes that ask for it, within limits, and the PIN comes as a credential")
  func contract() throws {
    #expect(try values("ExecStart", in: "hsmkey.service") == ["/usr/bin/hsmkey certificate renew --due"])
    #expect(try values("RestartForceExitStatus", in: "hsmkey.service") == ["69 75"])
    #expect(try values("SuccessExitStatus", in: "hsmkey.service") == ["75"])
    #expect(try values("Restart", in: "hsmkey.service").isEmpty, "nothing else is tried again by itself, a PIN least of all")
    #expect(try values("StartLimitBurst", in: "hsmkey.service") == ["12"])
    #expect(try values("LoadCredentialEncrypted", in: "hsmkey.service").first?.hasPrefix("hsm-pin:") == true)
    #expect(try values("Environment", in: "hsmkey.service") == ["HSMKEY_PIN_SOURCE=credential:hsm-pin"])
    #expect(try values("StateDirectory", in: "hsmkey.service") == ["hsmkey"], "the default state and PIN memory are there")
    #expect(try values("Persistent", in: "hsmkey.timer") == ["true"])
  }

  /// The system calls of a set of systemd's (`@file-system`), those of the sets in it included.
  private func systemCalls(_ set: String) async throws -> Set<String> {
    let shown = try await run("systemd-analyze", ["syscall-filter", set]).standardOutput
    var calls: Set<String> = []
    for line in shown.split(separator: "\n").dropFirst().map({ $0.trimmingCharacters(in: .whitespaces) }) where !line.hasPrefix("#") {
      if line.hasPrefix("@") { try await calls.formUnion(systemCalls(line)) } else { calls.insert(line) }
    }
    return calls
  }

  @Test("a renewal, its program and all, stays within the service's system calls and address families, and makes no code as it runs")
  func systemCalls() async throws {
    var allowed: Set<String> = []
    for filter in try values("SystemCallFilter", in: "hsmkey.service") {
      if filter.hasPrefix("~") {
        try await allowed.subtract(systemCalls(String(filter.dropFirst())))
      } else {
        try await allowed.formUnion(systemCalls(filter))
      }
    }
    #expect(allowed.count > 200)
    #expect(!allowed.contains("ptrace") && !allowed.contains("mount"))
    var settings = ServiceBench.Settings()
    settings.certificate.append("after-change: [/usr/bin/touch, told]")
    try await ServiceBench.with(settings) { service in
      let bench = service.bench
      try await service.enrol()
      let traced = try await run(
        "strace", ["-f", "-qq", "-o", bench.folder.path("calls"), Bench.program, "certificate", "renew", "--all"],
        environment: bench.environment, in: bench.folder.path)
      #expect(traced.exitCode == 0, "\(traced.standardError)")
      #expect(try await service.issuedCount() == 2)
      let lines = try bench.text("calls").split(separator: "\n")
      let used = Set(lines.compactMap { $0.firstMatch(of: /^\d+ +(\w+)\(/).map { String($0.1) } })
      #expect(used.count > 40, "\(used.sorted())")
      #expect(used.subtracting(allowed).isEmpty, "not allowed: \(used.subtracting(allowed).sorted())")
      let families = Set(lines.compactMap { $0.firstMatch(of: /\bsocket(?:pair)?\((AF_\w+)/).map { String($0.1) } })
      let named = try Set(#require(values("RestrictAddressFamilies", in: "hsmkey.service").first).split(separator: " ").map(String.init))
      #expect(families.subtracting(named).isEmpty, "\(families)")
      #expect(!lines.contains { $0.contains("PROT_WRITE|PROT_EXEC") }, "MemoryDenyWriteExecute")
    }
  }

  @Test("nothing is due and there is no terminal: not a word, neither to the journal nor to a mail; --json always answers")
  func silence() async throws {
    var settings = ServiceBench.Settings()
    settings.simulator = { $0.certificateLifetimeDays = 730 }
    try await ServiceBench.with(settings) { service in
      try await service.enrol()
      // Neither token nor PIN are asked for when there is nothing to do.
      let elsewhere = ["HSMKEY_PIN_SOURCE": "file:/nonexistent", "HSMKEY_MODULE": "/nonexistent"]
      let result = try await service.bench.hsmkey(["certificate", "renew", "--due"], environment: elsewhere)
      #expect(result.exitCode == 0)
      #expect(result.standardOutput.isEmpty)
      #expect(result.standardError.isEmpty, "\(result.standardError)")
      let answer = try await service.bench.object("certificate", "renew", "--due", environment: elsewhere)
      #expect(answer["not-due"].list.compactMap(\.string) == ["payroll"])

      // A person is told.
      let terminal = try PseudoTerminal()
      let child = try terminal.start(
        Bench.program, ["certificate", "renew", "--due", "--config", service.bench.folder.path("hsmkey.yaml")],
        environment: service.bench.environment)
      try await terminal.waits(for: "nothing is due: payroll")
      #expect(try await child.wait() == 0)
    }
  }

  @Test("in the journal each line has its priority, and is one line without colours; elsewhere there is no prefix")
  func journal() async throws {
    var settings = ServiceBench.Settings()
    settings.certificate.append(#"after-change: ["/bin/false"]"#)
    try await ServiceBench.with(settings) { service in
      let script = "exec 2>journal; JOURNAL_STREAM=$(stat -c %d:%i journal) $hsmkey certificate renew payroll"
      _ = try await service.bench.shell(script)
      let lines = try service.bench.text("journal").split(separator: "\n")
      #expect(lines.first?.hasPrefix("<3>hsmkey: error: ") == true, "\(lines)")
      #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("<3>hint: ") })
      #expect(!lines.contains { $0.utf8.contains(0x1B) })

      // Led elsewhere after systemd had connected it.
      let other = try await service.bench.shell("JOURNAL_STREAM=1:1 $hsmkey certificate renew payroll")
      #expect(other.standardError.hasPrefix("hsmkey: error: "))
      let object = try await service.bench.shell(
        "exec 2>journal; JOURNAL_STREAM=$(stat -c %d:%i journal) $hsmkey certificate renew payroll --json")
      #expect(object.exitCode != 0)
      #expect(try service.bench.text("journal").hasPrefix("{\"error\""), "an object is for programs, also in the journal")

      let enrolment = ServiceBench.enrolment().joined(separator: " ")
      let enrolled = try await service.bench.shell("exec 2>journal; JOURNAL_STREAM=$(stat -c %d:%i journal) $hsmkey \(enrolment)")
      #expect(enrolled.exitCode == 0)
      #expect(try service.bench.text("journal").contains("<4>hsmkey: warning: payroll: the after-change program failed"))
    }
  }
}
