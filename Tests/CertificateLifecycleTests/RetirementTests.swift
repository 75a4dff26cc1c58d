import CertificateService
import Foundation
import ServiceSimulator
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import CertificateLifecycle

@Suite("The end of the overlap")
struct RetirementTests {
  private func proof(_ serial: String, _ bench: LifecycleBench, _ consumer: String = "register") -> ConsumerProof {
    ConsumerProof(
      consumer: consumer, address: "\(consumer).example:443", serial: serial, provedAt: bench.clock.now, protocolVersion: "TLSv1.3",
      signatureScheme: "rsa_pss_rsae_sha256")
  }

  private func plan(
    _ bench: LifecycleBench, _ names: [String] = ["register", "tax"], needsCutOver: Bool = false
  ) throws -> CertificatePlan {
    let plan = try bench.plan()
    let consumers = names.map { CertificateConsumer(name: $0, address: "\($0).example:443", needsCutOver: needsCutOver) }
    return CertificatePlan(
      name: plan.name, customer: plan.customer, algorithm: plan.algorithm, subject: plan.subject, certificateFile: nil,
      consumers: consumers)
  }

  /// An old certificate and one in use.
  private func overlap(_ bench: LifecycleBench) async throws -> (old: String, new: String) {
    let old = try await bench.install().serial()
    let new = try await bench.renew().serial()
    #expect(try bench.record().state(at: bench.clock.now) == .overlap)
    return (old, new)
  }

  @Test("LIFECYCLE-PROVED-FIRST: every configured consumer must have accepted the certificate in use; then the old key is destroyed")
  func proved() async throws {
    try await LifecycleBench.with { bench in
      let (old, new) = try await overlap(bench)
      let plan = try plan(bench)
      let lifecycle = try bench.lifecycle()
      var error = try await lifecycleError { try await lifecycle.retire(plan, serial: old) }
      #expect(error.rule == .provedFirst)
      #expect(error.message.contains("register, tax"))
      try lifecycle.note(proof(new, bench), for: plan.name)
      // That the old certificate is accepted proves nothing for the new one.
      try lifecycle.note(proof(old, bench, "tax"), for: plan.name)
      error = try await lifecycleError { try await lifecycle.retire(plan, serial: old) }
      #expect(error.rule == .provedFirst)
      #expect(error.message.hasSuffix("tax"))
      #expect(await bench.keys.entries.count == 2)

      try lifecycle.note(proof(new, bench, "tax"), for: plan.name)
      let retired = try await lifecycle.retire(plan, serial: old.uppercased())
      #expect(retired.keyName == "payroll-old" && retired.keyWasDestroyed)
      #expect(await bench.keys.entries.map(\.key.name) == [try #require(try bench.record().active).keyName])
      let record = try bench.record()
      #expect(record.previous.isEmpty && record.retiring == nil && record.retired == [retired])
      #expect(record.proofs.map(\.consumer) == ["register", "tax"])
      #expect(record.state(at: bench.clock.now) == .active)
      #expect(try await lifecycleError { try await lifecycle.retire(plan, serial: old) }.message == "it is retired already")
      #expect(try bench.store().history(of: plan.name).map(\.event).suffix(2) == ["retirement-begun", "retired"])
    }
  }

  @Test("LIFECYCLE-PROVED-FIRST: a proof counts at the address at which it was had")
  func otherAddress() async throws {
    try await LifecycleBench.with { bench in
      let (old, new) = try await overlap(bench)
      let staging = ConsumerProof(
        consumer: "tax", address: "staging.example:443", serial: new, provedAt: bench.clock.now, protocolVersion: "TLSv1.3",
        signatureScheme: "rsa_pss_rsae_sha256")
      let lifecycle = try bench.lifecycle()
      try lifecycle.note(staging, for: "payroll")
      let plan = try plan(bench, ["tax"])
      #expect(try await lifecycleError { try await lifecycle.retire(plan, serial: old) }.rule == .provedFirst)
      #expect(throws: LifecycleError.self) { try lifecycle.cutOver(plan.consumers[0], of: "payroll", toFile: nil) }
      try lifecycle.note(proof(new, bench, "tax"), for: "payroll")
      _ = try await lifecycle.retire(plan, serial: old)
    }
  }

