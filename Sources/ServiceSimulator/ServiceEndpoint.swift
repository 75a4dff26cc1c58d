import Foundation
import SwiftASN1
import X509
import XMLSignature

/// The service behind its HTTP address: one request in, one answer out, and what to write into the log.
struct ServiceEndpoint: Sendable {
  let configuration: ServiceSimulator.Configuration
  let hierarchy: CAHierarchy
  let desk: ServiceDesk
  let bench: LazyTestBench
  let faults: FaultPlan
  let clock: SimulatedClock
  let log: RequestLog
  let writer: ResponseWriter
  /// Where it listens: `http://127.0.0.1:PORT`
  let address: String

  /// The paths of the service. The second is the agency's test bench.
  static let paths = ["/2017/10/CertificateServices", TestBench.path]

  /// A result that has been signed, and what the log says about it.
  private struct Outcome {
    var payload: ResponsePayload
    let note: String
  }

  /// Answers, and has the answer in the log before anybody can see it.
  func answer(_ request: IncomingRequest) async throws -> Answer {
    let exchange = Exchange(request, faults: faults, at: clock.now, machineTime: clock.machineTime)
    do {
      let answer = try await answer(request, exchange)
      exchange.note { entry in
        if case .none = answer.delivery { entry.status = 0 } else { entry.status = answer.status }
        entry.delivery = answer.deliveryName
        entry.outcome = answer.note
      }
      if answer.isLogged {
        log.add(exchange.logged, LoggedMessages(request: exchange.isOfRightForm ? request.body : nil, response: answer.body))
      }
      return answer
    } catch {
      exchange.note { entry in
        entry.status = 500
        entry.outcome = "-> 500 internal error: \(error)"
      }
      log.add(exchange.logged)
      throw error
    }
  }

  private func answer(_ request: IncomingRequest, _ exchange: Exchange) async throws -> Answer {
    if let page = await page(request) { return page }
    if let published = try await publication(request, exchange) { return published }
    guard Self.paths.contains(request.path) else { return .plain(404, "not found") }
    let isBench = request.path == TestBench.path
    if isBench {
      guard configuration.environment == .test else { return .plain(404, "the test bench belongs to the test environment") }
      exchange.note { $0.isTestBench = true }
    }
    guard request.method == "POST" else { return .plain(405, "only POST", headers: [("Allow", "POST")]) }
    guard request.hasXMLContent else { return .plain(415, "the Content-Type is not text/xml in UTF-8") }
    guard let body = request.body else { return .plain(413, "the request is too large") }
    do {
      let request = try SOAPRequest(body: body, soapAction: request.soapAction, maximumBytes: configuration.maximumRequestBytes)
      exchange.note(request.values)
      return try await answer(request, isBench ? bench.get() : nil, exchange)
    } catch let violation as RequestViolation {
      return try await answer(violation, exchange)
    }
  }

  private func answer(_ request: SOAPRequest, _ bench: TestBench?, _ exchange: Exchange) async throws -> Answer {
    let operation = request.operation
    let name = "\(operation) customer=\(PlainText.of(request.values.customerID))"
    if let refused = answerBeforeCommit(operation, name, exchange) { return refused }
    let outcome = try await outcome(request, bench, exchange)
    exchange.note { entry in
      entry.result = outcome.payload.isOK ? "OK" : "FAIL"
      entry.errorCodes = outcome.payload.errors.map(\.code)
    }
    let note = "\(name) -> 200 \(outcome.note)"
    if exchange.take(.hangAfterCommit, operation) {
      return .nothing("\(note), no answer for \(configuration.hangFor)", after: configuration.hangFor)
    }
    if exchange.take(.closeAfterCommit, operation) { return .nothing("\(note), closed without an answer") }
    var answer = Answer.xml(200, try await writer.envelope(outcome.payload, operation, exchange), note)
    if exchange.take(.cutInHeader, operation) {
      answer.delivery = .cutInHeader
      answer.note += ", cut in the header"
    } else if exchange.take(.cutInBody, operation) {
      answer.delivery = .cutInBody
      answer.note += ", cut in the body"
    } else if exchange.take(.slowBody, operation) {
      answer.delivery = .slow(configuration.slowBodyPause)
    }
    if exchange.take(.lateAnswer, operation) { answer.silence = configuration.lateFor }
    return answer
  }

  /// The faults that keep a request from being carried out.
  private func answerBeforeCommit(_ operation: ServiceOperation, _ name: String, _ exchange: Exchange) -> Answer? {
    if exchange.take(.hangBeforeCommit, operation) {
      return .nothing("\(name) -> nothing done, no answer for \(configuration.hangFor)", after: configuration.hangFor)
    }
    if exchange.take(.closeBeforeCommit, operation) { return .nothing("\(name) -> nothing done, closed without an answer") }
    if exchange.take(.html502, operation) {
      let page = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
      return Answer(
        status: 502, headers: [("Content-Type", "text/html; charset=utf-8")], body: Array(page.utf8), note: "\(name) -> 502")
    }
    if exchange.take(.redirect, operation) {
      return .plain(302, "moved", headers: [("Location", "/moved\(Self.paths[0])")], note: "\(name) -> 302")
    }
    if exchange.take(.soapFault500, operation) {
      return .xml(500, Array(ResponseEnvelope.fault(code: "Server", text: "the simulator was asked to fail").utf8), "\(name) -> 500")
    }
    if exchange.take(.empty200, operation) { return .xml(200, [], "\(name) -> 200 with nothing in it") }
    return nil
  }

