import CertificateService
import Foundation
import ServiceSimulator
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import CertificateLifecycle

@Suite("Renewal")
struct RenewalTests {
  @Test("A renewal ends with a new key and certificate; the old ones stay on the token and in the state, the file is replaced")
  func happyPath() async throws {
    try await LifecycleBench.with { bench in
      let old = try await bench.install()
      let file = try bench.folder.write("old".utf8, to: "payroll.pem")
      let installed = try await bench.renew(file: file)
      #expect(installed.keyIdentifier != old.keyIdentifier)
      #expect(try installed.certificate().notValidAfter > old.certificate().notValidAfter)
      let record = try bench.record()
      #expect(record.previous.map(\.der) == [old.der])
      #expect(record.active?.der == installed.der)
      #expect(record.pending == nil)
      #expect(try String(contentsOfFile: file, encoding: .utf8) == installed.certificate().serializeAsPEM().pemString + "\n")
      #expect(bench.transport.posted.map(\.operation) == ["renewCertificate", "getCertificate"])
    }
  }

  @Test(
    "LIFECYCLE-WINDOW: a second before the window opens nothing is made or sent; from the second that it opens the renewal goes through")
  func windowOpens() async throws {
    try await LifecycleBench.with { bench in
      let window = try RenewalWindow(of: await bench.install(daysAgo: 100).certificate())
      bench.clock.set(window.opens - 1)
      let error = try await lifecycleError { try await bench.renew() }
      #expect(error.rule == .window)
      #expect(error.message.contains(window.opens.ISO8601Format()))
      #expect(try bench.record().pending == nil)
      #expect(await bench.keys.generated.isEmpty)
      bench.clock.set(window.opens)
      try await bench.renew()
    }
  }

  @Test("LIFECYCLE-EXPIRED: in its last second a certificate is renewed; from its expiry on it is not")
  func windowCloses() async throws {
    for isLastSecond in [true, false] {
      try await LifecycleBench.with { bench in
        let window = try RenewalWindow(of: await bench.install().certificate())
        bench.clock.set(window.closes - (isLastSecond ? 1 : 0))
        guard !isLastSecond else {
          try await bench.renew()
          return
        }
        let error = try await lifecycleError { try await bench.renew() }
        #expect(error.rule == .expired)
        #expect(error.hint?.contains("certificate enrol payroll") == true)
        #expect(bench.transport.posted.isEmpty)
      }
    }
  }

  @Test("LIFECYCLE-EXPIRED: a renewal that was not sent in time is refused, and enrolment goes on with its key")
  func expiredBeforeItLeft() async throws {
    try await LifecycleBench.with { bench in
      let old = try await bench.install()
      bench.transport.plan("renewCertificate", .unreachable)
      _ = try await serviceError { try await bench.renew() }
      let pending = try bench.pending()
      try bench.clock.set(old.certificate().notValidAfter)
      #expect(try await lifecycleError { try await bench.renew() }.rule == .expired)

      try await bench.simulator.addTransferCredential(customerID: LifecycleBench.customerID, id: "LATE", password: LifecycleBench.password)
      let installed = try await bench.enrol(order: "LATE")
      #expect(installed.keyIdentifier == pending.keyIdentifier)
      #expect(await bench.keys.generated.count == 1)
      #expect(try bench.record().previous.map(\.der) == [old.der])
    }
  }

  @Test("A renewal with an unknown outcome does not stand in the way of an enrolment once the certificate has expired")
  func expiredWhileUncertain() async throws {
    try await LifecycleBench.with { bench in
      let old = try await bench.install()
      bench.transport.plan("renewCertificate", .requestLost)
      _ = try await serviceError { try await bench.renew() }
      #expect(try await lifecycleError { try await bench.enrol() }.rule == .onePending)
      try bench.clock.set(old.certificate().notValidAfter)
      try await bench.simulator.addTransferCredential(customerID: LifecycleBench.customerID, id: "LATE", password: LifecycleBench.password)
      try await bench.enrol(order: "LATE")
      #expect(try bench.record().pending == nil)
    }
  }

  @Test("A certificate that was sent for in time is fetched after the old one has expired")
  func fetchedAfterExpiry() async throws {
    try await LifecycleBench.with({ $0.notReadyFor = .seconds(5 * 86_400) }) { bench in
      let old = try await bench.install()
      try bench.clock.set(old.certificate().notValidAfter - 3_600)
      #expect(try await lifecycleError { try await bench.renew() }.code == .notReady)
      bench.clock.advance(days: 6)
      try await bench.renew()
      #expect(bench.transport.posted("renewCertificate").count == 1)
    }
  }

