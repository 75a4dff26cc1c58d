import Foundation
import TestSupport
import Testing

@Suite("What is wrong is said with the right exit code, before the module is loaded and anything is made", .serialized)
struct OrderOfChecksTests {
  /// A module that cannot be loaded: whoever gets that far says so.
  private static let blind = ["HSMKEY_MODULE": "/nonexistent", "HSMKEY_PIN_SOURCE": "file:/nonexistent"]

  private func refusal(
    _ exitCode: Int, _ service: ServiceBench, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Refusal {
    let result = try await service.bench.hsmkey(arguments + ["--json"], environment: Self.blind)
    let refusal = try Refusal(json: result, exitCode: exitCode, sourceLocation: sourceLocation)
    #expect(!refusal.message.contains("/nonexistent"), "\(refusal.message)", sourceLocation: sourceLocation)
    #expect(!service.bench.exists("state"), "nothing was made", sourceLocation: sourceLocation)
    return refusal
  }

  private func reconfigure(_ service: ServiceBench, _ old: String, _ new: String) throws {
    let text = try service.bench.text("hsmkey.yaml")
    try #require(text.contains(old))
    try service.bench.folder.write(text.replacing(old, with: new).utf8, to: "hsmkey.yaml")
  }

  @Test(
    "an address that breaks a rule is a mistake in the configuration",
    arguments: [("http://example.com/x", "TRANSPORT-PLAIN-HTTP"), ("ftp://127.0.0.1/", "TRANSPORT-URL"), ("nothing", "TRANSPORT-URL")])
  func endpoint(endpoint: String, rule: String) async throws {
    try await ServiceBench.with { service in
      try service.write(.init(), endpoint: endpoint)
      let refusal = try await refusal(78, service, ServiceBench.enrolment())
      #expect(refusal.rule == rule)
      #expect(refusal.message.contains("service.endpoint"))
    }
  }

  @Test(
    "a file of CA certificates that is missing or none is a mistake in the configuration", arguments: ["services-root", "providers-root"])
  func authorities(file: String) async throws {
    try await ServiceBench.with { service in
      try reconfigure(service, "\(file).pem", "nothing.pem")
      let refusal = try await refusal(78, service, ServiceBench.enrolment())
      #expect(refusal.message.contains(file.hasPrefix("services") ? "service.response-ca" : "service.issuer-ca"))
      try service.bench.folder.write("no certificate".utf8, to: "trust/nothing.pem")
      _ = try await self.refusal(78, service, ServiceBench.enrolment())
    }
  }

  @Test("a customer id or name that is too long is a mistake in the configuration", arguments: ["customer-id", "customer-name"])
  func customer(key: String) async throws {
    try await ServiceBench.with { service in
      let old = key == "customer-id" ? "customer-id: 0123456-7" : "customer-name: Ab Demo Oy"
      try reconfigure(service, old, "\(key): \(String(repeating: "x", count: 101))")
      let refusal = try await refusal(78, service, ServiceBench.enrolment())
      #expect(refusal.message.contains("certificates.payroll"))
    }
  }

  @Test("an id on the command line that is too long is a usage error")
  func identifiers() async throws {
    try await ServiceBench.with { service in
      let long = String(repeating: "1", count: 33)
      let enrolment = try await refusal(64, service, ServiceBench.enrolment(long))
      #expect(enrolment.message.contains("--transfer-id"))
      let fetching = try await refusal(64, service, ["certificate", "fetch", "payroll", "--retrieval-id", long])
      #expect(fetching.message.contains("--retrieval-id"))
      let request = [
        "service", "request", "payroll", "--operation", "sign-new", "--csr", "pin", "--transfer-id", long, "--out", "request.xml",
      ]
      let byHand = try await refusal(64, service, request)
      #expect(byHand.message.contains("--transfer-id"))
      #expect(!service.bench.exists("request.xml"))
    }
  }

  @Test("SERVICE-KEY-RSA: a certificate of the service has an RSA key", arguments: ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-512"])
  func algorithm(name: String) async throws {
    try await ServiceBench.with { service in
      try reconfigure(service, "customer-name: Ab Demo Oy", "algorithm: \(name)")
      let refusal = try await refusal(78, service, ServiceBench.enrolment())
      #expect(refusal.rule == "SERVICE-KEY-RSA")
      #expect(refusal.message.contains("rsa-2048"))
    }
  }

  @Test("SECRET-OUTPUT: a request with the transfer password in it is not shown unless it is asked for")
  func secretOutput() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await bench.succeeds("key", "generate", "k")
      try await bench.succeeds("csr", "k", "--subject", "CN=x", "--out", "k.csr")
      let request = [
        "service", "request", "payroll", "--operation", "sign-new", "--csr", "k.csr", "--transfer-id", "1", "--transfer-password-source",
        "file:transfer-password",
      ]
      let refusal = try await refusal(64, service, request)
      #expect(refusal.rule == "SECRET-OUTPUT")
      #expect(!refusal.standardError.contains(ServiceBench.transferPassword))
      let asked = try await bench.hsmkey(request + ["--out", "-"])
      #expect(asked.exitCode == 0, "\(asked.standardError)")
      #expect(asked.standardOutput.contains("<TransferPassword>\(ServiceBench.transferPassword)</TransferPassword>"))
    }
  }

  @Test("commands that only look make no state: no folder, no file")
  func readers() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try bench.folder.write("<a/>".utf8, to: "a.xml")
      try await bench.succeeds("key", "generate", "k")
      try await bench.succeeds("csr", "k", "--subject", "CN=x", "--out", "k.csr")
      let before = bench.files(under: ".").sorted()
      for (arguments, exitCode) in [
        (["certificate", "status"], 0), (["certificate", "export", "payroll"], 3), (["certificate", "fetch", "payroll"], 0),
        (["certificate", "abandon", "payroll"], 0), (["certificate", "renew", "--due"], 0), (["certificate", "enrol", "payroll"], 64),
        (["service", "request", "payroll", "--operation", "renew", "--csr", "k.csr"], 3),
        (["xml", "sign", "payroll", "--in", "a.xml", "--out", "b.xml"], 3), (["config", "show"], 0),
      ] {
        let result = try await bench.hsmkey(arguments)
        #expect(result.exitCode == exitCode, "\(arguments): \(result.standardError)")
        #expect(bench.files(under: ".").sorted() == before, "\(arguments)")
      }
    }
  }
}
