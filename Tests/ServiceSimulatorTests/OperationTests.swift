import CryptoExtras
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import ServiceSimulator

@Suite("SignNew and Get")
struct EnrolmentTests {
  @Test("A certificate is ordered, is not ready, becomes ready, and can be fetched again and again")
  func enrolment() async throws {
    try await Workbench.with { bench in
      let ordered = try await bench.signNew()
      #expect(ordered.status == 200 && ordered.isOK)
      let id = try #require(ordered.value("RetrievalId"))
      #expect(id.count == 32)

      let early = try await bench.get(id)
      #expect(early.status == 200 && early.isFail && early.value("ErrorCode") == "SIM101")
      bench.clock.advance(seconds: 19.9)
      #expect(try await bench.get(id).isFail)
      bench.clock.advance(seconds: 0.2)
      let fetched = try await bench.get(id)
      let certificate = try #require(try fetched.certificate)
      #expect(certificate.subject.commonName == Messages.customerID)
      #expect(certificate.subject.organization == Messages.customerName)
      #expect(certificate.publicKey == Certificate.PublicKey(try Workbench.customerKey.get().publicKey))
      #expect(try await bench.get(id).value("Certificate") == fetched.value("Certificate"))
      #expect(try await bench.simulator.issuedCertificates() == [certificate])
      #expect(try await bench.simulator.isSpent(transferID: Workbench.transferID) == true)
    }
  }

  @Test("PKI020: credentials that are wrong, spent or too old are refused alike")
  func credentials() async throws {
    try await Workbench.with { bench in
      func refused(_ payload: String) async throws -> Bool {
        let reply = try await bench.post(Messages.envelope(payload), action: "signNewCertificate")
        return reply.status == 200 && reply.isFail && reply.value("ErrorCode") == "PKI020" && reply.value("RetrievalId") == nil
      }
      let (id, password, request) = (Workbench.transferID, Workbench.password, try Workbench.certificateRequest())
      #expect(try await refused(Messages.signNew(id: "9", password: password, request: request)))
      #expect(try await refused(Messages.signNew(id: id, password: "wrong", request: request)))
      #expect(try await refused(Messages.signNew(customerID: "7654321-0", id: id, password: password, request: request)))
      #expect(try await refused(Messages.signNew(environment: "PRODUCTION", id: id, password: password, request: request)))
      bench.clock.advance(days: 14)
      #expect(try await refused(Messages.signNew(id: id, password: password, request: request)))
      bench.clock.advance(seconds: -1)
      #expect(try await bench.signNew().isOK)
      #expect(try await refused(Messages.signNew(id: id, password: password, request: request)))
      #expect(try await bench.simulator.issuedCertificates().count == 1)
    }
  }

  @Test("Of many simultaneous uses of one credential exactly one succeeds")
  func simultaneousUse() async throws {
    try await Workbench.with { bench in
      let successes = try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<6 { group.addTask { try await bench.signNew().isOK } }
        return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(successes == 1)
      #expect(try await bench.simulator.issuedCertificates().count == 1)
    }
  }

