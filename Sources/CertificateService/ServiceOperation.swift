/// One of the three operations of the service (its WSDL), and what follows from which it is.
struct ServiceOperation: Hashable, Sendable {
  /// The value of SOAPAction.
  let action: String

  /// The local name of the response element.
  let responseName: String

  /// The element that an OK brings.
  let answerElement: String

  /// What is being done, as errors say it.
  let words: String

  /// Whether a repeat is forbidden or not known to be harmless.
  let mustNotBeRepeated: Bool

  /// What to do when the outcome is not known.
  let hintWhenUncertain: String

  static let signNew = ServiceOperation(
    action: "signNewCertificate", responseName: "SignNewCertificateResponse", answerElement: "RetrievalId",
    words: "request a new certificate", mustNotBeRepeated: true,
    hintWhenUncertain: "the transfer credentials may be spent: do not send the request again before the agency has been asked")

  static let renew = ServiceOperation(
    action: "renewCertificate", responseName: "RenewCertificateResponse", answerElement: "RetrievalId",
    words: "renew a certificate", mustNotBeRepeated: true,
    hintWhenUncertain: "a renewal may have been ordered: keep the new key, go on with the old certificate, renew again only deliberately")

  static let get = ServiceOperation(
    action: "getCertificate", responseName: "GetCertificateResponse", answerElement: "Certificate",
    words: "fetch a certificate", mustNotBeRepeated: false,
    hintWhenUncertain: "nothing is lost: asking again does no harm")

  /// The error of an answer that came, or of one that did not.
  func failure(
    _ code: ServiceErrorCode, _ rule: ServiceRule?, _ message: String, hint: String? = nil,
    errorInformation: [ServiceErrorInformation] = [], underlying: (any Error)? = nil
  ) -> CertificateServiceError {
    let noUsableAnswer = code == .untrusted || code == .uncertain
    return CertificateServiceError(
      code: code, rule: rule, operation: words, message: message, hint: hint ?? (noUsableAnswer ? hintWhenUncertain : nil),
      errorInformation: errorInformation, outcomeIsUncertain: noUsableAnswer && mustNotBeRepeated, underlying: underlying)
  }
}
