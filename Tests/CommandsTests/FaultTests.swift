import ServiceSimulator
import TestSupport
import Testing

/// A fault of the service, the exit code and the rule that it must end with.
struct ExpectedFault: Sendable, CustomTestStringConvertible {
  let fault: ServiceFault
  let exitCode: Int
  let rule: String?

  init(_ fault: ServiceFault, _ exitCode: Int, _ rule: String?) {
    self.fault = fault
    self.exitCode = exitCode
    self.rule = rule
  }

  var testDescription: String { "\(fault) → \(exitCode) \(rule ?? "no rule")" }
}

// What an operator tries, one thing after the other; `ServiceFaultTests` has every fault. One test after the other: the service answers
// from the tests' own process and must not be starved.
@Suite("A service that misbehaves: the exit code, the rule, and nothing kept", .serialized)
struct FaultTests {
  /// Waiting for an answer is cut short only where none will come.
  private static func settings(_ fault: ServiceFault) -> ServiceBench.Settings {
    var settings = ServiceBench.Settings()
    if fault == .hangBeforeCommit || fault == .hangAfterCommit {
      settings.service = ["first-wait: 0s", "poll-interval: 1s", "give-up-after: 0s", "timeout: 3s"]
    }
    return settings
  }

  @Test(
    "LIFECYCLE-NOT-REPEATED: in the answer to the request, the outcome is uncertain; only new credentials send it again, with the same key",
    arguments: [
      ExpectedFault(.unsigned, 6, "RESPONSE-SIGNATURE"), ExpectedFault(.html502, 7, "RESPONSE-STATUS"),
      ExpectedFault(.hangAfterCommit, 7, "TRANSPORT-TIMEOUT"), ExpectedFault(.closeAfterCommit, 7, "TRANSPORT-RESPONSE"),
    ])
  func whenEnrolling(expected: ExpectedFault) async throws {
    try await ServiceBench.with(Self.settings(expected.fault)) { service in
      try service.simulator.set(expected.fault, for: .signNew)
      let refusal = try await service.enrolmentRefused(expected.exitCode)
      #expect(refusal.rule == expected.rule, "\(refusal.message)")
      #expect(refusal.hint.contains("transfer credentials"))
      try await service.expectNothingKept()
      let keys = try await service.bench.object("key", "list")["keys"].list.map { $0["id"].string }
      service.simulator.clearFaults()

      // The same credentials, none, or a fetch: nothing is sent, and the hint says what to do.
      let issued = try await service.issuedCount()
      let again = try await service.enrolmentRefused(7)
      #expect(again.rule == "LIFECYCLE-NOT-REPEATED")
      #expect(again.hint.contains("--transfer-id NEW-ID"))
      #expect(try await service.bench.refusedAsJSON(7, "certificate", "enrol", "payroll").rule == "LIFECYCLE-NOT-REPEATED")
      #expect(try await service.bench.refusedAsJSON(7, "certificate", "fetch", "payroll").rule == "LIFECYCLE-NOT-REPEATED")
      #expect(try await service.issuedCount() == issued)
      #expect(try await service.status()["description"].string?.contains("uncertain") == true)

      try await service.order("another-order")
      try await service.enrol("another-order")
      #expect(try await service.bench.object("key", "list")["keys"].list.map { $0["id"].string } == keys)
    }
  }

  @Test("a signed FAIL without ErrorInfo is a FAIL: nothing was done, and the same credentials can be used")
  func failWithoutErrorInfo() async throws {
    try await ServiceBench.with { service in
      try service.simulator.set(.failWithoutErrorInfo, for: .signNew)
      #expect(try await service.enrolmentRefused(5).code == "refused")
      try await service.expectNothingKept()
      service.simulator.clearFaults()
      try await service.enrol()
    }
  }
}
