public import Foundation
public import X509

/// The checks between "the service sent a certificate" and "this is our certificate".
///
/// The organization in the subject is not compared with the customer's name: the agency cuts it at 30 characters and may spell it
/// in its own way.
public struct CertificateAcceptance: Sendable {
  /// How far the authority's clock may be ahead of ours, in seconds.
  public static let clockSkew: TimeInterval = 300

  /// The longest lifetime that is believed, in seconds: five years. The agency's certificates have 730 days.
  public static let longestLifetime: TimeInterval = 5 * 366 * 86400

  private let publicKey: Certificate.PublicKey
  private let customerID: String
  private let issuers: TrustAnchors
  private let expectedIssuer: DistinguishedName?
  private let now: Date

  /// - Parameters:
  ///   - publicKey: the public half of the key that the certificate was ordered for.
  ///   - customerID: the customer's id, which the authority puts into the common name.
  ///   - issuers: who may issue customers' certificates.
  ///   - expectedIssuer: the issuer, where it is known: a renewal expects the issuer of the old certificate. Nil: any authority that
  ///     chains to `issuers`.
  ///   - now: the time at which the certificate must be valid.
  public init(
    publicKey: Certificate.PublicKey, customerID: String, issuers: TrustAnchors, expectedIssuer: DistinguishedName? = nil,
    now: Date = Date()
  ) {
    self.publicKey = publicKey
    self.customerID = customerID
    self.issuers = issuers
    self.expectedIssuer = expectedIssuer
    self.now = now
  }

  /// Checks a certificate against all of the rules. Nothing of it is kept where one of them refuses.
  ///
  /// - Throws: `CERT-DER`, `CERT-KEY`, `CERT-CUSTOMER`, `CERT-ISSUER`, `CERT-VALIDITY` or `CERT-CHAIN`, in this order.
  public func check(_ received: ReceivedCertificate) async throws(CertificateServiceError) -> AcceptedCertificate {
    let certificate = try parse(received.der)
    try checkKey(certificate)
    try checkCustomer(certificate)
    try checkIssuer(certificate)
    try checkValidity(certificate)
    let chain = try await checkChain(certificate)
    return AcceptedCertificate(certificate: certificate, der: received.der, chain: chain, customerID: customerID)
  }

  private func parse(_ der: [UInt8]) throws(CertificateServiceError) -> Certificate {
    do {
      return try CertificateDER.parse(der)
    } catch {
      throw refusal(.certificateDER, error.description, underlying: error)
    }
  }

  private func checkKey(_ certificate: Certificate) throws(CertificateServiceError) {
    guard certificate.publicKey == publicKey else {
      throw refusal(
        .certificateKey, "\(CertificateName.of(certificate)) holds another public key than the one that was asked for",
        hint: "the agency's test bench answers with fixed certificates for its own published keys; elsewhere this must not happen")
    }
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
    guard let expectedIssuer, certificate.issuer != expectedIssuer else { return }
    throw refusal(
      .certificateIssuer,
      "the issuer is \(CertificateName.quoted(certificate.issuer)) and not \(CertificateName.quoted(expectedIssuer))",
      hint: "where the agency has moved to a new issuing authority: drop the renewal (hsmkey certificate abandon), order a new certificate"
        + " in the agency's e-service, and enrol it under a name of its own; where the agency has announced nothing, ask it")
  }

  private func checkValidity(_ certificate: Certificate) throws(CertificateServiceError) {
    let from = certificate.notValidBefore
    let to = certificate.notValidAfter
    guard from < to else {
      throw refusal(.certificateValidity, "the certificate ends before it begins")
    }
    guard to.timeIntervalSince(from) <= CertificateAcceptance.longestLifetime else {
      throw refusal(.certificateValidity, "the certificate is valid for more than five years")
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
      return try await issuers.validate(certificate, at: max(now, certificate.notValidBefore))
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

  fileprivate init(certificate: Certificate, der: [UInt8], chain: [Certificate], customerID: String) {
    self.certificate = certificate
    self.der = der
    self.chain = chain
    self.customerID = customerID
  }
}
