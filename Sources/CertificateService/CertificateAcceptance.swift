import Crypto
public import Foundation
public import X509

/// The checks between "the service sent a certificate" and "this is our certificate".
///
/// The organization in the subject is not compared with the customer's name: the agency cuts it at 30 characters and may spell it
/// in its own way.
public struct CertificateAcceptance: Sendable {
  /// How far the authority's clock may be ahead of ours, in seconds.
  public static let clockSkew: TimeInterval = 300

  private let publicKey: Certificate.PublicKey
  private let customerID: String
  private let options: AcceptanceOptions
  private let expectedIssuer: DistinguishedName?
  private let known: Set<[UInt8]>
  private let now: Date

  /// - Parameters:
  ///   - publicKey: the public half of the key that the certificate was ordered for.
  ///   - customerID: the customer's id, which the authority puts into the common name.
  ///   - options: who may issue certificates, and what else the checks depend on.
  ///   - expectedIssuer: the issuer, where it is known: a renewal expects the issuer of the old certificate. Nil: one of the allowed
  ///     issuers.
  ///   - known: SHA-256 digests of certificates (DER) that have been received before and must not come again.
  ///   - now: the time at which the certificate must be valid.
  public init(
    publicKey: Certificate.PublicKey, customerID: String, options: AcceptanceOptions, expectedIssuer: DistinguishedName? = nil,
    known: Set<[UInt8]> = [], now: Date = Date()
  ) {
    self.publicKey = publicKey
    self.customerID = customerID
    self.options = options
    self.expectedIssuer = expectedIssuer
    self.known = known
    self.now = now
  }

  /// Checks a certificate against all of the rules. Nothing of it is kept where one of them refuses.
  ///
  /// - Throws: `CERT-DER`, `CERT-NOT-KNOWN`, `CERT-KEY`, `CERT-CUSTOMER`, `CERT-ISSUER`, `CERT-VALIDITY`, `CERT-CHAIN` or a `REVOCATION-`
  ///   rule, in this order.
  public func check(_ received: ReceivedCertificate) async throws(CertificateServiceError) -> AcceptedCertificate {
    let certificate = try parse(received.der)
    try checkNotKnown(certificate, received.der)
    let isForTheKey = try checkKey(certificate)
    try checkCustomer(certificate)
    try checkIssuer(certificate)
    try checkValidity(certificate)
    let chain = try await checkChain(certificate)
    let warnings = try await options.revocation.check(chain, at: now)
    return AcceptedCertificate(
      certificate: certificate, der: received.der, chain: chain, customerID: customerID, isForTheKey: isForTheKey, warnings: warnings)
  }

  private func parse(_ der: [UInt8]) throws(CertificateServiceError) -> Certificate {
    do {
      return try CertificateDER.parse(der)
    } catch {
      throw refusal(.certificateDER, error.description, underlying: error)
    }
  }

  /// A service that answers with a certificate of long ago answers something else than what was asked.
  private func checkNotKnown(_ certificate: Certificate, _ der: [UInt8]) throws(CertificateServiceError) {
    guard !known.isEmpty, known.contains(Array(SHA256.hash(data: der))) else { return }
    throw refusal(
      .certificateNotKnown, "\(CertificateName.of(certificate)) is a certificate that was received before and not a new one",
      hint: "ask the agency what became of the request")
  }

  /// - Returns: whether the certificate is for the key; false only where that was not to be checked.
  private func checkKey(_ certificate: Certificate) throws(CertificateServiceError) -> Bool {
    if certificate.publicKey == publicKey { return true }
    guard options.skipsKeyMatch else {
      throw refusal(
        .certificateKey, "\(CertificateName.of(certificate)) holds another public key than the one that was asked for",
        hint: "the agency's test bench answers with fixed certificates for its own published keys; elsewhere this must not happen")
    }
    return false
  }

  private func checkCustomer(_ certificate: Certificate) throws(CertificateServiceError) {
    let attributes = certificate.subject.flatMap { Array($0) }.filter { $0.type == .RDNAttributeType.commonName }
    guard attributes.count == 1, let name = String(attributes[0].value), name.utf8.elementsEqual(customerID.utf8) else {
      throw refusal(
        .certificateCustomer,
        "the certificate is for \(CertificateName.of(certificate)) and not for customer \(SafeText.oneLine(customerID, limit: 30))")
    }
  }

