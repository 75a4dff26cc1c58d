import CertificateService
import Foundation
import Secrets
import TestSupport
import Testing
import X509
import XMLSignature

@Suite("Requests")
struct RequestTests {
  @Test("a GetCertificate request is written exactly so")
  func getBytes() throws {
    let request = GetCertificateRequest(
      environment: .production, customer: try Customer(id: "a&b", name: "<Ä> \u{1F600}"), retrievalID: try RetrievalID("R 1"))
    #expect(
      String(decoding: request.document, as: UTF8.self)
        == #"<cs:GetCertificateRequest xmlns:cs="http://certificates.vero.fi/2017/10/certificateservices">"#
        + "<Environment>PRODUCTION</Environment><CustomerId>a&amp;b</CustomerId><CustomerName>&lt;Ä&gt; \u{1F600}</CustomerName>"
        + "<RetrievalId>R 1</RetrievalId></cs:GetCertificateRequest>")
  }

  @Test("a customer without a name has no CustomerName element")
  func noName() throws {
    let request = GetCertificateRequest(environment: .test, customer: try Customer(id: "1"), retrievalID: try RetrievalID("2"))
    #expect(!String(decoding: request.document, as: UTF8.self).contains("CustomerName"))
  }

  @Test("every request is its own canonical form, exclusive and inclusive")
  func canonical() throws {
    var documents = [try TestRequests.get().document, try TestRequests.renew().document]
    documents.append(try TestRequests.signNew().withDocument { $0 })
    for document in documents {
      let parsed = try XMLDocument(parsing: document)
      #expect(try parsed.canonicalized(.exclusive) == document)
      #expect(try parsed.canonicalized(.inclusive) == document)
    }
  }

  @Test("REQUEST-PAYLOAD the envelope goes around the payload byte for byte, and only around an element")
  func envelope() throws {
    let payload = try TestRequests.renew().document
    let envelope = try SOAPEnvelope.wrap(payload: payload)
    let text = String(decoding: envelope, as: UTF8.self)
    #expect(text.contains("Body>" + String(decoding: payload, as: UTF8.self) + "</"))
    #expect(try XMLDocument(parsing: envelope).root.name == XMLName(namespace: SOAPEnvelope.namespace, "Envelope"))
    for bad in ["<?xml version=\"1.0\"?><a/>", "", " <a/>", "<!-- --><a/>"] {
      let error = #expect(throws: CertificateServiceError.self) { try SOAPEnvelope.wrap(payload: Array(bad.utf8)) }
      #expect(error?.rule == .requestPayload)
    }
  }

  @Test("the message that is sent is the envelope that can be shown")
  func sameBytes() async throws {
    let transport = ScriptedTransport(try await HouseStyleResponse().enveloped())
    let request = try TestRequests.signNew()
    _ = try await CertificateService.scripted(transport).signNew(request)
    let posted = try #require(transport.posted.first)
    request.withEnvelope { #expect($0 == posted.body) }
    let wrapped = try request.withDocument { try SOAPEnvelope.wrap(payload: $0) }
    #expect(wrapped == posted.body)
    #expect(posted.headers["SOAPAction"] == "\"signNewCertificate\"")
    #expect(posted.headers["Content-Type"] == "text/xml; charset=utf-8")
    #expect(posted.endpoint == "https://pkiws-testi.vero.fi/2017/10/CertificateServices")
  }

  // MARK: - REQUEST-TEXT

  @Test(
    "REQUEST-TEXT lengths are counted in Unicode scalars and both ends are open",
    arguments: [(0, false), (1, true), (30, true), (31, false)])
  func lengths(count: Int, accepted: Bool) throws {
    for unit in ["x", "\u{1F600}", "e\u{301}"] {
      let scalars = Array(String(repeating: unit, count: count).unicodeScalars.prefix(count))
      let text = String(String.UnicodeScalarView(scalars))
      if accepted {
        #expect(try Customer(id: text).id == text)
      } else {
        #expect(throws: CertificateServiceError.self) { try Customer(id: text) }
      }
    }
  }

  @Test(
    "REQUEST-TEXT characters that XML forbids or a normalizedString would change are refused, by their number",
    arguments: ["\t", "\n", "\r", "\0", "\u{B}", "\u{1B}", "\u{FFFE}", "\u{FFFF}"])
  func characters(bad: String) throws {
    let error = #expect(throws: CertificateServiceError.self) { try Customer(id: "1", name: "a\(bad)b") }
    #expect(error?.rule == .requestText)
    #expect(error?.code == .invalidRequest)
    #expect(error?.message.contains("U+") == true)
    #expect(error?.description.contains(bad) == false)
    #expect(throws: CertificateServiceError.self) { try RetrievalID("a\(bad)") }
    #expect(throws: CertificateServiceError.self) { try TransferCredentials(id: "a\(bad)", password: SecretBytes(copying: [65])) }
  }

  @Test("REQUEST-CSR-SIZE a certificate request has 1 to 10240 octets", arguments: [0, 10241])
  func requestSize(count: Int) throws {
    let customer = try TestRequests.customer()
    let der = [UInt8](repeating: 0x30, count: count)
    let error = #expect(throws: CertificateServiceError.self) {
      try RenewCertificateRequest(environment: .test, customer: customer, certificateRequestDER: der)
    }
    #expect(error?.rule == .requestCertificateRequest)
    let credentials = try TestRequests.credentials()
    #expect(throws: CertificateServiceError.self) {
      try SignNewCertificateRequest(environment: .test, customer: customer, credentials: credentials, certificateRequestDER: der)
    }
  }

  @Test("customers are told apart by their octets, not by how they look")
  func customerEquality() throws {
    #expect(try Customer(id: "\u{E9}") != Customer(id: "e\u{301}"))
    #expect(try Customer(id: "1", name: "a") == Customer(id: "1", name: "a"))
  }

  // MARK: - REQUEST-SIGNER-KEY

  @Test("a renewal is signed with the old key and verifies, with either list of transforms", arguments: ReferenceTransforms.allCases)
  func renewal(transforms: ReferenceTransforms) async throws {
    let request = try TestRequests.renew()
    let signed = try await request.signed(by: TestAuthorities.rsaPrivateKey, certificate: TestAuthorities.customer, transforms: transforms)
    let verified = try EnvelopedSignatureVerifier().verify(signed.document)
    #expect(verified.signingCertificate == TestAuthorities.customer)
    #expect(verified.transforms == transforms)
    #expect(verified.signedOctets == request.document)
    // It also holds where it stands in the envelope, whichever reader the service has.
    let envelope = try XMLDocument(parsing: SOAPEnvelope.wrap(payload: signed.document))
    let standalone = try envelope.standaloneDocument(ofElementAt: [0, 0], droppingNamespace: SOAPEnvelope.namespace)
    #expect(try EnvelopedSignatureVerifier().verify(standalone).signedOctets == request.document)
  }

  @Test("REQUEST-SIGNER-KEY a renewal is not signed with another key than the certificate's")
  func wrongKey() async throws {
    let error = try await refusal {
      try await TestRequests.renew().signed(by: TestAuthorities.providers.privateKey, certificate: TestAuthorities.customer)
    }
    #expect(error.rule == .requestSignerKey)
  }

  // MARK: - REQUEST-ENVIRONMENT

  @Test("REQUEST-ENVIRONMENT nothing is sent to another environment than the request names")
  func environment() async throws {
    let transport = ScriptedTransport(throwing: TransportFailure(requestMayHaveBeenSent: false, message: "not reached"))
    let service = CertificateService(environment: .production, transport: transport, responseSigners: TestAuthorities.responseSigners)
    let renewal = try await TestRequests.renew().signed(by: TestAuthorities.rsaPrivateKey, certificate: TestAuthorities.customer)
    let errors = [
      try await refusal { try await service.signNew(TestRequests.signNew()) },
      try await refusal { try await service.renew(renewal) },
      try await refusal { try await service.certificate(TestRequests.get()) },
    ]
    for error in errors {
      #expect(error.rule == .requestEnvironment)
      #expect(error.code == .invalidRequest)
      #expect(!error.outcomeIsUncertain)
    }
    #expect(transport.posted.isEmpty)
  }
}
