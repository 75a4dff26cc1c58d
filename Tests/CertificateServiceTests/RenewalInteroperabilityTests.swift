import CertificateService
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509
import XMLSignature

/// A renewal as it is sent, with a real certificate request in it, is read by two programs that others wrote: what they make of the
/// signature, and what the signature covers for them.
@Suite("Renewals and other people's verifiers")
struct RenewalInteroperabilityTests {
  private struct Renewal {
    let request: RenewCertificateRequest
    let signed: String
    let folder: TemporaryFolder
    let path: String

    init(_ transforms: ReferenceTransforms) async throws {
      let subject = try DistinguishedName {
        CommonName(TestAuthorities.customerID)
        OrganizationName("Ab Demo Öy")
        CountryName("FI")
      }
      var serializer = DER.Serializer()
      try serializer.serialize(
        CertificateSigningRequest(
          version: .v1, subject: subject, privateKey: TestAuthorities.rsaPrivateKey, attributes: .init(),
          signatureAlgorithm: .sha256WithRSAEncryption))
      request = try RenewCertificateRequest(
        environment: .test, customer: Customer(id: TestAuthorities.customerID, name: "Ab <Demo> & Öljy"),
        certificateRequestDER: serializer.serializedBytes)
      let document = try await request.signed(
        by: TestAuthorities.rsaPrivateKey, certificate: TestAuthorities.customer, transforms: transforms
      ).document
      signed = String(decoding: document, as: UTF8.self)
      folder = try TemporaryFolder()
      path = try folder.write(document, to: "renewal.xml")
    }

    /// The same with another customer.
    var changed: String { signed.replacingOccurrences(of: TestAuthorities.customerID, with: "0123456-8") }
  }

  @Test("xmlsec1 verifies a signed renewal and its signer's chain, and refuses it changed", arguments: ReferenceTransforms.allCases)
  func xmlsec(transforms: ReferenceTransforms) async throws {
    let renewal = try await Renewal(transforms)
    let root = try renewal.folder.write(TestAuthorities.root.certificate.serializeAsPEM().pemString.utf8, to: "root.pem")
    let others = try [TestAuthorities.intermediate, TestAuthorities.providers].enumerated().flatMap { number, authority in
      ["--untrusted-pem", try renewal.folder.write(authority.certificate.serializeAsPEM().pemString.utf8, to: "\(number).pem")]
    }
    // The certificates hang on a fixed time; xmlsec1 reads it as local time.
    let time = ["--verification-time", "2026-11-20 00:00:00"]
    func verify(_ path: String) async throws -> ProgramResult {
      try await run("xmlsec1", ["--verify", "--enabled-key-data", "x509", "--trusted-pem", root] + others + time + [path])
    }
    let good = try await verify(renewal.path)
    #expect(good.succeeded, "\(good.standardError)")
    let changed = try renewal.folder.write(renewal.changed.utf8, to: "changed.xml")
    #expect(try await !verify(changed).succeeded)
  }

  static let pythonPath = ProcessInfo.processInfo.environment["HSMKEY_TEST_PYTHONPATH"]

  @Test(
    "signxml verifies a signed renewal, reads in it what was requested, and refuses it changed",
    .enabled(if: pythonPath != nil, "HSMKEY_TEST_PYTHONPATH does not say where Python's signxml is"),
    arguments: ReferenceTransforms.allCases)
  func signxml(transforms: ReferenceTransforms) async throws {
    let renewal = try await Renewal(transforms)
    let certificate = try renewal.folder.write(TestAuthorities.customer.serializeAsPEM().pemString.utf8, to: "certificate.pem")
    let script = """
      import sys, signxml
      from lxml import etree
      result = signxml.XMLVerifier().verify(sys.stdin.buffer.read(), x509_cert=open("\(certificate)").read())
      sys.stdout.buffer.write(etree.tostring(result.signed_xml, method="c14n", exclusive=True))
      """
    func verify(_ document: String) async throws -> ProgramResult {
      try await run("python3", ["-c", script], environment: ["PYTHONPATH": Self.pythonPath ?? ""], input: Array(document.utf8))
    }
    let good = try await verify(renewal.signed)
    #expect(good.succeeded, "\(good.standardError)")
    #expect(good.standardOutput == String(decoding: renewal.request.document, as: UTF8.self))
    #expect(try await verify(renewal.changed).standardError.contains("InvalidDigest"))
  }
}
