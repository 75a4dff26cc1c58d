import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import Testing
import X509

@testable import XMLSignature

@Suite struct EnvelopedSignerTests {
  static let styles: [SignatureStyle] = [.plain, .prefixed("ds"), .prefixed("ds", includesSubjectName: true)]

  @Test("What is signed verifies, and shows what was signed", arguments: ReferenceTransforms.allCases, styles)
  func roundTrip(transforms: ReferenceTransforms, style: SignatureStyle) async throws {
    let signed = try await SigningFixture.signed(SigningFixture.unsigned, transforms, style)
    let verified = try EnvelopedSignatureVerifier().verify(signed.octets)
    #expect(verified.root == (try XMLDocument(parsing: SigningFixture.unsigned.octets)).root)
    #expect(verified.signingCertificate == SigningFixture.certificate)
    #expect(verified.transforms == transforms)
  }

  @Test("The signature is put before the root's end tag and no other octet changes", arguments: styles)
  func insertion(style: SignatureStyle) async throws {
    let unsigned = SigningFixture.unsigned
    let signed = try await SigningFixture.signed(unsigned, .envelopedOnly, style)
    let (head, tail) = (unsigned.components(separatedBy: "</p:Request>")[0], "</p:Request>")
    #expect(signed.hasPrefix(head))
    #expect(signed.hasSuffix("Signature>" + tail))
  }

  @Test("A root without content is signed too")
  func emptyRoot() async throws {
    let signed = try await SigningFixture.signed("<a b=\"c\" />\n")
    #expect(signed.hasPrefix("<a b=\"c\" ><Signature ") && signed.hasSuffix("</Signature></a>\n"))
    #expect(try EnvelopedSignatureVerifier().verify(signed.octets).root.attributes == [XMLName("b"): "c"])
  }

  @Test("SignedInfo is written as its canonical form, but for the namespace", arguments: styles)
  func signedInfoIsCanonical(style: SignatureStyle) async throws {
    let signed = try await SigningFixture.signed(SigningFixture.unsigned, .envelopedThenExclusiveC14N, style)
    let document = try XMLDocument(parsing: signed.octets)
    let path = document.root.paths(named: SignatureProfile.name("SignedInfo"))[0]
    let canonical = String(decoding: try document.canonicalized(.exclusive, elementAt: path), as: UTF8.self)
    let name = style.prefix.map { "xmlns:\($0)" } ?? "xmlns"
    #expect(signed.contains(canonical.replacing(one: " \(name)=\"\(SignatureProfile.namespace)\"", with: "")))
  }

  @Test("The agency's style wraps base64 with carriage returns as references")
  func agencyStyle() async throws {
    let signed = try await SigningFixture.signed(SigningFixture.unsigned, .envelopedOnly, .prefixed("ds", includesSubjectName: true))
    let value = signed.components(separatedBy: "<ds:SignatureValue>")[1].components(separatedBy: "</ds:SignatureValue>")[0]
    let lines = value.components(separatedBy: "&#13;\n")
    #expect(lines.count == 5 && lines.dropLast().allSatisfy { $0.count == 76 })
    #expect(signed.contains("<ds:X509SubjectName>") && signed.contains("Signer &amp; \\&lt;Tester\\&gt;"))
  }

  @Test("A plain signature has no line breaks and no carriage returns")
  func plainStyle() async throws {
    let signed = try await SigningFixture.signed("<a></a>")
    #expect(!signed.contains("\n") && !signed.contains("&#13;"))
  }

  @Test("XML-SIGNING-KEY: an EC key is refused")
  func ellipticCurveKey() async throws {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let certificate = try SigningFixture.makeCertificate(for: key, named: "EC")
    await expectRefusal(.signingKey) { try EnvelopedSigner(key: key, certificate: certificate) }
  }

