import Foundation
import TestSupport
import Testing

@testable import ServiceSimulator

@Suite("Faults of delivery, and how faults are set")
struct DeliveryFaultTests {
  /// curl's exit codes.
  private static let timedOut = 28
  private static let emptyReply = 52

  @Test(
    "html-502, soap-fault-500, redirect: an answer that is none, and nothing is committed",
    arguments: [
      (ServiceFault.html502, 502), (.soapFault500, 500), (.redirect, 302),
    ])
  func instead(fault: ServiceFault, status: Int) async throws {
    try await Workbench.with { (bench) async throws in
      try bench.simulator.set(fault, answers: 1)
      let reply = try await bench.signNew()
      #expect(reply.status == status)
      switch fault {
      case .html502: #expect(reply.head.contains("text/html") && reply.body.contains("<h1>502 Bad Gateway</h1>"))
      case .soapFault500: #expect(reply.value("faultcode") == "SOAP-ENV:Server")
      default: #expect(reply.head.contains("Location: /moved/2017/10/CertificateServices"))
      }
      #expect(try await bench.simulator.isSpent(transferID: Workbench.transferID) == false)
      #expect(try await bench.signNew().isOK)
    }
  }

  @Test(
    "hang-before-commit, hang-after-commit: no answer while the client waits, and the one commits",
    arguments: [
      (ServiceFault.hangBeforeCommit, false), (.hangAfterCommit, true),
    ])
  func hang(fault: ServiceFault, commits: Bool) async throws {
    try await Workbench.with { (bench) async throws in
      try bench.simulator.set(fault)
      let payload = Messages.signNew(
        id: Workbench.transferID, password: Workbench.password, request: try Workbench.certificateRequest())
      let reply = try await bench.post(Messages.envelope(payload), action: "signNewCertificate", options: ["--max-time", "1"])
      #expect(reply.curlExitCode == Self.timedOut && reply.head.isEmpty)
      // On a busy machine the client may have given up before the service got to it.
      while try await commits != bench.simulator.isSpent(transferID: Workbench.transferID) { try await Task.sleep(for: .milliseconds(5)) }
    }
  }

  @Test(
    "hang-before-commit, hang-after-commit: the connection closes in the end, without a byte",
    arguments: [
      ServiceFault.hangBeforeCommit, .hangAfterCommit,
    ])
  func hangEnds(fault: ServiceFault) async throws {
    try await Workbench.with({ $0.hangFor = .milliseconds(50) }) { (bench) async throws in
      try bench.simulator.set(fault, answers: 1)
      let reply = try await bench.signNew()
      #expect(reply.curlExitCode == Self.emptyReply && reply.head.isEmpty)
      #expect(try await bench.signNew().isOK == (fault == .hangBeforeCommit))
    }
  }

  @Test("close-after-commit: the request is carried out and not a byte comes back")
  func closeAfterCommit() async throws {
    try await Workbench.with { (bench) async throws in
      try bench.simulator.set(.closeAfterCommit, answers: 1)
      let reply = try await bench.signNew()
      #expect(reply.curlExitCode == Self.emptyReply && reply.head.isEmpty && reply.body.isEmpty)
      #expect(try await bench.simulator.isSpent(transferID: Workbench.transferID) == true)
      #expect(try await bench.simulator.issuedCertificates().count == 1)
    }
  }

  @Test("slow-body: the answer comes in pieces and is whole in the end")
  func slowBody() async throws {
    try await Workbench.with({ $0.slowBodyPause = .milliseconds(200) }) { (bench) async throws in
      try bench.simulator.set(.slowBody, answers: 1)
      let payload = Messages.signNew(
        id: Workbench.transferID, password: Workbench.password, request: try Workbench.certificateRequest())
      let impatient = try await bench.post(Messages.envelope(payload), action: "signNewCertificate", options: ["--max-time", "4"])
      #expect(impatient.curlExitCode == Self.timedOut && impatient.head.contains("200 OK"))
      #expect(!impatient.body.hasSuffix("</SOAP-ENV:Envelope>"))
    }
    try await Workbench.with({ $0.slowBodyPause = .milliseconds(1) }) { (bench) async throws in
      try bench.simulator.set(.slowBody)
      let reply = try await bench.signNew()
      #expect(reply.isOK)
      #expect(try await bench.xmlsecVerifies(reply.payload))
    }
  }

  @Test("A simulator stops while a connection hangs")
  func stopsWhileHanging() async throws {
    try await Workbench.with { (bench) async throws in
      try bench.simulator.set(.hangAfterCommit)
      async let hanging = bench.signNew()
      while try await bench.simulator.isSpent(transferID: Workbench.transferID) == false { try await Task.sleep(for: .milliseconds(5)) }
      await bench.simulator.stop()
      #expect(try await hanging.head.isEmpty)
    }
  }

  @Test("A fault happens as often as asked for, for the operation asked for, until it is cleared")
  func counting() async throws {
    let fault = try FaultRequest(.html502, for: .get)
    try await Workbench.with({ $0.faults = [fault] }) { (bench) async throws in
      func status() async throws -> Int { try await bench.get("x").status }
      #expect(try await status() == 502)
      #expect(try await bench.signNew().status == 200)
      bench.simulator.clear(.html502)
      #expect(try await status() == 200)
      try bench.simulator.set(.html502, answers: 2)
      try bench.simulator.set(.soapFault500, for: .get, answers: 1)
      let statuses = [try await status(), try await status(), try await status(), try await status()]
      #expect(statuses == [502, 502, 500, 200])
      try bench.simulator.set(.html502)
      bench.simulator.clearFaults()
      #expect(try await status() == 200)
    }
  }

  @Test("A fault is read from its name, alone or for an operation")
  func parsing() throws {
    #expect(try FaultRequest(parsing: "other-ca") == FaultRequest(.otherCA))
    #expect(try FaultRequest(parsing: "sign-new:html-502") == FaultRequest(.html502, for: .signNew))
    #expect(try FaultRequest(parsing: "getCertificate:pem-instead-of-der") == FaultRequest(.pemInsteadOfDER, for: .get))
    for fault in ServiceFault.allCases { #expect(try FaultRequest(parsing: fault.rawValue).fault == fault) }
    #expect(Set(ServiceFault.allCases).count == ServiceFault.allCases.count)
  }

  @Test(
    "SIMULATOR-FAULT: an unknown fault or operation, or one that does not go with the other, is refused",
    arguments: [
      "", "nothing", "get:", "get:nothing", "put:unsigned", "sign-new:pem-instead-of-der", "get:other-ca:2",
    ])
  func refusedFaults(text: String) {
    #expect { try FaultRequest(parsing: text) } throws: { ($0 as? SimulatorError)?.rule == .fault }
  }

  @Test("SIMULATOR-FAULT: a fault happens at least once")
  func refusedCount() {
    #expect { try FaultRequest(.unsigned, answers: 0) } throws: { ($0 as? SimulatorError)?.rule == .fault }
  }
}
