import Crypto
import Foundation
import ServiceSimulator
import SwiftASN1
import TestSupport
import Testing
import X509

@Suite("certificate list and import, and what doctor finds left over", .serialized)
struct CertificateObjectTests {
  /// A certificate of the service for a key on the token that is named so.
  private func certificate(
    _ service: ServiceBench, forKey name: String, customer: String = ServiceBench.customerID
  ) async throws -> Certificate {
    let pem = try await service.bench.succeeds("key", "public", name)
    return try await service.simulator.issueCertificate(
      for: Certificate.PublicKey(pemEncoded: pem), customerID: customer, customerName: "Ab Demo Oy")
  }

  @Test("a certificate that came another way is checked, installed beside its key, and renewed like any other")
  func importing() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await bench.succeeds("key", "generate", "by-hand")
      let issued = try await certificate(service, forKey: "by-hand")
      let other = try await service.simulator.issueCertificate(
        for: Certificate.PrivateKey(.init()).publicKey, customerID: ServiceBench.customerID)
      let pem = try [other, issued].map { try $0.serializeAsPEM().pemString }.joined(separator: "\ntext between\r\n")
      try bench.folder.write(pem.utf8, to: "both.pem")
      let answer = try await bench.object("certificate", "import", "payroll", "both.pem")
      #expect(answer["certificate"]["key-name"].string == "by-hand")
      #expect(try await service.certificatesOnToken() == 1)
      #expect(bench.exists("payroll.pem"))
      #expect(try await service.status()["state"].string == "active")

      let listed = try await bench.object("certificate", "list", environment: ["HSMKEY_PIN_SOURCE": "file:/nonexistent"])["certificates"]
      #expect(listed.list.map { $0["role"].string } == ["in-use"])
      #expect(listed[0]["has-key"].bool == true)
      try await bench.succeeds("certificate", "renew", "payroll")
      let both = try await bench.object("certificate", "list")["certificates"]
      #expect(Set(both.list.compactMap { $0["role"].string }) == ["in-use", "earlier"])
      #expect(try await bench.succeeds("certificate", "list").contains("payroll, earlier"))
    }
  }

  @Test("a file without a certificate for a key on the token, another customer's, and no certificate at all are refused")
  func refused() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let foreign = try await service.simulator.issueCertificate(
        for: Certificate.PrivateKey(.init()).publicKey, customerID: ServiceBench.customerID)
      try bench.folder.write(try foreign.serializeAsPEM().pemString.utf8, to: "foreign.pem")
      #expect(try await bench.refused(3, "certificate", "import", "payroll", "foreign.pem").message.contains("no key on token payroll"))
      try await bench.succeeds("key", "generate", "by-hand")
      let others = try await certificate(service, forKey: "by-hand", customer: "7654321-0")
      try bench.folder.write(try others.serializeAsPEM().pemString.utf8, to: "others.pem")
      #expect(try await bench.refusedAsJSON(6, "certificate", "import", "payroll", "others.pem").rule == "CERT-CUSTOMER")
      try bench.folder.write("nothing".utf8, to: "nothing.pem")
      try await bench.refused(65, "certificate", "import", "payroll", "nothing.pem")
      try await service.expectNothingKept()
    }
  }

  @Test("doctor finds a key that was left, a certificate that is gone and one that nobody knows, without a PIN; a key made by hand is none")
  func doctor() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await service.enrol()
      try await bench.succeeds("key", "generate", "by-hand")
      func step() async throws -> JSON {
        try await bench.object("doctor", "--offline").step("certificates")
      }
      #expect(try await step()["outcome"].string == "ok")

      try await bench.succeeds("key", "generate", "payroll-20260101")
      let left = try await step()
      #expect(left["outcome"].string == "warning")
      #expect(
        left["details"].list.map(\.string) == [
          "the key payroll-20260101 was made for certificate payroll and belongs to none of its certificates"
        ])
      #expect(left["hint"].string?.contains("hsmkey key destroy payroll-20260101") == true)
      try await bench.succeeds("key", "destroy", "payroll-20260101", "--confirm", "payroll-20260101")
      #expect(try await step()["outcome"].string == "ok")

      let gone = try await bench.pkcs11Tool(
        "--delete-object", "--type", "cert", "--label", try #require(await service.status()["certificate"]["key-name"].string))
      #expect(gone.succeeded, "\(gone.standardError)")
      let missing = try await step()
      #expect(missing["details"][0].string?.contains("is in the state and not on the token") == true)
      try await bench.succeeds("certificate", "export", "payroll", "--out", "again.pem")
      try await bench.succeeds("certificate", "import", "payroll", "again.pem")
      #expect(try await step()["outcome"].string == "ok")
    }
  }

  @Test("doctor shows the half without a name that SoftHSM leaves of a key generation that was cut short")
  func namelessHalf() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await service.enrol()
      let interrupter = try Interrupter(classes: [("token", bench.folder.path("tokens"))])
      func generate(_ name: String, at place: String? = nil, log: String? = nil) async throws {
        let arguments = interrupter.arguments(for: Bench.program, ["key", "generate", name], at: place, action: "kill", log: log)
        let result = try await run(interrupter.path, arguments, environment: bench.environment, in: bench.folder.path)
        #expect(result.exitCode == (place == nil ? 0 : 137), "\(result.standardError)")
      }
      let log = bench.folder.path("calls")
      try await generate("whole", log: log)
      // The public half's file is written many times before its attributes are.
      let writes = try Interrupter.points(inLog: log).filter { $0.place == "token" && $0.bytes > 0 }
      try await generate("cut", at: "token:\(try #require(writes.dropFirst(writes.count / 5).first).number + 1)")
      let listed = try await bench.pkcs11Tool("--list-objects", "--type", "pubkey").standardOutput
      try #require(!listed.contains("cut") && listed.contains("RSA 0 bits"), "\(listed)")

      let found = try await bench.object("doctor", "--offline").step("certificates")
      #expect(found["outcome"].string == "warning")
      #expect(found["details"].list.compactMap(\.string).contains { $0.hasPrefix("half of a key has neither a name nor an identifier") })
      #expect(found["hint"].string?.contains("stop every program that uses the token") == true)
    }
  }
}
