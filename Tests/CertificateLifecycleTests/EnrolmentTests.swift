import CertificateService
import Foundation
import ServiceSimulator
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import CertificateLifecycle

@Suite("Enrolment")
struct EnrolmentTests {
  @Test("An enrolment ends with the certificate beside its key, in the state, and in the file; all waiting is by the clock that was given")
  func happyPath() async throws {
    try await LifecycleBench.with { bench in
      let file = bench.folder.path("payroll.pem")
      let installed = try await bench.enrol(file: file)
      let certificate = try installed.certificate()
      #expect(try await bench.simulator.issuedCertificates() == [certificate])
      #expect(await bench.keys.certificates(of: installed.keyName) == [certificate])
      #expect(try Certificate(pemEncoded: String(contentsOfFile: file, encoding: .utf8)) == certificate)
      let record = try bench.record()
      #expect(record.active == installed || record.active?.der == installed.der)
      #expect(record.pending == nil)
      #expect(record.previous.isEmpty)
      #expect(record.environment == "test")
      #expect(bench.transport.posted.map(\.operation) == ["signNewCertificate", "getCertificate"])
      #expect(bench.clock.slept == [.seconds(30)])
      #expect(installed.keyName == "payroll-\(LifecycleBench.Clock().now.formatted(.iso8601.year().month().day().dateSeparator(.omitted)))")
    }
  }

  @Test("A certificate that is not ready is asked for again and again, at the interval that was given")
  func polling() async throws {
    try await LifecycleBench.with({ $0.notReadyFor = .seconds(100) }) { bench in
      try await bench.enrol()
      #expect(bench.clock.slept == [.seconds(30), .seconds(45), .seconds(45)])
      #expect(bench.transport.posted("getCertificate").count == 3)
    }
  }

  @Test("A certificate is checked at the time when it comes, not at the time when polling began")
  func freshTime() async throws {
    // A service whose clock is 400 seconds ahead: when its certificate comes after 300 seconds of polling, that is within what is
    // tolerated.
    try await LifecycleBench.with(serviceClockAhead: 400, { $0.notReadyFor = .seconds(300) }) { bench in
      try await bench.enrol()
      #expect(bench.clock.slept.count == 7)
    }
  }

  @Test("When the time is up the state is kept, and fetch goes on later without credentials")
  func givesUp() async throws {
    try await LifecycleBench.with({ $0.notReadyFor = .seconds(3_600) }) { bench in
      let error = try await lifecycleError { try await bench.enrol() }
      #expect(error.code == .notReady)
      #expect(error.underlying is CertificateServiceError)
      #expect(error.hint?.contains("hsmkey certificate fetch payroll") == true)
      #expect(bench.clock.slept == [.seconds(30)] + Array(repeating: .seconds(45), count: 13))
      #expect(try bench.pending().stage == .retrievalIDKnown)
      bench.clock.advance(seconds: 3_600)
      let installed = try await bench.fetch()
      #expect(try bench.record().active?.der == installed.der)
      #expect(bench.transport.posted("signNewCertificate").count == 1)
      #expect(bench.clock.slept.count == 14, "the first wait is counted from when the request was sent")
    }
  }

  @Test("An error code that is configured as permanent ends the polling at once, with the state kept", arguments: ["SIM101", "SIM999"])
  func permanentCodes(code: String) async throws {
    try await LifecycleBench.with({ $0.notReadyFor = .seconds(100) }) { bench in
      let lifecycle = try bench.lifecycle(permanentCodes: [code])
      if code == "SIM101" {
        let error = try await serviceError { try await bench.enrol(lifecycle) }
        #expect(error.code == .refused)
        #expect(bench.transport.posted("getCertificate").count == 1)
        #expect(try bench.pending().stage == .retrievalIDKnown)
      } else {
        try await bench.enrol(lifecycle)
      }
    }
  }

  @Test("A clock that is set back makes us neither wait longer nor ask for ever")
  func clockSetBack() async throws {
    try await LifecycleBench.with({ $0.notReadyFor = .seconds(100_000) }) { bench in
      let clock = bench.clock
      let slept = Count()
      let lifecycle = try bench.lifecycle { _ in
        slept.add()
        clock.advance(seconds: -10_000)
      }
      #expect(try await lifecycleError { try await bench.enrol(lifecycle) }.code == .notReady)
      #expect(slept.value == 14)
    }
  }

  @Test("A polling interval of nothing does not become a busy loop")
  func noInterval() async throws {
    try await LifecycleBench.with({ $0.notReadyFor = .seconds(100) }) { bench in
      let timing = LifecycleTiming(firstWait: .zero, pollInterval: .zero, giveUpAfter: .milliseconds(35))
      let error = try await lifecycleError { try await bench.enrol(bench.lifecycle(timing: timing)) }
      #expect(error.code == .notReady)
      #expect(bench.clock.slept == Array(repeating: .milliseconds(10), count: 3))
    }
  }

