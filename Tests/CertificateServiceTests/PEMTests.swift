import CertificateService
import Foundation
import TestSupport
import Testing
import X509

@Suite("PEM")
struct PEMTests {
  private let der = try! TestAuthorities.der(TestAuthorities.customer)

  private func certificates(_ text: String) throws -> [Certificate] { try PEM.certificates(in: Array(text.utf8)) }

  private func rule(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws -> ServiceRule? {
    let error = #expect(throws: CertificateServiceError.self, sourceLocation: sourceLocation) { try PEM.certificates(in: bytes) }
    #expect(error?.code == .invalidInput, sourceLocation: sourceLocation)
    return error?.rule
  }

  @Test("any wrapping and either newline", arguments: [1, 64, 76, 100_000], ["\n", "\r\n", "\r"])
  func wrapping(columns: Int, newline: String) throws {
    #expect(try certificates(TestAuthorities.pem(der, columns: columns, newline: newline)) == [TestAuthorities.customer])
  }

  @Test("several blocks with text around them, in order; other labels are passed over; bare DER")
  func several() throws {
    let root = TestAuthorities.root.certificate
    let text =
      "Subject: one\n" + TestAuthorities.pem(der) + "\n  text - with dashes\n" + TestAuthorities.pem([1, 2], label: "X509 CRL")
      + TestAuthorities.pem(try TestAuthorities.der(root)) + "the end"
    #expect(try certificates(text) == [TestAuthorities.customer, root])
    #expect(try PEM.blocks(in: Array(text.utf8)).map(\.label) == ["CERTIFICATE", "X509 CRL", "CERTIFICATE"])
    #expect(try PEM.certificates(in: der) == [TestAuthorities.customer])
    #expect(try PEM.blocks(in: Array("nothing".utf8)).isEmpty)
  }

  @Test("PEM-CERTIFICATE octets before, after or missing", arguments: [-1, 1, 2])
  func whole(change: Int) throws {
    let changed = change < 0 ? Array(der.dropLast()) : der + [UInt8](repeating: 0, count: change)
    #expect(try rule(changed) == .pemCertificate)
    #expect(try rule(Array(TestAuthorities.pem(changed).utf8)) == .pemCertificate)
    #expect(try rule(Array(TestAuthorities.pem([0] + der).utf8)) == .pemCertificate)
  }

  @Test(
    "PEM-CERTIFICATE a file without a certificate", arguments: ["", "text", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"])
  func none(text: String) throws {
    #expect(try rule(Array(text.utf8)) == .pemCertificate)
  }

  @Test(
    "PEM-BASE64 characters, padding and unused bits",
    arguments: ["AA", "AAAAA", "AAA*", "A===", "AAB=", "AB==", "AA==AAAA", "-", "AA:A", ""])
  func base64(content: String) throws {
    #expect(try rule(Array("-----BEGIN CERTIFICATE-----\n\(content)\n-----END CERTIFICATE-----\n".utf8)) == .pemBase64)
  }

  @Test(
    "PEM-FRAME blocks that do not match, nest or end",
    arguments: [
      "-----BEGIN CERTIFICATE-----\nAAAA\n", "-----END CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END X509 CRL-----\n",
      "-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "-----BEGIN certificate-----\nAAAA\n-----END certificate-----\n", "-----BEGIN A\u{1B}-----\nAAAA\n-----END A\u{1B}-----\n",
    ])
  func frames(text: String) throws {
    #expect(try rule(Array(text.utf8)) == .pemFrame)
  }

  @Test("PEM-PRIVATE-KEY a private key is refused, and nothing of it is shown", arguments: ["", "RSA ", "EC ", "ENCRYPTED "])
  func privateKey(kind: String) throws {
    let key = Array("SECRETSECRETSECRET".utf8)
    let text = TestAuthorities.pem(der) + TestAuthorities.pem(key, label: "\(kind)PRIVATE KEY")
    let error = #expect(throws: CertificateServiceError.self) { try certificates(text) }
    #expect(error?.rule == .pemPrivateKey)
    let shown = "\(String(describing: error)) \(try PEM.blocks(in: Array(text.utf8)).map(\.description))"
    #expect(!shown.contains("SECRET") && !shown.contains(Data(key).base64EncodedString()))
  }

  @Test("PEM-SIZE too many octets or blocks")
  func size() throws {
    #expect(try rule([UInt8](repeating: 0x20, count: PEM.maximumBytes + 1)) == .pemSize)
    let block = "-----BEGIN A-----\nAAAA\n-----END A-----\n"
    #expect(try PEM.blocks(in: Array(String(repeating: block, count: 64).utf8)).count == 64)
    #expect(try rule(Array(String(repeating: block, count: 65).utf8)) == .pemSize)
  }

  @Test("one octet changed anywhere never crashes, and gives another certificate or a refusal")
  func mutations() throws {
    for index in stride(from: 0, to: der.count, by: 3) {
      var changed = der
      changed[index] ^= 0x41
      if let certificate = try? PEM.certificates(in: changed).first { #expect(certificate != TestAuthorities.customer) }
    }
  }
}
