import CertificateService
import Foundation
import Testing
import X509
import XMLSignature

/// Answers that must be refused, each by its rule, with nothing of them kept: a call returns a value or throws, so what throws kept
/// nothing.
@Suite("Answers that are refused")
struct HostileAnswerTests {
  /// The refusal of an answer to SignNew, which must never say that the request may be repeated.
  private func refuse(
    _ body: String, status: Int = 200, contentType: String? = "text/xml", signers: TrustAnchors = TestAuthorities.responseSigners,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> CertificateServiceError {
    let service = CertificateService.scripted(ScriptedTransport(body, status: status, contentType: contentType), signers: signers)
    let error = try await refusal({ try await service.signNew(TestRequests.signNew()) }, sourceLocation: sourceLocation)
    #expect(error.outcomeIsUncertain, sourceLocation: sourceLocation)
    #expect(error.hint != nil, sourceLocation: sourceLocation)
    #expect(!error.description.contains("R-1"), sourceLocation: sourceLocation)
    return error
  }

  private func expect(
    _ error: CertificateServiceError, _ rule: ServiceRule, _ xmlRule: XMLRule? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(error.code == .untrusted, sourceLocation: sourceLocation)
    #expect(error.rule == rule, sourceLocation: sourceLocation)
    if let xmlRule { #expect((error.underlying as? XMLSignatureError)?.rule == xmlRule, sourceLocation: sourceLocation) }
  }

  // MARK: - RESPONSE-SIGNATURE

  @Test("RESPONSE-SIGNATURE an unsigned OK is not data")
  func unsigned() async throws {
    expect(try await refuse(HouseStyleResponse.envelope(HouseStyleResponse().unsigned)), .responseSignature, .oneSignature)
  }

  @Test("RESPONSE-SIGNATURE an unsigned FAIL is not an answer of the service either")
  func unsignedFailure() async throws {
    let response = HouseStyleResponse(content: HouseStyleResponse.fail([("PKI020", "made up")]))
    let error = try await refuse(HouseStyleResponse.envelope(response.unsigned))
    expect(error, .responseSignature)
    #expect(error.errorInformation.isEmpty)
    #expect(!error.description.contains("PKI020"))
  }

  @Test("RESPONSE-SIGNATURE one character changed")
  func tampered() async throws {
    let body = try await HouseStyleResponse().enveloped()
    expect(try await refuse(body.replacingOccurrences(of: "R-1<", with: "R-3<")), .responseSignature, .digest)
  }

  @Test("RESPONSE-SIGNATURE a signed FAIL turned into an OK")
  func turned() async throws {
    let body = try await HouseStyleResponse(content: HouseStyleResponse.fail()).enveloped()
    expect(try await refuse(body.replacingOccurrences(of: "FAIL", with: "OK")), .responseSignature, .digest)
  }

  @Test("RESPONSE-SIGNATURE SHA-1, in the digest and in the signature", arguments: [SignatureFault.sha1Digest, .sha1Signature])
  func sha1(fault: SignatureFault) async throws {
    expect(
      try await refuse(HouseStyleResponse(fault: fault).enveloped()), .responseSignature,
      fault == .sha1Digest ? .digestAlgorithm : .signatureAlgorithm)
  }

  @Test("RESPONSE-SIGNATURE two signatures")
  func twoSignatures() async throws {
    let payload = try await HouseStyleResponse(style: .plain).signed()
    let start = try #require(payload.range(of: "<Signature "))
    let end = try #require(payload.range(of: "</ser:"))
    let doubled = payload.replacingCharacters(in: end, with: payload[start.lowerBound..<end.lowerBound] + "</ser:")
    expect(try await refuse(HouseStyleResponse.envelope(doubled)), .responseSignature, .oneSignature)
  }

  @Test("RESPONSE-SIGNATURE a signed answer that is moved into the unsigned one in its place")
  func wrappedInside() async throws {
    let signed = try await HouseStyleResponse().signed()
    let evil = HouseStyleResponse(content: HouseStyleResponse.ok("<RetrievalId>EVIL</RetrievalId>") + signed).unsigned
    let error = try await refuse(HouseStyleResponse.envelope(evil))
    expect(error, .responseSignature, .signaturePlace)
    #expect(!error.description.contains("EVIL"))
  }

  @Test("one octet changed or the end cut off, anywhere: a refusal, or the very answer that was signed")
  func mutations() async throws {
    let body = Array(try await HouseStyleResponse().enveloped().utf8)
    let request = try TestRequests.get()
    let certificateBody = Array(try await HouseStyleResponse.certificate([1, 2, 3, 4]).enveloped().utf8)
    for index in stride(from: 0, to: body.count, by: 5) {
      for mask: UInt8 in [0x01, 0x20] {
        var changed = body
        changed[index] ^= mask
        let transport = ScriptedTransport(String(decoding: changed, as: UTF8.self))
        let answer = try? await CertificateService.scripted(transport).signNew(TestRequests.signNew())
        #expect(answer == nil || answer?.text == "R-1", "octet \(index)")
      }
      let cut = ScriptedTransport(String(decoding: certificateBody.prefix(index), as: UTF8.self))
      await #expect(throws: CertificateServiceError.self) { try await CertificateService.scripted(cut).certificate(request) }
    }
  }

  // MARK: - RESPONSE-ENVELOPE, RESPONSE-ONE-PAYLOAD

  @Test("RESPONSE-ENVELOPE a signed answer moved into the header, with an unsigned one in its place")
  func wrappedInHeader() async throws {
    let signed = try await HouseStyleResponse().signed()
    let evil = HouseStyleResponse(content: HouseStyleResponse.ok("<RetrievalId>EVIL</RetrievalId>")).unsigned
    let body = HouseStyleResponse.envelope(evil, header: "<SOAP-ENV:Header>\(signed)</SOAP-ENV:Header>")
    expect(try await refuse(body), .responseEnvelope)
  }

  @Test("RESPONSE-ONE-PAYLOAD a signed answer beside an unsigned one, in either order")
  func wrappedBeside() async throws {
    let signed = try await HouseStyleResponse().signed()
    let evil = HouseStyleResponse(content: HouseStyleResponse.ok("<RetrievalId>EVIL</RetrievalId>")).unsigned
    expect(try await refuse(HouseStyleResponse.envelope(signed + evil)), .responseOnePayload)
    expect(try await refuse(HouseStyleResponse.envelope(evil + signed)), .responseOnePayload)
  }

  @Test("RESPONSE-ONE-PAYLOAD the answer to another request, or of another namespace, or nothing")
  func otherPayload() async throws {
    expect(try await refuse(HouseStyleResponse(name: "RenewCertificateResponse").enveloped()), .responseOnePayload)
    expect(try await refuse(HouseStyleResponse(namespace: "urn:other").enveloped()), .responseOnePayload)
    expect(try await refuse(HouseStyleResponse.envelope("")), .responseOnePayload)
  }

  @Test("RESPONSE-ENVELOPE what is not one SOAP 1.1 envelope with one body")
  func envelopes() async throws {
    let payload = try await HouseStyleResponse().signed()
    let good = HouseStyleResponse.envelope(payload)
    let bad = [
      payload,
      good.replacingOccurrences(of: HouseStyleResponse.soapNamespace, with: "http://www.w3.org/2003/05/soap-envelope"),
      good.replacingOccurrences(of: "<SOAP-ENV:Body>", with: "<SOAP-ENV:Body/><SOAP-ENV:Body>"),
      good.replacingOccurrences(of: "<SOAP-ENV:Header/>", with: "<SOAP-ENV:Header/><SOAP-ENV:Header/>"),
      good.replacingOccurrences(of: "<SOAP-ENV:Header/>", with: "text"),
      good.replacingOccurrences(of: "<SOAP-ENV:Header/>", with: "<SOAP-ENV:Header>text</SOAP-ENV:Header>"),
      good.replacingOccurrences(of: "<SOAP-ENV:Body>", with: "<SOAP-ENV:Body>text"),
      good.replacingOccurrences(of: "</SOAP-ENV:Envelope>", with: "<after/></SOAP-ENV:Envelope>"),
      good.replacingOccurrences(of: "SOAP-ENV:Body", with: "SOAP-ENV:Bodies"),
    ]
    for body in bad {
      #expect(body != good)
      expect(try await refuse(body), .responseEnvelope)
    }
  }

  // MARK: - RESPONSE-XML, RESPONSE-SIZE

  @Test("RESPONSE-XML a document type, with and without entities")
  func documentType() async throws {
    let body = try await HouseStyleResponse().enveloped()
    expect(try await refuse("<!DOCTYPE x>" + body), .responseXML, .documentType)
    let entity = "<!DOCTYPE x [<!ENTITY r \"R-1\">]>" + body.replacingOccurrences(of: ">R-1<", with: ">&r;<")
    expect(try await refuse(entity), .responseXML, .documentType)
    let external = "<!DOCTYPE x [<!ENTITY r SYSTEM \"file:///etc/hostname\">]>" + body
    expect(try await refuse(external), .responseXML, .documentType)
  }

  @Test("RESPONSE-XML what is not XML", arguments: ["", "OK", "<html><body>busy<br></body></html>", "{\"status\":\"OK\"}", "\u{0}"])
  func notXML(body: String) async throws {
    let error = try await refuse(body)
    #expect(error.code == .untrusted)
    #expect(error.rule == .responseXML || body.isEmpty && error.rule == .responseSize)
  }

  @Test("RESPONSE-SIZE more than a mebibyte")
  func oversize() async throws {
    let padding = String(repeating: " ", count: 1 << 20)
    expect(try await refuse(HouseStyleResponse().enveloped() + padding), .responseSize)
  }

  // MARK: - RESPONSE-STATUS, RESPONSE-CONTENT-TYPE, RESPONSE-FAULT

  @Test("RESPONSE-STATUS a gateway's page names the status and the content type and shows nothing of itself")
  func badGateway() async throws {
    let error = try await refuse("<html>\u{1B}[2J SECRET</html>", status: 502, contentType: "text/html; charset=\u{1B}[31mutf-8")
    #expect(error.code == .uncertain)
    #expect(error.rule == .responseStatus)
    #expect(error.message.contains("502") && error.message.contains("text/html"))
    #expect(!error.description.contains("SECRET") && !error.description.contains("\u{1B}"))
  }

  @Test("RESPONSE-STATUS a signed OK under another status is not data", arguments: [201, 202, 302, 500])
  func status(status: Int) async throws {
    let error = try await refuse(HouseStyleResponse().enveloped(), status: status)
    #expect(error.rule == .responseStatus && error.code == .uncertain)
  }

  @Test("RESPONSE-STATUS what is not a SOAP 1.1 fault is not read as one")
  func notFault() async throws {
    let fault = HouseStyleResponse.fault("text")
    let others = [
      fault.replacingOccurrences(of: HouseStyleResponse.soapNamespace, with: "http://www.w3.org/2003/05/soap-envelope"),
      fault.replacingOccurrences(of: "SOAP-ENV:Envelope", with: "SOAP-ENV:Other"),
      fault.replacingOccurrences(of: "SOAP-ENV:Fault", with: "Fault"), "<!DOCTYPE x>" + fault,
    ]
    for other in others {
      #expect(try await refuse(other, status: 500).rule == .responseStatus)
    }
  }

  @Test("RESPONSE-CONTENT-TYPE a page with status 200")
  func contentType() async throws {
    expect(try await refuse(HouseStyleResponse().enveloped(), contentType: "text/html"), .responseContentType)
  }

  @Test("RESPONSE-FAULT a fault is the text of an error, bounded and without control characters", arguments: [200, 500])
  func fault(status: Int) async throws {
    let text = "bad &#13;&#10;\u{85}\u{202E}thing " + String(repeating: "long ", count: 200)
    let error = try await refuse(HouseStyleResponse.fault(text), status: status)
    #expect(error.code == .uncertain)
    #expect(error.rule == .responseFault)
    #expect(error.message.contains("\"bad thing long"))
    #expect(error.message.contains("SOAP-ENV:Client"))
    #expect(error.message.count < 400)
    let isClean = error.message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && $0 != "\u{202E}" }
    #expect(isClean)
  }

  // MARK: - RESPONSE-SIGNER-CHAIN

  @Test("RESPONSE-SIGNER-CHAIN a signer of another authority with the same names")
  func otherAuthority() async throws {
    let root = try TestAuthority("Test Root CA")
    let intermediate = try TestAuthority("Test Intermediate CA", issuer: root)
    let services = try TestAuthority("Test Services Issuing CA", issuer: intermediate)
    let error = try await refuse(HouseStyleResponse(signer: services.issue()).enveloped())
    expect(error, .responseSignerChain)
    #expect(error.message.contains("did not sign it"))
  }

  @Test("RESPONSE-SIGNER-CHAIN a customer's certificate under the same root does not sign answers")
  func customerSigns() async throws {
    let error = try await refuse(HouseStyleResponse(signer: TestAuthorities.customer).enveloped())
    expect(error, .responseSignerChain)
    #expect(error.message.contains("not among the trusted authorities"))
  }

  @Test("RESPONSE-SIGNER-CHAIN a signer that has expired, is not valid yet, is an authority, or may not sign")
  func badSigner() async throws {
    let authority = TestAuthorities.services
    let signers = try [
      authority.issue(.init(to: -60)), authority.issue(.init(from: 60)), authority.issue(.init(isAuthority: true)),
      authority.issue(.init(usage: KeyUsage(keyEncipherment: true))),
    ]
    for signer in signers {
      expect(try await refuse(HouseStyleResponse(signer: signer).enveloped()), .responseSignerChain)
    }
  }

  // MARK: - RESPONSE-SCHEMA, RESPONSE-RESULT, RESPONSE-MISSING-ELEMENT

  @Test(
    "RESPONSE-SCHEMA what the schema does not allow, signed or not",
    arguments: [
      "", "<RetrievalId>R-1</RetrievalId>",
      "<Result><Status>OK</Status></Result><RetrievalId>R-1</RetrievalId>",
      "<RetrievalId>R-1</RetrievalId><RetrievalId>R-1</RetrievalId><Result><Status>OK</Status></Result>",
      "<Certificate>AAAA</Certificate><Result><Status>OK</Status></Result>",
      "<RetrievalId>R-1</RetrievalId><Result><Status>OK</Status></Result><Extra/>",
      "text<RetrievalId>R-1</RetrievalId><Result><Status>OK</Status></Result>",
      "<RetrievalId>R-1<b/></RetrievalId><Result><Status>OK</Status></Result>",
      "<RetrievalId a=\"b\">R-1</RetrievalId><Result><Status>OK</Status></Result>",
      "<ser:RetrievalId>R-1</ser:RetrievalId><ser:Result><ser:Status>OK</ser:Status></ser:Result>",
      "<RetrievalId>R-1</RetrievalId><Result/>",
      "<RetrievalId>R-1</RetrievalId><Result><Status>OK</Status><Status>OK</Status></Result>",
      "<RetrievalId>R-1</RetrievalId><Result><ErrorInfo/><Status>OK</Status></Result>",
      "<RetrievalId></RetrievalId><Result><Status>OK</Status></Result>",
      "<RetrievalId>123456789012345678901234567890123</RetrievalId><Result><Status>OK</Status></Result>",
      "<Result><Status>FAIL</Status><ErrorInfo><ErrorMessage>m</ErrorMessage><ErrorCode>c</ErrorCode></ErrorInfo></Result>",
      "<Result><Status>FAIL</Status><ErrorInfo><ErrorCode>c</ErrorCode></ErrorInfo></Result>",
      "<Result><Status>FAIL</Status><Other/></Result>",
    ])
  func schema(content: String) async throws {
    expect(try await refuse(HouseStyleResponse(content: content).enveloped()), .responseSchema)
  }

  @Test(
    "RESPONSE-SCHEMA an attribute on the response element",
    arguments: [" a=\"b\"", " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\""])
  func rootAttribute(attributes: String) async throws {
    expect(try await refuse(HouseStyleResponse(rootAttributes: attributes).enveloped()), .responseSchema)
  }

  @Test("RESPONSE-RESULT a status that is neither OK nor FAIL", arguments: ["", "ok", " OK", "OK ", "SUCCESS"])
  func otherStatus(status: String) async throws {
    let content = "<RetrievalId>R-1</RetrievalId><Result><Status>\(status)</Status></Result>"
    expect(try await refuse(HouseStyleResponse(content: content).enveloped()), .responseResult)
  }

  @Test("RESPONSE-RESULT a FAIL that carries a retrieval id")
  func failWithAnswer() async throws {
    let content = HouseStyleResponse.fail([("E", "m")], answer: "<RetrievalId>R-1</RetrievalId>")
    expect(try await refuse(HouseStyleResponse(content: content).enveloped()), .responseResult)
  }

  @Test("RESPONSE-MISSING-ELEMENT an OK without a retrieval id")
  func okWithoutAnswer() async throws {
    expect(try await refuse(HouseStyleResponse(content: HouseStyleResponse.ok("")).enveloped()), .responseMissingElement)
  }
}
