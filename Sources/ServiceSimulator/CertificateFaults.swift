import Foundation
import X509

/// The wrong certificates that faults ask for.
struct CertificateFaults: Sendable {
  let hierarchy: CAHierarchy
  let lifetimeDays: Int
  let defaultCustomerName: String

  /// The certificate, or the wrong one in its place.
  ///
  /// - Parameter known: one that the customer got before.
  func apply(to certificate: Certificate, known: Certificate?, at now: Date, _ exchange: Exchange) throws -> Certificate {
    if let known, exchange.take(.certificateKnown, .get) { return known }
    let otherKey = exchange.take(.certificateForAnotherKey, .get)
    let otherCustomer = exchange.take(.certificateForAnotherCustomer, .get)
    let otherIssuer = exchange.take(.certificateFromAnotherIssuer, .get)
    var times: (from: Date, days: Int)?
    if exchange.take(.certificateExpired, .get) { times = (now.adding(days: -1 - lifetimeDays), lifetimeDays) }
    if exchange.take(.certificateNotYetValid, .get) { times = (now.adding(days: 1), lifetimeDays) }
    if exchange.take(.certificateValidTooLong, .get) { times = (now, 20 * 365) }
    guard otherKey || otherCustomer || otherIssuer || times != nil else { return certificate }
    return try LeafProfile.customer(
      publicKey: otherKey ? FaultMaterials.materials().anotherKey.publicKey : certificate.publicKey,
      customerID: otherCustomer ? "SIMULATOR-OTHER" : certificate.subject.commonName ?? "",
      organization: certificate.subject.organization ?? defaultCustomerName, from: times?.from ?? certificate.notValidBefore,
      days: times?.days ?? lifetimeDays, issuer: otherIssuer ? hierarchy.services : hierarchy.providers)
  }
}
