import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import Testing
import X509

@testable import XMLSignature

/// A signature that keeps the profile but for one thing, with a digest and a value that hold. A verifier that looks at those only
/// would take it.
struct OddSignature {
  var document = "<a><b>1</b></a>"
  var canonicalization = "<CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></CanonicalizationMethod>"
  var method = "<SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></SignatureMethod>"
  var uri = " URI=\"\""
  var transforms = "<Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></Transform>"
  var digestMethod = "<DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod>"
  var references = 1
  var afterReference = ""
  var key = SigningFixture.privateKey
  var certificate = SigningFixture.certificate
  var keyInfo: String?
  var signatureAttributes = ""
  var afterKeyInfo = ""

  var certificateText: String { get throws { Base64.encode(try certificate.serializeAsPEM().derBytes) } }

  func signed() throws -> String {
    let digest = Base64.encode(Array(SHA256.hash(data: try XMLDocument(parsing: document.octets).canonicalized(.inclusive))))
    let reference = "<Reference\(uri)><Transforms>\(transforms)</Transforms>\(digestMethod)<DigestValue>\(digest)</DigestValue></Reference>"
    let content = canonicalization + method + String(repeating: reference, count: references) + afterReference
    let canonical = "<SignedInfo xmlns=\"\(SignatureProfile.namespace)\">\(content)</SignedInfo>"
    let value = try key.signature(for: SHA256.hash(data: canonical.octets), padding: .insecurePKCS1v1_5)
    let information = try keyInfo ?? "<X509Data><X509Certificate>\(certificateText)</X509Certificate></X509Data>"
    let signature =
      "<Signature xmlns=\"\(SignatureProfile.namespace)\"\(signatureAttributes)><SignedInfo>\(content)</SignedInfo>"
      + "<SignatureValue>\(Base64.encode(Array(value.rawRepresentation)))</SignatureValue>"
      + "<KeyInfo>\(information)</KeyInfo>\(afterKeyInfo)</Signature>"
    return document.replacing(one: "</a>", with: signature + "</a>")
  }

  func expectRefusal(_ rule: XMLRule, sourceLocation: SourceLocation = #_sourceLocation) async {
    await XMLSignatureTests.expectRefusal(rule, sourceLocation: sourceLocation) {
      try EnvelopedSignatureVerifier().verify(signed().octets)
    }
  }
}

@Suite struct EnvelopedSignatureVerifierTests {
  let verifier = EnvelopedSignatureVerifier()

  @Test("The signature that the other tests make odd is sound")
  func sound() throws {
    let verified = try verifier.verify(OddSignature().signed().octets)
    #expect(verified.root.elements.map(\.text) == ["1"] && verified.root.elements.count == 1)
    #expect(verified.transforms == .envelopedOnly)
  }

  @Test("White space between a signature's elements and in its base64, and an Id, change nothing")
  func tolerance() async throws {
    var odd = OddSignature()
    odd.signatureAttributes = " Id=\"s1\""
    odd.keyInfo =
      "\n <X509Data>\t<X509SubjectName>CN=anything</X509SubjectName>\r\n"
      + "<X509Certificate>\n&#13;\(try odd.certificateText) </X509Certificate></X509Data>"
    let spaced = try odd.signed().replacing(one: "</SignedInfo><SignatureValue>", with: "</SignedInfo>\n\n<SignatureValue>\r\n")
    _ = try verifier.verify(spaced.octets)
  }

  // MARK: Place

  @Test("XML-ONE-SIGNATURE: none, or two, or one inside the other, are refused")
  func oneSignature() async throws {
    let signed = try OddSignature().signed()
    let signature =
      "<Signature " + signed.components(separatedBy: "<Signature ")[1].components(separatedBy: "</Signature>")[0] + "</Signature>"
    let other = "<x:Signature xmlns:x=\"\(SignatureProfile.namespace)\"/>"
    for document in [
      "<a/>", signed.replacing(one: "</a>", with: signature + "</a>"),
      signed.replacing(one: "<b>", with: other + "<b>"), signed.replacing(one: "<b>", with: "<b>" + other),
      signed.replacing(one: "</KeyInfo>", with: "</KeyInfo>" + other), "<a><Signature/></a>",
    ] {
      await expectRefusal(.oneSignature) { try verifier.verify(document.octets) }
    }
  }