  @Test("LIFECYCLE-PROVED-FIRST: a consumer with a file or a program of its own must have been cut over, and each certificate anew")
  func untold() async throws {
    try await LifecycleBench.with { bench in
      let (old, new) = try await overlap(bench)
      let plan = try plan(bench, ["tax"], needsCutOver: true)
      let lifecycle = try bench.lifecycle()
      let file = bench.folder.path("tax.pem")
      try lifecycle.note(proof(new, bench, "tax"), for: "payroll")
      // The certificate before was told of; that says nothing of this one.
      try lifecycle.noteTold("tax", of: "payroll", serial: old)
      let change = try #require(try lifecycle.cutOver(plan.consumers[0], of: "payroll", toFile: file))
      #expect(change.serial == new && change.isFileNew)
      // Cut off here, or with a program that failed.
      #expect(try lifecycle.cutOver(plan.consumers[0], of: "payroll", toFile: file)?.isFileNew == false)
      let error = try await lifecycleError { try await lifecycle.retire(plan, serial: old) }
      #expect(error.rule == .provedFirst)
      #expect(error.message.hasSuffix("tax"))

      try lifecycle.noteTold("tax", of: "payroll", serial: change.serial)
      #expect(try bench.record().toldConsumers == ["tax": new])
      #expect(try lifecycle.cutOver(plan.consumers[0], of: "payroll", toFile: file) == nil)
      // Another file: until it is written and told of, the consumer is not done.
      #expect(throws: LifecycleError.self) {
        try lifecycle.cutOver(plan.consumers[0], of: "payroll", toFile: bench.folder.path("missing/tax.pem"))
      }
      #expect(try bench.record().toldConsumers.isEmpty)
      try lifecycle.noteTold("tax", of: "payroll", serial: new)
      _ = try await lifecycle.retire(plan, serial: old)
      try bench.store().verifyHistory()
    }
  }

  @Test("LIFECYCLE-ONE-PENDING: nothing is retired while the next certificate is on its way, also not what was cut off before")
  func pending() async throws {
    try await LifecycleBench.with { bench in
      let (old, _) = try await overlap(bench)
      let plan = try plan(bench, [])
      bench.interruptions.interrupt(at: "before the key is destroyed")
      let lifecycle = try bench.lifecycle()
      await #expect(throws: Interruptions.Interrupted.self) { try await lifecycle.retire(plan, serial: old, evenWithoutProof: true) }
      // A timer renews meanwhile, and the certificate takes its time.
      bench.clock.advance(days: 700)
      try bench.simulator.set(.failWithoutErrorInfo, for: .get)
      #expect(try await lifecycleError { try await bench.renew() }.code == .notReady)
      let before = try bench.record()
      #expect(before.retiring == old && before.pending?.stage == .retrievalIDKnown)
      let error = try await lifecycleError { try await bench.lifecycle().retire(plan, serial: old, evenWithoutProof: true) }
      #expect(error.code == .ruleRefused && error.rule == .onePending)
      #expect(error.hint?.contains("hsmkey certificate fetch payroll; then") == true)
      #expect(try bench.record() == before)

      bench.simulator.clear(.failWithoutErrorInfo)
      try await bench.fetch()
      _ = try await bench.lifecycle().retire(plan, serial: old, evenWithoutProof: true)
      #expect(try bench.record().retired.map(\.serial) == [old])
      #expect(try bench.record().retiring == nil)
    }
  }

  @Test("LIFECYCLE-PROVED-FIRST: where no consumer is configured no proof is enough, and a person must say so")
  func noConsumers() async throws {
    try await LifecycleBench.with { bench in
      let (old, new) = try await overlap(bench)
      let plan = try plan(bench, [])
      try bench.lifecycle().note(proof(new, bench), for: "payroll")
      let error = try await lifecycleError { try await bench.lifecycle().retire(plan, serial: old) }
      #expect(error.rule == .provedFirst)
      #expect(error.hint?.contains("--without-proof") == true)
      _ = try await bench.lifecycle().retire(plan, serial: old, evenWithoutProof: true)
      #expect(try bench.record().previous.isEmpty)
    }
  }

  @Test("LIFECYCLE-ACTIVE-KEPT: the certificate in use is not retired, with proof or without, and neither is one that is not known")
  func active() async throws {
    try await LifecycleBench.with { bench in
      let (old, new) = try await overlap(bench)
      let plan = try plan(bench, [])
      let lifecycle = try bench.lifecycle()
      let inUse = try await lifecycleError { try await lifecycle.retire(plan, serial: new, evenWithoutProof: true) }
      #expect(inUse.rule == .activeKept)
      let unknown = try await lifecycleError { try await lifecycle.retire(plan, serial: "00", evenWithoutProof: true) }
      #expect(unknown.code == .nothingToDo)
      #expect(unknown.hint?.contains(old) == true)
      let proofs = (unknown: proof("00", bench), known: proof(new, bench))
      #expect(throws: LifecycleError.self) { try lifecycle.note(proofs.unknown, for: plan.name) }
      #expect(throws: LifecycleError.self) { try lifecycle.note(proofs.known, for: "nobody") }
      #expect(await bench.keys.entries.count == 2)
    }
  }

  @Test(
    "Cut off before or after the key is destroyed, it goes on", arguments: ["before the key is destroyed", "after the key is destroyed"])
  func interrupted(step: String) async throws {
    try await LifecycleBench.with { bench in
      let (old, _) = try await overlap(bench)
      let plan = try plan(bench, [])
      let lifecycle = try bench.lifecycle()
      bench.interruptions.interrupt(at: step)
      await #expect(throws: Interruptions.Interrupted.self) { try await lifecycle.retire(plan, serial: old, evenWithoutProof: true) }
      let record = try bench.record()
      #expect(record.retiring == old)
      #expect(record.previous.count == 1, "no key without a record, and no record forgotten before its key")
      bench.clock.advance(days: 1)
      #expect(record.nextStep(at: bench.clock.now) == "hsmkey certificate retire payroll --serial \(old), which goes on")
      _ = try await bench.lifecycle().retire(plan, serial: old, evenWithoutProof: true)
      #expect(await bench.keys.entries.count == 1)
      #expect(try bench.record().retired.count == 1)
    }
  }

  @Test("A key that the certificate in use is for too stays")
  func sharedKey() async throws {
    try await LifecycleBench.with { bench in
      let old = try await bench.install()
      let key = try await bench.keys.key(identifier: old.keyIdentifier)
      let again = try await bench.simulator.issueCertificate(
        for: key.privateKey.publicKey, customerID: LifecycleBench.customerID, customerName: "Ab Demo Oy", notBefore: bench.clock.now)
      _ = try await bench.lifecycle().importCertificate(again, key: key, plan: bench.plan())
      let retired = try await bench.lifecycle().retire(bench.plan(), serial: old.serial(), evenWithoutProof: true)
      #expect(!retired.keyWasDestroyed)
      #expect(await bench.keys.entries.count == 1)
    }
  }

  @Test("What a record needs is claimed by it; a key that is left unused is not, and is known by name and identifier")
  func leftKeys() async throws {
    try await LifecycleBench.with { bench in
      try await bench.install()
      bench.transport.plan("renewCertificate", .unreachable)
      _ = try await serviceError { try await bench.renew() }
      let made = Set(await bench.keys.entries.map(\.key.identifier))
      #expect(try bench.record().claimedKeys == made)
      let dropped = try bench.lifecycle().abandon(LifecycleBench.name)
      #expect(try made.subtracting(bench.record().claimedKeys) == [#require(dropped.keyIdentifier)])
      #expect(try bench.record().leftKeys.map(\.name) == [dropped.keyName])
      #expect(try bench.record().leftKeys.map(\.identifier) == [dropped.keyIdentifier])
    }
  }
}

