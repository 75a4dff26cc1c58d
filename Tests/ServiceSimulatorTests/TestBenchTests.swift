import CryptoExtras
import Foundation
import TestSupport
import Testing
import X509
import XMLSignature

@testable import ServiceSimulator

@Suite("The test bench")
struct TestBenchTests {
  private static let keys = Result { try TestBenchKeys() }
  private static let path = "/DEV/2017/10/CertificateServices"

  private func with(
    _ change: (inout ServiceSimulator.Configuration) -> Void = { _ in }, _ body: (Workbench, TestBenchConfiguration) async throws -> Void
  ) async throws {
    let keys = try Self.keys.get()
    try await Workbench.with({ configuration in
      configuration.testBench.keys = keys
      change(&configuration)
    }) { bench in try await body(bench, bench.simulator.configuration.testBench) }
  }

  private func signNew(
    _ bench: Workbench, _ order: TestBenchConfiguration, password: String? = nil, environment: String = "TEST"
  ) async throws -> Workbench.Reply {
    let payload = Messages.signNew(
      environment: environment, customerID: order.customerID, name: order.customerName, id: order.transferID,
      password: password ?? order.transferPassword, request: try Workbench.certificateRequest())
    return try await bench.post(Messages.envelope(payload), action: "signNewCertificate", path: Self.path)
  }

  private func get(_ bench: Workbench, _ order: TestBenchConfiguration, _ id: String) async throws -> Workbench.Reply {
    try await bench.post(
      Messages.envelope(Messages.get(customerID: order.customerID, id: id)), action: "getCertificate", path: Self.path)
  }

  private func renew(
    _ bench: Workbench, _ order: TestBenchConfiguration, _ certificate: Certificate, _ key: Certificate.PrivateKey
  ) async throws -> Workbench.Reply {
    let payload = Messages.renew(customerID: order.customerID, request: try Workbench.certificateRequest())
    let signed = try await EnvelopedSigner(key: key, certificate: certificate).sign(Array(payload.utf8))
    return try await bench.post(
      Messages.envelope(String(decoding: signed, as: UTF8.self)), action: "renewCertificate", path: Self.path)
  }

  @Test("The same order is good again and again, and the certificate is for the bench's key, whatever was asked for")
  func signNew() async throws {
    try await with { bench, order in
      for _ in 0..<2 {
        let id = try #require(try await signNew(bench, order).value("RetrievalId"))
        let certificate = try #require(try await get(bench, order, id).certificate)
        #expect(try certificate.publicKey == Self.keys.get().signNew.publicKey)
        #expect(certificate.subject.commonName == "0123456-7" && certificate.subject.organization == "Ab PKI Developer Company Oy")
        #expect(bench.simulator.log().last?.serial == certificate.serialNumber.hexadecimal)
      }
      // Nothing of it is in the books of the service proper.
      #expect(try await bench.simulator.issuedCertificates().isEmpty)
      #expect(bench.simulator.log().allSatisfy { $0.isTestBench && !$0.committed })
    }
  }

  @Test("The holder of the SignNew key renews at the bench, on any day, and gets the other certificate; others do not")
  func renew() async throws {
    try await with { bench, order in
      let keys = try Self.keys.get()
      let id = try #require(try await signNew(bench, order).value("RetrievalId"))
      let first = try #require(try await get(bench, order, id).certificate)
      let renewedID = try #require(try await renew(bench, order, first, keys.signNew).value("RetrievalId"))
      let renewed = try #require(try await get(bench, order, renewedID).certificate)
      #expect(renewed.publicKey == keys.renew.publicKey && renewedID != id)
      #expect(try await renew(bench, order, renewed, keys.renew).value("ErrorCode") == "SIM307")
      let foreign = try await bench.customerCertificate()
      let reply = try await renew(bench, order, foreign, Certificate.PrivateKey(try Workbench.customerKey.get()))
      #expect(reply.value("ErrorCode") == "SIM307")
    }
  }

  @Test("PKI020, SIM102, SIM103: its values are held to, and those of the service proper are not good here, nor its own there")
  func refusals() async throws {
    try await with { bench, order in
      #expect(try await signNew(bench, order, password: "wrong").value("ErrorCode") == "PKI020")
      #expect(try await signNew(bench, order, environment: "PRODUCTION").value("ErrorCode") == "PKI020")
      #expect(try await bench.signNew(id: order.transferID, password: order.transferPassword).value("ErrorCode") == "PKI020")
      var proper = order
      (proper.transferID, proper.transferPassword) = (Workbench.transferID, Workbench.password)
      #expect(try await signNew(bench, proper).value("ErrorCode") == "PKI020")
      let id = try #require(try await signNew(bench, order).value("RetrievalId"))
      #expect(try await bench.get(id).value("ErrorCode") == "SIM102")
      #expect(try await get(bench, order, "nothing").value("ErrorCode") == "SIM102")
      let production = Messages.get(environment: "PRODUCTION", customerID: order.customerID, id: id)
      let reply = try await bench.post(Messages.envelope(production), action: "getCertificate", path: Self.path)
      #expect(reply.value("ErrorCode") == "SIM103")
    }
  }

  @Test("Its values can be others; production has no bench; a value that no request can hold is refused")
  func values() async throws {
    try await with({ configuration in
      configuration.testBench.customerID = "7654321-0"
      configuration.testBench.transferPassword = "another"
    }) { (bench, order) async throws in
      #expect(order.customerID == "7654321-0")
      #expect(try await signNew(bench, order).isOK)
    }
    try await with({ $0.environment = .production }) { (bench, order) async throws in
      #expect(try await signNew(bench, order).status == 404)
    }
    var configuration = ServiceSimulator.Configuration()
    configuration.testBench.transferPassword = String(repeating: "p", count: 17)
    let error = #expect(throws: SimulatorError.self) { try ServiceSimulator(configuration) }
    #expect(error?.rule == .configuration)
  }

  @Test("SIMULATOR-FOREIGN-FILE: its keys are handed out as files of one's own, which openssl reads, and replace no others")
  func files() async throws {
    try await with { bench, _ in
      for _ in 0..<2 {
        let files = try #require(try bench.simulator.writeTestBenchKeys())
        for path in [files.signNewKey, files.renewKey] {
          #expect(try await run("openssl", ["pkey", "-in", path, "-noout"]).succeeded)
          #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        }
      }
      try bench.folder.write(Array("precious".utf8), to: "bench-renew-key.pem")
      let error = #expect(throws: SimulatorError.self) { try bench.simulator.writeTestBenchKeys() }
      #expect(error?.rule == .foreignFile)
    }
  }
}
