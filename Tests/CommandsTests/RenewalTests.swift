import Foundation
import ServiceSimulator
import TestSupport
import Testing

@Suite("certificate renew", .serialized)
struct RenewalTests {
  @Test("a new key and certificate; the old ones stay; the file is replaced in one step")
  func renew() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let first = try await service.enrol()["certificate"]
      let inode = try bench.inode("payroll.pem")
      let renewed = try await bench.object("certificate", "renew", "payroll")["renewed"]
      #expect(renewed.list.count == 1)
      let second = renewed[0]["certificate"]
      #expect(second["serial"].string != first["serial"].string)
      #expect(second["key-name"].string != first["key-name"].string)
      #expect(second["public-key-sha256"].string != first["public-key-sha256"].string)

      #expect(try bench.inode("payroll.pem") != inode)
      let read = try await bench.openssl("x509", "-in", "payroll.pem", "-noout", "-serial")
      #expect(read.standardOutput.lowercased() == "serial=\(second["serial"].string ?? "?")\n")
      let status = try await service.status()
      #expect(status["certificate"]["serial"].string == second["serial"].string)
      #expect(status["previous"].list.map { $0["serial"].string } == [first["serial"].string])
      #expect(try await service.certificatesOnToken() == 2)
      #expect(try await bench.object("key", "list")["keys"].list.count == 2)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).filter { $0.contains("payroll.pem") } == ["payroll.pem"])
    }
  }

  @Test("a reader of the certificate file never sees half of it")
  func reader() async throws {
    try await ServiceBench.with { service in
      try await service.enrol()
      let file = service.bench.folder.path("payroll.pem")
      try await withThrowingTaskGroup(of: Int.self) { group in
        group.addTask {
          var count = 0
          while !Task.isCancelled {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(text.hasPrefix("-----BEGIN CERTIFICATE-----\n") && text.hasSuffix("\n-----END CERTIFICATE-----\n"))
            count += 1
            await Task.yield()
          }
          return count
        }
        for _ in 0..<3 { try await service.bench.succeeds("certificate", "renew", "payroll") }
        group.cancelAll()
        #expect(try await group.next() ?? 0 > 3)
      }
    }
  }

  @Test("LIFECYCLE-WINDOW: outside the window it is refused with the date when it opens, nothing is sent and no key is made")
  func outsideTheWindow() async throws {
    var settings = ServiceBench.Settings()
    settings.simulator = { $0.certificateLifetimeDays = 400 }
    try await ServiceBench.with(settings) { service in
      try await service.enrol()
      let opens = try #require(try await service.status()["window-opens"].string)
      let blind = ["HSMKEY_MODULE": "/nonexistent", "HSMKEY_PIN_SOURCE": "file:/nonexistent"]
      let refusal = try await service.bench.refusedAsJSON(2, "certificate", "renew", "payroll", environment: blind)
      #expect(refusal.rule == "LIFECYCLE-WINDOW")
      #expect(refusal.message.contains(opens))
      #expect(try await service.bench.object("key", "list")["keys"].list.count == 1)
      #expect(try await service.status()["description"].string == "active")
    }
  }

  @Test(
    "--due and --all: a certificate that nobody has is told and is no failure; where none is configured there is a mistake",
    arguments: ["--due", "--all"])
  func nobodyEnrolled(option: String) async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let blind = ["HSMKEY_MODULE": "/nonexistent", "HSMKEY_PIN_SOURCE": "file:/nonexistent"]
      let text = try await bench.hsmkey(["certificate", "renew", option], environment: blind)
      #expect(text.exitCode == 0)
      #expect(text.standardOutput.isEmpty)
      #expect(text.standardError.isEmpty, "a timer's mail stays empty: \(text.standardError)")
      let asked = try await bench.hsmkey(["certificate", "renew", option, "--json"], environment: blind)
      #expect(asked.standardError.hasPrefix(#"{"warning":"payroll has no certificate in ./state/state.sqlite"#), "\(asked.standardError)")
      #expect(try await bench.object("certificate", "renew", option, environment: blind)["not-enrolled"].list.map(\.string) == ["payroll"])
      #expect(!bench.exists("state"), "looking makes no state")

      try bench.folder.write("state: state/state.sqlite\n".utf8, to: "hsmkey.yaml")
      #expect(try await bench.refused(78, "certificate", "renew", option).message.contains("no certificate is configured"))
      try FileManager.default.removeItem(atPath: bench.folder.path("hsmkey.yaml"))
      #expect(try await bench.refused(78, "certificate", "renew", option).message.contains("there is no configuration file"))
    }
  }

  @Test("--due with nothing due ends with 0 and needs neither token nor PIN; it says so on a terminal, and nothing where there is none")
  func nothingDue() async throws {
    var settings = ServiceBench.Settings()
    settings.simulator = { $0.certificateLifetimeDays = 400 }
    try await ServiceBench.with(settings) { service in
      let blind = ["HSMKEY_MODULE": "/nonexistent", "HSMKEY_PIN_SOURCE": "file:/nonexistent"]
      try await service.enrol()
      let result = try await service.bench.hsmkey(["certificate", "renew", "--due"], environment: blind)
      #expect(result.exitCode == 0)
      #expect(result.standardOutput.isEmpty)
      #expect(result.standardError.isEmpty)
      let answer = try await service.bench.object("certificate", "renew", "--due", environment: blind)
      #expect(answer["not-due"].list.map(\.string) == ["payroll"])
      #expect(answer["renewed"].list.isEmpty)
      let terminal = try PseudoTerminal()
      let child = try terminal.start(
        "env", ["-C", service.bench.folder.path, Bench.program, "certificate", "renew", "--due"], environment: service.bench.environment)
      #expect(try await child.wait() == 0)
      #expect(terminal.shown == "nothing is due: payroll\r\n")
    }
  }

  @Test("--due renews several with one reading of the PIN, and one that fails does not keep the others")
  func severalDue() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let text = try bench.text("hsmkey.yaml")
      try bench.folder.write((text + "  second:\n    customer-id: 0123456-7\n    certificate-file: second.pem\n").utf8, to: "hsmkey.yaml")
      try await service.enrol()
      try await service.order("order-2")
      try await bench.succeeds(
        "certificate", "enrol", "second", "--transfer-id", "order-2", "--transfer-password-source", "file:transfer-password")

      let both = try await bench.shell(#""$hsmkey" certificate renew --due --json --pin-source fd:3 3< pin"#)
      #expect(both.exitCode == 0, "\(both.standardError)")
      #expect(try JSON(parsing: both.standardOutput)["renewed"].list.map { $0["name"].string } == ["payroll", "second"])

      try service.simulator.set(.failWithoutErrorInfo, for: .renew, answers: 1)
      let one = try await bench.hsmkey(["certificate", "renew", "--all", "--json"])
      #expect(one.exitCode == 5)
      let answer = try JSON(parsing: one.standardOutput)
      // They are renewed side by side, so either may meet the fault.
      let (renewed, failed) = (answer["renewed"].list.map { $0["name"].string }, answer["failed"].list.map { $0["name"].string })
      #expect(renewed.count == 1 && failed.count == 1)
      #expect(Set(renewed + failed) == ["payroll", "second"])
      #expect(answer["failed"][0]["error"]["exit-code"].number == 5)
    }
  }

  @Test("an error that nobody can explain is one certificate's, with exit code 1: the others are renewed")
  func faultOfOne() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let text = try bench.text("hsmkey.yaml")
      try bench.folder.write((text + "  second:\n    customer-id: 0123456-7\n    certificate-file: second.pem\n").utf8, to: "hsmkey.yaml")
      try await service.enrol()
      try await service.order("order-2")
      try await bench.succeeds(
        "certificate", "enrol", "second", "--transfer-id", "order-2", "--transfer-password-source", "file:transfer-password")
      // A certificate that is none, in a record that can be read.
      let program = """
        import json, sqlite3, sys
        file = sqlite3.connect(sys.argv[1])
        record = json.loads(file.execute("SELECT record FROM certificate WHERE name = 'payroll'").fetchone()[0])
        record["active"]["der"] = "AAAA"
        file.execute("UPDATE certificate SET record = ? WHERE name = 'payroll'", [json.dumps(record)])
        file.commit()
        """
      try #require(try await run("python3", ["-c", program, bench.folder.path("state/state.sqlite")]).succeeded)
      for arguments in [["--parallel", "1"], []] {
        let result = try await bench.hsmkey(["certificate", "renew", "--all", "--json"] + arguments)
        #expect(result.exitCode == 1, "\(result.standardError)")
        let answer = try JSON(parsing: result.standardOutput)
        #expect(answer["renewed"].list.map { $0["name"].string } == ["second"])
        #expect(answer["failed"].list.map { $0["name"].string } == ["payroll"])
        #expect(answer["failed"][0]["error"]["code"].string == "internal")
        #expect(answer["failed"][0]["error"]["operation"].string == "renew certificate payroll")
      }
    }
  }

  @Test("a wrong PIN is tried once, however many certificates are due")
  func wrongPINOnce() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let text = try bench.text("hsmkey.yaml")
      try bench.folder.write((text + "  second:\n    customer-id: 0123456-7\n").utf8, to: "hsmkey.yaml")
      try await service.enrol()
      try await service.order("order-2")
      try await bench.succeeds(
        "certificate", "enrol", "second", "--transfer-id", "order-2", "--transfer-password-source", "file:transfer-password")
      try bench.folder.write("99999999".utf8, to: "wrong")
      let result = try await bench.hsmkey(["certificate", "renew", "--all", "--log-level", "trace", "--pin-source", "file:wrong"])
      #expect(result.exitCode == 4)
      #expect(result.standardError.split(separator: "\n").count { $0.contains("C_Login") && $0.contains("returned=") } == 1)
    }
  }

  @Test("a certificate that nobody has cannot be renewed")
  func nothingToRenew() async throws {
    try await ServiceBench.with { service in
      let refusal = try await service.bench.refused(3, "certificate", "renew", "payroll")
      #expect(refusal.hint.contains("hsmkey certificate enrol payroll"))
    }
  }

  @Test("exactly one of NAME, --due and --all", arguments: [[], ["payroll", "--due"], ["--due", "--all"]])
  func usage(arguments: [String]) async throws {
    let result = try await Bench().hsmkey(["certificate", "renew"] + arguments)
    _ = try Refusal(text: result, exitCode: 64, sourceLocation: #_sourceLocation)
  }

  @Test("LIFECYCLE-NOT-REPEATED: an uncertain renewal goes on only with --repeat-uncertain-renewal, and with the same key")
  func uncertain() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await service.enrol()
      try service.simulator.set(.closeAfterCommit, for: .renew)
      #expect(try await bench.refusedAsJSON(7, "certificate", "renew", "payroll").code == "uncertain")
      service.simulator.clearFaults()
      let keys = try await bench.object("key", "list")["keys"].list.map { $0["id"].string }
      #expect(keys.count == 2)
      let issued = try await service.issuedCount()
      for arguments in [["renew", "payroll"], ["renew", "--due"], ["fetch", "payroll"]] {
        let result = try await bench.hsmkey(["certificate"] + arguments)
        #expect(result.exitCode == 7)
        #expect(result.standardError.contains("[LIFECYCLE-NOT-REPEATED]"))
        #expect(result.standardError.contains("--repeat-uncertain-renewal"))
      }
      #expect(try await service.issuedCount() == issued)
      try await bench.succeeds("certificate", "renew", "payroll", "--repeat-uncertain-renewal")
      #expect(try await service.issuedCount() == issued + 1)
      #expect(try await bench.object("key", "list")["keys"].list.map { $0["id"].string } == keys)
    }
  }

  @Test("LIFECYCLE-ONE-WRITER: of two renewals at once one is told to come again (75), and the other ends well")
  func oneWriter() async throws {
    var settings = ServiceBench.Settings()
    settings.service = ["first-wait: 2s", "poll-interval: 1s", "give-up-after: 30s"]
    try await ServiceBench.with(settings) { service in
      try await service.enrol()
      let log = service.bench.folder.path("first.log")
      let first = try ChildProcess(
        "env", ["-C", service.bench.folder.path, Bench.program, "certificate", "renew", "payroll", "--log-level", "info"],
        environment: service.bench.environment, log: log)
      _ = try await patiently("the first renewal's waiting") {
        try String(contentsOfFile: log, encoding: .utf8).contains("waits") ? true : nil
      }
      let refusal = try await service.bench.refusedAsJSON(75, "certificate", "renew", "payroll")
      #expect(refusal.rule == "LIFECYCLE-ONE-WRITER")
      #expect(try await first.wait() == 0)
      #expect(try await service.issuedCount() == 2)
    }
  }

  @Test("of several, each error says which certificate it is about, also one of the token")
  func named() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await service.enrol()
      let key = try #require(try await bench.object("key", "list")["keys"][0]["name"].string)
      for kind in ["privkey", "pubkey"] {
        let gone = try await bench.pkcs11Tool(
          "--login", "--pin", Bench.pin, "--delete-object", "--type", kind, "--label", key)
        #expect(gone.exitCode == 0, "\(gone.standardError)")
      }
      let result = try await bench.hsmkey(["certificate", "renew", "--all"])
      #expect(result.exitCode == 3, "\(result.standardError)")
      #expect(result.standardError.hasPrefix("hsmkey: error: certificate payroll: "), "\(result.standardError)")
      let json = try await bench.hsmkey(["certificate", "renew", "--all", "--json"])
      let error = try JSON(parsing: json.standardOutput)["failed"][0]["error"]
      #expect(error["operation"].string?.hasPrefix("certificate payroll: ") == true, "\(json.standardOutput)")
    }
  }

  @Test("LIFECYCLE-ONE-PENDING: what is pending is finished before something else begins")
  func onePending() async throws {
    try await ServiceBench.with { service in
      try service.simulator.set(.html502, for: .get)
      try await service.enrolmentRefused(75)
      service.simulator.clearFaults()
      #expect(try await service.bench.refused(3, "certificate", "renew", "payroll").hint.contains("enrol"))
    }
  }
}