@Suite("A certificate that came another way")
struct ImportTests {
  private func issue(_ bench: LifecycleBench, for key: LifecycleKey, customerID: String = LifecycleBench.customerID) async throws
    -> Certificate
  {
    try await bench.simulator.issueCertificate(
      for: key.privateKey.publicKey, customerID: customerID, customerName: "Ab Demo Oy", notBefore: bench.clock.now)
  }

  @Test("Is installed like one from the service: beside its key, in the state, in the file, with the program told; and renewed later")
  func installed() async throws {
    try await LifecycleBench.with { bench in
      let key = try await bench.keys.add(named: "payroll-imported")
      let certificate = try await issue(bench, for: key)
      let file = bench.folder.path("payroll.pem")
      let installed = try await bench.lifecycle().importCertificate(certificate, key: key, plan: bench.plan(file: file))
      #expect(try installed.certificate() == certificate)
      #expect(await bench.keys.certificates(of: key.name) == [certificate])
      #expect(try Certificate(pemEncoded: String(contentsOfFile: file, encoding: .utf8)) == certificate)
      #expect(bench.hook.calls == ["payroll"])
      #expect(try bench.store().history(of: "payroll").map(\.event) == ["imported", "stored", "file-written", "users-told"])
      bench.clock.advance(days: 700)
      try await bench.renew()
      #expect(try bench.record().previous.map(\.keyName) == ["payroll-imported"])
    }
  }