  @Test("XML-SIGNATURE-PLACE: a signature that is not a child of the element to verify is refused")
  func place() async throws {
    let signed = try await SigningFixture.signed("<a><b>1</b></a>")
    // The wrapping attack: a good signed element put aside, another one where the reader looks.
    let wrapped = try XMLDocument(parsing: "<e><h>\(signed)</h><body><a><b>2</b></a></body></e>".octets)
    await expectRefusal(.signaturePlace) { try verifier.verify(wrapped) }
    await expectRefusal(.signaturePlace) { try verifier.verify(wrapped, inPlaceAt: [1, 0]) }
    await expectRefusal(.signaturePlace) { try verifier.verify(wrapped, inPlaceAt: [1]) }
    await expectRefusal(.signaturePlace) { try verifier.verify(wrapped, inPlaceAt: [0]) }
    #expect(try verifier.verify(wrapped, inPlaceAt: [0, 0]).root.elements.map(\.text) == ["1"])
    await expectRefusal(.path) { try verifier.verify(wrapped, inPlaceAt: [2]) }
    await expectRefusal(.signaturePlace) {
      try verifier.verify(
        signed.replacing(one: "<b>1</b>", with: "").replacing(one: "<a>", with: "<a><b>").replacing(one: "</a>", with: "</b></a>").octets)
    }
    await expectRefusal(.signaturePlace) { try verifier.verify("<Signature xmlns=\"\(SignatureProfile.namespace)\"/>".octets) }
  }

  @Test("XML-DIGEST: a signature carried over to another element is refused")
  func moved() async throws {
    let signed = try await SigningFixture.signed("<a><b>1</b></a>")
    let wrapped = try XMLDocument(parsing: "<a>\(signed.dropFirst(3))".octets)
    #expect(wrapped.root.elements.count == 2)
    let tree = "<e><a><c/>\(signed.dropFirst(3).dropLast(4))</a></e>"
    await expectRefusal(.digest) { try verifier.verify(XMLDocument(parsing: tree.octets), inPlaceAt: [0]) }
  }

  @Test("Only what was signed can be read")
  func signedOnly() async throws {
    let signed = try await SigningFixture.signed("<a><b>1</b></a>")
    let verified = try verifier.verify(signed.octets)
    #expect(verified.root.elements.count == 1)
    #expect(String(decoding: verified.signedOctets, as: UTF8.self) == "<a><b>1</b></a>")
  }

  // MARK: SignedInfo

  @Test("XML-CANONICALIZATION: SignedInfo is in exclusive canonical form, without parameters")
  func canonicalization() async {
    for text in [
      "<CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"></CanonicalizationMethod>",
      "<CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#WithComments\"></CanonicalizationMethod>",
      "<CanonicalizationMethod></CanonicalizationMethod>",
      "<CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">"
        + "<InclusiveNamespaces xmlns=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"p\"></InclusiveNamespaces>"
        + "</CanonicalizationMethod>",
    ] {
      await OddSignature(canonicalization: text).expectRefusal(.canonicalization)
    }
  }

  @Test("XML-SIGNATURE-ALGORITHM: RSA with SHA-256 only")
  func signatureAlgorithm() async {
    for name in [
      "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
      "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
      "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", "",
    ] {
      await OddSignature(method: "<SignatureMethod Algorithm=\"\(name)\"></SignatureMethod>").expectRefusal(.signatureAlgorithm)
    }
    let parameter = "<SignatureMethod Algorithm=\"\(SignatureProfile.rsaSHA256)\"><HMACOutputLength>8</HMACOutputLength></SignatureMethod>"
    await OddSignature(method: parameter).expectRefusal(.signatureAlgorithm)
  }

  @Test("XML-ONE-REFERENCE: none and two are refused")
  func oneReference() async {
    await OddSignature(references: 0).expectRefusal(.oneReference)
    await OddSignature(references: 2).expectRefusal(.oneReference)
  }

  @Test("XML-REFERENCE-URI: the reference is to the whole document")
  func referenceURI() async {
    for uri in [
      "", " URI=\"#id\"", " URI=\"http://127.0.0.1:9/\"", " URI=\"#xpointer(/)\"", " Type=\"urn:t\" URI=\"\"", " Id=\"r\" URI=\"\"",
    ] {
      await OddSignature(uri: uri).expectRefusal(.referenceURI)
    }
  }

