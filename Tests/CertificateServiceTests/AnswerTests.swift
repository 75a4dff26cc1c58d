import CertificateService
import Foundation
import Testing
import X509
import XMLSignature

/// Answers that must be taken.
@Suite("Answers that are accepted")
struct AnswerTests {
  private func signNew(_ body: String, contentType: String? = "text/xml;charset=UTF-8") async throws -> RetrievalID {
    try await CertificateService.scripted(ScriptedTransport(body, contentType: contentType)).signNew(TestRequests.signNew())
  }

  @Test("the agency's style: signed stand-alone, inclusive, prefixed, base64 with CR")
  func houseStyle() async throws {
    let body = try await HouseStyleResponse().enveloped()
    #expect(body.contains("&#13;\n"))
    #expect(try await signNew(body).text == "R-1")
  }

  @Test(
    "other styles of signature: exclusive transform, default namespace, no line breaks",
    arguments: ReferenceTransforms.allCases, [SignatureStyle.plain, .prefixed("ds"), .prefixed("ds", includesSubjectName: true)])
  func styles(transforms: ReferenceTransforms, style: SignatureStyle) async throws {
    let response = HouseStyleResponse(transforms: transforms, style: style)
    #expect(try await signNew(response.enveloped()).text == "R-1")
  }

  @Test("signed where it stands, after the envelope was put around it", arguments: ReferenceTransforms.allCases)
  func inPlace(transforms: ReferenceTransforms) async throws {
    #expect(try await signNew(HouseStyleResponse(transforms: transforms).signedInPlace()).text == "R-1")
  }

  @Test("an envelope with another prefix, an XML declaration, indentation, and with no header")
  func envelopes() async throws {
    let payload = try await HouseStyleResponse().signed()
    #expect(try await signNew(HouseStyleResponse.envelope(payload, header: "", prefix: "s")).text == "R-1")
    #expect(
      try await signNew("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + HouseStyleResponse.envelope("\n  \(payload)\n")).text == "R-1")
    let byDefault = "<Envelope xmlns=\"\(HouseStyleResponse.soapNamespace)\"><Header></Header><Body>\(payload)</Body></Envelope>"
    // The envelope's default namespace would reach the unqualified children: that is not the element that was signed …
    #expect(try await refusal { try await signNew(byDefault) }.code == .untrusted)
    // … unless they say that they are in none.
    let undeclared = byDefault.replacingOccurrences(of: "<RetrievalId>", with: "<RetrievalId xmlns=\"\">")
      .replacingOccurrences(of: "<Result>", with: "<Result xmlns=\"\">")
    #expect(try await signNew(undeclared).text == "R-1")
  }

  @Test("content types for XML, and none at all", arguments: ["text/xml", "Application/XML; charset=utf-8", "application/soap+xml", nil])
  func contentTypes(contentType: String?) async throws {
    #expect(try await signNew(HouseStyleResponse().enveloped(), contentType: contentType).text == "R-1")
  }

  @Test("white space between the elements of a signed answer means nothing, and neither does xsi:schemaLocation")
  func whiteSpace() async throws {
    let located = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"a b\""
    #expect(try await signNew(HouseStyleResponse(rootAttributes: located).enveloped()).text == "R-1")
    let content = "\n  <RetrievalId>R-1</RetrievalId>\n  <Result>\n <Status>OK</Status> </Result>\n"
    #expect(try await signNew(HouseStyleResponse(content: content).enveloped()).text == "R-1")
  }

  @Test("TAB and newline in a retrieval id are spaces, as the schema's normalizedString says")
  func normalized() async throws {
    #expect(
      try await signNew(HouseStyleResponse(content: HouseStyleResponse.ok("<RetrievalId>R\t1\n</RetrievalId>")).enveloped()).text == "R 1 ")
  }

  @Test("an OK may come with ErrorInfo, and is an OK")
  func okWithInformation() async throws {
    let content =
      "<RetrievalId>R-2</RetrievalId><Result><Status>OK</Status><ErrorInfo><ErrorCode>W</ErrorCode>"
      + "<ErrorMessage>note</ErrorMessage></ErrorInfo></Result>"
    #expect(try await signNew(HouseStyleResponse(content: content).enveloped()).text == "R-2")
  }

  @Test("a renewal's answer")
  func renew() async throws {
    let transport = ScriptedTransport(try await HouseStyleResponse(name: "RenewCertificateResponse").enveloped())
    let request = try await TestRequests.renew().signed(by: TestAuthorities.rsaPrivateKey, certificate: TestAuthorities.customer)
    #expect(try await CertificateService.scripted(transport).renew(request).text == "R-1")
    let posted = try #require(transport.posted.first)
    #expect(posted.headers["SOAPAction"] == "\"renewCertificate\"")
    #expect(String(decoding: posted.body, as: UTF8.self).contains(String(decoding: request.document, as: UTF8.self)))
  }

  @Test(
    "a certificate comes octet for octet, however its base64 is wrapped", arguments: ["&#13;\n", "\n", "\r\n", "", " ", "&#xD;&#xA;\t"])
  func certificate(lineBreak: String) async throws {
    let der = try TestAuthorities.der(TestAuthorities.customer)
    let transport = ScriptedTransport(try await HouseStyleResponse.certificate(der, lineBreak: lineBreak).enveloped())
    #expect(try await CertificateService.scripted(transport).certificate(TestRequests.get()).der == der)
    #expect(transport.posted.first?.headers["SOAPAction"] == "\"getCertificate\"")
  }
}