  @Test("CERT-KEY, CERT-CUSTOMER: a certificate that breaks a rule leaves no trace")
  func refused() async throws {
    try await LifecycleBench.with { bench in
      let key = try await bench.keys.add(named: "one")
      let other = try await bench.keys.add(named: "other")
      let certificate = try await issue(bench, for: key)
      let stranger = try await issue(bench, for: key, customerID: "7654321-0")
      for (certificate, key, rule) in [(certificate, other, "CERT-KEY"), (stranger, key, "CERT-CUSTOMER")] {
        let error = try await serviceError { try await bench.lifecycle().importCertificate(certificate, key: key, plan: bench.plan()) }
        #expect(error.rule?.rawValue == rule)
        #expect(try bench.store().record(named: "payroll") == nil)
      }
      _ = try await bench.lifecycle().importCertificate(certificate, key: key, plan: bench.plan())
      let next = try await issue(bench, for: other)
      _ = try await bench.lifecycle().importCertificate(next, key: other, plan: bench.plan())
      #expect(try bench.record().previous.map(\.keyName) == ["one"])
    }
  }

  @Test("LIFECYCLE-ONE-PENDING: not while something else is under way")
  func pending() async throws {
    try await LifecycleBench.with { bench in
      bench.transport.plan("signNewCertificate", .answerLost)
      _ = try await serviceError { try await bench.enrol() }
      let key = try await bench.keys.add(named: "other")
      let certificate = try await issue(bench, for: key)
      let error = try await lifecycleError { try await bench.lifecycle().importCertificate(certificate, key: key, plan: bench.plan()) }
      #expect(error.rule == .onePending)
    }
  }

  @Test("Cut off at any step, fetch goes on with it")
  func interrupted() async throws {
    for step in ["before the certificate is stored", "after the certificate is stored"] {
      try await LifecycleBench.with { bench in
        let key = try await bench.keys.add(named: "payroll-imported")
        let certificate = try await issue(bench, for: key)
        let lifecycle = try bench.lifecycle()
        bench.interruptions.interrupt(at: step)
        await #expect(throws: Interruptions.Interrupted.self) {
          try await lifecycle.importCertificate(certificate, key: key, plan: bench.plan())
        }
        #expect(try bench.pending().stage == .checked)
        #expect(try await bench.fetch().certificate() == certificate)
      }
    }
  }
}