  @Test("SIM102: an unknown RetrievalId, and another customer's, are refused alike")
  func unknownRetrieval() async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { bench in
      let id = try #require(try await bench.signNew().value("RetrievalId"))
      let others = try await bench.get(id, customerID: "7654321-0")
      let unknown = try await bench.get("nothing")
      #expect(others.value("ErrorCode") == "SIM102" && unknown.value("ErrorCode") == "SIM102")
      #expect(others.value("ErrorMessage") == unknown.value("ErrorMessage"))
      #expect(try await bench.get(id).isOK)
    }
  }

  @Test("SIM103: a Get for the other environment is refused")
  func otherEnvironment() async throws {
    try await Workbench.with { bench in
      let payload = Messages.get(environment: "PRODUCTION", id: "x")
      let reply = try await bench.post(Messages.envelope(payload), action: "getCertificate")
      #expect(reply.value("ErrorCode") == "SIM103")
    }
  }

  @Test("SIM201, SIM202: a certificate request that is none, or was changed, is refused and the credential stays good")
  func certificateRequestIntegrity() async throws {
    try await Workbench.with { bench in
      let request = try Workbench.certificateRequest()
      #expect(try await bench.signNew(request: Array("not a request".utf8)).value("ErrorCode") == "SIM201")
      #expect(try await bench.signNew(request: request + [0]).value("ErrorCode") == "SIM201")
      var changed = request
      changed[changed.count - 1] ^= 1
      #expect(try await bench.signNew(request: changed).value("ErrorCode") == "SIM202")
      #expect(try await bench.signNew(request: request).isOK)
    }
  }

  @Test("A certificate request made by OpenSSL, with a subject and extensions, is accepted and neither is used")
  func openSSLRequest() async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { bench in
      let (key, request) = (bench.folder.path("key.pem"), bench.folder.path("request.der"))
      let made = try await run(
        "openssl",
        [
          "req", "-new", "-newkey", "rsa:2048", "-noenc", "-keyout", key, "-outform", "DER", "-out", request, "-sha512", "-subj",
          "/C=SE/O=Other/CN=Someone", "-addext", "subjectAltName=DNS:example.com",
        ])
      #expect(made.succeeded, "\(made.standardError)")
      let der = [UInt8](try Data(contentsOf: URL(filePath: request)))
      let id = try #require(try await bench.signNew(request: der).value("RetrievalId"))
      let certificate = try #require(try await bench.get(id).certificate)
      #expect(certificate.subject.commonName == Messages.customerID)
      #expect(certificate.extensions[oid: .X509ExtensionID.subjectAlternativeName] == nil)
      #expect(try certificate.publicKey == CertificateSigningRequest(derEncoded: der).publicKey)
    }
  }

  @Test("SIM203: only RSA keys of the sizes of the policy are certified")
  func keyPolicy() async throws {
    let large = try Workbench.certificateRequest(for: try _RSA.Signing.PrivateKey(keySize: .bits3072))
    let folder = try TemporaryFolder()
    let curve = folder.path("ec.der")
    _ = try await run(
      "openssl",
      [
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", folder.path("k"), "-outform", "DER",
        "-out", curve, "-subj", "/CN=x",
      ])
    try await Workbench.with { bench in
      for request in [large, [UInt8](try Data(contentsOf: URL(filePath: curve)))] {
        #expect(try await bench.signNew(request: request).value("ErrorCode") == "SIM203")
      }
      #expect(try await bench.signNew().isOK)
    }
    try await Workbench.with({ $0.keyPolicy = .rsaUpTo3072 }) { bench in
      let reply = try await bench.signNew(request: large)
      #expect(reply.isOK)
    }
  }

  @Test("The customer's name can be left out")
  func defaultName() async throws {
    try await Workbench.with({ $0.notReadyFor = .zero }) { bench in
      let payload = Messages.signNew(
        name: nil, id: Workbench.transferID, password: Workbench.password, request: try Workbench.certificateRequest())
      let reply = try await bench.post(Messages.envelope(payload), action: "signNewCertificate")
      let id = try #require(reply.value("RetrievalId"))
      #expect(try await bench.get(id).certificate?.subject.organization == "SIMULATOR customer")
    }
  }

  @Test("Codes of one's own are sent instead of the artificial ones")
  func ownCodes() async throws {
    try await Workbench.with({ $0.errorCodes = [.unknownRetrieval: "PKI0X"] }) { bench in
      let reply = try await bench.get("nothing")
      #expect(reply.value("ErrorCode") == "PKI0X")
    }
  }

  @Test("The log has a line a request, and never the password or the transfer id")
  func log() async throws {
    try await Workbench.with { bench in
      _ = try await bench.signNew()
      _ = try await bench.signNew()
      #expect(
        bench.log.lines == [
          "POST /2017/10/CertificateServices signNewCertificate customer=0123456-7 -> 200 OK",
          "POST /2017/10/CertificateServices signNewCertificate customer=0123456-7 -> 200 FAIL PKI020 "
            + "the transfer credentials are not valid",
        ])
      _ = try await bench.post("<\(Workbench.password)/>", action: Workbench.transferID)
      #expect(!bench.log.lines.joined().contains(Workbench.password) && !bench.log.lines.joined().contains(Workbench.transferID))
    }
  }

  @Test("SIMULATOR-TRANSFER-CREDENTIAL: a transfer credential meets the schema's lengths and its id is used once")
  func orders() async throws {
    try await Workbench.with { bench in
      for (customer, id, password) in [
        ("", "1", "p"), (String(repeating: "c", count: 31), "1", "p"), ("c", "", "p"), ("c", String(repeating: "1", count: 33), "p"),
        ("c", "1", ""), ("c", "1", String(repeating: "p", count: 17)), ("c", Workbench.transferID, "p"),
      ] {
        await #expect {
          try await bench.simulator.addTransferCredential(customerID: customer, id: id, password: password)
        } throws: { ($0 as? SimulatorError)?.rule == .transferCredential }
      }
    }
  }
}