  private func checkIssuer(_ certificate: Certificate) throws(CertificateServiceError) {
    if let expectedIssuer {
      guard certificate.issuer != expectedIssuer, !options.names(certificate.issuer) else { return }
      throw refusal(
        .certificateIssuer,
        "the issuer is \(CertificateName.quoted(certificate.issuer)) and not \(CertificateName.quoted(expectedIssuer))",
        hint: "where the agency has announced a new issuing authority, name it in service.allowed-issuers and add its certificate to the"
          + " trusted ones, then fetch again; where the agency has announced nothing, ask it")
    }
    guard options.allowedIssuers.isEmpty || options.names(certificate.issuer) else {
      throw refusal(
        .certificateIssuer, "the issuer is \(CertificateName.quoted(certificate.issuer)), which is not one of the allowed issuers",
        hint: "allowed are, by service.allowed-issuers: \(options.allowedIssuers.joined(separator: "; "))")
    }
  }

  private func checkValidity(_ certificate: Certificate) throws(CertificateServiceError) {
    let from = certificate.notValidBefore
    let to = certificate.notValidAfter
    guard from < to else {
      throw refusal(.certificateValidity, "the certificate ends before it begins")
    }
    let lifetime = Duration.seconds(to.timeIntervalSince(from))
    guard options.validity.contains(lifetime) else {
      let days = { (duration: Duration) in
        "\((Double(duration.components.seconds) / 86400).formatted(.number.precision(.fractionLength(0...1))))"
      }
      throw refusal(
        .certificateValidity,
        "the certificate is valid for \(days(lifetime)) days; \(days(options.validity.lowerBound)) to \(days(options.validity.upperBound))"
          + " are plausible")
    }
    guard from <= now.addingTimeInterval(CertificateAcceptance.clockSkew) else {
      throw refusal(
        .certificateValidity, "the certificate is valid from \(from.formatted(.iso8601)) and it is \(now.formatted(.iso8601))",
        hint: "check the clock of this machine")
    }
    guard now < to else {
      throw refusal(.certificateValidity, "the certificate expired at \(to.formatted(.iso8601)) and it is \(now.formatted(.iso8601))")
    }
  }

  /// The chain is checked at the start of the certificate's validity where the authority's clock is a little ahead.
  private func checkChain(_ certificate: Certificate) async throws(CertificateServiceError) -> [Certificate] {
    do {
      return try await options.issuers.validate(certificate, at: max(now, certificate.notValidBefore))
    } catch {
      throw error.under(.certificateChain, code: .untrusted, operation: CertificateAcceptance.operation)
    }
  }

  private static let operation = "accept the issued certificate"

  private func refusal(
    _ rule: ServiceRule, _ message: String, hint: String? = nil, underlying: (any Error)? = nil
  ) -> CertificateServiceError {
    CertificateServiceError(
      code: .untrusted, rule: rule, operation: CertificateAcceptance.operation, message: message, hint: hint, underlying: underlying)
  }
}

/// A certificate as it came: octets from a verified answer, or from a file. Nothing about it has been checked.
public struct ReceivedCertificate: Hashable, Sendable {
  /// What should be a single DER certificate.
  public let der: [UInt8]

  /// Octets that are to be checked, whatever they are.
  public init(der: [UInt8]) { self.der = der }
}

/// A certificate that met all of the rules at the time of the check. Only ``CertificateAcceptance/check(_:)`` makes one.
public struct AcceptedCertificate: Hashable, Sendable {
  /// The certificate.
  public let certificate: Certificate

  /// The octets as they came.
  public let der: [UInt8]

  /// The chain, from the certificate to the anchor.
  public let chain: [Certificate]

  /// The customer that it is for.
  public let customerID: String

  /// Whether it holds the key that it was asked for. False only on the agency's test bench
  /// (``AcceptanceOptions/skipsKeyMatch``): such a certificate must never be presented as one for the key.
  public let isForTheKey: Bool

  /// What revocation lists say against it where they only warn, one sentence each.
  public let warnings: [String]

  fileprivate init(
    certificate: Certificate, der: [UInt8], chain: [Certificate], customerID: String, isForTheKey: Bool, warnings: [String]
  ) {
    self.certificate = certificate
    self.der = der
    self.chain = chain
    self.customerID = customerID
    self.isForTheKey = isForTheKey
    self.warnings = warnings
  }
}
