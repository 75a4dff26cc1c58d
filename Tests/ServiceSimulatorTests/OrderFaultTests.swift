import Foundation
import TestSupport
import Testing
import X509

@testable import ServiceSimulator

@Suite("Faults of order, and refusals on demand")
struct OrderFaultTests {
  @Test("answer-to-another-operation: signed and valid by the schema, and to something else; it is carried out")
  func anotherOperation() async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { bench in
      try await bench.simulator.perform("fault answer-to-another-operation")
      let ordered = try await bench.signNew()
      #expect(ordered.isOK && ordered.payload.hasPrefix("<ser:RenewCertificateResponse "))
      let renewed = try await bench.renew(with: try await bench.customerCertificate())
      #expect(renewed.isOK && renewed.payload.hasPrefix("<ser:SignNewCertificateResponse "))
      let fetched = try await bench.get(try #require(ordered.value("RetrievalId")))
      #expect(fetched.isOK && fetched.payload.hasPrefix("<ser:SignNewCertificateResponse "))
      for reply in [ordered, renewed, fetched] {
        #expect(try await bench.xmlsecVerifies(reply.payload))
        if OfficialMaterial.isPresent { #expect(try await bench.schemaAccepts(reply.payload)) }
      }
      #expect(bench.simulator.log().map(\.committed) == [true, true, false])
    }
  }

  @Test("stale-retrieval-id: the id of the request before, or nobody's; the log knows the right one")
  func staleRetrieval() async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { bench in
      try await bench.simulator.perform("order 0123456-7:2:password")
      try await bench.simulator.perform("fault stale-retrieval-id")
      let nobodys = try #require(try await bench.signNew().value("RetrievalId"))
      #expect(try await bench.get(nobodys).value("ErrorCode") == "SIM102")
      let first = try #require(bench.simulator.log()[0].retrievalID)
      #expect(first != nobodys)
      let second = try await bench.signNew(id: "2", password: "password")
      #expect(second.value("RetrievalId") == first)
      let right = try #require(bench.simulator.log().last?.retrievalID)
      #expect(right != first)
      #expect(try await bench.get(right).isOK)
    }
  }

  @Test("not-ready-again: not ready, ready, not ready")
  func notReadyAgain() async throws {
    try await Workbench.with { bench in
      try await bench.simulator.perform("fault not-ready-again x2")
      let id = try #require(try await bench.signNew().value("RetrievalId"))
      var told: [String] = []
      for step in 0..<5 {
        if step == 1 { try await bench.simulator.perform("ready") }
        let reply = try await bench.get(id)
        told.append(reply.value("ErrorCode") ?? "OK")
      }
      #expect(told == ["SIM101", "OK", "SIM101", "SIM101", "OK"])
    }
  }

  @Test("Each refusal of the service comes on demand, with its code, and nothing is committed")
  func refusals() async throws {
    try await Workbench.with { bench in
      let old = try await bench.customerCertificate()
      for fault in ServiceFault.refusals {
        let refusal = try #require(fault.refusal)
        for operation in fault.operations {
          try bench.simulator.set(fault, for: operation, answers: 1)
          let reply: Workbench.Reply
          switch operation {
          case .signNew: reply = try await bench.signNew()
          case .renew: reply = try await bench.renew(with: old)
          default: reply = try await bench.get("x")
          }
          #expect(reply.isFail && reply.value("ErrorCode") == refusal.code.rawValue, "\(fault)")
          #expect(bench.simulator.log().last?.faults == [fault.rawValue])
        }
      }
      #expect(!bench.simulator.log().contains { $0.committed })
      // Every code that a fault of its own does not cover is one of the bench's, of the schema's or of other faults'.
      let covered = Set(ServiceFault.refusals.compactMap { $0.refusal?.code })
      #expect(Set(SimulatorErrorCode.allCases).subtracting(covered) == [.renewalBenchKey, .schema, .requested])
    }
  }

  @Test("certificate-known, -expired, -not-yet-valid, -valid-too-long: signed answers with certificates that are not to be installed")
  func certificates() async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { bench in
      let old = try await bench.customerCertificate()
      let id = try #require(try await bench.renew(with: old).value("RetrievalId"))
      let right = try #require(try await bench.get(id).certificate)
      func fetched(_ fault: ServiceFault) async throws -> (from: Double, days: Double, isOld: Bool, sameKey: Bool) {
        try bench.simulator.set(fault, answers: 1)
        let reply = try await bench.get(id)
        #expect(try await bench.xmlsecVerifies(reply.payload))
        let certificate = try #require(try reply.certificate)
        return (
          certificate.notValidBefore.timeIntervalSince(bench.clock.now) / 86_400,
          certificate.notValidAfter.timeIntervalSince(certificate.notValidBefore) / 86_400, certificate == old,
          certificate.publicKey == right.publicKey
        )
      }
      #expect(try await fetched(.certificateKnown).isOld)
      let expired = try await fetched(.certificateExpired)
      #expect(expired.from + expired.days < 0 && expired.days == 730 && expired.sameKey)
      let early = try await fetched(.certificateNotYetValid)
      #expect(early.from > 0.9 && early.sameKey)
      #expect(try await fetched(.certificateValidTooLong).days == 7300)
      #expect(try await bench.get(id).certificate == right)
    }
  }

  @Test("Outages come by chance, and from one seed the same ones")
  func outages() async throws {
    func met() async throws -> [[String]] {
      var met: [[String]] = []
      try await Workbench.with({ configuration in
        configuration.seed = 11
        configuration.outages = 0.5
      }) { bench in
        for _ in 0..<12 { _ = try await bench.get("x") }
        met = bench.simulator.log().map(\.faults)
        try await bench.simulator.perform("outages 0")
        #expect(try await bench.get("x").value("ErrorCode") == "SIM102")
      }
      return met
    }
    let first = try await met()
    #expect(try await met() == first)
    #expect(first.contains([]) && Set(first.flatMap(\.self)).count > 1 && first.allSatisfy { $0.count <= 1 })
    #expect(first.flatMap(\.self).allSatisfy { name in FaultPlan.outageFaults.contains { $0.rawValue == name } })
  }
}
