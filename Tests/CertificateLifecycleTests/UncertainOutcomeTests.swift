import CertificateService
import Foundation
import ServiceSimulator
import Testing

@testable import CertificateLifecycle

@Suite("Outcomes that nobody knows")
struct UncertainOutcomeTests {
  @Test("LIFECYCLE-NOT-REPEATED: transfer credentials that may have been spent are never sent again; new ones are, for the same key")
  func signNew() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("signNewCertificate", .answerLost)
      #expect(try await serviceError { try await bench.enrol() }.outcomeIsUncertain)
      let pending = try bench.pending()
      #expect(pending.isUncertain)
      #expect(pending.sentAt != nil)

      let error = try await lifecycleError { try await bench.enrol() }
      #expect(error.rule == .notRepeated)
      #expect(error.code == .outcomeUncertain)
      #expect(error.hint?.contains("--transfer-id NEW-ID") == true)
      #expect(bench.transport.posted.count == 1)
      #expect(try await lifecycleError { try await bench.fetch() }.rule == .notRepeated)

      let installed = try await bench.enrol(order: LifecycleBench.orders[1])
      #expect(installed.keyIdentifier == pending.keyIdentifier)
      #expect(await bench.keys.generated.count == 1)
      #expect(bench.transport.posted("signNewCertificate").count == 2)
    }
  }

  @Test("LIFECYCLE-NOT-REPEATED: every transfer id with an unknown outcome is remembered, not only the last")
  func severalTransferIDs() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("signNewCertificate", .requestLost, .requestLost)
      for order in LifecycleBench.orders.prefix(2) {
        #expect(try await serviceError { try await bench.enrol(order: order) }.outcomeIsUncertain)
      }
      for order in LifecycleBench.orders.prefix(2) {
        #expect(try await lifecycleError { try await bench.enrol(order: order) }.rule == .notRepeated)
      }
      #expect(bench.transport.posted.count == 2)
      try await bench.enrol(order: LifecycleBench.orders[2])
    }
  }

  @Test("LIFECYCLE-NOT-REPEATED: a second order that was refused can be tried again; the first cannot")
  func refusedAfterUncertainOutcome() async throws {
    try await LifecycleBench.with { bench in
      let before = try await uncertain(bench)
      let error = try await serviceError { try await bench.enrol(order: "ORDER-2", password: "wrong") }
      #expect(error.code == .refused)
      try await firstOrderIsSpentAndSecondIsNot(bench, before)
    }
  }

  @Test("LIFECYCLE-NOT-REPEATED: a second order that did not leave can be tried again; the first cannot")
  func unreachableAfterUncertainOutcome() async throws {
    try await LifecycleBench.with { bench in
      let before = try await uncertain(bench)
      bench.transport.plan("signNewCertificate", .unreachable)
      let error = try await serviceError { try await bench.enrol(order: "ORDER-2") }
      #expect(error.code == .unreachable)
      try await firstOrderIsSpentAndSecondIsNot(bench, before)
    }
  }

  private func uncertain(_ bench: LifecycleBench) async throws -> PendingOperation {
    bench.transport.plan("signNewCertificate", .answerLost)
    let error = try await serviceError { try await bench.enrol(order: "ORDER-1") }
    #expect(error.outcomeIsUncertain)
    bench.clock.advance(seconds: 60)
    return try bench.pending()
  }

  private func firstOrderIsSpentAndSecondIsNot(_ bench: LifecycleBench, _ before: PendingOperation) async throws {
    #expect(try bench.pending() == before)
    let error = try await lifecycleError { try await bench.enrol(order: "ORDER-1") }
    #expect(error.rule == .notRepeated)
    try await bench.enrol(order: "ORDER-2")
  }

  @Test("LIFECYCLE-NOT-REPEATED: without new credentials the error is about the uncertain outcome, not about the missing credentials")
  func noNewCredentials() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("signNewCertificate", .requestLost)
      _ = try await serviceError { try await bench.enrol() }
      let error = try await lifecycleError { try await bench.lifecycle().enrol(bench.plan()) { throw NotGiven() } }
      #expect(error.code == .outcomeUncertain)
      #expect(error.underlying is NotGiven)
    }
  }

  @Test(
    "An answer that cannot be trusted leaves a one-use request uncertain",
    arguments: ["unsigned", "tampered", "wrapped", "ok-without-retrieval-id"])
  func untrustedAnswer(fault: String) async throws {
    try await LifecycleBench.with { bench in
      let fault = try #require(ServiceFault(rawValue: fault))
      try bench.simulator.set(fault, for: .signNew, answers: 1)
      let error = try await serviceError { try await bench.enrol() }
      #expect(error.code == .untrusted)
      #expect(error.outcomeIsUncertain)
      #expect(try bench.pending().isUncertain)
      #expect(try await lifecycleError { try await bench.enrol() }.rule == .notRepeated)
    }
  }

  @Test("A gateway's error page, or a connection that closes after the service acted, leaves a one-use request uncertain")
  func brokenDelivery() async throws {
    for fault in [ServiceFault.html502, .soapFault500, .closeAfterCommit] {
      try await LifecycleBench.with { bench in
        try bench.simulator.set(fault, for: .signNew, answers: 1)
        #expect(try await serviceError { try await bench.enrol() }.outcomeIsUncertain)
        #expect(try bench.pending().isUncertain, "\(fault)")
      }
    }
  }

  @Test("LIFECYCLE-NOT-REPEATED: a renewal that may have been carried out is repeated only when asked for")
  func renewal() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      bench.transport.plan("renewCertificate", .answerLost)
      #expect(try await serviceError { try await bench.renew() }.outcomeIsUncertain)
      let pending = try bench.pending()
      let error = try await lifecycleError { try await bench.renew() }
      #expect(error.rule == .notRepeated)
      #expect(error.hint?.contains("--repeat-uncertain-renewal") == true)
      #expect(bench.transport.posted.count == 1)
      let installed = try await bench.renew(repeating: true)
      #expect(installed.keyIdentifier == pending.keyIdentifier)
      #expect(await bench.keys.generated.count == 1)
    }
  }

  @Test("A retrieval id that cannot be saved is in the error, and fetch takes it from there")
  func retrievalIDNotSaved() async throws {
    try await LifecycleBench.with { bench in
      let disk = BrokenDisk(path: bench.statePath)
      bench.transport.plan("signNewCertificate", .passThen { try disk.fail() })
      let error = try await lifecycleError { try await bench.enrol() }
      #expect(error.code == .stateUnusable)
      let identifier = try #require(error.hint?.split(separator: " ").last)
      #expect(error.message.contains("retrieval id \(identifier)"))
      try disk.mend()
      #expect(try bench.pending().isUncertain)
      let installed = try await bench.lifecycle().fetch(bench.plan(), retrievalID: RetrievalID(String(identifier)))
      #expect(try bench.record().active?.der == installed.der)
      #expect(bench.transport.posted("signNewCertificate").count == 1)
    }
  }
}
