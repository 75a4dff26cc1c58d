import CertificateService
import Foundation
import Secrets
import ServiceSimulator
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import CertificateLifecycle

@Suite("Many certificates at once")
struct ManyAtOnceTests {
  @Test("Sixteen tasks of one lifecycle enrol, renew and retire sixteen names, each undisturbed by the others; the history holds")
  func sideBySide() async throws {
    try await LifecycleBench.with { bench in
      let lifecycle = try bench.lifecycle()
      let names = (1...16).map { "certificate-\($0)" }
      for name in names {
        try await bench.simulator.addTransferCredential(
          customerID: LifecycleBench.customerID, id: "ORDER-\(name)", password: LifecycleBench.password)
      }
      func plan(_ name: String) throws -> CertificatePlan {
        CertificatePlan(
          name: name, customer: try Customer(id: LifecycleBench.customerID, name: "Ab Demo Oy"), algorithm: "rsa-2048",
          subject: try DistinguishedName { CommonName(name) }, certificateFile: bench.folder.path + "/\(name).pem")
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for name in names {
          group.addTask {
            _ = try await lifecycle.enrol(plan(name)) {
              try TransferCredentials(id: "ORDER-\(name)", password: SecretBytes(copying: Array(LifecycleBench.password.utf8)))
            }
          }
        }
        try await group.waitForAll()
      }
      bench.clock.advance(days: 700)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for name in names {
          group.addTask {
            let plan = try plan(name)
            _ = try await lifecycle.renew(plan)
            let old = try #require(try lifecycle.records().first { $0.name == name }?.previous.first).serial()
            _ = try await lifecycle.retire(plan, serial: old, evenWithoutProof: true)
          }
        }
        try await group.waitForAll()
      }
      let store = try bench.store()
      #expect(try store.summaries(at: bench.clock.now).map(\.state) == Array(repeating: .active, count: 16))
      let keys = try store.records().compactMap { $0.active?.keyIdentifier }
      #expect(Set(keys).count == 16)
      #expect(await bench.keys.entries.count == 16)
      for name in names { #expect(try store.history(of: name).count == 22) }
      try store.verifyHistory()
    }
  }
}