  @Test("LIFECYCLE-ALREADY-ENROLLED: a name with a valid certificate is not enrolled again; from its expiry on it is")
  func alreadyEnrolled() async throws {
    try await LifecycleBench.with { bench in
      let old = try await bench.install(daysAgo: 100)
      let expiry = try old.certificate().notValidAfter
      bench.clock.set(expiry - 1)
      let error = try await lifecycleError { try await bench.enrol() }
      #expect(error.rule == .alreadyEnrolled)
      #expect(bench.transport.posted.isEmpty)
      #expect(try bench.record().pending == nil)

      bench.clock.set(expiry)
      try await bench.simulator.addTransferCredential(customerID: LifecycleBench.customerID, id: "LATE", password: LifecycleBench.password)
      let installed = try await bench.enrol(order: "LATE")
      #expect(try bench.record().previous.map(\.der) == [old.der])
      #expect(try bench.record().active?.der == installed.der)
    }
  }

  @Test("LIFECYCLE-SAME-CUSTOMER: a name stays with its customer, whatever is done with it")
  func otherCustomer() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      let plan = try bench.plan(customerID: "7654321-0")
      let lifecycle = try bench.lifecycle()
      #expect(try await lifecycleError { try await lifecycle.renew(plan) }.rule == .sameCustomer)
      bench.clock.advance(days: 100)
      #expect(try await lifecycleError { try await lifecycle.enrol(plan) { throw NotGiven() } }.rule == .sameCustomer)
      var record = try bench.record()
      record.pending = PendingOperation(kind: .renewal, keyName: "k", startedAt: bench.clock.now)
      try bench.store().save(record, at: bench.clock.now)
      #expect(try await lifecycleError { try await lifecycle.fetch(plan) }.rule == .sameCustomer)
      #expect(bench.transport.posted.isEmpty)
    }
  }

  @Test("LIFECYCLE-SAME-ENVIRONMENT: what was begun in test is not continued in production; an old state takes the first that comes")
  func otherEnvironment() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      let plan = try bench.plan()
      let error = try await lifecycleError { try await bench.lifecycle(environment: .production).renew(plan) }
      #expect(error.rule == .sameEnvironment)
      #expect(bench.transport.posted.isEmpty)

      var record = try bench.record()
      record.environment = nil
      try bench.store().save(record, at: bench.clock.now)
      try await bench.renew()
      #expect(try bench.record().environment == "test")
    }
  }

  @Test("Nothing reaches the token or the service when the credentials cannot be had; key and request are kept and used next time")
  func credentialsMissing() async throws {
    try await LifecycleBench.with { bench in
      await #expect(throws: NotGiven.self) { try await bench.lifecycle().enrol(bench.plan()) { throw NotGiven() } }
      #expect(try bench.pending().stage == .requestMade)
      #expect(bench.transport.posted.isEmpty)
      try await bench.enrol()
      #expect(await bench.keys.generated.count == 1)
    }
  }

  @Test("Unreachable: the stage goes back, and the same credentials work as soon as the line does")
  func unreachable() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("signNewCertificate", .unreachable)
      let error = try await serviceError { try await bench.enrol() }
      #expect(error.code == .unreachable)
      let pending = try bench.pending()
      #expect(pending.stage == .requestMade)
      #expect(pending.sentAt == nil)
      #expect(pending.transferIDDigest == nil)
      try await bench.enrol()
      #expect(await bench.keys.generated.count == 1)
    }
  }

  @Test("FAIL: the stage goes back, and new credentials work with the same key and request")
  func refused() async throws {
    try await LifecycleBench.with { bench in
      let error = try await serviceError { try await bench.enrol(password: "wrong") }
      #expect(error.code == .refused)
      #expect(error.errorInformation.map(\.code) == ["PKI020"])
      let pending = try bench.pending()
      #expect(pending.stage == .requestMade)
      let installed = try await bench.enrol(order: LifecycleBench.orders[1])
      #expect(installed.keyIdentifier == pending.keyIdentifier)
      #expect(await bench.keys.generated.count == 1)
    }
  }

  @Test("The password of the order is in no event, no state and no error")
  func passwordStaysSecret() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("signNewCertificate", .answerLost)
      let error = try await serviceError { try await bench.enrol() }
      let state = try Data(contentsOf: URL(filePath: bench.statePath))
      #expect(state.range(of: Data(LifecycleBench.password.utf8)) == nil)
      #expect(state.range(of: Data(LifecycleBench.orders[0].utf8)) == nil)
      #expect(!"\(error) \(String(describing: error.hint)) \(bench.events)".contains(LifecycleBench.password))
    }
  }
}

/// What a closure throws that should not have been called, or that plays one that fails.
struct NotGiven: Error {}

final class Count: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0
  func add() { lock.withLock { count += 1 } }
  var value: Int { lock.withLock { count } }
}
