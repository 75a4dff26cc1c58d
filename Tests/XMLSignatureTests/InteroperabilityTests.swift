import CryptoExtras
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import XMLSignature

/// Other people's implementations read what we sign, and we read what they sign.
@Suite struct InteroperabilityTests {
  static let pythonPath = ProcessInfo.processInfo.environment["HSMKEY_TEST_PYTHONPATH"]

  /// The signing key and certificate as files, in a folder of their own.
  struct Files {
    let folder: TemporaryFolder
    let key: String
    let certificate: String

    init() throws {
      folder = try TemporaryFolder()
      key = try folder.write(SigningFixture.privateKey.pemRepresentation.utf8, to: "key.pem")
      certificate = try folder.write(SigningFixture.certificate.serializeAsPEM().pemString.utf8, to: "certificate.pem")
    }
  }

  // MARK: xmlsec1

  func xmlsecVerify(_ document: String, _ files: Files) async throws -> ProgramResult {
    let path = try files.folder.write(document.utf8, to: "signed.xml")
    return try await run("xmlsec1", ["--verify", "--enabled-key-data", "x509", "--trusted-pem", files.certificate, path])
  }

  @Test("xmlsec1 verifies what we sign, and refuses it changed", arguments: ReferenceTransforms.allCases, EnvelopedSignerTests.styles)
  func xmlsecVerifiesOurs(transforms: ReferenceTransforms, style: SignatureStyle) async throws {
    let files = try Files()
    let signed = try await SigningFixture.signed(SigningFixture.unsigned, transforms, style)
    let result = try await xmlsecVerify(signed, files)
    #expect(result.succeeded, "\(result.standardError)")
    #expect(!(try await xmlsecVerify(signed.replacing(one: "0123456-7", with: "0123456-8"), files)).succeeded)
  }

  @Test("What xmlsec1 signs verifies", arguments: ReferenceTransforms.allCases, CanonicalizationTests.tricky.indices)
  func xmlsecSigned(transforms: ReferenceTransforms, index: Int) async throws {
    let files = try Files()
    let algorithms = transforms.algorithms.map { "<Transform Algorithm=\"\($0)\"/>" }.joined(separator: "\n")
    let template = """
      <Signature xmlns="http://www.w3.org/2000/09/xmldsig#">
        <SignedInfo>
          <CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
          <SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
          <Reference URI=""><Transforms>\(algorithms)</Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
            <DigestValue/></Reference>
        </SignedInfo>
        <SignatureValue/>
        <KeyInfo><KeyValue/><X509Data><X509Certificate/></X509Data></KeyInfo>
      </Signature>
      """
    let unsigned = CanonicalizationTests.tricky[index]
    let document = try XMLDocument(parsing: unsigned.octets, limits: .standard, locating: [])
    let path = try files.folder.write(
      EnvelopedSigner.insert(Array(("<!-- r -->" + template).utf8), into: unsigned.octets, at: document.locatedEnd), to: "template.xml")
    let result = try await run("xmlsec1", ["--sign", "--privkey-pem", "\(files.key),\(files.certificate)", path])
    #expect(result.succeeded, "\(result.standardError)")
    let verified = try EnvelopedSignatureVerifier().verify(result.standardOutput.octets)
    #expect(verified.root == document.root)
    #expect(verified.transforms == transforms)
    #expect(verified.signingCertificate == SigningFixture.certificate)
  }

  // MARK: signxml

  func python(_ script: String, input: String) async throws -> ProgramResult {
    try await run("python3", ["-c", script], environment: ["PYTHONPATH": Self.pythonPath ?? ""], input: input.octets)
  }

  static let whyNoPython: Comment = "HSMKEY_TEST_PYTHONPATH does not say where Python's signxml is"

  @Test(
    "signxml verifies what we sign, and refuses it changed", .enabled(if: pythonPath != nil, whyNoPython),
    arguments: ReferenceTransforms.allCases,
    EnvelopedSignerTests.styles)
  func signxmlVerifiesOurs(transforms: ReferenceTransforms, style: SignatureStyle) async throws {
    let files = try Files()
    let signed = try await SigningFixture.signed(SigningFixture.unsigned, transforms, style)
    let script = """
      import sys, signxml
      result = signxml.XMLVerifier().verify(sys.stdin.buffer.read(), x509_cert=open("\(files.certificate)").read())
      sys.stdout.write(result.signed_data.decode())
      """
    let result = try await python(script, input: signed)
    #expect(result.succeeded, "\(result.standardError)")
    let changed = try await python(script, input: signed.replacing(one: "0123456-7", with: "0123456-8"))
    #expect(changed.standardError.contains("InvalidDigest"), "\(changed.standardError)")
  }

  /// signxml 5.2.0 itself fails on a root whose name is not ASCII.
  @Test(
    "What signxml signs verifies", .enabled(if: pythonPath != nil, whyNoPython),
    arguments: CanonicalizationTests.tricky.filter { !$0.hasPrefix("<ä") })
  func signxmlSigned(document: String) async throws {
    let files = try Files()
    let script = """
      import sys, signxml
      from lxml import etree
      signer = signxml.XMLSigner(
          method=signxml.methods.enveloped, c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
      root = etree.fromstring(sys.stdin.buffer.read())
      signed = signer.sign(root, key=open("\(files.key)").read(), cert=open("\(files.certificate)").read())
      sys.stdout.buffer.write(etree.tostring(signed, encoding="UTF-8"))
      """
    let result = try await python(script, input: document)
    #expect(result.succeeded, "\(result.standardError)")
    let verified = try EnvelopedSignatureVerifier().verify(result.standardOutput.octets)
    #expect(verified.root == (try XMLDocument(parsing: document.octets)).root)
  }

  @Test(
    "lxml's canonical forms without comments are ours", .enabled(if: pythonPath != nil, whyNoPython),
    arguments: CanonicalizationTests.tricky)
  func lxmlCanonical(document: String) async throws {
    let commented = "<!-- before -->" + document.replacingOccurrences(of: "</", with: "<!-- in -->text</")
    let isDeclared = document.hasPrefix("<?xml")
    let text = isDeclared ? document : commented
    for (method, exclusive) in [(CanonicalizationMethod.inclusive, "False"), (.exclusive, "True")] {
      let script = """
        import sys
        from lxml import etree
        root = etree.fromstring(sys.stdin.buffer.read())
        sys.stdout.buffer.write(etree.tostring(root, method="c14n", exclusive=\(exclusive), with_comments=False))
        """
      let result = try await python(script, input: text)
      #expect(result.succeeded, "\(result.standardError)")
      #expect(String(decoding: try XMLDocument(parsing: text.octets).canonicalized(method), as: UTF8.self) == result.standardOutput)
    }
  }
}
