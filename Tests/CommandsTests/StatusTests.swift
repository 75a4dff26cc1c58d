import Foundation
import ServiceSimulator
import TestSupport
import Testing

@Suite("certificate status: the table, monitoring, metrics", .serialized)
struct StatusTests {
  /// A second certificate that nobody has, with a name that tries things.
  private static let odd = #"  "o\"d\\d": {customer-id: 1234567-1}"# + "\n"

  private func withTwo(lifetime: Int, _ body: (ServiceBench) async throws -> Void) async throws {
    var settings = ServiceBench.Settings()
    settings.simulator = { $0.certificateLifetimeDays = lifetime }
    try await ServiceBench.with(settings) { service in
      try service.bench.folder.write((try service.bench.text("hsmkey.yaml") + Self.odd).utf8, to: "hsmkey.yaml")
      try await service.enrol()
      try await body(service)
    }
  }

  @Test("the table has a line for each, a bar of what is left, and the next step; narrow terminals get it below")
  func table() async throws {
    try await withTwo(lifetime: 400) { service in
      let lines = try await service.bench.succeeds("certificate", "status").split(separator: "\n").map(String.init)
      #expect(lines.count == 3)
      #expect(lines[0].split(separator: " ").joined(separator: " ") == "name customer days left window state next step")
      #expect(lines[1].contains("  payroll   0123456-7  399   #!##########  "), "\(lines[1])")
      #expect(lines[1].contains("  active          none until "))
      #expect(lines[2].contains("no certificate  order one in the agency's e-service"))

      let terminal = try PseudoTerminal()
      let child = try terminal.start(
        "sh", ["-c", #"stty cols 60; cd "$1" && "$0" certificate status"#, Bench.program, service.bench.folder.path],
        environment: service.bench.environment)
      #expect(try await child.wait() == 0)
      let shown = terminal.shown.split(separator: "\r\n").map(String.init)
      #expect(shown.allSatisfy { $0.count <= 60 }, "\(terminal.shown)")
      #expect(shown.contains("  next steps"))
      #expect(!shown.contains { $0.contains("payroll: none until") }, "nothing is to be done about that one")
    }
  }

  @Test(
    "--monitor: one line and 0, 1 or 2 by the days that are left",
    arguments: [(30, 14, 0, "OK"), (400, 14, 1, "WARNING"), (500, 400, 2, "CRITICAL")])
  func monitor(warning: Int, critical: Int, exitCode: Int, word: String) async throws {
    var settings = ServiceBench.Settings()
    settings.simulator = { $0.certificateLifetimeDays = 400 }
    try await ServiceBench.with(settings) { service in
      try await service.enrol()
      let result = try await service.bench.hsmkey([
        "certificate", "status", "--monitor", "--warning", "\(warning)", "--critical", "\(critical)",
      ])
      #expect(Int(result.exitCode) == exitCode)
      #expect(result.standardError.isEmpty)
      #expect(result.standardOutput.hasPrefix("HSMKEY \(word) - "), "\(result.standardOutput)")
      #expect(result.standardOutput.contains("| days_left=399;\(warning):;\(critical): certificates=1 "))
      #expect(result.standardOutput.split(separator: "\n").count == 1)
    }
  }

  @Test("--monitor: a certificate that nobody has is a warning, an uncertain outcome critical, and what cannot be told 3")
  func monitorTrouble() async throws {
    try await withTwo(lifetime: 400) { service in
      let bench = service.bench
      let missing = try await bench.hsmkey(["certificate", "status", "--monitor"])
      #expect(missing.exitCode == 1)
      #expect(missing.standardOutput.contains(#"o"d\d: no certificate"#), "\(missing.standardOutput)")

      try service.simulator.set(.closeAfterCommit, for: .signNew, answers: 1)
      try await service.order("order-2")
      try bench.folder.write(
        (try bench.text("hsmkey.yaml").replacing(Self.odd, with: "  second: {customer-id: 0123456-7}\n")).utf8, to: "hsmkey.yaml")
      let enrolment = [
        "certificate", "enrol", "second", "--transfer-id", "order-2", "--transfer-password-source", "file:transfer-password",
      ]
      #expect(try await bench.hsmkey(enrolment).exitCode == 7)
      let uncertain = try await bench.hsmkey(["certificate", "status", "--monitor"])
      #expect(uncertain.exitCode == 2)
      #expect(uncertain.standardOutput.contains("second: enrolment uncertain"), "\(uncertain.standardOutput)")

      try bench.folder.write("nonsense: 1\n".utf8, to: "hsmkey.yaml")
      let unknown = try await bench.hsmkey(["certificate", "status", "--monitor"])
      #expect(unknown.exitCode == 3)
      #expect(unknown.standardOutput.hasPrefix("HSMKEY UNKNOWN - "))
      #expect(unknown.standardError.isEmpty)
    }
  }

  @Test("a certificate that is in the state and no longer in the configuration is still told, and --monitor minds")
  func unconfigured() async throws {
    try await ServiceBench.with { service in
      try await service.enrol()
      let text = try service.bench.text("hsmkey.yaml").replacing("  payroll:\n", with: "  wages:\n")
      try service.bench.folder.write(text.utf8, to: "hsmkey.yaml")
      let answer = try await service.bench.object("certificate", "status")["certificates"]
      #expect(answer.list.map { $0["name"].string } == ["wages", "payroll"])
      #expect(answer.list.map { $0["is-configured"].bool } == [true, false])
      #expect(answer[1]["next-step"].string?.contains("not in the configuration file") == true)
    }
  }

  /// Where Python finds packages that are not Debian's; `softhsm/test` says so.
  private static let pythonPath = ProcessInfo.processInfo.environment["HSMKEY_TEST_PYTHONPATH"].flatMap {
    FileManager.default.fileExists(atPath: "\($0)/prometheus_client") ? $0 : nil
  }

  @Test(
    "--format prometheus is read by Prometheus' own Python parser, names that try things included",
    .enabled(if: pythonPath != nil, "HSMKEY_TEST_PYTHONPATH does not say where Python's prometheus-client is"))
  func prometheus() async throws {
    try await withTwo(lifetime: 400) { service in
      let text = try await service.bench.succeeds("certificate", "status", "--format", "prometheus")
      try service.bench.folder.write(text.utf8, to: "metrics")
      let script = """
        import json, sys
        from prometheus_client.parser import text_string_to_metric_families
        print(json.dumps({"samples": [[s.name, s.labels, s.value]
          for f in text_string_to_metric_families(open(sys.argv[1]).read()) for s in f.samples]}))
        """
      let result = try await run(
        "python3", ["-c", script, service.bench.folder.path("metrics")], environment: ["PYTHONPATH": try #require(Self.pythonPath)])
      let samples = try JSON(parsing: result.standardOutput)["samples"].list
      let entry = try await service.status()
      let notAfter = try Date(try #require(entry["certificate"]["not-after"].string), strategy: .iso8601)
      let expiry = samples.filter { $0[0].string == "hsmkey_certificate_not_after_timestamp_seconds" }
      #expect(expiry.map { $0[2].number } == [Int(notAfter.timeIntervalSince1970)])
      #expect(expiry.map { $0[1]["name"].string } == ["payroll"])
      let states = samples.filter { $0[0].string == "hsmkey_certificate_state" }
      #expect(states.map { $0[1]["name"].string } == ["payroll", #"o"d\d"#])
      #expect(states.map { $0[1]["state"].string } == ["active", "none"])
    }
  }

  @Test("without a configuration file it says so, and how one is named")
  func nothingConfigured() async throws {
    let shown = try await Bench().succeeds("certificate", "status")
    #expect(shown.hasPrefix("no certificate is configured; there is no configuration file\n"))
    #expect(shown.contains("--config"))
  }

  @Test(
    "formats that do not go together are refused",
    arguments: [["--monitor", "--json"], ["--json", "--format", "text"], ["--critical", "31"]])
  func formats(options: [String]) async throws {
    let result = try await Bench().hsmkey(["certificate", "status"] + options)
    #expect(result.exitCode == 64)
    #expect(result.standardError.contains("usage: hsmkey certificate status"))
  }
}
