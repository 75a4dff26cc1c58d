import Foundation
import SwiftASN1
import X509

/// The service's records and decisions: credentials, requests on their way, certificates, revocations.
///
/// Each decision runs from check to commit without a pause, so of two uses of one credential exactly one succeeds.
actor ServiceDesk {
  /// A certificate that was asked for, under its RetrievalId.
  private struct Retrieval {
    let customerID: String
    let certificate: Certificate
    var readyAt: Date
    var isFetched = false
  }

  /// What a request for a certificate has changed.
  struct Commitment: Sendable {
    let retrievalID: String
    let certificate: Certificate
  }

  private let settings: Settings
  private let hierarchy: CAHierarchy
  private var credentials = TransferCredentialBook()
  private var retrievals: [String: Retrieval] = [:]
  /// The RetrievalIds in the order in which they were given out.
  private var retrievalIDs: [String] = []
  private var retrievalIDBySerial: [Certificate.SerialNumber: String] = [:]
  private(set) var issued: [Certificate] = []
  private var firstIssued: [String: Certificate] = [:]
  private(set) var revocations = RevocationBook()
  private(set) var notReadyFor: TimeInterval

  /// The part of the configuration that decides.
  struct Settings: Sendable {
    let environment: SimulatedEnvironment
    let notReadyFor: TimeInterval
    let certificateLifetimeDays: Int
    let renewalWindowDays: Int
    let keyPolicy: KeyPolicy
    let defaultCustomerName: String
  }

  init(settings: Settings, hierarchy: CAHierarchy) {
    self.settings = settings
    self.hierarchy = hierarchy
    notReadyFor = settings.notReadyFor
  }

  // MARK: Orders and records

  func addTransferCredential(customerID: String, id: String, password: String, sent: Date) throws(SimulatorError) {
    try credentials.add(
      id: id, .init(customerID: customerID, password: password, environment: settings.environment, sent: sent))
  }

  func isSpent(transferID: String) -> Bool? { credentials.isSpent(id: transferID) }

  func issue(
    publicKey: Certificate.PublicKey, customerID: String, organization: String?, from: Date, days: Int?
  ) throws -> Certificate {
    let certificate = try LeafProfile.customer(
      publicKey: publicKey, customerID: customerID, organization: organization ?? settings.defaultCustomerName, from: from,
      days: days ?? settings.certificateLifetimeDays, issuer: hierarchy.providers)
    issued.append(certificate)
    if firstIssued[customerID] == nil { firstIssued[customerID] = certificate }
    return certificate
  }

  /// Revokes a certificate of one of the CAs: a customer's, unless the serial number is that of the response signer or of a CA.
  func revoke(_ serialNumber: Certificate.SerialNumber, _ reason: RevocationReason?, at date: Date) {
    revocations.revoke(serialNumber, by: hierarchy.issuer(of: serialNumber), reason, at: date)
  }

  /// The CRL of one of the CAs.
  func revocationList(of authority: CertificateAuthority, at now: Date) throws -> [UInt8] {
    try revocations.list(of: authority, at: now)
  }

  /// A CRL as it would be had it been made at another time.
  func revocationList(of authority: CertificateAuthority, at now: Date, madeDaysAgo days: Int) throws -> [UInt8] {
    try revocations.newList(of: authority, at: now.adding(days: -days))
  }

  /// Makes certificates ready that were asked for: one, or all.
  ///
  /// - Returns: how many were not ready before.
  func makeReady(_ retrievalID: String?, at now: Date) -> Int {
    var count = 0
    for id in retrievalID.map({ [$0] }) ?? retrievalIDs {
      guard let readyAt = retrievals[id]?.readyAt, readyAt > now else { continue }
      retrievals[id]?.readyAt = now
      count += 1
    }
    return count
  }

  func setNotReadyFor(_ seconds: TimeInterval) { notReadyFor = seconds }

  func knows(retrievalID: String) -> Bool { retrievals[retrievalID] != nil }

  /// The RetrievalId that a customer got before another one.
  func retrievalID(before id: String, of customerID: String) -> String? {
    retrievalIDs.last { $0 != id && retrievals[$0]?.customerID == customerID }
  }

  /// What the page shows: the latest orders and certificates, newest first.
  func books(rows: Int) -> ServicePage.Books {
    let certificates = issued.suffix(rows).reversed().map { certificate in
      let retrieval = retrievalIDBySerial[certificate.serialNumber].flatMap { retrievals[$0] }
      return ServicePage.IssuedCertificate(
        certificate: certificate, readyAt: retrieval?.readyAt, isFetched: retrieval?.isFetched == true,
        isRevoked: revocations.isRevoked(certificate.serialNumber, by: hierarchy.providers))
    }
    return ServicePage.Books(
      orders: credentials.latest(rows), certificates: certificates, certificateCount: issued.count, notReadyFor: notReadyFor)
  }

  // MARK: The operations

  func signNew(_ values: RequestValues, at now: Date, _ exchange: Exchange) throws -> Commitment {
    try credentials.check(
      id: values.transferID, password: values.transferPassword, customerID: values.customerID, environment: values.environment, at: now)
    let request = try settings.accepted(values, exchange)
    let certificate = try issue(
      publicKey: request.publicKey, customerID: values.customerID, organization: values.customerName, from: now, days: nil)
    credentials.spend(id: values.transferID)
    return file(certificate, values.customerID, at: now)
  }

  /// - Parameter signer: the certificate whose key signed what `values` was read from.
  func renew(_ values: RequestValues, signer: Certificate, at now: Date, _ exchange: Exchange) throws -> Commitment {
    try settings.checkEnvironment(values)
    try checkRenewer(signer, values, at: now)
    let request = try settings.accepted(values, exchange)
    let certificate = try issue(
      publicKey: request.publicKey, customerID: values.customerID,
      organization: values.customerName ?? signer.subject.organization, from: now, days: nil)
    return file(certificate, values.customerID, at: now)
  }

  func get(_ values: RequestValues, at now: Date, _ exchange: Exchange) throws -> Certificate {
    try settings.checkEnvironment(values)
    guard let retrieval = retrievals[values.retrievalID], retrieval.customerID == values.customerID else {
      throw ServiceRefusal(.unknownRetrieval, "no request of this customer has this RetrievalId")
    }
    guard now >= retrieval.readyAt, !(retrieval.isFetched && exchange.take(.notReadyAgain, .get)) else {
      throw ServiceRefusal(.notReady, "the certificate is not ready yet")
    }
    retrievals[values.retrievalID]?.isFetched = true
    return retrieval.certificate
  }

  /// The first certificate that a customer ever got.
  func firstCertificate(of customerID: String) -> Certificate? { firstIssued[customerID] }

  // MARK: Checks

  private func checkRenewer(_ signer: Certificate, _ values: RequestValues, at now: Date) throws(ServiceRefusal) {
    try hierarchy.checkRenewalIssuer(signer)
    guard signer.notValidBefore <= now, now <= signer.notValidAfter else {
      throw ServiceRefusal(.renewalExpired, "the signing certificate is not valid at this time")
    }
    guard !revocations.isRevoked(signer.serialNumber, by: hierarchy.providers) else {
      throw ServiceRefusal(.renewalRevoked, "the signing certificate is revoked")
    }
    guard signer.subject.commonName == values.customerID else {
      throw ServiceRefusal(.renewalCustomer, "the signing certificate is not this customer's")
    }
    guard now >= signer.notValidAfter.adding(days: -settings.renewalWindowDays) else {
      throw ServiceRefusal(
        .renewalWindow, "a certificate can be renewed from \(settings.renewalWindowDays) days before its expiry")
    }
  }

  private func file(_ certificate: Certificate, _ customerID: String, at now: Date) -> Commitment {
    let id = "SIM-" + hierarchy.providers.random.hexadecimal(characters: 28)
    retrievals[id] = Retrieval(customerID: customerID, certificate: certificate, readyAt: now.addingTimeInterval(notReadyFor))
    retrievalIDs.append(id)
    retrievalIDBySerial[certificate.serialNumber] = id
    return Commitment(retrievalID: id, certificate: certificate)
  }
}

