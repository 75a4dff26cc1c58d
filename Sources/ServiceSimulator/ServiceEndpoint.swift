import Foundation
import X509
import XMLSignature

/// The service behind its HTTP address: one request in, one answer out, and what to write into the log.
struct ServiceEndpoint: Sendable {
  let configuration: ServiceSimulator.Configuration
  let hierarchy: CAHierarchy
  let desk: ServiceDesk
  let faults: FaultPlan
  let writer: ResponseWriter

  /// The paths of the service. The second is the agency's test bench; here it does the same as the first.
  static let paths = ["/2017/10/CertificateServices", "/DEV/2017/10/CertificateServices"]

  /// A result that has been signed, and what the log says about it.
  private struct Outcome {
    let payload: ResponsePayload
    let note: String
  }

  func answer(_ request: IncomingRequest) async throws -> Answer {
    if let published = try await publication(request) { return published }
    guard Self.paths.contains(request.path) else { return .plain(404, "not found") }
    guard request.method == "POST" else { return .plain(405, "only POST", headers: [("Allow", "POST")]) }
    guard request.hasXMLContent else { return .plain(415, "the Content-Type is not text/xml in UTF-8") }
    guard let body = request.body else { return .plain(413, "the request is too large") }
    do {
      return try await answer(
        SOAPRequest(body: body, soapAction: request.soapAction, maximumBytes: configuration.maximumRequestBytes))
    } catch let violation as RequestViolation {
      return try await answer(violation)
    }
  }

  private func answer(_ request: SOAPRequest) async throws -> Answer {
    let operation = request.operation
    let name = "\(operation) customer=\(Self.printable(request.values.customerID))"
    if let refused = try await answerBeforeCommit(operation, name) { return refused }
    let outcome = try await outcome(request)
    let note = "\(name) -> 200 \(outcome.note)"
    if faults.take(.hangAfterCommit, operation) {
      try await Task.sleep(for: configuration.hangFor)
      return .nothing("\(note), no answer after \(configuration.hangFor)")
    }
    if faults.take(.closeAfterCommit, operation) { return .nothing("\(note), closed without an answer") }
    var answer = Answer.xml(200, try await writer.envelope(outcome.payload), note)
    if faults.take(.slowBody, operation) { answer.pause = configuration.slowBodyPause }
    return answer
  }

  /// The faults that keep a request from being carried out.
  private func answerBeforeCommit(_ operation: ServiceOperation, _ name: String) async throws -> Answer? {
    if faults.take(.hangBeforeCommit, operation) {
      try await Task.sleep(for: configuration.hangFor)
      return .nothing("\(name) -> nothing done, no answer after \(configuration.hangFor)")
    }
    if faults.take(.html502, operation) {
      let page = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
      return Answer(
        status: 502, headers: [("Content-Type", "text/html; charset=utf-8")], body: Array(page.utf8), note: "\(name) -> 502")
    }
    if faults.take(.redirect, operation) {
      return .plain(302, "moved", headers: [("Location", "/moved\(Self.paths[0])")], note: "\(name) -> 302")
    }
    if faults.take(.soapFault500, operation) {
      return .xml(500, Array(ResponseEnvelope.fault(code: "Server", text: "the simulator was asked to fail").utf8), "\(name) -> 500")
    }
    return nil
  }

  private func outcome(_ request: SOAPRequest) async throws -> Outcome {
    let operation = request.operation
    if faults.take(.failWithoutErrorInfo, operation) {
      return Outcome(payload: .fail(operation, []), note: "FAIL without ErrorInfo, as asked")
    }
    if faults.take(.severalErrorInfos, operation) {
      let code = wire(.requested)
      let errors = ["first", "second", "third"].map { ResponsePayload.ErrorInfo(code: code, message: "the \($0) of three errors") }
      return Outcome(payload: .fail(operation, errors), note: "FAIL with three ErrorInfos, as asked")
    }
    do {
      var payload = ResponsePayload.ok(operation, try await carryOut(request))
      if faults.take(.okWithoutRetrievalID, operation) { payload.answer = nil }
      return Outcome(payload: payload, note: "OK")
    } catch let refusal as ServiceRefusal {
      let code = wire(refusal.code)
      return Outcome(
        payload: .fail(operation, [.init(code: code, message: refusal.message)]), note: "FAIL \(code) \(refusal.message)")
    }
  }

  /// - Returns: the text of the answer element.
  private func carryOut(_ request: SOAPRequest) async throws -> String {
    let now = configuration.now()
    switch request.operation {
    case .signNew: return try await desk.signNew(request.values, at: now)
    case .renew:
      let verified = try Self.verified(request)
      return try await desk.renew(verified.values, signer: verified.signer, at: now)
    default: return Data(try await desk.get(request.values, at: now)).base64EncodedString()
    }
  }

  /// Verifies the renewal as a document of its own and reads it again from what the signature covers.
  private static func verified(_ request: SOAPRequest) throws -> (values: RequestValues, signer: Certificate) {
    do {
      let alone = try request.document.standaloneDocument(ofElementAt: request.path, droppingNamespace: Namespaces.soap)
      let verified = try EnvelopedSignatureVerifier().verify(alone)
      return (try RequestSchema.of(.renew).withoutSignature.read(verified.root), verified.signingCertificate)
    } catch let error as XMLSignatureError {
      throw ServiceRefusal(.renewalSignature, "the signature is not valid: \(error.rule)")
    } catch is RequestViolation {
      throw ServiceRefusal(.renewalSignature, "the signature does not cover a RenewCertificateRequest")
    }
  }

  private func answer(_ violation: RequestViolation) async throws -> Answer {
    let name = violation.operation?.description ?? "unknown operation"
    if configuration.schemaErrorsAsFail, let operation = violation.operation {
      let payload = ResponsePayload.fail(
        operation, [.init(code: wire(.schema), message: "\(violation.message) [\(violation.rule)]")])
      return .xml(200, try await writer.envelope(payload), "\(name) -> 200 FAIL \(violation.rule)")
    }
    let fault = ResponseEnvelope.fault(code: violation.faultCode, text: "\(violation.message) [\(violation.rule)]")
    return .xml(500, Array(fault.utf8), "\(name) -> 500 \(violation.rule)")
  }

  /// The certificates and CRLs of the CAs, where the certificates say that they are.
  private func publication(_ request: IncomingRequest) async throws -> Answer? {
    for authority in hierarchy.authorities {
      let kind: String
      let bytes: [UInt8]
      switch request.path {
      case "/ca/\(authority.publishedName).cer": (kind, bytes) = ("application/pkix-cert", try authority.certificate.der)
      case "/crl/\(authority.publishedName).crl":
        (kind, bytes) = ("application/pkix-crl", try await desk.revocationList(of: authority, at: configuration.now()))
      default: continue
      }
      guard request.method == "GET" else { return .plain(405, "only GET", headers: [("Allow", "GET")]) }
      return Answer(status: 200, headers: [("Content-Type", kind)], body: bytes, note: "-> 200")
    }
    return nil
  }

  private func wire(_ code: SimulatorErrorCode) -> String { configuration.errorCodes[code] ?? code.rawValue }

  /// A value from outside, for the log.
  private static func printable(_ text: String) -> String {
    String(text.unicodeScalars.map { $0.isASCII && $0.value > 0x20 && $0.value < 0x7f ? Character($0) : "?" })
  }
}
