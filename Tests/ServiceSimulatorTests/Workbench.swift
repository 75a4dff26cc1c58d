import CryptoExtras
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509
import XMLSignature

@testable import ServiceSimulator

/// A running simulator and a client that is nothing but `curl`.
final class Workbench: Sendable {
  let simulator: ServiceSimulator
  let address: String
  let folder: TemporaryFolder
  let clock: Clock
  let log: Log

  /// One set of CA keys and one customer key for the whole suite: RSA keys take time to make.
  static let keys = Result { try SimulatorKeys() }
  static let customerKey = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }

  static let transferID = "12345678901234567890123456789012"
  static let password = "s3cretPassword16"

  /// A clock that tests move.
  final class Clock: Sendable {
    private let date = Protected(Date())
    var now: Date { date.value }
    func advance(days: Double = 0, seconds: Double = 0) { date.update { $0.addTimeInterval(days * 86_400 + seconds) } }
  }

  final class Log: Sendable {
    private let stored = Protected<[String]>([])
    var lines: [String] { stored.value }
    func add(_ line: String) { stored.update { $0.append(line) } }
  }

  init(_ change: (inout ServiceSimulator.Configuration) -> Void = { _ in }) async throws {
    folder = try TemporaryFolder()
    let clock = Clock()
    let log = Log()
    (self.clock, self.log) = (clock, log)
    var configuration = ServiceSimulator.Configuration()
    configuration.folder = folder.path
    configuration.keys = try Self.keys.get()
    configuration.now = { clock.now }
    configuration.log = { log.add($0) }
    change(&configuration)
    simulator = try ServiceSimulator(configuration)
    address = try await simulator.start()
    try await simulator.addTransferCredential(customerID: Messages.customerID, id: Self.transferID, password: Self.password)
  }

  /// Runs a test with a workbench, and stops the simulator whatever happens.
  static func with(
    _ change: (inout ServiceSimulator.Configuration) -> Void = { _ in }, _ body: (Workbench) async throws -> Void
  ) async throws {
    let bench = try await Workbench(change)
    do {
      try await body(bench)
    } catch {
      await bench.simulator.stop()
      throw error
    }
    await bench.simulator.stop()
  }

  /// What came back.
  struct Reply {
    let curlExitCode: Int
    let status: Int
    let head: String
    let body: String

    /// The text between the Body's tags: the stand-alone response.
    var payload: String { Messages.content(of: "SOAP-ENV:Body", in: body) ?? "" }
    func value(_ name: String) -> String? { Messages.content(of: name, in: body) }
    var isOK: Bool { value("Status") == "OK" }
    var isFail: Bool { value("Status") == "FAIL" }
    var certificate: Certificate? {
      get throws {
        guard let text = value("Certificate"), let der = Data(base64Encoded: text) else { return nil }
        return try Certificate(derEncoded: Array(der))
      }
    }
  }

  /// Posts an envelope.
  func post(
    _ envelope: String, action: String?, path: String = "/2017/10/CertificateServices", contentType: String = "text/xml; charset=utf-8",
    options: [String] = []
  ) async throws -> Reply {
    var arguments = ["-s", "--max-time", "300", "-H", "Content-Type: \(contentType)", "--data-binary", "@-"]
    if let action { arguments += ["-H", "SOAPAction: \(action)"] }
    return try await curl(arguments + options + [base + path], input: Array(envelope.utf8))
  }

  /// `http://127.0.0.1:PORT`
  var base: String { String(address.dropLast(ServiceEndpoint.paths[0].count)) }

  func curl(_ arguments: [String], input: [UInt8] = []) async throws -> Reply {
    let name = UUID().uuidString
    let (head, body) = (folder.path("\(name).head"), folder.path("\(name).body"))
    let result = try await run("curl", ["-D", head, "-o", body, "-w", "%{http_code}"] + arguments, input: input)
    func text(_ path: String) -> String {
      String(decoding: (try? Data(contentsOf: URL(filePath: path))) ?? Data(), as: UTF8.self)
    }
    return Reply(
      curlExitCode: result.exitCode, status: Int(result.standardOutput) ?? 0, head: text(head), body: text(body))
  }

  // MARK: The three operations

  /// A certificate request for the customer's key, with a subject that the service ignores.
  static func certificateRequest(for key: _RSA.Signing.PrivateKey? = nil) throws -> [UInt8] {
    let request = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName { CommonName("whatever") },
      privateKey: Certificate.PrivateKey(try key ?? customerKey.get()), attributes: .init(), signatureAlgorithm: .sha256WithRSAEncryption)
    var serializer = DER.Serializer()
    try serializer.serialize(request)
    return serializer.serializedBytes
  }

  func signNew(id: String = transferID, password: String = password, request: [UInt8]? = nil) async throws -> Reply {
    let payload = Messages.signNew(id: id, password: password, request: try request ?? Self.certificateRequest())
    return try await post(Messages.envelope(payload), action: "signNewCertificate")
  }

  func get(_ id: String, customerID: String = Messages.customerID) async throws -> Reply {
    try await post(Messages.envelope(Messages.get(customerID: customerID, id: id)), action: "\"getCertificate\"")
  }

  func renew(
    with certificate: Certificate, key: _RSA.Signing.PrivateKey? = nil, customerID: String = Messages.customerID,
    transforms: ReferenceTransforms = .envelopedThenExclusiveC14N, request: [UInt8]? = nil
  ) async throws -> Reply {
    let payload = Messages.renew(customerID: customerID, request: try request ?? Self.certificateRequest())
    let signer = try EnvelopedSigner(
      key: Certificate.PrivateKey(try key ?? Self.customerKey.get()), certificate: certificate, transforms: transforms)
    let signed = String(decoding: try await signer.sign(Array(payload.utf8)), as: UTF8.self)
    return try await post(Messages.envelope(signed), action: "renewCertificate")
  }

  /// A certificate of the customer's that was issued so many days ago.
  func customerCertificate(daysAgo: Double = 700, days: Int? = nil, customerID: String = Messages.customerID) async throws -> Certificate {
    try await simulator.issueCertificate(
      for: Certificate.PublicKey(try Self.customerKey.get().publicKey), customerID: customerID, customerName: "Old Name Oy",
      notBefore: clock.now.addingTimeInterval(-daysAgo * 86_400), days: days)
  }

  // MARK: Oracles

  /// What `xmlsec1` says of a stand-alone response: that its one signature verifies, and chains to the services' root.
  func xmlsecVerifies(_ payload: String) async throws -> Bool {
    let file = try folder.write(Array(payload.utf8), to: "\(UUID().uuidString).xml")
    let files = try #require(simulator.trustFiles)
    var arguments = ["--verify", "--trusted-pem", files.servicesRoot]
    // It reads the first certificate of a file only.
    let chain = try PEMDocument.parseMultiple(pemString: String(contentsOfFile: files.servicesChain, encoding: .utf8))
    for (index, document) in chain.enumerated() {
      arguments += ["--untrusted-pem", try folder.write(Array(document.pemString.utf8), to: "untrusted-\(index).pem")]
    }
    return try await run("xmlsec1", arguments + [file]).succeeded
  }

  /// What the official schema says of a message.
  func schemaAccepts(_ payload: String) async throws -> Bool {
    let file = try folder.write(Array(payload.utf8), to: "\(UUID().uuidString).xml")
    let schema = OfficialMaterial.folder.appending(path: "certificate-service/CertificateServices.xsd").path
    return try await run("xmllint", ["--nonet", "--noout", "--schema", schema, file]).succeeded
  }
}
