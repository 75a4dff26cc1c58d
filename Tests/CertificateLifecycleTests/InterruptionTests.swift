import CertificateService
import Foundation
import ServiceSimulator
import TestSupport
import Testing

@testable import CertificateLifecycle

@Suite("A run that is cut off at any step, and the run after it")
struct InterruptionTests {
  /// What a person does after a run was cut off: the same again, and what the hint says if the outcome is not known.
  private func goOn(_ bench: LifecycleBench, isRenewal: Bool, file: String) async throws -> InstalledCertificate {
    do {
      return isRenewal ? try await bench.renew(file: file) : try await bench.enrol(file: file)
    } catch let error as LifecycleError where error.code == .outcomeUncertain {
      return isRenewal
        ? try await bench.renew(repeating: true, file: file) : try await bench.enrol(order: LifecycleBench.orders[1], file: file)
    }
  }

  @Test(
    "Whatever the step, one key is made, no credentials are sent twice, and the certificate is installed in the end",
    arguments: [false, true])
  func everyStep(isRenewal: Bool) async throws {
    var step = 1
    var named: Set<String> = []
    while true {
      var isDone = false
      try await LifecycleBench.with { bench in
        let file = bench.folder.path("payroll.pem")
        if isRenewal { try await bench.install() }
        bench.interruptions.interrupt(atStep: step)
        do {
          if isRenewal { try await bench.renew(file: file) } else { try await bench.enrol(file: file) }
          isDone = true
          try #require(bench.interruptions.isStillToCome)
          return
        } catch let error as LifecycleError {
          Issue.record("step \(step): \(error)")
        } catch is Interruptions.Interrupted {
        } catch let error as CertificateServiceError {
          #expect(error.underlying is Interruptions.Interrupted)
        }
        // The process that died has left everything as it was; the next one has only the state file and the token.
        let name = try #require(bench.interruptions.lastStep)
        named.insert(name)
        let installed = try await goOn(bench, isRenewal: isRenewal, file: file)

        let what = "cut off at step \(step) (\(name))"
        let record = try bench.record()
        #expect(record.active?.der == installed.der, "\(what)")
        #expect(record.pending == nil, "\(what)")
        #expect(await bench.keys.generated.count == 1, "\(what)")
        #expect(await bench.keys.certificates(of: installed.keyName) == [try installed.certificate()], "\(what)")
        #expect(try String(contentsOfFile: file, encoding: .utf8).hasPrefix("-----BEGIN CERTIFICATE-----"), "\(what)")
        for order in LifecycleBench.orders {
          #expect(bench.transport.posted("signNewCertificate").count { $0.body.contains(order) } <= 1, "\(what)")
        }
        let sent = bench.transport.posted(isRenewal ? "renewCertificate" : "signNewCertificate").count
        #expect(sent <= (name.hasPrefix("after renew") || name.hasPrefix("after sign") ? 2 : 1), "\(what)")
        let issuedBefore = isRenewal ? 1 : 0
        #expect(try await bench.simulator.issuedCertificates().count - issuedBefore == sent, "\(what)")
      }
      if isDone { break }
      step += 1
      try #require(step < 100)
    }
    let operation = isRenewal ? "renewCertificate" : "signNewCertificate"
    #expect(
      named == [
        "look for the name", "before the key is generated", "after the key is generated", "before the request is made",
        "after the request is made", "look up a key", "before \(operation)", "after \(operation)", "wait",
        "before getCertificate", "after getCertificate", "before the certificate is stored", "after the certificate is stored",
      ])
  }

  @Test("An interrupted question for the certificate is simply asked again")
  func questionRepeated() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("getCertificate", .requestLost, .unreachable, .answerLost)
      try await bench.enrol()
      #expect(bench.transport.posted("getCertificate").count == 3)
      #expect(bench.clock.slept == [.seconds(30), .seconds(45), .seconds(45), .seconds(45)])
    }
  }

  @Test("A key that an interrupted run left without checking it is checked before it is used; a bad one is left alone")
  func badKeyLeftBehind() async throws {
    try await LifecycleBench.with { bench in
      await bench.keys.makeNextKeyBad()
      bench.interruptions.interrupt(at: "after the key is generated")
      await #expect(throws: Interruptions.Interrupted.self) { try await bench.enrol() }
      let planned = try bench.pending()
      #expect(planned.stage == .planned)
      #expect(try await bench.enrol().keyName == planned.keyName + "-2")
      #expect(await bench.keys.certificates(of: planned.keyName).isEmpty)
    }
  }

  @Test("Two keys under the name that was planned are left alone, and another name is used")
  func twoKeysLeftBehind() async throws {
    try await LifecycleBench.with { bench in
      bench.interruptions.interrupt(at: "before the key is generated")
      await #expect(throws: Interruptions.Interrupted.self) { try await bench.enrol() }
      let planned = try bench.pending().keyName
      for _ in 1...2 { _ = try await bench.keys.add(named: planned) }
      #expect(try await bench.enrol().keyName == planned + "-2")
      #expect(await bench.keys.certificates(of: planned).isEmpty)
    }
  }

  @Test("Half a key under the name that was planned is left alone, and another name is used")
  func halfAKeyLeftBehind() async throws {
    try await LifecycleBench.with { bench in
      bench.interruptions.interrupt(at: "before the key is generated")
      await #expect(throws: Interruptions.Interrupted.self) { try await bench.enrol() }
      let planned = try bench.pending().keyName
      await bench.keys.leaveHalfAKey(named: planned)
      let installed = try await bench.enrol()
      #expect(installed.keyName == planned + "-2")
      #expect(bench.events.contains { $0.contains("left a key named \(planned)") })
    }
  }

  @Test("A task that is cancelled while it waits leaves a state that fetch goes on from")
  func cancellation() async throws {
    try await LifecycleBench.with { bench in
      let lifecycle = try bench.lifecycle { _ in throw CancellationError() }
      await #expect(throws: CancellationError.self) { try await bench.enrol(lifecycle) }
      #expect(try bench.pending().stage == .retrievalIDKnown)
      try await bench.fetch()
    }
  }

  @Test("Fetch says with which command to go on while nothing has been sent")
  func fetchTooEarly() async throws {
    try await LifecycleBench.with { bench in
      bench.interruptions.interrupt(at: "before the request is made")
      await #expect(throws: Interruptions.Interrupted.self) { try await bench.enrol() }
      let error = try await lifecycleError { try await bench.fetch() }
      #expect(error.code == .nothingToDo)
      #expect(error.hint == "go on with: hsmkey certificate enrol payroll")
    }
  }
}
