import Testing

@testable import XMLSignature

@Suite struct StandaloneDocumentTests {
  static let soap = "http://schemas.xmlsoap.org/soap/envelope/"

  static func envelope(_ payload: String, _ declarations: String = "") -> String {
    "<S:Envelope xmlns:S=\"\(soap)\"\(declarations)><S:Header/><S:Body>\(payload)</S:Body></S:Envelope>"
  }

  func standalone(_ document: String, at path: [Int] = [1, 0]) throws -> String {
    let document = try XMLDocument(parsing: document.octets)
    return String(decoding: try document.standaloneDocument(ofElementAt: path, droppingNamespace: Self.soap).octets, as: UTF8.self)
  }

  @Test("All namespaces in scope stay, used or not, but the envelope's")
  func declarations() throws {
    let payload = "<p:R xmlns:p=\"urn:p\" xmlns:ds=\"urn:ds\"><V>1</V></p:R>"
    #expect(
      try standalone(Self.envelope(payload, " xmlns:x=\"urn:x\" xmlns:T=\"\(Self.soap)\""))
        == "<p:R xmlns:ds=\"urn:ds\" xmlns:p=\"urn:p\" xmlns:x=\"urn:x\"><V>1</V></p:R>")
  }

  @Test("A declaration of the envelope's namespace that is the element's own stays")
  func ownDeclaration() throws {
    let payload = "<R xmlns:S=\"\(Self.soap)\"/>"
    #expect(try standalone(Self.envelope(payload)) == "<R xmlns:S=\"\(Self.soap)\"></R>")
  }

  @Test("An inherited default namespace stays, and one of the envelope that is not used goes")
  func defaultNamespace() throws {
    #expect(try standalone(Self.envelope("<R/>", " xmlns=\"urn:d\"")) == "<R xmlns=\"urn:d\"></R>")
    let unused = "<Envelope xmlns=\"\(Self.soap)\"><Header/><Body><R xmlns=\"\"/></Body></Envelope>"
    #expect(try standalone(unused) == "<R></R>")
    let other = "<Envelope xmlns=\"\(Self.soap)\"><Header/><Body><p:R xmlns:p=\"urn:p\"><V xmlns=\"\">1</V></p:R></Body></Envelope>"
    #expect(try standalone(other) == "<p:R xmlns:p=\"urn:p\"><V>1</V></p:R>")
  }

  @Test("XML-STANDALONE: an element that uses what it would lose is refused")
  func usesEnvelope() async throws {
    for document in [
      Self.envelope("<R><S:V/></R>"), Self.envelope("<S:R/>"), Self.envelope("<R S:a=\"\"/>"),
      "<Envelope xmlns=\"\(Self.soap)\"><Header/><Body><R/></Body></Envelope>", Self.envelope("<R/>", " xml:lang=\"fi\""),
    ] {
      await expectRefusal(.standalone) { try standalone(document) }
    }
  }

  @Test("XML-PATH: there must be an element")
  func path() async throws {
    await expectRefusal(.path) { try standalone(Self.envelope("<R/>"), at: [1, 1]) }
    await expectRefusal(.path) { try standalone(Self.envelope("<R/>"), at: [-1]) }
    await expectRefusal(.path) { try XMLDocument(parsing: "<a/>".octets).canonicalized(elementAt: [0]) }
    await expectRefusal(.path) { try XMLDocument(parsing: "<a/>".octets).canonicalized(elementAt: [-1]) }
  }

  @Test("A message signed alone and then wrapped verifies when it is taken out", arguments: ReferenceTransforms.allCases)
  func signedThenWrapped(transforms: ReferenceTransforms) async throws {
    let payload = "<p:R xmlns:p=\"urn:p\" xmlns:ds=\"\(SignatureProfile.namespace)\"><V a=\"&#13;\">1</V></p:R>"
    let signed = try await SigningFixture.signed(payload, transforms, .prefixed("ds"))
    let envelope = try XMLDocument(parsing: Self.envelope(signed).octets)
    let standalone = try envelope.standaloneDocument(ofElementAt: [1, 0], droppingNamespace: Self.soap)
    let verified = try EnvelopedSignatureVerifier().verify(standalone)
    #expect(verified.root == (try XMLDocument(parsing: payload.octets)).root)

    // In place, only the digest over the exclusive form is the same.
    if transforms == .envelopedOnly {
      await expectRefusal(.digest) { try EnvelopedSignatureVerifier().verify(envelope, inPlaceAt: [1, 0]) }
    } else {
      #expect(try EnvelopedSignatureVerifier().verify(envelope, inPlaceAt: [1, 0]).root == verified.root)
    }
  }
}
