import CertificateService
import Foundation
import ServiceSimulator
import Testing

@testable import CertificateLifecycle

@Suite("A signed FAIL")
struct RefusalTests {
  @Test("Leaves an enrolment refused, with the codes; the next credentials send the same request again")
  func enrolment() async throws {
    try await LifecycleBench.with { bench in
      let error = try await serviceError { try await bench.enrol(password: "wrong") }
      #expect(error.code == .refused)
      let record = try bench.record()
      #expect(record.state(at: bench.clock.now) == .refused)
      #expect(record.pending?.refusal?.codes.map(\.code) == ["PKI020"])
      #expect(record.nextStep(at: bench.clock.now).contains("hsmkey certificate history payroll"))
      #expect(record.nextStep(at: bench.clock.now).hasSuffix("hsmkey certificate enrol payroll --transfer-id ID"))
      let summary = try #require(try bench.store().summaries(at: bench.clock.now).first)
      #expect(summary.refusalCodes == ["PKI020"])
      let entry = try #require(try bench.store().history(of: "payroll").last)
      #expect(entry.event == "refused" && entry.state == .refused && entry.detail["codes"]?.contains("PKI020") == true)
      try await bench.enrol(order: LifecycleBench.orders[1])
      #expect(try bench.record().state(at: bench.clock.now) == .active)
    }
  }

  @Test("Leaves a renewal refused and renewable: the next run sends it again, with the same key")
  func renewal() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      try bench.simulator.set(.failWithoutErrorInfo, for: .renew, answers: 1)
      _ = try await serviceError { try await bench.renew() }
      #expect(try bench.record().state(at: bench.clock.now) == .refused)
      #expect(try bench.pending().refusal?.codes.isEmpty == true)
      bench.transport.plan("renewCertificate", .unreachable)
      _ = try await serviceError { try await bench.renew() }
      #expect(try bench.record().state(at: bench.clock.now) == .refused, "that the line was dead does not change what the service said")
      try await bench.renew()
      #expect(await bench.keys.generated.count == 1)
    }
  }

  @Test("With a code that is configured as permanent the question ends refused, with the retrieval id kept: fetch asks again")
  func question() async throws {
    try await LifecycleBench.with({ $0.notReadyFor = .seconds(100) }) { bench in
      let error = try await serviceError { try await bench.enrol(bench.lifecycle(permanentCodes: ["SIM101"])) }
      #expect(error.hint?.contains("hsmkey certificate fetch payroll;") == true)
      #expect(error.hint?.hasSuffix("or drop the request with: hsmkey certificate abandon payroll") == true)
      let record = try bench.record()
      #expect(record.state(at: bench.clock.now) == .refused)
      #expect(record.pending?.stage == .retrievalIDKnown)
      #expect(record.nextStep(at: bench.clock.now).contains("hsmkey certificate fetch payroll"))
      bench.clock.advance(seconds: 100)
      try await bench.fetch()
      #expect(try bench.record().pending == nil)
    }
  }

  @Test("Codes mean what the table says, the gravest first, and a code that nobody knows means nothing")
  func table() {
    let table = ErrorCodeTable(notReady: ["N1", "BOTH"], permanent: ["P1", "BOTH"])
    #expect(table.classify("N1") == .notReady)
    #expect(table.classify("PKI020") == .credentials)
    #expect(table.classify("BOTH") == .permanent)
    #expect(table.classify("X") == .unknown)
    #expect(table.classify(["X", "N1"]) == .notReady)
    #expect(table.classify(["N1", "P1"]) == .permanent)
    #expect(table.classify([]) == .unknown)
    #expect(table.classify(["X", "Y"]) == .unknown)
  }

  @Test("The jitter is added to the interval, a part of it by chance, and counts towards the limit", arguments: [0.0, 0.5, 1.0])
  func jitter(chance: Double) async throws {
    try await LifecycleBench.with({ $0.notReadyFor = .seconds(3_600) }) { bench in
      let timing = LifecycleTiming(firstWait: .zero, pollInterval: .seconds(40), pollJitter: .seconds(20), giveUpAfter: .seconds(120))
      let error = try await lifecycleError { try await bench.enrol(bench.lifecycle(timing: timing, chance: chance)) }
      #expect(error.code == .notReady)
      let interval = Duration.seconds(40 + 20 * chance)
      #expect(bench.clock.slept == Array(repeating: interval, count: chance == 0 ? 3 : 2))
    }
  }

  @Test(
    "LIFECYCLE-NOT-REPEATED: with uncertain-renewal: repeat the next run sends the renewal again, with the same key; an enrolment never")
  func repeating() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      bench.transport.plan("renewCertificate", .answerLost)
      let lifecycle = try bench.lifecycle(uncertainRenewal: .repeat)
      #expect(try await serviceError { try await lifecycle.renew(bench.plan()) }.outcomeIsUncertain)
      #expect(bench.transport.posted("renewCertificate").count == 1, "not in the same run")
      #expect(try bench.record().state(at: bench.clock.now) == .uncertain)
      let installed = try await bench.lifecycle(uncertainRenewal: .repeat).renew(bench.plan())
      #expect(await bench.keys.generated == [installed.keyName])
      #expect(bench.transport.posted("renewCertificate").count == 2)
    }
    try await LifecycleBench.with { bench in
      bench.transport.plan("signNewCertificate", .answerLost)
      _ = try await serviceError { try await bench.enrol(bench.lifecycle(uncertainRenewal: .repeat)) }
      #expect(try await lifecycleError { try await bench.enrol(bench.lifecycle(uncertainRenewal: .repeat)) }.rule == .notRepeated)
      #expect(bench.transport.posted("signNewCertificate").count == 1)
    }
  }
}