  @Test("XML-TRANSFORMS: the two lists of the profile only")
  func transforms() async {
    func transform(_ name: String, _ content: String = "") -> String { "<Transform Algorithm=\"\(name)\">\(content)</Transform>" }
    let (enveloped, exclusive) = (transform(SignatureProfile.enveloped), transform(CanonicalizationMethod.exclusive.identifier))
    let list = "<InclusiveNamespaces xmlns=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"p\"></InclusiveNamespaces>"
    for transforms in [
      "", exclusive, exclusive + enveloped, enveloped + enveloped, enveloped + exclusive + exclusive,
      enveloped + transform(CanonicalizationMethod.inclusive.identifier),
      enveloped + transform(CanonicalizationMethod.exclusive.identifier, list),
      enveloped + transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
      enveloped + transform("http://www.w3.org/TR/1999/REC-xslt-19991116", "<stylesheet></stylesheet>"),
      enveloped + transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<XPath>1</XPath>"),
      transform(SignatureProfile.enveloped, "<XPath>1</XPath>"), "<Transform></Transform>", "<Other></Other>", "text" + enveloped,
    ] {
      await OddSignature(transforms: transforms).expectRefusal(.transforms)
    }
  }

  @Test("XML-DIGEST-ALGORITHM: SHA-256 only")
  func digestAlgorithm() async {
    for name in [
      "http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmlenc#sha512", "http://www.w3.org/2001/04/xmldsig-more#md5",
    ] {
      await OddSignature(digestMethod: "<DigestMethod Algorithm=\"\(name)\"></DigestMethod>").expectRefusal(.digestAlgorithm)
    }
  }

  @Test("XML-DIGEST: another document, or a digest of another length, is refused")
  func digest() async throws {
    let signed = try OddSignature().signed()
    await expectRefusal(.digest) { try verifier.verify(signed.replacing(one: "<b>1</b>", with: "<b>2</b>").octets) }
    await expectRefusal(.digest) { try verifier.verify(signed.replacing(one: "<b>1</b>", with: "<b>1</b> ").octets) }
    await expectRefusal(.digest) { try verifier.verify(signed.replacing(one: "<b>", with: "<b xmlns:x=\"urn:x\">").octets) }
    let value = signed.components(separatedBy: "<DigestValue>")[1].components(separatedBy: "</DigestValue>")[0]
    let octets = try #require(Base64.decode(value))
    for other in [Array(octets.dropLast()), octets + [0], []] {
      await expectRefusal(.digest) { try verifier.verify(signed.replacing(one: value, with: Base64.encode(other)).octets) }
    }
    await expectRefusal(.digest) { try verifier.verify(signed.replacing(one: value, with: String(value.dropLast())).octets) }
  }

  @Test("XML-SIGNATURE-VALUE: the value is the key's over SignedInfo, in the key's length")
  func signatureValue() async throws {
    let signed = try OddSignature().signed()
    let value = signed.components(separatedBy: "<SignatureValue>")[1].components(separatedBy: "</SignatureValue>")[0]
    let octets = try #require(Base64.decode(value))
    for other: [UInt8] in [octets.reversed(), octets.dropLast(), octets + [0], [0] + octets, [1]] {
      await expectRefusal(.signatureValue) { try verifier.verify(signed.replacing(one: value, with: Base64.encode(other)).octets) }
    }
    await expectRefusal(.signatureValue) { try verifier.verify(signed.replacing(one: value, with: "").octets) }
    await expectRefusal(.signatureValue) { try verifier.verify(signed.replacing(one: value, with: value + "!").octets) }
    await OddSignature(key: try _RSA.Signing.PrivateKey(keySize: .bits2048)).expectRefusal(.signatureValue)
  }

  // MARK: KeyInfo

  @Test("XML-KEY-INFO: one X509Data with one certificate")
  func keyInfo() async throws {
    let text = try OddSignature().certificateText
    let data = "<X509Data><X509Certificate>\(text)</X509Certificate></X509Data>"
    for information in [
      "", data + data, "<KeyName>k</KeyName>", data + "<KeyName>k</KeyName>", "<X509Data></X509Data>",
      "<X509Data><X509Certificate>\(text)</X509Certificate><X509Certificate>\(text)</X509Certificate></X509Data>",
      "<X509Data><X509Certificate>\(text)</X509Certificate><X509CRL>AA==</X509CRL></X509Data>",
      "<X509Data><X509Certificate>\(text)AAAA</X509Certificate></X509Data>", "<X509Data><X509Certificate>AAAA</X509Certificate></X509Data>",
      "<X509Data><X509Certificate></X509Certificate></X509Data>",
      "<X509Data><X509Certificate>\(text.dropLast(4))</X509Certificate></X509Data>",
      "<X509Data><X509Certificate>-----BEGIN CERTIFICATE-----\(text)-----END CERTIFICATE-----</X509Certificate></X509Data>",
      "<X509Data>x<X509Certificate>\(text)</X509Certificate></X509Data>", "<RetrievalMethod URI=\"#k\"></RetrievalMethod>",
      "<X509Data><X509SubjectName><b></b></X509SubjectName><X509Certificate>\(text)</X509Certificate></X509Data>",
    ] {
      await OddSignature(keyInfo: information).expectRefusal(.keyInfo)
    }
  }

