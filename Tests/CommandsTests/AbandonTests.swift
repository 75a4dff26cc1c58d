import Foundation
import ServiceSimulator
import TestSupport
import Testing

@Suite("certificate abandon", .serialized)
struct AbandonTests {
  private static let blind = ["HSMKEY_MODULE": "/nonexistent", "HSMKEY_PIN_SOURCE": "file:/nonexistent"]

  @Test("CONFIRM-NAME: nothing is dropped unless the name is given again")
  func confirmation() async throws {
    try await ServiceBench.with { service in
      try service.simulator.set(.html502, for: .get)
      try await service.enrolmentRefused(75)
      for arguments in [[], ["--confirm", "other"], ["--confirm", ""]] {
        let result = try await service.bench.hsmkey(["certificate", "abandon", "payroll", "--json"] + arguments, environment: Self.blind)
        let refusal = try Refusal(json: result, exitCode: 64, sourceLocation: #_sourceLocation)
        #expect(refusal.rule == "CONFIRM-NAME")
        #expect(refusal.hint.contains("--confirm payroll"))
      }
      #expect(try await service.status()["description"].string == "enrolment sent, certificate not fetched yet")
    }
  }

  @Test("a request that nobody answers is dropped without a token; the next enrolment makes another key")
  func dropped() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try service.simulator.set(.html502, for: .get)
      try await service.enrolmentRefused(75)
      service.simulator.clearFaults()
      let answer = try await bench.object("certificate", "abandon", "payroll", "--confirm", "payroll", environment: Self.blind)
      #expect(answer["was-pending"].bool == true)
      #expect(answer["operation"].string == "enrolment")
      #expect(answer["retrieval-id"].string != nil)
      #expect(try await bench.object("key", "list")["keys"].list.map { $0["name"].string } == [answer["key-name"].string])
      #expect(try await service.status()["description"].string == "no certificate")
      let again = try await bench.succeeds("certificate", "abandon", "payroll", environment: Self.blind)
      #expect(again == "payroll: nothing is pending\n")

      try await service.order("another-order")
      try await service.enrol("another-order")
      #expect(try await bench.object("key", "list")["keys"].list.count == 2)
    }
  }

  @Test("a renewal that is dropped leaves the certificate in use as it is")
  func renewal() async throws {
    try await ServiceBench.with { service in
      let serial = try await service.enrol()["certificate"]["serial"].string
      try service.simulator.set(.closeAfterCommit, for: .renew)
      try await service.bench.refusedAsJSON(7, "certificate", "renew", "payroll")
      service.simulator.clearFaults()
      try await service.bench.succeeds("certificate", "abandon", "payroll", "--confirm", "payroll")
      #expect(try await service.status()["certificate"]["serial"].string == serial)
      #expect(try await service.status()["description"].string == "active, renewal due")
      try await service.bench.succeeds("certificate", "renew", "payroll")
    }
  }

  @Test("on a terminal the name is typed", arguments: ["payroll", "pay-roll"])
  func typed(name: String) async throws {
    try await ServiceBench.with { service in
      try service.simulator.set(.html502, for: .get)
      try await service.enrolmentRefused(75)
      let terminal = try PseudoTerminal()
      let child = try terminal.start(
        "env", ["-C", service.bench.folder.path, Bench.program, "certificate", "abandon", "payroll"], environment: service.bench.environment
      )
      try await terminal.waits(for: "type payroll to go on")
      terminal.type("\(name)\n")
      #expect(try await child.wait() == (name == "payroll" ? 0 : 64), "\(terminal.shown)")
      let state = try await service.status()["description"].string
      #expect((state == "no certificate") == (name == "payroll"))
    }
  }

  @Test("a certificate that came is installed, not dropped; a name that is not configured is refused")
  func refused() async throws {
    var settings = ServiceBench.Settings()
    settings.certificate = ["certificate-file: later/payroll.pem"]
    try await ServiceBench.with(settings) { service in
      try await service.enrolmentRefused(78)
      let refusal = try await service.bench.refusedAsJSON(2, "certificate", "abandon", "payroll", "--confirm", "payroll")
      #expect(refusal.hint.contains("hsmkey certificate fetch payroll"))
      try await service.bench.refused(78, "certificate", "abandon", "other", "--confirm", "other")
    }
  }
}