extension ServiceDesk.Settings {
  func checkEnvironment(_ values: RequestValues) throws(ServiceRefusal) {
    guard values.environment == environment else { throw ServiceRefusal(.environment, "this is the \(environment) environment") }
  }

  /// Takes the key and checks the request's integrity. Its subject and its attributes are not looked at.
  func accepted(_ values: RequestValues, _ exchange: Exchange) throws(ServiceRefusal) -> CertificateSigningRequest {
    let request: CertificateSigningRequest
    do {
      request = try CertificateSigningRequest(derEncoded: values.certificateRequest)
    } catch {
      throw ServiceRefusal(.certificateRequest, "the certificate request cannot be read")
    }
    exchange.note(request.publicKey)
    guard request.publicKey.isValidSignature(request.signature, for: request) else {
      throw ServiceRefusal(.certificateRequestIntegrity, "the certificate request's signature does not verify")
    }
    try keyPolicy.check(request.publicKey)
    return request
  }
}

extension CAHierarchy {
  func checkRenewalIssuer(_ signer: Certificate) throws(ServiceRefusal) {
    guard
      signer.issuer == providers.certificate.subject, providers.certificate.publicKey.isValidSignature(signer.signature, for: signer)
    else { throw ServiceRefusal(.renewalIssuer, "the signing certificate was not issued by this service") }
  }

  /// The CA whose list names a certificate of this serial number: customers' certificates are the providers' CA's.
  func issuer(of serialNumber: Certificate.SerialNumber) -> CertificateAuthority {
    switch serialNumber {
    case responseSigner.serialNumber: services
    case providers.certificate.serialNumber, services.certificate.serialNumber: intermediate
    case intermediate.certificate.serialNumber: root
    default: providers
    }
  }
}
