import Foundation
import TestSupport
import Testing

@Suite("The agency's test bench", .serialized)
struct TestBenchTests {
  private func with(_ body: (ServiceBench) async throws -> Void) async throws {
    try await ServiceBench.with { service in
      var settings = ServiceBench.Settings()
      settings.service.append("test-bench: true")
      settings.certificate = [
        "customer-name: Ab PKI Developer Company Oy", "certificate-file: payroll.pem", "after-change: [/usr/bin/touch, told]",
      ]
      try service.write(settings, endpoint: service.endpoint.replacing("/2017/", with: "/DEV/2017/"))
      try service.bench.folder.write("Pw8a1d4u3HhOqhlo\n".utf8, to: "transfer-password")
      try await body(service)
    }
  }

  private static let order = "12345678901"

  @Test("an enrolment there goes through all the steps but the key's, says so loudly, and leaves nothing that could be mistaken")
  func enrolment() async throws {
    try await with { service in
      let bench = service.bench
      let result = try await bench.hsmkey(ServiceBench.enrolment(Self.order) + ["--json"])
      try #require(result.exitCode == 0, "\(result.standardError)")
      #expect(result.standardError.contains("TEST BENCH"))
      let answer = try JSON(parsing: result.standardOutput)
      #expect(answer["certificate"]["is-for-key"].bool == false)
      #expect(answer["certificate"]["key-uri"].isNull)
      #expect(try await service.certificatesOnToken() == 0, "no certificate beside a key that it is not for")
      #expect(!bench.exists("payroll.pem"), "no file for programs that would use it")
      #expect(!bench.exists("told"), "nobody is told of it")

      for arguments in [["certificate", "status"], ["certificate", "export", "payroll"], ["key", "list"], ["trust", "list"]] {
        let shown = try await bench.hsmkey(arguments)
        #expect(shown.exitCode == 0)
        #expect(shown.standardError.contains("TEST BENCH"), "\(arguments)")
      }
      let status = try await bench.object("certificate", "status")
      #expect(status.allTexts.contains { $0.contains("test-bench") || $0.contains("test bench") }, "\(status)")
      #expect(try await bench.object("certificate", "export", "payroll")["certificate"]["is-for-key"].bool == false)
      let doctor = try await bench.object("doctor")
      #expect(doctor.step("service")["outcome"].string == "warning")
      #expect(doctor.step("certificates")["outcome"].string == "ok", "its certificate belongs nowhere: \(doctor.step("certificates"))")

      // The same state without the bench: its certificate is no certificate of the test environment.
      try service.write(.init())
      let refusal = try await bench.refusedAsJSON(2, "certificate", "renew", "payroll")
      #expect(refusal.message.contains("test-bench"), "\(refusal.message)")
      try await service.order("98765432109876543210987654321098")
      try bench.folder.write("\(ServiceBench.transferPassword)\n".utf8, to: "transfer-password")
      #expect(try await service.enrolmentRefused(2, "98765432109876543210987654321098").message.contains("test-bench"))
    }
  }

  @Test("SERVICE-TEST-BENCH: it goes with the test environment and the bench's own address only")
  func refused() async throws {
    try await with { service in
      let text = try service.bench.text("hsmkey.yaml")
      try service.bench.folder.write(text.replacing("environment: test", with: "environment: production").utf8, to: "hsmkey.yaml")
      #expect(try await service.enrolmentRefused(78, Self.order).message.contains("test-bench"))
      try service.bench.folder.write(text.replacing("/DEV/2017/", with: "/2017/").utf8, to: "hsmkey.yaml")
      #expect(try await service.enrolmentRefused(78, Self.order).rule == "SERVICE-TEST-BENCH")
      #expect(!service.bench.exists("state"))
    }
  }

  @Test("without test-bench the bench's certificate is refused: it is not for the key (CERT-KEY)")
  func withoutTheMode() async throws {
    try await with { service in
      let text = try service.bench.text("hsmkey.yaml").replacing("test-bench: true", with: "test-bench: false")
      try service.bench.folder.write(text.utf8, to: "hsmkey.yaml")
      #expect(try await service.enrolmentRefused(6, Self.order).rule == "CERT-KEY")
    }
  }
}
