import Foundation
import TestSupport
import Testing

@Suite("Who may sign answers and who may issue certificates are two lists", .serialized)
struct TrustSetTests {
  private func refusal(
    _ service: ServiceBench, responses: [String], issuers: [String], environment: String = "test", expectingNoState: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Refusal {
    let bench = service.bench
    try service.write(.init())
    let text = try bench.text("hsmkey.yaml")
      .replacing("[trust/services-root.pem, trust/services-chain.pem]", with: "[\(responses.joined(separator: ", "))]")
      .replacing("[trust/providers-root.pem, trust/providers-chain.pem]", with: "[\(issuers.joined(separator: ", "))]")
      .replacing("environment: test", with: "environment: \(environment)")
    try bench.folder.write(text.utf8, to: "hsmkey.yaml")
    let result = try await bench.hsmkey(ServiceBench.enrolment() + ["--json"], environment: ["HSMKEY_MODULE": "/nonexistent"])
    if expectingNoState { #expect(!bench.exists("state"), sourceLocation: sourceLocation) }
    return try Refusal(json: result, exitCode: 78, sourceLocation: sourceLocation)
  }

  @Test("TRUST-ROLES: one authority in both lists would let customers sign answers")
  func sharedAuthority() async throws {
    try await ServiceBench.with { service in
      let services = ["trust/services-root.pem", "trust/services-chain.pem"]
      let providers = ["trust/providers-root.pem", "trust/providers-chain.pem"]
      for (responses, issuers) in [
        (providers, providers), (services, services), (services + providers, providers), (services, services + providers),
        (["trust/providers-root.pem"], ["trust/providers-root.pem"]),
      ] {
        let refusal = try await refusal(service, responses: responses, issuers: issuers)
        #expect(refusal.rule == "TRUST-ROLES", "\(refusal.message)")
      }
    }
  }

  @Test(
    "TRUST-ROLES, TRUST-ENVIRONMENT: the agency's published authorities are taken for what they are",
    .enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)))
  func published() async throws {
    try await ServiceBench.with { service in
      func files(_ environment: String, _ issuing: String) -> [String] {
        ["root", "intermediate", issuing].map { OfficialMaterial.folder.appending(path: "ca/\(environment)-\($0).pem").path }
      }
      let (signers, issuers) = ("ir-services-issuing", "data-providers-issuing")
      for environment in ["test", "production"] {
        let other = environment == "test" ? "production" : "test"
        let swapped = try await refusal(
          service, responses: files(environment, issuers), issuers: files(environment, signers), environment: environment)
        #expect(swapped.rule == "TRUST-ROLES", "\(swapped.message)")
        for (responses, customers) in [
          (files(other, signers), files(environment, issuers)), (files(environment, signers), files(other, issuers)),
          (files(environment, signers) + files(other, "root").prefix(1), files(environment, issuers)),
        ] {
          let mixed = try await refusal(service, responses: responses, issuers: customers, environment: environment)
          #expect(mixed.rule == "TRUST-ENVIRONMENT", "\(mixed.message)")
        }
        // Root and intermediate are common to both lists, and that is right: the next obstacle is the module.
        let right = try await refusal(
          service, responses: files(environment, signers), issuers: files(environment, issuers), environment: environment,
          expectingNoState: false)
        #expect(right.rule == "MODULE-PATH", "\(right.message)")
        try FileManager.default.removeItem(atPath: service.bench.folder.path("state"))
      }
    }
  }
}