  private func outcome(_ request: SOAPRequest, _ bench: TestBench?, _ exchange: Exchange) async throws -> Outcome {
    let operation = request.operation
    if exchange.take(.failWithoutErrorInfo, operation) {
      return Outcome(payload: .fail(operation, []), note: "FAIL without ErrorInfo, as asked")
    }
    if exchange.take(.severalErrorInfos, operation) {
      let code = wire(.requested)
      let errors = ["first", "second", "third"].map { ResponsePayload.ErrorInfo(code: code, message: "the \($0) of three errors") }
      return Outcome(payload: .fail(operation, errors), note: "FAIL with three ErrorInfos, as asked")
    }
    do {
      for fault in ServiceFault.refusals where exchange.take(fault, operation) {
        if let refusal = fault.refusal { throw ServiceRefusal(refusal.code, refusal.message) }
      }
      var payload = ResponsePayload.ok(operation, try await carryOut(request, bench, exchange))
      if exchange.take(.okWithoutRetrievalID, operation) { payload.answer = nil }
      if exchange.take(.answerToAnotherOperation, operation) {
        payload.operation = operation == .signNew ? .renew : .signNew
        if operation == .get { payload.answer = request.values.retrievalID }
      }
      return Outcome(payload: payload, note: "OK")
    } catch let refusal as ServiceRefusal {
      let code = wire(refusal.code)
      return Outcome(
        payload: .fail(operation, [.init(code: code, message: refusal.message)]), note: "FAIL \(code) \(refusal.message)")
    }
  }

  /// - Returns: the text of the answer element.
  private func carryOut(_ request: SOAPRequest, _ bench: TestBench?, _ exchange: Exchange) async throws -> String {
    let now = clock.now
    let commitment: ServiceDesk.Commitment
    switch request.operation {
    case .signNew:
      if let bench {
        commitment = try bench.signNew(request.values, exchange)
      } else {
        commitment = try await desk.signNew(request.values, at: now, exchange)
      }
    case .renew:
      let verified = try Self.verified(request)
      exchange.note { $0.signerSerial = verified.signer.serialNumber.hexadecimal }
      if let bench {
        commitment = try bench.renew(verified.values, signer: verified.signer, exchange)
      } else {
        commitment = try await desk.renew(verified.values, signer: verified.signer, at: now, exchange)
      }
    default:
      return Data(try await certificate(for: request.values, bench, at: now, exchange)).base64EncodedString()
    }
    exchange.note { entry in
      entry.committed = bench == nil
      entry.retrievalID = commitment.retrievalID
      entry.serial = commitment.certificate.serialNumber.hexadecimal
    }
    guard exchange.take(.staleRetrievalID, request.operation) else { return commitment.retrievalID }
    return await desk.retrievalID(before: commitment.retrievalID, of: request.values.customerID)
      ?? "SIM-STALE-" + hierarchy.providers.random.hexadecimal(characters: 22)
  }

  /// The octets of the Certificate element: DER, unless a fault says otherwise.
  private func certificate(
    for values: RequestValues, _ bench: TestBench?, at now: Date, _ exchange: Exchange
  ) async throws -> [UInt8] {
    let certificate: Certificate
    if let bench { certificate = try bench.get(values) } else { certificate = try await desk.get(values, at: now, exchange) }
    let answered = try CertificateFaults(
      hierarchy: hierarchy, lifetimeDays: configuration.certificateLifetimeDays, defaultCustomerName: configuration.defaultCustomerName
    ).apply(to: certificate, known: await desk.firstCertificate(of: values.customerID), at: now, exchange)
    exchange.note { $0.serial = answered.serialNumber.hexadecimal }
    if exchange.take(.pemInsteadOfDER, .get) { return Array((try answered.serializeAsPEM().pemString + "\n").utf8) }
    return try answered.der
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

  private func answer(_ violation: RequestViolation, _ exchange: Exchange) async throws -> Answer {
    let name = violation.operation?.description ?? "unknown operation"
    exchange.note { $0.operation = violation.operation?.rawValue }
    if configuration.schemaErrorsAsFail, let operation = violation.operation {
      let payload = ResponsePayload.fail(
        operation, [.init(code: wire(.schema), message: "\(violation.message) [\(violation.rule)]")])
      return .xml(200, try await writer.envelope(payload, operation, exchange), "\(name) -> 200 FAIL \(violation.rule)")
    }
    let fault = ResponseEnvelope.fault(code: violation.faultCode, text: "\(violation.message) [\(violation.rule)]")
    return .xml(500, Array(fault.utf8), "\(name) -> 500 \(violation.rule)")
  }

  private func wire(_ code: SimulatorErrorCode) -> String { configuration.errorCodes[code] ?? code.rawValue }
}
