import CertificateService
import Foundation
import Secrets
import ServiceSimulator
import TestSupport
import Testing
import X509

@testable import CertificateLifecycle

/// What people do when things have gone wrong: nothing of it may make them worse, and there is always a way on.
@Suite("Ways out")
struct WaysOutTests {
  private func issue(_ bench: LifecycleBench, for key: LifecycleKey) async throws -> Certificate {
    try await bench.simulator.issueCertificate(
      for: key.privateKey.publicKey, customerID: LifecycleBench.customerID, customerName: "Ab Demo Oy", notBefore: bench.clock.now)
  }

  private func plan(_ bench: LifecycleBench, named name: String) throws -> CertificatePlan {
    let plan = try bench.plan()
    return CertificatePlan(name: name, customer: plan.customer, algorithm: plan.algorithm, subject: plan.subject, certificateFile: nil)
  }

  @Test("LIFECYCLE-NOT-REPEATED: an outcome stays unknown while a retrieval id that a person gave finds nothing", arguments: [false, true])
  func uncertainStays(isRenewal: Bool) async throws {
    try await LifecycleBench.with { bench in
      if isRenewal { try await bench.install() }
      bench.transport.plan(isRenewal ? "renewCertificate" : "signNewCertificate", .answerLost)
      _ = try await serviceError { _ = isRenewal ? try await bench.renew() : try await bench.enrol() }
      let typo = try await lifecycleError { try await bench.lifecycle().fetch(bench.plan(), retrievalID: RetrievalID("typo")) }
      #expect(typo.code == .notReady)
      #expect(try bench.record().state(at: bench.clock.now) == .uncertain)
      // The id is kept, and asked with again.
      #expect(try await lifecycleError { try await bench.fetch() }.code == .notReady)
      // What the error says to do next works still.
      let error = try await lifecycleError { _ = isRenewal ? try await bench.renew() : try await bench.enrol() }
      #expect(error.rule == .notRepeated)
      if isRenewal {
        try await bench.renew(repeating: true)
      } else {
        try await bench.enrol(order: LifecycleBench.orders[1])
      }
      #expect(try bench.record().pending == nil)
    }
  }

  @Test("A certificate of another request, had with a wrong retrieval id, is refused, and the outcome stays unknown")
  func otherRequest() async throws {
    try await LifecycleBench.with { bench in
      // Somebody else's request of the same customer, whose id is known.
      try await bench.enrol(order: LifecycleBench.orders[1])
      let taken = try #require(try bench.store().history(of: "payroll").first { $0.event == "retrieval-id-known" }?.detail["retrieval-id"])
      bench.clock.advance(days: 700)
      bench.transport.plan("renewCertificate", .answerLost)
      _ = try await serviceError { try await bench.renew() }
      await #expect(throws: CertificateServiceError.self) {
        try await bench.lifecycle().fetch(bench.plan(), retrievalID: RetrievalID(taken))
      }
      #expect(try bench.record().state(at: bench.clock.now) == .uncertain)
      #expect(try bench.pending().certificate == nil)
    }
  }

  @Test("LIFECYCLE-NOT-REPEATED: transfer credentials that may be spent are not sent again after their request was dropped")
  func droppedCredentials() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("signNewCertificate", .answerLost)
      _ = try await serviceError { try await bench.enrol() }
      _ = try bench.lifecycle().abandon(LifecycleBench.name)
      let error = try await lifecycleError { try await bench.enrol() }
      #expect(error.rule == .notRepeated)
      #expect(bench.transport.posted("signNewCertificate").count == 1)
      try await bench.enrol(order: LifecycleBench.orders[1])
    }
  }

  @Test("Credentials that the service refused, or that never left, can be used after their request was dropped")
  func unspentCredentials() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("signNewCertificate", .unreachable)
      _ = try await serviceError { try await bench.enrol() }
      _ = try bench.lifecycle().abandon(LifecycleBench.name)
      try await bench.enrol()
    }
  }

  @Test("A certificate whose key is lost is not renewed, nothing is begun for it, and a new one can be enrolled beside it")
  func lostKey() async throws {
    try await LifecycleBench.with { bench in
      let old = try await bench.install()
      try await bench.keys.destroyKey(identifier: old.keyIdentifier)
      await #expect(throws: (any Error).self) { try await bench.renew() }
      #expect(bench.events.contains { $0.contains("enrol payroll --even-if-enrolled") })
      #expect(try bench.record().pending == nil)
      let refusal = try await lifecycleError { try await bench.enrol() }
      #expect(refusal.rule == .alreadyEnrolled)
      #expect(refusal.hint?.contains("--even-if-enrolled") == true)
      let lifecycle = try bench.lifecycle()
      let installed = try await lifecycle.enrol(bench.plan(), evenIfEnrolled: true) {
        try TransferCredentials(id: LifecycleBench.orders[0], password: .init(copying: [UInt8](LifecycleBench.password.utf8)))
      }
      #expect(try bench.record().active == installed)
      #expect(try bench.record().previous == [old])
    }
  }

  @Test("A key that another name needs stays when a certificate is retired, and importing says so")
  func sharedKey() async throws {
    try await LifecycleBench.with { bench in
      let key = try await bench.keys.add(named: "shared")
      let certificate = try await issue(bench, for: key)
      let lifecycle = try bench.lifecycle()
      _ = try await lifecycle.importCertificate(certificate, key: key, plan: bench.plan())
      let second = try plan(bench, named: "second")
      let imported = try await lifecycle.importCertificate(certificate, key: key, plan: second)
      #expect(bench.events.contains { $0.contains("used by the certificate payroll too") })
      let other = try await bench.keys.add(named: "other")
      _ = try await lifecycle.importCertificate(issue(bench, for: other), key: other, plan: second)
      let retired = try await lifecycle.retire(second, serial: imported.serial(), evenWithoutProof: true)
      #expect(!retired.keyWasDestroyed)
      #expect(await bench.keys.entries.map(\.key.name) == ["shared", "other"])
    }
  }

  @Test("CERT-NOT-KNOWN: an import of a wrong certificate is undone by importing the right one again; not by one that is retired")
  func importBack() async throws {
    for isCutOff in [false, true] {
      try await LifecycleBench.with { bench in
        let (right, wrong) = (try await bench.keys.add(named: "right"), try await bench.keys.add(named: "wrong"))
        let certificate = try await issue(bench, for: right)
        let lifecycle = try bench.lifecycle()
        let first = try await lifecycle.importCertificate(certificate, key: right, plan: bench.plan())
        let second = try await lifecycle.importCertificate(issue(bench, for: wrong), key: wrong, plan: bench.plan())
        if isCutOff {
          bench.interruptions.interrupt(at: "before the certificate is stored")
          await #expect(throws: Interruptions.Interrupted.self) {
            try await lifecycle.importCertificate(certificate, key: right, plan: bench.plan())
          }
          try await bench.fetch()
        } else {
          _ = try await lifecycle.importCertificate(certificate, key: right, plan: bench.plan())
        }
        let record = try bench.record()
        #expect(record.active?.der == first.der)
        #expect(record.previous == [second])
        // The one that is retired does not come back.
        _ = try await bench.lifecycle().retire(bench.plan(), serial: second.serial(), evenWithoutProof: true)
        let gone = try await serviceError {
          try await bench.lifecycle().importCertificate(second.certificate(), key: wrong, plan: bench.plan())
        }
        #expect(gone.rule == .certificateNotKnown)
      }
    }
  }
}
