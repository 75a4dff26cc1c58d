import Foundation
import ServiceSimulator
import TestSupport
import Testing

@Suite("certificate enrol, fetch, status and export", .serialized)
struct EnrolmentTests {
  @Test("enrol ends with a certificate that openssl verifies, in state, token and file")
  func enrol() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let answer = try await service.enrol()
      #expect(answer["name"].string == "payroll")
      let subject = try #require(answer["certificate"]["subject"].string)
      #expect(subject.hasPrefix("CN=0123456-7, serialNumber="))
      #expect(subject.hasSuffix(", O=Ab Demo Oy, C=FI"))
      #expect(answer["certificate"]["issuer"].string?.hasPrefix("CN=SIMULATOR ") == true)

      let verified = try await bench.openssl(
        "verify", "-CAfile", "trust/providers-root.pem", "-untrusted", "trust/providers-chain.pem", "payroll.pem")
      #expect(verified.standardOutput == "payroll.pem: OK\n", "\(verified.standardError)")
      #expect(try bench.mode("payroll.pem") == 0o644)
      #expect(try await service.certificatesOnToken() == 1)

      // The certificate's key is the one on the token.
      let key = try #require(answer["certificate"]["key-name"].string)
      let inCertificate = try await bench.openssl("x509", "-in", "payroll.pem", "-noout", "-pubkey")
      #expect(try await bench.succeeds("key", "public", key) == inCertificate.standardOutput)
      let shown = try await bench.object("key", "show", key)["key"]
      #expect(shown["certificates"][0]["serial"].string == answer["certificate"]["serial"].string)
      #expect(shown["certificates"][0]["subject"].string == subject)
      #expect(answer["certificate"]["key-uri"].string == shown["uri"].string)
    }
  }

  @Test("as text: the certificate's facts, nothing on stderr without a terminal")
  func text() async throws {
    try await ServiceBench.with { service in
      let result = try await service.bench.hsmkey(ServiceBench.enrolment())
      #expect(result.standardOutput.hasPrefix("payroll\n  subject  CN=0123456-7, serialNumber="))
      #expect(result.standardError.isEmpty, "\(result.standardError)")
    }
  }

  @Test("with --log-level info stderr tells how it gets on")
  func progress() async throws {
    try await ServiceBench.with { service in
      let result = try await service.bench.hsmkey(ServiceBench.enrolment() + ["--log-level", "info"])
      for step in ["generates the key", "sends the request", "asks for the certificate", "stores the certificate"] {
        #expect(result.standardError.contains(step))
      }
    }
  }

  @Test("status: without, with, and as JSON; needs neither token nor PIN")
  func status() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let blind = ["HSMKEY_MODULE": "/nonexistent", "HSMKEY_PIN_SOURCE": "file:/nonexistent"]
      let before = try await bench.succeeds("certificate", "status", environment: blind)
      #expect(before.contains("no certificate  order one in the agency's e-service, then: hsmkey certificate enrol payroll"))
      try await service.enrol()
      let text = try await bench.succeeds("certificate", "status", "payroll", environment: blind)
      #expect(text.contains("state         active, renewal due\n"))
      #expect(text.contains("days left     44\n"))
      let entry = try await bench.object("certificate", "status", "payroll", environment: blind)["certificates"][0]
      #expect(entry["days-left"].number == 44)
      #expect(entry["state"].string == "active")
      #expect(entry["description"].string == "active, renewal due")
      for time in [entry["window-opens"], entry["certificate"]["not-before"], entry["certificate"]["not-after"]] {
        #expect(time.string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
      }
      try await bench.refused(78, "certificate", "status", "nobody")
    }
  }

  @Test("export writes what the file has, needs neither token nor PIN, and never overwrites")
  func export() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let blind = ["HSMKEY_MODULE": "/nonexistent", "HSMKEY_PIN_SOURCE": "file:/nonexistent"]
      try await bench.refused(3, "certificate", "export", "payroll", environment: blind)
      try await service.enrol()
      let pem = try await bench.succeeds("certificate", "export", "payroll", environment: blind)
      #expect(try bench.text("payroll.pem") == pem)
      try await bench.succeeds("certificate", "export", "payroll", "--der", "--out", "c.der", environment: blind)
      let der = try await bench.openssl("x509", "-in", "payroll.pem", "-outform", "DER", "-out", "expected.der")
      #expect(der.exitCode == 0)
      #expect(try bench.contents("c.der") == bench.contents("expected.der"))
      try await bench.refused(65, "certificate", "export", "payroll", "--out", "payroll.pem", environment: blind)
      #expect(try await bench.object("certificate", "export", "payroll")["pem"].string.map { $0 + "\n" } == pem)
    }
  }

  @Test("LIFECYCLE-ALREADY-ENROLLED: a second enrolment is refused and sends nothing")
  func alreadyEnrolled() async throws {
    try await ServiceBench.with { service in
      try await service.enrol()
      try await service.order("second")
      let refusal = try await service.enrolmentRefused(2, "second")
      #expect(refusal.rule == "LIFECYCLE-ALREADY-ENROLLED")
      #expect(try await service.simulator.isSpent(transferID: "second") == false)
      #expect(try await service.issuedCount() == 1)
    }
  }

  @Test("wrong transfer credentials: the service says FAIL PKI020, and the right ones go on with the same key")
  func wrongPassword() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try bench.folder.write("wrong".utf8, to: "transfer-password")
      let refusal = try await service.enrolmentRefused(5)
      #expect(refusal.code == "refused")
      #expect(refusal.hint.contains("PKI020"))
      try await service.expectNothingKept()
      let keys = try await bench.object("key", "list")["keys"].list.map { $0["id"].string }
      #expect(keys.count == 1)

      try bench.folder.write(ServiceBench.transferPassword.utf8, to: "transfer-password")
      let answer = try await service.enrol()
      #expect(try await bench.object("key", "list")["keys"].list.map { $0["id"].string } == keys)
      #expect(answer["certificate"]["key-name"].string?.hasPrefix("payroll-") == true)
    }
  }

  @Test("not ready: exit code 75, the state is kept, and fetch ends it without credentials")
  func notReady() async throws {
    var settings = ServiceBench.Settings()
    settings.simulator = { $0.notReadyFor = .seconds(3) }
    try await ServiceBench.with(settings) { service in
      let refusal = try await service.enrolmentRefused(75)
      #expect(refusal.hint.contains("hsmkey certificate fetch payroll"))
      #expect(try await service.status()["description"].string == "enrolment sent, certificate not fetched yet")
      try await service.expectNothingKept()
      let fetched: JSON = try await patiently("the certificate") {
        try await Task.sleep(for: .milliseconds(500))
        let result = try await service.bench.hsmkey(["certificate", "fetch", "payroll", "--json"])
        if result.exitCode == 75 { return nil }
        return try JSON(parsing: result.standardOutput)
      }
      #expect(fetched["was-pending"].bool == true)
      #expect(fetched["certificate"]["serial"].string != nil)
      #expect(try await service.issuedCount() == 1)
    }
  }

  @Test("enrol waits and asks again until the certificate is ready")
  func waiting() async throws {
    var settings = ServiceBench.Settings()
    settings.service = ["first-wait: 1s", "poll-interval: 1s", "give-up-after: 30s"]
    settings.simulator = { $0.notReadyFor = .seconds(2) }
    try await ServiceBench.with(settings) { service in try await service.enrol() }
  }

  @Test("fetch with nothing pending says so, ends with 0, and needs neither token nor PIN")
  func nothingPending() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let blind = ["HSMKEY_MODULE": "/nonexistent", "HSMKEY_PIN_SOURCE": "file:/nonexistent"]
      #expect(try await bench.succeeds("certificate", "fetch", "payroll", environment: blind) == "payroll: nothing is pending\n")
      let before = try await bench.object("certificate", "fetch", "payroll", environment: blind)
      #expect(before["was-pending"].bool == false)
      #expect(before["certificate"].isNull)
      let serial = try await service.enrol()["certificate"]["serial"].string
      let after = try await bench.object("certificate", "fetch", "payroll", environment: blind)
      #expect(after["was-pending"].bool == false)
      #expect(after["certificate"]["serial"].string == serial)
    }
  }

  @Test("without a transfer id nothing is begun: no key, no state")
  func missingTransferID() async throws {
    try await ServiceBench.with { service in
      try await service.bench.refused(64, "certificate", "enrol", "payroll")
      #expect(try await service.bench.object("key", "list")["keys"].list.isEmpty)
      #expect(try await service.status()["description"].string == "no certificate")
    }
  }

  @Test("a service that is not there: exit code 69, nothing was sent, and later the same key is used")
  func serviceDown() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try service.write(.init(), endpoint: "http://127.0.0.1:1/2017/10/CertificateServices")
      let refusal = try await service.enrolmentRefused(69)
      #expect(refusal.code == "unreachable")
      #expect(refusal.rule == "TRANSPORT-UNREACHABLE")
      #expect(refusal.hint.contains("nothing was sent; the transfer credentials are still good; run the same again"))
      #expect(try await service.status()["description"].string == "enrolment begun, nothing sent yet")
      let keys = try await bench.object("key", "list")["keys"].list.map { $0["id"].string }

      try service.write(.init())
      try await service.enrol()
      #expect(try await bench.object("key", "list")["keys"].list.map { $0["id"].string } == keys)
    }
  }

  @Test("TRANSPORT-PLAIN-HTTP: the error for a simulator's address names the setting that allows it")
  func plainHTTP() async throws {
    try await ServiceBench.with { service in
      let text = try service.bench.text("hsmkey.yaml").replacing("  plain-http-to-loopback: true\n", with: "")
      try service.bench.folder.write(text.utf8, to: "hsmkey.yaml")
      let refusal = try await service.enrolmentRefused(78)
      #expect(refusal.rule == "TRANSPORT-PLAIN-HTTP")
      #expect(refusal.hint.contains("service.plain-http-to-loopback: true"))
    }
  }

  @Test("an answer to the question for the certificate that cannot be trusted names the command that asks again")
  func untrustedAnswer() async throws {
    try await ServiceBench.with { service in
      try service.simulator.set(.tampered, for: .get)
      #expect(try await service.enrolmentRefused(6).hint.contains("ask again with: hsmkey certificate fetch payroll;"))
    }
  }

  @Test("after-change: the program runs as configured, and its failure is a warning", arguments: [true, false])
  func afterChange(succeeds: Bool) async throws {
    var settings = ServiceBench.Settings()
    settings.certificate.append(succeeds ? #"after-change: ["/usr/bin/touch", "a b"]"# : #"after-change: ["/bin/false"]"#)
    try await ServiceBench.with(settings) { service in
      let result = try await service.bench.hsmkey(ServiceBench.enrolment() + ["--json"])
      #expect(result.exitCode == 0)
      #expect(try JSON(parsing: result.standardOutput)["after-change-succeeded"].bool == succeeds)
      #expect(service.bench.exists("a b") == succeeds)
      #expect(result.standardError.contains("{\"warning\":\"payroll: the after-change program failed") == !succeeds)
    }
  }

  @Test("a certificate is for a customer and stays so")
  func otherCustomer() async throws {
    try await ServiceBench.with { service in
      try await service.enrol()
      let text = try service.bench.text("hsmkey.yaml").replacing("customer-id: 0123456-7", with: "customer-id: 7654321-0")
      try service.bench.folder.write(text.utf8, to: "hsmkey.yaml")
      let refusal = try await service.bench.refusedAsJSON(2, "certificate", "renew", "payroll")
      #expect(refusal.rule == "LIFECYCLE-SAME-CUSTOMER")
    }
  }
}