  @Test("LIFECYCLE-ONE-PENDING: an enrolment that is pending is finished before anything is renewed; the hint says with what")
  func onePending() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      var record = try bench.record()
      record.pending = PendingOperation(kind: .enrolment, keyName: "k", startedAt: bench.clock.now)
      for (stage, command) in [
        (LifecycleState.planned, "enrol"), (.requestMade, "enrol"), (.aboutToSend, "enrol"), (.retrievalIDKnown, "fetch"),
        (.received, "fetch"),
      ] {
        record.pending?.stage = stage
        try bench.store().save(record, at: bench.clock.now)
        let error = try await lifecycleError { try await bench.renew() }
        #expect(error.rule == .onePending)
        #expect(error.hint?.hasSuffix("hsmkey certificate \(command) payroll") == true)
      }
      #expect(bench.transport.posted.isEmpty)
    }
  }

  @Test("Unreachable and FAIL put a renewal's stage back, and it can be tried again with the same key")
  func definiteFailures() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      bench.transport.plan("renewCertificate", .unreachable)
      #expect(try await serviceError { try await bench.renew() }.code == .unreachable)
      #expect(try bench.pending().stage == .requestMade)
      try bench.simulator.set(.failWithoutErrorInfo, for: .renew, answers: 1)
      #expect(try await serviceError { try await bench.renew() }.code == .refused)
      #expect(try bench.pending().stage == .requestMade)
      try await bench.renew()
      #expect(await bench.keys.generated.count == 1)
    }
  }

  @Test("There is nothing to renew without a certificate")
  func nothingThere() async throws {
    try await LifecycleBench.with { bench in
      let errors = try await [lifecycleError { try await bench.renew() }, lifecycleError { try await bench.fetch() }]
      #expect(errors.map(\.code) == [.nothingToDo, .nothingToDo])
    }
  }

  @Test("Abandoning drops what is pending and nothing else, tells the key's name, and a new start uses a new name")
  func abandon() async throws {
    try await LifecycleBench.with { bench in
      let old = try await bench.install()
      bench.transport.plan("renewCertificate", .answerLost)
      _ = try await serviceError { try await bench.renew() }
      let dropped = try bench.lifecycle().abandon(LifecycleBench.name)
      #expect(try bench.record().pending == nil)
      #expect(try bench.record().active?.der == old.der)
      let installed = try await bench.renew()
      #expect(installed.keyName == dropped.keyName + "-2")
      #expect(throws: LifecycleError.self) { try bench.lifecycle().abandon(LifecycleBench.name) }
    }
  }

  @Test("A certificate that has come and cannot be installed, because its key is gone, is dropped with the rest; the hint says how")
  func abandonWithoutKey() async throws {
    for stage in [LifecycleState.received, .checked] {
      try await LifecycleBench.with { bench in
        let old = try await bench.install()
        bench.interruptions.interrupt(at: "before the certificate is stored")
        await #expect(throws: Interruptions.Interrupted.self) { try await bench.renew() }
        bench.interruptions.startProcess()
        var record = try bench.record()
        record.pending?.stage = stage
        try bench.store().save(record, at: bench.clock.now)
        let pending = try bench.pending()
        try await bench.keys.destroyKey(identifier: #require(pending.keyIdentifier))
        await #expect(throws: (any Error).self) { try await bench.fetch() }
        #expect(bench.events.contains { $0.contains("hsmkey certificate abandon payroll") })
        #expect(try bench.lifecycle().abandon(LifecycleBench.name).keyName == pending.keyName)
        let entry = try #require(try bench.store().history(of: LifecycleBench.name).last)
        #expect(entry.event == "abandoned")
        #expect(entry.detail["retrieval-id"] == pending.retrievalID)
        #expect(entry.detail["certificate-sha256"]?.count == 64)
        let installed = try await bench.renew()
        #expect(try bench.record().previous.map(\.der) == [old.der])
        #expect(try bench.record().active?.der == installed.der)
      }
    }
  }

  @Test("LIFECYCLE-ONE-PENDING: a certificate that is in use is not abandoned")
  func abandonTooLate() async throws {
    try await LifecycleBench.with { bench in
      let folder = bench.folder.path("not-there")
      await #expect(throws: LifecycleError.self) { try await bench.enrol(file: "\(folder)/payroll.pem") }
      #expect(try bench.pending().stage == .stored)
      let error = try await lifecycleError { try bench.lifecycle().abandon(LifecycleBench.name) }
      #expect(error.rule == .onePending)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try await bench.fetch(file: "\(folder)/payroll.pem")
    }
  }

  @Test("What an earlier run found of a certificate is looked at again before it is installed: it may have expired since")
  func checkedAgain() async throws {
    try await LifecycleBench.with { bench in
      bench.interruptions.interrupt(at: "before the certificate is stored")
      await #expect(throws: Interruptions.Interrupted.self) { try await bench.enrol() }
      #expect(try bench.pending().stage == .checked)
      bench.clock.advance(days: 800)
      #expect(try await serviceError { try await bench.fetch() }.rule == .certificateValidity)
      let pending = try bench.pending()
      #expect(pending.stage == .retrievalIDKnown)
      #expect(pending.certificate == nil)
      #expect(await bench.keys.certificates(of: pending.keyName).isEmpty)
    }
  }

  @Test("An import that was cut off is looked at again as well; there is nobody to ask for another, so nothing is pending then")
  func importCheckedAgain() async throws {
    try await LifecycleBench.with { bench in
      let key = try await bench.keys.add(named: "payroll-imported")
      let certificate = try await bench.simulator.issueCertificate(
        for: key.privateKey.publicKey, customerID: LifecycleBench.customerID, customerName: "Ab Demo Oy", notBefore: bench.clock.now)
      bench.interruptions.interrupt(at: "before the certificate is stored")
      await #expect(throws: Interruptions.Interrupted.self) {
        try await bench.lifecycle().importCertificate(certificate, key: key, plan: bench.plan())
      }
      bench.clock.advance(days: 800)
      #expect(try await serviceError { try await bench.fetch() }.rule == .certificateValidity)
      #expect(try bench.record().pending == nil)
      #expect(try bench.record().active == nil)
    }
  }
}
