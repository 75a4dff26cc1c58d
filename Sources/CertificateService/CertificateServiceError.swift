/// What kind of failure it was. The set is open: compare with the constants, never switch over all of them.
public struct ServiceErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The name of the kind, for example `refused`.
  public let rawValue: String

  /// A code by its name, known or not.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// The name.
  public var description: String { rawValue }

  /// The service answered FAIL in a signed response. Its codes are in ``CertificateServiceError/errorInformation``.
  public static let refused = ServiceErrorCode(rawValue: "refused")

  /// An answer came that cannot be trusted or used: signature, signer, envelope, size, form, key or customer.
  public static let untrusted = ServiceErrorCode(rawValue: "untrusted")

  /// The request may have been sent and no answer of the service came back: a timeout, a gateway's error page, a SOAP fault.
  public static let uncertain = ServiceErrorCode(rawValue: "uncertain")

  /// Nothing was sent.
  public static let unreachable = ServiceErrorCode(rawValue: "unreachable")

  /// The request was not built or not sent, because what it was given breaks a rule.
  public static let invalidRequest = ServiceErrorCode(rawValue: "invalid-request")

  /// A file or certificate that was given to us cannot be used.
  public static let invalidInput = ServiceErrorCode(rawValue: "invalid-input")
}

/// One `ErrorInfo` of a FAIL answer, as the service signed it.
public struct ServiceErrorInformation: Hashable, Sendable, CustomStringConvertible {
  /// `ErrorCode`, by the schema at most 16 characters. Only `PKI020` (wrong transfer credentials) has a publicly known meaning.
  public let code: String

  /// `ErrorMessage`, by the schema at most 255 characters, in the service's own words.
  public let message: String

  /// An entry with these texts.
  public init(code: String, message: String) {
    self.code = code
    self.message = message
  }

  /// Code and message on one line, fit for a terminal: control characters are gone and the length is bounded.
  public var description: String {
    "\(SafeText.oneLine(code, limit: 16)): \(SafeText.oneLine(message, limit: 255))"
  }
}

/// Every error of this room.
///
/// ``code`` says what came back. ``outcomeIsUncertain`` says something else: whether a request that must not be repeated
/// (SignNew spends the transfer credentials, Renew is not known to be repeatable) may have been carried out. The two meet:
///
/// | what happened to a SignNew or Renew request | code | outcome uncertain |
/// |---|---|---|
/// | nothing was sent | unreachable | no |
/// | a signed FAIL | refused | no |
/// | an answer that cannot be trusted, or OK without a retrieval id | untrusted | **yes** |
/// | no answer, or an error of a gateway, or a SOAP fault | uncertain | **yes** |
///
/// GetCertificate may be repeated, so its outcome is never uncertain, whatever the code.
public struct CertificateServiceError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public let code: ServiceErrorCode

  /// The rule that refused, where one did.
  public let rule: ServiceRule?

  /// What was being done, for example "verify the response signature".
  public let operation: String

  /// What came back: one sentence, lower case, no full stop.
  public let message: String

  /// What to do next.
  public let hint: String?

  /// The `ErrorInfo` entries of a signed FAIL; empty for every other kind and for a FAIL without any.
  public let errorInformation: [ServiceErrorInformation]

  /// True where a request that must not be repeated may have been carried out although no usable answer came.
  public let outcomeIsUncertain: Bool

  /// The error of the room below, unflattened.
  public let underlying: (any Error)?

  /// An error; what is left out is absent.
  public init(
    code: ServiceErrorCode, rule: ServiceRule? = nil, operation: String, message: String, hint: String? = nil,
    errorInformation: [ServiceErrorInformation] = [], outcomeIsUncertain: Bool = false, underlying: (any Error)? = nil
  ) {
    self.code = code
    self.rule = rule
    self.operation = operation
    self.message = message
    self.hint = hint
    self.errorInformation = errorInformation
    self.outcomeIsUncertain = outcomeIsUncertain
    self.underlying = underlying
  }

  /// The operation, the sentence and, in brackets, the rule.
  public var description: String {
    let sentence = "\(operation): \(message)"
    guard let rule else { return sentence }
    return "\(sentence) [\(rule)]"
  }
}

extension CertificateServiceError {
  /// The same error as part of a larger step, under that step's rule.
  func under(
    _ rule: ServiceRule, code: ServiceErrorCode, operation: String, hint: String? = nil, outcomeIsUncertain: Bool = false
  ) -> CertificateServiceError {
    CertificateServiceError(
      code: code, rule: rule, operation: operation, message: message, hint: hint ?? self.hint,
      outcomeIsUncertain: outcomeIsUncertain, underlying: self)
  }
}
