import CertificateService
import ServiceSimulator
import Testing

@testable import CertificateLifecycle

@Suite("What is said when the certificate does not come")
struct PollTests {
  /// Three questions, and then it is given up.
  private static let timing = LifecycleTiming(firstWait: .zero, pollInterval: .seconds(45), giveUpAfter: .seconds(90))

  private func failure(_ bench: LifecycleBench) async throws -> LifecycleError {
    let error = try await lifecycleError { try await bench.enrol(bench.lifecycle(timing: Self.timing)) }
    #expect(bench.clock.slept == [.seconds(45), .seconds(45)])
    #expect(error.hint?.contains("hsmkey certificate fetch payroll") == true)
    #expect(error.underlying is CertificateServiceError)
    #expect(try bench.pending().stage == .retrievalIDKnown)
    return error
  }

  @Test("A service that cannot be reached by any question is unreachable, and fetch goes on when it can be")
  func unreachable() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("getCertificate", .unreachable, .unreachable, .unreachable)
      let error = try await failure(bench)
      #expect(error.code == .unreachable)
      #expect(error.message.contains("has not answered"))
      #expect(bench.transport.posted("getCertificate").isEmpty)
      try await bench.fetch()
    }
  }

  @Test("A service that was reached and gave no signed answer has not answered, and is not said to be preparing the certificate")
  func noAnswer() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("getCertificate", .requestLost, .unreachable)
      try bench.simulator.set(.html502, for: .get, answers: 1)
      let error = try await failure(bench)
      #expect(error.code == .notReady)
      #expect(error.message.contains("the service has not answered"))
      #expect(!error.message.contains("not ready"))
    }
  }

  @Test("An answer that cannot be trusted ends the asking, and says how to ask again and how to drop it where that never ends")
  func untrusted() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("getCertificate", .answer("<no-answer/>"))
      let error = try await serviceError { try await bench.enrol(bench.lifecycle(timing: Self.timing)) }
      #expect(!error.canAskAgain)
      #expect(error.hint?.contains("hsmkey certificate fetch payroll;") == true)
      #expect(error.hint?.hasSuffix("or drop the request with: hsmkey certificate abandon payroll") == true)
      #expect(try bench.pending().stage == .retrievalIDKnown)
      try await bench.fetch()
    }
  }

  @Test("A signed refusal of any question means not ready, whatever came of the others", arguments: [false, true])
  func notReady(isAlone: Bool) async throws {
    try await LifecycleBench.with({ $0.notReadyFor = .seconds(3_600) }) { bench in
      if !isAlone { bench.transport.plan("getCertificate", .unreachable, .passThen {}, .unreachable) }
      let error = try await failure(bench)
      #expect(error.code == .notReady)
      #expect(error.message.contains("the certificate is not ready yet"))
    }
  }
}