  @Test("XML-KEY-INFO: a KeyValue is the certificate's key or is refused")
  func keyValue() async throws {
    let data = "<X509Data><X509Certificate>\(try OddSignature().certificateText)</X509Certificate></X509Data>"
    func information(_ key: _RSA.Signing.PublicKey) throws -> String {
      let numbers = try key.getKeyPrimitives()
      return "<KeyValue><RSAKeyValue><Modulus>\(Base64.encode(Array(numbers.modulus)))</Modulus>"
        + "<Exponent>\(Base64.encode(Array(numbers.publicExponent)))</Exponent></RSAKeyValue></KeyValue>"
    }
    let own = try information(SigningFixture.privateKey.publicKey)
    _ = try verifier.verify(try OddSignature(keyInfo: own + data).signed().octets)
    _ = try verifier.verify(try OddSignature(keyInfo: data + own).signed().octets)
    let other = try information(_RSA.Signing.PrivateKey(keySize: .bits2048).publicKey)
    for information in [
      other + data, own + own + data, own, own.replacing(one: ">AQAB<", with: ">Aw==<") + data, "<KeyValue></KeyValue>" + data,
    ] {
      await OddSignature(keyInfo: information).expectRefusal(.keyInfo)
    }
  }

  @Test("XML-SIGNING-KEY: an EC key is refused")
  func signingKey() async throws {
    let elliptic = Certificate.PrivateKey(P256.Signing.PrivateKey())
    await OddSignature(certificate: try SigningFixture.makeCertificate(for: elliptic, named: "EC")).expectRefusal(.signingKey)
  }

  @Test("XML-KEY-INFO: a certificate with a short RSA key is not even read")
  func shortKey() async throws {
    let short = try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024))
    let certificate = try SigningFixture.makeCertificate(for: Certificate.PrivateKey(short), named: "short")
    await OddSignature(key: short, certificate: certificate).expectRefusal(.keyInfo)
  }

  // MARK: The rest

  @Test("XML-SIGNATURE-CONTENT: what the profile does not have is refused")
  func content() async throws {
    await OddSignature(afterReference: "<Other></Other>").expectRefusal(.signatureContent)
    await OddSignature(afterReference: "text").expectRefusal(.signatureContent)
    await OddSignature(signatureAttributes: " Other=\"x\"").expectRefusal(.signatureContent)
    await OddSignature(signatureAttributes: " xmlns:o=\"urn:o\" o:Id=\"x\"").expectRefusal(.signatureContent)
    for addition in [
      "<Object></Object>", "<Object><Manifest></Manifest></Object>", "<KeyInfo></KeyInfo>", "text", "<o:x xmlns:o=\"urn:o\"></o:x>",
    ] {
      await OddSignature(afterKeyInfo: addition).expectRefusal(.signatureContent)
    }
    let signed = try OddSignature().signed()
    await expectRefusal(.signatureContent) {
      try verifier.verify(signed.replacing(one: "<SignedInfo>", with: "<SignedInfo Id=\"x\">").octets)
    }
    let reordered = signed.replacing(one: "<KeyInfo>", with: "<KeyInfo></KeyInfo><Old>").replacing(
      one: "</KeyInfo></Signature>", with: "</Old></Signature>")
    await expectRefusal(.signatureContent) { try verifier.verify(reordered.octets) }
  }

  @Test("The limits are the verifier's")
  func limits() async throws {
    let signed = try OddSignature().signed()
    let strict = EnvelopedSignatureVerifier(limits: XMLLimits(maximumBytes: signed.utf8.count - 1))
    await expectRefusal(.size) { try strict.verify(signed.octets) }
  }
}