  @Test("XML-SIGNING-CERTIFICATE: a key that is not the certificate's is refused")
  func foreignCertificate() async throws {
    let other = Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: .bits2048))
    await expectRefusal(.signingCertificate) { try EnvelopedSigner(key: other, certificate: SigningFixture.certificate) }
  }

  @Test("XML-ONE-SIGNATURE: a signed document is not signed again")
  func alreadySigned() async throws {
    let signed = try await SigningFixture.signed()
    await expectRefusal(.oneSignature) { try await SigningFixture.signed(signed) }
  }

  @Test(
    "XML-SIGNATURE-PREFIX: a prefix must be declared for XML Signature",
    arguments: ["<a/>", "<a xmlns:ds=\"urn:other\"/>", "<a><b xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/></a>"])
  func undeclaredPrefix(document: String) async throws {
    await expectRefusal(.signaturePrefix) { try await SigningFixture.signed(document, .envelopedOnly, .prefixed("ds")) }
  }

  @Test("A bad document is refused before the key is asked", arguments: ["", "<a>", "<!DOCTYPE a><a/>", "<a/><?p?>"])
  func badDocument(document: String) async throws {
    await #expect(throws: XMLSignatureError.self) { try await SigningFixture.signed(document) }
  }

  @Test("XML-SIGNATURE-VALUE: a key whose signatures do not verify is found out")
  func brokenKey() async throws {
    let key = Certificate.PrivateKey(BrokenKey(publicKey: SigningFixture.key.publicKey))
    let signer = try EnvelopedSigner(key: key, certificate: SigningFixture.certificate)
    await expectRefusal(.signatureValue) { try await signer.sign("<a/>".octets) }
  }

  @Test("A key that can only sign asynchronously signs")
  func asynchronousKey() async throws {
    let key = Certificate.PrivateKey(AsynchronousKey())
    let signer = try EnvelopedSigner(key: key, certificate: SigningFixture.certificate)
    _ = try EnvelopedSignatureVerifier().verify(try await signer.sign("<a/>".octets))
  }

  @Test("A weak signature made on purpose is refused by name")
  func faults() async throws {
    for (fault, rule) in [(SignatureFault.sha1Digest, XMLRule.digestAlgorithm), (.sha1Signature, .signatureAlgorithm)] {
      let signer = try EnvelopedSigner(
        key: SigningFixture.key, certificate: SigningFixture.certificate, transforms: .envelopedOnly, style: .plain, fault: fault)
      let signed = try await signer.sign(SigningFixture.unsigned.octets)
      await expectRefusal(rule) { try EnvelopedSignatureVerifier().verify(signed) }
    }
  }

  @Test("An element is signed in its place inside an envelope", arguments: ReferenceTransforms.allCases)
  func inPlace(transforms: ReferenceTransforms) async throws {
    let envelope = "<e:E xmlns:e=\"urn:e\"><e:H/><e:B><x/><p:R xmlns:p=\"urn:p\"><V>1</V></p:R></e:B></e:E>"
    let signed = try await SigningFixture.signer(transforms).sign(envelope.octets, inPlaceAt: [1, 1])
    let verified = try EnvelopedSignatureVerifier().verify(XMLDocument(parsing: signed), inPlaceAt: [1, 1])
    #expect(verified.root.name == XMLName(namespace: "urn:p", "R"))
    #expect(verified.root.elements.map(\.text) == ["1"])
  }
}

struct KeyRefusal: Error {}

/// A key that only signs, as RSA keys on a token do.
protocol UnserializableKey: CustomPrivateKey {}

extension UnserializableKey {
  static var defaultPEMDiscriminator: String { "NO KEY" }
  var defaultSignatureAlgorithm: Certificate.SignatureAlgorithm { .sha256WithRSAEncryption }
  var supportedSignatureAlgorithms: [Certificate.SignatureAlgorithm] { [.sha256WithRSAEncryption] }
  func serialize(into coder: inout DER.Serializer) throws { throw KeyRefusal() }
  func serializeAsPEM() throws -> PEMDocument { throw KeyRefusal() }
}

/// Signs with another key than it shows.
struct BrokenKey: UnserializableKey {
  let publicKey: Certificate.PublicKey
  func signSynchronously(bytes: some DataProtocol, signatureAlgorithm: Certificate.SignatureAlgorithm) throws -> Certificate.Signature {
    try SigningFixture.key.sign(bytes: Array(bytes) + [0], signatureAlgorithm: signatureAlgorithm)
  }
}

/// As a key on a token is.
struct AsynchronousKey: UnserializableKey {
  var publicKey: Certificate.PublicKey { SigningFixture.key.publicKey }
  func signSynchronously(bytes: some DataProtocol, signatureAlgorithm: Certificate.SignatureAlgorithm) throws -> Certificate.Signature {
    throw KeyRefusal()
  }
  func signAsynchronously(
    bytes: some DataProtocol & Sendable, signatureAlgorithm: Certificate.SignatureAlgorithm
  ) async throws -> Certificate.Signature {
    try SigningFixture.key.sign(bytes: Array(bytes), signatureAlgorithm: signatureAlgorithm)
  }
}
