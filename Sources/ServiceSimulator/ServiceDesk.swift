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
    let readyAt: Date
  }

  private let settings: Settings
  private let hierarchy: CAHierarchy
  private let faults: FaultPlan
  private var credentials = TransferCredentialBook()
  private var retrievals: [String: Retrieval] = [:]
  private(set) var issued: [Certificate] = []
  private var revocations: [CertificateRevocationList.Entry] = []

  /// The part of the configuration that decides.
  struct Settings: Sendable {
    let environment: SimulatedEnvironment
    let notReadyFor: TimeInterval
    let certificateLifetimeDays: Int
    let renewalWindowDays: Int
    let keyPolicy: KeyPolicy
    let defaultCustomerName: String
  }

  init(settings: Settings, hierarchy: CAHierarchy, faults: FaultPlan) {
    self.settings = settings
    self.hierarchy = hierarchy
    self.faults = faults
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
    return certificate
  }

  func revoke(_ serialNumber: Certificate.SerialNumber, at date: Date) {
    guard !isRevoked(serialNumber) else { return }
    revocations.append(.init(serialNumber: serialNumber, date: date))
  }

  /// The CRL of one of the CAs. Revocations are of customers' certificates.
  func revocationList(of authority: CertificateAuthority, at now: Date) throws -> [UInt8] {
    let isProviders = authority.publishedName == hierarchy.providers.publishedName
    return try CertificateRevocationList(
      issuer: authority, entries: isProviders ? revocations : [], number: revocations.count + 1,
      thisUpdate: CertificateTimes.wholeSecond(now), nextUpdate: CertificateTimes.wholeSecond(now).adding(days: 7)
    ).signed()
  }

  // MARK: The operations

  /// - Returns: the RetrievalId.
  func signNew(_ values: RequestValues, at now: Date) throws -> String {
    try credentials.check(
      id: values.transferID, password: values.transferPassword, customerID: values.customerID, environment: values.environment, at: now)
    let request = try acceptedRequest(values)
    let certificate = try issue(
      publicKey: request.publicKey, customerID: values.customerID, organization: values.customerName, from: now, days: nil)
    credentials.spend(id: values.transferID)
    return file(certificate, values.customerID, at: now)
  }

  /// - Parameter signer: the certificate whose key signed what `values` was read from.
  /// - Returns: the RetrievalId.
  func renew(_ values: RequestValues, signer: Certificate, at now: Date) throws -> String {
    try checkEnvironment(values)
    try checkRenewer(signer, values, at: now)
    let request = try acceptedRequest(values)
    let certificate = try issue(
      publicKey: request.publicKey, customerID: values.customerID,
      organization: values.customerName ?? signer.subject.organization, from: now, days: nil)
    return file(certificate, values.customerID, at: now)
  }

  /// - Returns: the octets of the Certificate element: DER, unless a fault says otherwise.
  func get(_ values: RequestValues, at now: Date) throws -> [UInt8] {
    try checkEnvironment(values)
    guard let retrieval = retrievals[values.retrievalID], retrieval.customerID == values.customerID else {
      throw ServiceRefusal(.unknownRetrieval, "no request of this customer has this RetrievalId")
    }
    guard now >= retrieval.readyAt else { throw ServiceRefusal(.notReady, "the certificate is not ready yet") }
    let certificate = try faulty(retrieval.certificate, at: now)
    if faults.take(.pemInsteadOfDER, .get) { return Array((try certificate.serializeAsPEM().pemString + "\n").utf8) }
    return try certificate.der
  }

  // MARK: Checks

  private func checkEnvironment(_ values: RequestValues) throws(ServiceRefusal) {
    guard values.environment == settings.environment else {
      throw ServiceRefusal(.environment, "this is the \(settings.environment) environment")
    }
  }

  /// Takes the key and checks the request's integrity. Its subject and its attributes are not looked at.
  private func acceptedRequest(_ values: RequestValues) throws(ServiceRefusal) -> CertificateSigningRequest {
    let request: CertificateSigningRequest
    do {
      request = try CertificateSigningRequest(derEncoded: values.certificateRequest)
    } catch {
      throw ServiceRefusal(.certificateRequest, "the certificate request cannot be read")
    }
    guard request.publicKey.isValidSignature(request.signature, for: request) else {
      throw ServiceRefusal(.certificateRequestIntegrity, "the certificate request's signature does not verify")
    }
    try settings.keyPolicy.check(request.publicKey)
    return request
  }

  private func checkRenewer(_ signer: Certificate, _ values: RequestValues, at now: Date) throws(ServiceRefusal) {
    guard
      signer.issuer == hierarchy.providers.certificate.subject,
      hierarchy.providers.certificate.publicKey.isValidSignature(signer.signature, for: signer)
    else { throw ServiceRefusal(.renewalIssuer, "the signing certificate was not issued by this service") }
    guard signer.notValidBefore <= now, now <= signer.notValidAfter else {
      throw ServiceRefusal(.renewalExpired, "the signing certificate is not valid at this time")
    }
    guard !isRevoked(signer.serialNumber) else { throw ServiceRefusal(.renewalRevoked, "the signing certificate is revoked") }
    guard signer.subject.commonName == values.customerID else {
      throw ServiceRefusal(.renewalCustomer, "the signing certificate is not this customer's")
    }
    guard now >= signer.notValidAfter.adding(days: -settings.renewalWindowDays) else {
      throw ServiceRefusal(
        .renewalWindow, "a certificate can be renewed from \(settings.renewalWindowDays) days before its expiry")
    }
  }

  private func isRevoked(_ serialNumber: Certificate.SerialNumber) -> Bool {
    revocations.contains { $0.serialNumber == serialNumber }
  }

  private func file(_ certificate: Certificate, _ customerID: String, at now: Date) -> String {
    let id = "SIM-" + LeafProfile.randomHexadecimal(characters: 28)
    retrievals[id] = Retrieval(
      customerID: customerID, certificate: certificate, readyAt: now.addingTimeInterval(settings.notReadyFor))
    return id
  }

  /// The certificate, or the wrong one that a fault asks for.
  private func faulty(_ certificate: Certificate, at now: Date) throws -> Certificate {
    let otherKey = faults.take(.certificateForAnotherKey, .get)
    let otherCustomer = faults.take(.certificateForAnotherCustomer, .get)
    let otherIssuer = faults.take(.certificateFromAnotherIssuer, .get)
    guard otherKey || otherCustomer || otherIssuer else { return certificate }
    return try LeafProfile.customer(
      publicKey: otherKey ? FaultMaterials.materials().anotherKey.publicKey : certificate.publicKey,
      customerID: otherCustomer ? "SIMULATOR-OTHER" : certificate.subject.commonName ?? "",
      organization: certificate.subject.organization ?? settings.defaultCustomerName, from: certificate.notValidBefore,
      days: settings.certificateLifetimeDays, issuer: otherIssuer ? hierarchy.services : hierarchy.providers)
  }
}
