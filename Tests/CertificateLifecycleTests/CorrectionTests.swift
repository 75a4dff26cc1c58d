import CertificateService
import Foundation
import ServiceSimulator
import TestSupport
import Testing

@testable import CertificateLifecycle

@Suite("Mistakes in the configuration, before and after something was sent")
struct CorrectionTests {
  private static let mistyped = "7654321-0"

  @Test("LIFECYCLE-SAME-CUSTOMER: a mistyped customer id that the service refused is corrected: same key, new request, nothing sent twice")
  func customer() async throws {
    try await LifecycleBench.with { bench in
      let mistake = try bench.plan(customerID: Self.mistyped, subject: "Mistyped")
      #expect(try await serviceError { try await bench.enrol(plan: mistake) }.code == .refused)
      let pending = try bench.pending()
      #expect(try bench.record().customerID == Self.mistyped)

      let installed = try await bench.enrol()
      #expect(installed.keyIdentifier == pending.keyIdentifier)
      #expect(await bench.keys.generated.count == 1)
      let requested = await bench.keys.requested
      #expect(requested.count == 2 && requested[0].contains("Mistyped") && !requested[1].contains("Mistyped"))
      #expect(try bench.record().customerID == LifecycleBench.customerID)
      let sent = bench.transport.posted("signNewCertificate").map(\.body)
      #expect(sent.count == 2)
      #expect(sent[0].contains(Self.mistyped) && !sent[1].contains(Self.mistyped))
    }
  }

  @Test("LIFECYCLE-SAME-ENVIRONMENT: a mistaken environment is corrected as long as nothing was sent: same key, new request")
  func environment() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("signNewCertificate", .unreachable)
      let mistaken = try bench.lifecycle(environment: .production)
      #expect(try await serviceError { try await bench.enrol(mistaken) }.code == .unreachable)
      #expect(try bench.record().environment == "production")
      let pending = try bench.pending()
      let installed = try await bench.enrol()
      #expect(installed.keyIdentifier == pending.keyIdentifier)
      #expect(await bench.keys.requested.count == 2)
      #expect(try bench.record().environment == "test")
      #expect(bench.transport.posted("signNewCertificate").count == 1)
    }
  }

  @Test("An algorithm that the service refused is corrected: new key and request, the old key is left unused", arguments: [false, true])
  func algorithm(customerToo: Bool) async throws {
    try await LifecycleBench.with { bench in
      let mistake = try bench.plan(customerID: customerToo ? Self.mistyped : LifecycleBench.customerID, algorithm: "rsa-4096")
      let password = customerToo ? LifecycleBench.password : "wrong"
      #expect(try await serviceError { try await bench.enrol(password: password, plan: mistake) }.code == .refused)
      let pending = try bench.pending()
      let installed = try await bench.enrol(order: LifecycleBench.orders[1])
      #expect(installed.keyName == pending.keyName + "-2")
      #expect(await bench.keys.generated.count == 2)
      #expect(await bench.keys.certificates(of: pending.keyName).isEmpty)
      #expect(bench.events.contains { $0.contains("\(pending.keyName) (rsa-4096) is left unused") })
      #expect(bench.transport.posted("signNewCertificate").count == 2)
    }
  }

  @Test("A renewal's algorithm is corrected the same way")
  func renewalAlgorithm() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      try bench.simulator.set(.failWithoutErrorInfo, for: .renew, answers: 1)
      let mistake = try bench.plan(algorithm: "rsa-4096")
      #expect(try await serviceError { try await bench.lifecycle().renew(mistake) }.code == .refused)
      let pending = try bench.pending()
      #expect(try await bench.renew().keyName == pending.keyName + "-2")
      #expect(try bench.record().previous.count == 1)
    }
  }

  @Test("LIFECYCLE-SAME-CUSTOMER, LIFECYCLE-SAME-ENVIRONMENT: what was sent is not taken over; the hint names the way out, and it works")
  func sent() async throws {
    for isAnswered in [false, true] {
      try await LifecycleBench.with({ if isAnswered { $0.notReadyFor = .seconds(3_600) } }) { bench in
        if isAnswered {
          #expect(try await lifecycleError { try await bench.enrol() }.code == .notReady)
        } else {
          bench.transport.plan("signNewCertificate", .answerLost)
          #expect(try await serviceError { try await bench.enrol() }.outcomeIsUncertain)
        }
        let before = try bench.record()
        let posted = bench.transport.posted.count
        let other = try bench.plan(customerID: Self.mistyped)
        let errors = try await [
          lifecycleError { try await bench.enrol(order: LifecycleBench.orders[1], plan: other) },
          lifecycleError { try await bench.lifecycle().fetch(other) },
          lifecycleError { try await bench.enrol(order: LifecycleBench.orders[1], bench.lifecycle(environment: .production)) },
          lifecycleError { try await bench.lifecycle(environment: .production).fetch(bench.plan()) },
        ]
        #expect(errors.map(\.rule) == [.sameCustomer, .sameCustomer, .sameEnvironment, .sameEnvironment])
        #expect(errors.allSatisfy { $0.hint?.contains("hsmkey certificate abandon payroll") == true })
        #expect(try bench.record() == before)
        #expect(bench.transport.posted.count == posted)

        _ = try bench.lifecycle().abandon(LifecycleBench.name)
        #expect(try await serviceError { try await bench.enrol(order: LifecycleBench.orders[1], plan: other) }.code == .refused)
        #expect(try bench.record().customerID == Self.mistyped)
      }
    }
  }

  @Test("LIFECYCLE-SAME-CUSTOMER, LIFECYCLE-SAME-ENVIRONMENT: where there is a certificate nothing is taken over")
  func certificate() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      let other = try bench.plan(customerID: Self.mistyped)
      let errors = try await [
        lifecycleError { try await bench.lifecycle().renew(other) },
        lifecycleError { try await bench.lifecycle(environment: .production).renew(bench.plan()) },
      ]
      #expect(errors.map(\.rule) == [.sameCustomer, .sameEnvironment])
      #expect(errors.allSatisfy { $0.hint?.contains("name") == true && $0.hint?.contains("abandon") == false }, "nothing is pending")
      bench.transport.plan("renewCertificate", .unreachable)
      _ = try await serviceError { try await bench.renew() }
      let pending = try await lifecycleError { try await bench.lifecycle().renew(other) }
      #expect(pending.rule == .sameCustomer)
      #expect(pending.hint?.contains("hsmkey certificate abandon payroll") == true)
      #expect(bench.transport.posted.isEmpty)
    }
  }
}
