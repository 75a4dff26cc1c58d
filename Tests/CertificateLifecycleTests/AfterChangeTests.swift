import Foundation
import ServiceSimulator
import SwiftASN1
import Synchronization
import TestSupport
import Testing
import X509

@testable import CertificateLifecycle

@Suite("The program that hears of a change")
struct AfterChangeTests {
  private func inode(_ path: String) throws -> Int? {
    (try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? NSNumber)?.intValue
  }

  @Test("As long as it fails the operation stays pending, at its last stage; fetch runs it again and ends, and writes and sends nothing")
  func failing() async throws {
    try await LifecycleBench.with { bench in
      bench.hook.fail()
      let file = try bench.fileForUsers("old")
      let installed = try await bench.enrol(file: file)
      #expect(try bench.pending().stage == .active)
      #expect(try bench.record().active?.der == installed.der)
      #expect(bench.events.contains { $0.contains("hsmkey certificate fetch payroll") })
      let written = try inode(file)
      let posted = bench.transport.posted.count

      try await bench.fetch(file: file)
      #expect(try bench.pending().stage == .active)
      bench.hook.fail(false)
      #expect(try await bench.fetch(file: file).der == installed.der)
      #expect(try bench.record().pending == nil)
      #expect(bench.hook.calls == ["payroll", "payroll", "payroll"])
      #expect(try inode(file) == written, "the file is not written again")
      #expect(bench.transport.posted.count == posted)
      #expect(try await lifecycleError { try await bench.fetch(file: file) }.code == .nothingToDo)
    }
  }

  @Test("It runs after file and state are written, so that a crash while it runs is resumed with it alone")
  func stateWhileItRuns() async throws {
    try await LifecycleBench.with { bench in
      let file = try bench.fileForUsers("old")
      let seen = Mutex<(stage: LifecycleState?, text: String?)>((nil, nil))
      bench.hook.onRun {
        let stage = try? bench.pending().stage
        let text = try? String(contentsOfFile: file, encoding: .utf8)
        seen.withLock { $0 = (stage, text) }
      }
      let installed = try await bench.enrol(file: file)
      #expect(seen.withLock(\.stage) == .active)
      #expect(try seen.withLock(\.text) == installed.certificate().serializeAsPEM().pemString + "\n")

      // What such a crash leaves.
      var record = try bench.record()
      record.pending = PendingOperation(kind: .enrolment, keyName: installed.keyName, startedAt: bench.clock.now)
      record.pending?.stage = .active
      try bench.store().save(record, at: bench.clock.now)
      let written = try inode(file)
      try await bench.enrol(file: file)
      #expect(bench.hook.calls.count == 2)
      #expect(try inode(file) == written)
      #expect(try bench.record().pending == nil)
      #expect(await bench.keys.generated.count == 1)
    }
  }

  @Test("LIFECYCLE-ONE-WRITER: while it runs, other tasks and other processes are refused")
  func underTheLock() async throws {
    try await LifecycleBench.with { bench in
      let outcome = Mutex<(rule: LifecycleRule?, exitCode: Int?)>((nil, nil))
      bench.hook.onRun {
        let rule: LifecycleRule?
        do {
          _ = try bench.store().lock(LifecycleBench.name, operation: "test")
          rule = nil
        } catch { rule = (error as? LifecycleError)?.rule }
        let exitCode = try? await run("flock", ["--nonblock", bench.statePath + ".payroll.lock", "true"]).exitCode
        outcome.withLock { $0 = (rule, exitCode) }
      }
      try await bench.enrol()
      #expect(outcome.withLock(\.rule) == .oneWriter)
      #expect(outcome.withLock(\.exitCode) == 1)
      #expect(try await run("flock", ["--nonblock", bench.statePath + ".payroll.lock", "true"]).exitCode == 0)
    }
  }

  @Test("One that keeps failing never blocks the next renewal, and hears of that", arguments: [false, true])
  func neverBlocks(afterRenewal: Bool) async throws {
    try await LifecycleBench.with { bench in
      bench.hook.fail()
      if afterRenewal { try await bench.install() }
      let old = try await afterRenewal ? bench.renew() : bench.enrol()
      #expect(try bench.pending().stage == .active)
      bench.clock.advance(days: 700)
      let new = try await bench.renew()
      #expect(new.der != old.der)
      #expect(try bench.record().previous.first?.der == old.der)
      #expect(try bench.pending().kind == .renewal)
      #expect(bench.hook.calls.count == 3)
      bench.hook.fail(false)
      #expect(try await bench.fetch().der == new.der)
      #expect(try bench.record().pending == nil)
    }
  }

  @Test("A renewal that is refused since it is not due yet runs it, and does not lose it when it fails again")
  func notLostByRenewal() async throws {
    try await LifecycleBench.with { bench in
      bench.hook.fail()
      try await bench.enrol()
      #expect(try await lifecycleError { try await bench.renew() }.rule == .window)
      #expect(bench.hook.calls.count == 2)
      #expect(try bench.pending().stage == .active)
      bench.hook.fail(false)
      #expect(try await lifecycleError { try await bench.renew() }.rule == .window)
      #expect(try bench.record().pending == nil)
    }
  }

  @Test("A renewal of which only it is missing ends with the next renew or fetch; an enrolment is refused and does not lose it")
  func notLostByEnrolment() async throws {
    try await LifecycleBench.with { bench in
      bench.hook.fail()
      try await bench.install()
      let installed = try await bench.renew()
      #expect(try await lifecycleError { try await bench.enrol() }.rule == .alreadyEnrolled)
      #expect(try bench.pending().stage == .active)
      #expect(try await bench.renew().der == installed.der)
      #expect(try bench.pending().stage == .active)
      bench.hook.fail(false)
      #expect(try await bench.renew().der == installed.der)
      #expect(try bench.record().pending == nil)
      #expect(bench.hook.calls.count == 4)
      #expect(bench.transport.posted("renewCertificate").count == 1)
    }
  }

  @Test("LIFECYCLE-EXPIRED: once the certificate has expired an enrolment is not blocked either; a renewal says so")
  func expired() async throws {
    try await LifecycleBench.with { bench in
      bench.hook.fail()
      let old = try await bench.enrol()
      bench.clock.advance(days: 731)
      #expect(try await lifecycleError { try await bench.renew() }.rule == .expired)
      #expect(try bench.pending().stage == .active)
      try await bench.simulator.addTransferCredential(customerID: LifecycleBench.customerID, id: "LATE", password: LifecycleBench.password)
      let new = try await bench.enrol(order: "LATE")
      #expect(new.der != old.der)
      #expect(try bench.pending().stage == .active)
    }
  }
}
