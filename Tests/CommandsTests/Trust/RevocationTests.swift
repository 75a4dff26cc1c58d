import Foundation
import ServiceSimulator
import TestSupport
import Testing
import X509

@Suite("Revocation lists, by configuration", .serialized)
struct RevocationTests {
  /// The addresses of the simulator's lists: of the customers' issuing authority, and of the one behind answers.
  private func addresses(_ service: ServiceBench) throws -> [String] {
    let base = try #require(service.endpoint.components(separatedBy: "/2017/").first)
    return ["DataProvidersTestIssuingCAv1", "IRServicesTestIssuingCAv1"].map { "\(base)/crl/\($0).crl" }
  }

  private func with(
    _ mode: String, lists: ((ServiceBench) async throws -> [String])? = nil, _ body: (ServiceBench) async throws -> Void
  ) async throws {
    try await ServiceBench.with { service in
      var settings = ServiceBench.Settings()
      let lists = if let lists { try await lists(service) } else { try addresses(service) }
      settings.service += ["revocation: \(mode)", "revocation-lists: [\(lists.joined(separator: ", "))]"]
      try service.write(settings)
      try await body(service)
    }
  }

  @Test("enforce: the simulator's lists are fetched over plain http, kept beside the state, and let good certificates pass")
  func enforced() async throws {
    try await with("enforce") { service in
      try await service.enrol()
      let kept = service.bench.files(under: "state/revocation").filter { $0.hasSuffix(".crl") }
      #expect(kept.count == 2, "\(service.bench.files(under: "state"))")
      for file in kept { #expect(try service.bench.mode(file) == 0o600) }
      let trust = try await service.bench.object("doctor").step("trust")
      #expect(trust["details"].list.contains { $0.string?.hasPrefix("revocation lists: enforce") == true })
    }
  }

  @Test("REVOCATION-REVOKED: a revoked signer of answers ends the enrolment as uncertain; warn says so and goes on; off does not look")
  func revokedSigner() async throws {
    for (mode, exitCode) in [("enforce", 6), ("warn", 0), ("off", 0)] {
      try await with(mode) { service in
        try await service.simulator.revoke(serialNumber: service.simulator.responseSigner().serialNumber)
        let result = try await service.bench.hsmkey(ServiceBench.enrolment() + ["--json"])
        #expect([exitCode, exitCode == 6 ? 7 : exitCode].contains(Int(result.exitCode)), "\(mode): \(result.standardError)")
        #expect(result.standardError.contains("REVOCATION-REVOKED") == (mode != "off"), "\(mode): \(result.standardError)")
        let warnings = result.standardError.split(separator: "\n").filter { $0.hasPrefix("{\"warning\"") && $0.contains("REVOCATION") }
        #expect(warnings.count == (mode == "warn" ? 1 : 0), "said once, though two answers were checked: \(result.standardError)")
      }
    }
  }

  @Test("REVOCATION-LIST-AVAILABLE: in enforce, an enrolment without a list sends nothing and spends nothing (exit code 69)")
  func missing() async throws {
    try await with("enforce", lists: { _ in ["http://127.0.0.1:1/none.crl"] }) { service in
      let refusal = try await service.enrolmentRefused(69)
      #expect(refusal.rule == "REVOCATION-LIST-AVAILABLE")
      #expect(try await service.simulator.isSpent(transferID: ServiceBench.transferID) == false)
      // With the lists there, the same enrolment goes on.
      var settings = ServiceBench.Settings()
      settings.service += ["revocation: enforce", "revocation-lists: [\(try addresses(service).joined(separator: ", "))]"]
      try service.write(settings)
      try await service.enrol()
    }
  }

  @Test(
    "a list that is expired, of tomorrow, forged, another's, or cut off is as good as none",
    arguments: [ServiceFault.listExpired, .listNotYetValid, .listForged, .listTruncated, .listAbsent])
  func badLists(fault: ServiceFault) async throws {
    try await with("enforce") { service in
      try service.simulator.set(fault)
      let refusal = try await service.enrolmentRefused(69)
      #expect(refusal.rule?.hasPrefix("REVOCATION-LIST-") == true, "\(refusal.message)")
      #expect(try await service.simulator.isSpent(transferID: ServiceBench.transferID) == false)
    }
  }

  @Test("a list from a file; one that others can change is none")
  func files() async throws {
    try await ServiceBench.with { service in
      var names: [String] = []
      for (index, address) in try addresses(service).enumerated() {
        let fetched = try await run("curl", ["-sf", "-o", service.bench.folder.path("list-\(index).crl"), address])
        try #require(fetched.exitCode == 0, "\(address)")
        names.append("list-\(index).crl")
      }
      var settings = ServiceBench.Settings()
      settings.service += ["revocation: enforce", "revocation-lists: [\(names.joined(separator: ", "))]"]
      try service.write(settings)
      try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: service.bench.folder.path(names[1]))
      #expect(try await service.enrolmentRefused(69).message.contains("others can change"))
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: service.bench.folder.path(names[1]))
      try await service.enrol()
    }
  }

  @Test("a mode without lists, an unknown mode, and an address that is none are refused as configuration")
  func settings() async throws {
    try await ServiceBench.with { service in
      for lines in [
        ["revocation: enforce"], ["revocation: sometimes", "revocation-lists: [a.crl]"], ["revocation: warn", "revocation-lists: []"],
        ["revocation: warn", "revocation-lists: [\"ldap://example.org/x\"]"],
      ] {
        var settings = ServiceBench.Settings()
        settings.service += lines
        try service.write(settings)
        try await service.enrolmentRefused(78)
      }
    }
  }
}
