import Foundation
import ServiceSimulator
import TestSupport
import Testing

@Suite("Interrupted while it waits: the state is kept, and fetch ends it", .serialized)
struct InterruptionTests {
  @Test("by Ctrl-C, by the end of the session, by the service manager, and without warning", arguments: [SIGINT, SIGHUP, SIGTERM, SIGKILL])
  func interrupted(signal: CInt) async throws {
    var settings = ServiceBench.Settings()
    settings.service = ["first-wait: 20s", "poll-interval: 1s", "give-up-after: 10s"]
    try await ServiceBench.with(settings) { service in
      let bench = service.bench
      let log = bench.folder.path("log")
      let child = try ChildProcess(
        "env", ["-C", bench.folder.path, Bench.program] + ServiceBench.enrolment() + ["--log-level", "info"],
        environment: bench.environment,
        log: log)
      try await patiently("the waiting") { try String(contentsOfFile: log, encoding: .utf8).contains("waits") ? () : nil }
      child.send(signal)
      #expect(try await child.wait() == 128 + Int(signal))
      let told = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").filter { $0.contains("interrupted") }
      let line = "hsmkey: warning: interrupted: payroll: what was done is kept; go on with: hsmkey certificate fetch payroll"
      #expect(told == ([SIGINT, SIGTERM].contains(signal) ? [line[...]] : []))
      #expect(try await service.status()["description"].string == "enrolment sent, certificate not fetched yet")
      try await service.expectNothingKept()

      settings.service = ["first-wait: 0s", "poll-interval: 1s", "give-up-after: 10s"]
      try service.write(settings)
      #expect(try await bench.object("certificate", "fetch", "payroll")["was-pending"].bool == true)
      #expect(try await service.issuedCount() == 1)
      #expect(try await service.certificatesOnToken() == 1)
    }
  }

  @Test("while a request that works once is on its way: its outcome is unknown, and the command that says how to go on is named")
  func onItsWay() async throws {
    try await ServiceBench.with { service in
      try service.simulator.set(.hangAfterCommit, for: .signNew)
      let log = service.bench.folder.path("log")
      let child = try ChildProcess(
        "env", ["-C", service.bench.folder.path, Bench.program] + ServiceBench.enrolment() + ["--log-level", "info"],
        environment: service.bench.environment, log: log)
      try await patiently("the request") { try String(contentsOfFile: log, encoding: .utf8).contains("sends the request") ? () : nil }
      child.send(SIGTERM)
      #expect(try await child.wait() == 128 + Int(SIGTERM))
      let told = try String(contentsOfFile: log, encoding: .utf8)
      #expect(told.contains("its outcome is unknown; how to go on says: hsmkey certificate enrol payroll\n"), "\(told)")
    }
  }

  @Test("Ctrl-C on a terminal, where progress is shown")
  func onTerminal() async throws {
    var settings = ServiceBench.Settings()
    settings.service = ["first-wait: 20s", "poll-interval: 1s", "give-up-after: 10s"]
    try await ServiceBench.with(settings) { service in
      let bench = service.bench
      let terminal = try PseudoTerminal()
      let child = try terminal.start(
        "env", ["-C", bench.folder.path, Bench.program] + ServiceBench.enrolment(), environment: bench.environment)
      try await terminal.waits(for: "waits")
      #expect(terminal.shown.contains("hsmkey: payroll: sends the request"))
      terminal.type("\u{3}")
      #expect(try await child.wait() == 128 + Int(SIGINT))
      // An enrolment that was sent goes on without credentials.
      settings.service = ["first-wait: 0s"]
      try service.write(settings)
      try await bench.succeeds("certificate", "enrol", "payroll")
      #expect(try await service.issuedCount() == 1)
    }
  }
}
