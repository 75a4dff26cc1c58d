public import Foundation

/// The agency's certificate service: three operations and strict answers.
///
/// Data is read only from what a trusted signature covers. A call sends exactly one request and never repeats it; what an error
/// means for a request that must not be repeated is in ``CertificateServiceError/outcomeIsUncertain``.
public struct CertificateService: Sendable {
  /// The environment that requests must name.
  public let environment: ServiceEnvironment

  /// Where requests go.
  public let endpoint: String

  private let transport: any ServiceTransport
  private let responseSigners: TrustAnchors
  private let revocation: RevocationCheck
  private let now: @Sendable () -> Date

  /// - Parameters:
  ///   - endpoint: an address other than the agency's own.
  ///   - responseSigners: who may sign answers (the agency's IR Services authority and what is above it).
  ///   - revocation: what is asked of revocation lists about signers of answers.
  ///   - now: the clock against which the signer's certificate is checked.
  public init(
    environment: ServiceEnvironment, endpoint: String? = nil, transport: any ServiceTransport, responseSigners: TrustAnchors,
    revocation: RevocationCheck = .off, now: @escaping @Sendable () -> Date = { Date() }
  ) {
    self.environment = environment
    self.endpoint = endpoint ?? environment.endpoint
    self.transport = transport
    self.responseSigners = responseSigners
    self.revocation = revocation
    self.now = now
  }

  /// Orders a first certificate (`signNewCertificate`). **Spends the transfer credentials**: persist what is needed to recover
  /// before calling, and never call twice after an uncertain outcome.
  ///
  /// The message with the transfer password is made here and wiped when the transport has returned.
  ///
  /// - Returns: the id with which the certificate is fetched.
  public func signNew(_ request: SignNewCertificateRequest) async throws(CertificateServiceError) -> RetrievalID {
    try check(request.environment, .signNew)
    var envelope = request.makeDocument(enveloped: true)
    defer { SignNewCertificateRequest.wipe(&envelope) }
    return try retrievalID(try await answer(to: envelope, .signNew), .signNew)
  }

  /// Orders the successor of a certificate (`renewCertificate`). Not known to be repeatable: treat it as if it were not.
  ///
  /// - Returns: the id with which the certificate is fetched.
  public func renew(_ request: SignedRenewCertificateRequest) async throws(CertificateServiceError) -> RetrievalID {
    try check(request.request.environment, .renew)
    let envelope = try SOAPEnvelope.wrap(payload: request.document)
    return try retrievalID(try await answer(to: envelope, .renew), .renew)
  }

  /// Fetches a certificate that was ordered (`getCertificate`). May be repeated. A certificate that is not ready yet comes as a
  /// FAIL, thus as ``ServiceErrorCode/refused``; which codes mean that is not published.
  ///
  /// - Returns: the octets from the verified answer; ``CertificateAcceptance`` says whether they are the certificate wanted.
  public func certificate(_ request: GetCertificateRequest) async throws(CertificateServiceError) -> ReceivedCertificate {
    try check(request.environment, .get)
    let envelope = try SOAPEnvelope.wrap(payload: request.document)
    let text = try await answer(to: envelope, .get)
    guard let der = Base64.decode(text.utf8) else {
      throw ServiceOperation.get.failure(.untrusted, .responseSchema, "the answer breaks the schema: Certificate is not base64")
    }
    guard (1...32768).contains(der.count) else {
      throw ServiceOperation.get.failure(
        .untrusted, .responseSchema, "the answer breaks the schema: Certificate must have 1 to 32768 octets and has \(der.count)")
    }
    return ReceivedCertificate(der: der)
  }

  // MARK: - Steps

  private func check(_ named: ServiceEnvironment, _ operation: ServiceOperation) throws(CertificateServiceError) {
    guard named == environment else {
      throw operation.failure(
        .invalidRequest, .requestEnvironment, "the request names the \(named) environment and the service is the \(environment) one")
    }
  }

  /// Sends one message and returns the text of the answer's element.
  private func answer(to envelope: [UInt8], _ operation: ServiceOperation) async throws(CertificateServiceError) -> String {
    // An answer whose signer cannot be checked would be lost, and with it what was spent.
    if operation.mustNotBeRepeated { try await revocation.prepare(for: responseSigners, at: now()) }
    let reply = try await send(envelope, operation)
    let reader = ResponseReader(operation: operation, signers: responseSigners, revocation: revocation, time: now())
    var content = try ResponseContent(try await reader.payload(of: reply), of: operation)
    return try content.answer()
  }

  private func send(_ envelope: [UInt8], _ operation: ServiceOperation) async throws(CertificateServiceError) -> ServiceReply {
    let headers = [
      (name: "Content-Type", value: "text/xml; charset=utf-8"), (name: "Accept", value: "text/xml"),
      (name: "SOAPAction", value: "\"\(operation.action)\""),
    ]
    do {
      return try await transport.post(envelope, to: endpoint, headers: headers)
    } catch let failure as TransportFailure {
      throw operation.failure(
        failure.answerWasRefused ? .untrusted : failure.requestMayHaveBeenSent ? .uncertain : .unreachable, nil,
        SafeText.oneLine(failure.message, limit: 300),
        hint: failure.requestMayHaveBeenSent && operation.mustNotBeRepeated ? operation.hintWhenUncertain : failure.hint,
        underlying: failure)
    } catch {
      throw operation.failure(.uncertain, nil, "no answer came back", underlying: error)
    }
  }

  /// `String32`: `xs:normalizedString` reads TAB, CR and LF as spaces; the length is 1 to 32 characters.
  private func retrievalID(_ text: String, _ operation: ServiceOperation) throws(CertificateServiceError) -> RetrievalID {
    let normalized = text.unicodeScalars.map { scalar in
      scalar == "\t" || scalar == "\r" || scalar == "\n" ? " " : scalar
    }
    do {
      return try RetrievalID(String(String.UnicodeScalarView(normalized)))
    } catch {
      throw operation.failure(
        .untrusted, .responseSchema, "the answer breaks the schema: RetrievalId: \(error.message)", underlying: error)
    }
  }
}
