import Foundation
import X509
import XMLSignature

/// From an HTTP answer to the one element whose content may be believed.
///
/// The service signs the response element as a document of its own and puts the envelope around it afterwards. So the element is
/// taken out of the envelope, with all of its own namespace declarations kept and only the one of the SOAP envelope dropped that
/// it inherits, and verified as a document; if that fails, it is verified where it stands. Nothing else is tried. Either way
/// what is handed on was parsed anew from the octets that the signature covers.
struct ResponseReader: Sendable {
  let operation: ServiceOperation
  let signers: TrustAnchors
  var revocation = RevocationCheck.off
  let time: Date
  var limits = XMLLimits.standard

  /// The verified response element.
  func payload(of reply: ServiceReply) async throws(CertificateServiceError) -> XMLElement {
    try checkTransfer(reply)
    let document = try parse(reply.body)
    let path = try payloadPath(in: document.root)
    let verified = try verify(document, path: path)
    let chain: [Certificate]
    do {
      chain = try await signers.validate(verified.signingCertificate, at: time)
    } catch {
      throw operation.failure(
        .untrusted, .responseSignerChain, "the signer of the answer is not trusted: \(error.message)",
        hint: "see which authorities are configured to sign answers; \(operation.hintWhenUncertain)", underlying: error)
    }
    do {
      try await revocation.check(chain, at: time)
    } catch {
      throw operation.failure(
        .untrusted, error.rule, "the signer of the answer is not trusted: \(error.message)",
        hint: "\(error.hint.map { "\($0); " } ?? "")\(operation.hintWhenUncertain)", underlying: error)
    }
    return verified.root
  }

  // MARK: - HTTP

  private func checkTransfer(_ reply: ServiceReply) throws(CertificateServiceError) {
    let contentType = reply.contentType.map { "content type \(SafeText.oneLine($0, limit: 80))" } ?? "no content type"
    guard reply.status == 200 else {
      if let fault = SOAPFault(reply.body, limits: limits) { throw faultError(fault, status: reply.status) }
      throw operation.failure(
        .uncertain, .responseStatus, "the answer has HTTP status \(reply.status) (\(contentType)) and is not an answer of the service")
    }
    guard reply.body.count <= limits.maximumBytes else {
      throw operation.failure(.untrusted, .responseSize, "the answer has more than \(limits.maximumBytes) octets")
    }
    if let type = reply.contentType, !isXML(type) {
      throw operation.failure(.untrusted, .responseContentType, "the answer is not XML (\(contentType))")
    }
  }

  /// `text/xml` is what SOAP 1.1 section 6 demands; other types for XML are let through, and so is none at all.
  private func isXML(_ contentType: String) -> Bool {
    let type = contentType.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
    return type == "text/xml" || type == "application/xml" || type.hasSuffix("+xml")
  }

  private func faultError(_ fault: SOAPFault, status: Int) -> CertificateServiceError {
    operation.failure(
      .uncertain, .responseFault, "the answer is a SOAP fault with HTTP status \(status), unsigned: \(fault)")
  }

  // MARK: - Envelope

  private func parse(_ body: [UInt8]) throws(CertificateServiceError) -> XMLDocument {
    do {
      return try XMLDocument(parsing: body, limits: limits)
    } catch {
      let rule: ServiceRule = error.rule == .size ? .responseSize : .responseXML
      throw operation.failure(.untrusted, rule, "the answer cannot be read: \(error.message) (\(error.rule))", underlying: error)
    }
  }

  /// Where the payload stands, after the whole envelope has been checked.
  private func payloadPath(in envelope: XMLElement) throws(CertificateServiceError) -> [Int] {
    guard envelope.name == SOAPName.envelope else {
      throw envelopeError("its root is not a SOAP 1.1 envelope")
    }
    try checkOnlyElements(envelope, called: "envelope")
    var parts = envelope.elements[...]
    if let header = parts.first, header.name == SOAPName.header {
      try checkOnlyElements(header, called: "header")
      guard header.elements.isEmpty else { throw envelopeError("its header is not empty") }
      parts = parts.dropFirst()
    }
    guard parts.count == 1, let body = parts.first, body.name == SOAPName.body else {
      throw envelopeError("it does not have one body after an optional header")
    }
    try checkOnlyElements(body, called: "body")
    let payloads = body.elements
    if payloads.count == 1, payloads[0].name == SOAPName.fault {
      throw faultError(SOAPFault(payloads[0]), status: 200)
    }
    let expected = XMLName(namespace: RequestWriter.namespace, operation.responseName)
    guard payloads.count == 1, payloads[0].name == expected else {
      let found = payloads.prefix(4).map { SafeText.oneLine($0.name.localName, limit: 60) }.joined(separator: ", ")
      throw operation.failure(
        .untrusted, .responseOnePayload,
        "the body must hold one \(operation.responseName) and holds \(payloads.isEmpty ? "nothing" : found)")
    }
    return [envelope.elements.count - 1, 0]
  }

  private func checkOnlyElements(_ element: XMLElement, called name: String) throws(CertificateServiceError) {
    guard ResponseContent.isBlank(element.text) else { throw envelopeError("there is text in its \(name)") }
  }

  private func envelopeError(_ message: String) -> CertificateServiceError {
    operation.failure(.untrusted, .responseEnvelope, "the answer is not the expected envelope: \(message)")
  }

  // MARK: - Signature

  private func verify(_ document: XMLDocument, path: [Int]) throws(CertificateServiceError) -> VerifiedDocument {
    let verifier = EnvelopedSignatureVerifier(limits: limits)
    do {
      let payload = try document.standaloneDocument(ofElementAt: path, droppingNamespace: SOAPEnvelope.namespace)
      return try verifier.verify(payload)
    } catch {
      if let verified = try? verifier.verify(document, inPlaceAt: path) { return verified }
      throw operation.failure(
        .untrusted, .responseSignature, "the signature of the answer does not hold: \(error.message) (\(error.rule))",
        underlying: error)
    }
  }
}

/// Names of SOAP 1.1. A prefix is no part of a name.
enum SOAPName {
  static let envelope = XMLName(namespace: SOAPEnvelope.namespace, "Envelope")
  static let header = XMLName(namespace: SOAPEnvelope.namespace, "Header")
  static let body = XMLName(namespace: SOAPEnvelope.namespace, "Body")
  static let fault = XMLName(namespace: SOAPEnvelope.namespace, "Fault")
}
