import CertificateService
import Foundation
import ServiceSimulator
import TestSupport
import Testing

@testable import CertificateLifecycle

@Suite("Certificates that are not ours")
struct AcceptanceTests {
  @Test(
    "A certificate that breaks a rule leaves nothing behind; the right one is accepted later",
    arguments: [
      ("certificate-for-another-key", "CERT-KEY"), ("certificate-for-another-customer", "CERT-CUSTOMER"),
      ("certificate-from-another-issuer", "CERT-CHAIN"), ("pem-instead-of-der", "CERT-DER"), ("unsigned", nil), ("tampered", nil),
    ])
  func enrolment(fault: String, rule: String?) async throws {
    try await LifecycleBench.with { bench in
      let file = bench.folder.path("payroll.pem")
      try bench.simulator.set(#require(ServiceFault(rawValue: fault)), for: .get, answers: 1)
      let error = try await serviceError { try await bench.enrol(file: file) }
      #expect(error.code == .untrusted)
      if let rule { #expect(error.rule?.rawValue == rule) }
      let record = try bench.record()
      #expect(record.active == nil)
      #expect(record.pending?.stage == .retrievalIDKnown)
      #expect(record.pending?.certificate == nil)
      let keyName = try #require(record.pending?.keyName)
      #expect(await bench.keys.certificates(of: keyName).isEmpty)
      #expect(!FileManager.default.fileExists(atPath: file))
      #expect(bench.transport.posted("getCertificate").count == 1)

      try await bench.fetch(file: file)
      #expect(bench.transport.posted("signNewCertificate").count == 1)
    }
  }

  @Test("A renewed certificate from another issuer than the old one's is refused (CERT-ISSUER), and the old one stays in use")
  func renewal() async throws {
    try await LifecycleBench.with { bench in
      let old = try await bench.install()
      try bench.simulator.set(.certificateFromAnotherIssuer, for: .get, answers: 1)
      let error = try await serviceError { try await bench.renew() }
      #expect(error.rule?.rawValue == "CERT-ISSUER")
      #expect(try bench.record().active?.der == old.der)
      #expect(try bench.record().previous.isEmpty)
      #expect(error.hint?.contains("service.allowed-issuers") == true, "a new issuing authority is no dead end")
      #expect(try bench.lifecycle().abandon(LifecycleBench.name).stage == .retrievalIDKnown)
    }
  }

  @Test("A certificate that has expired by the time it is fetched is refused (CERT-VALIDITY)")
  func expired() async throws {
    try await LifecycleBench.with({ $0.notReadyFor = .seconds(3_600) }) { bench in
      let notReady = try await lifecycleError { try await bench.enrol() }
      #expect(notReady.code == .notReady)
      bench.clock.advance(days: 731)
      #expect(try await serviceError { try await bench.fetch() }.rule?.rawValue == "CERT-VALIDITY")
      #expect(try bench.record().active == nil)
    }
  }

  @Test("A certificate of an authority that is not configured as issuer is refused (CERT-CHAIN)")
  func otherIssuers() async throws {
    try await LifecycleBench.with { bench in
      let trust = try #require(bench.simulator.trustFiles)
      let lifecycle = try bench.lifecycle(issuers: [trust.servicesRoot, trust.servicesChain])
      #expect(try await serviceError { try await bench.enrol(lifecycle) }.rule?.rawValue == "CERT-CHAIN")
      #expect(try bench.record().active == nil)
    }
  }
}
