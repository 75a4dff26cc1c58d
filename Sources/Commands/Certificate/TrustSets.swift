import CertificateService
import X509

/// The authorities of the two purposes, checked against each other: who may sign the service's answers, and who may issue certificates.
///
/// Both chains end in the same root, so a file in the wrong list would verify. Were the customers' issuing authority in `response-ca`,
/// every customer of the agency could sign answers.
struct TrustSets: Sendable {
  let responses: TrustAnchors
  let issuers: TrustAnchors

  /// - Throws: ``CommandRule/trustRoles`` and ``CommandRule/trustEnvironment``.
  init(responses: TrustAnchors, issuers: TrustAnchors, environment: ServiceEnvironment, pins: AuthorityPins) throws {
    self.responses = responses
    self.issuers = issuers
    try Self.refuse(.customerIssuer, in: responses, key: "response-ca", environment, pins)
    try Self.refuse(.responseIssuer, in: issuers, key: "issuer-ca", environment, pins)
    // The upper authorities are common to both chains. The ones at the lower end, which issue, must differ; the key tells, as an
    // authority can have several certificates.
    let issuing = Set(responses.lowest.map(\.publicKey))
    if let shared = issuers.lowest.first(where: { issuing.contains($0.publicKey) }) {
      throw Self.refusal(
        .trustRoles, "\(shared.subject.readable) is the lowest authority of both service.response-ca and service.issuer-ca",
        hint: "list the authority behind answers in response-ca only, and the one that issues customers' certificates in issuer-ca only")
    }
  }

  private static func refuse(
    _ role: PublishedAuthority.Role, in set: TrustAnchors, key: String, _ environment: ServiceEnvironment, _ pins: AuthorityPins
  ) throws {
    for certificate in set.anchors + set.intermediates {
      // The built-in fingerprints say what an authority is even where others have taken their place.
      guard let published = try pins.authority(of: certificate) ?? PublishedAuthority.published(certificate) else { continue }
      guard published.environment == environment else {
        throw refusal(
          .trustEnvironment,
          "service.\(key) holds \(published.commonName), an authority of \(published.environment); service.environment is \(environment)",
          hint: "list the agency's CA certificates for \(environment)")
      }
      guard published.role != role else {
        throw refusal(
          .trustRoles, "service.\(key) holds \(published.commonName), whose role is \(role)",
          hint: "the customers' issuing CA belongs in issuer-ca only, the services' issuing CA in response-ca only")
      }
    }
  }

  private static func refusal(_ rule: CommandRule, _ message: String, hint: String) -> CommandError {
    .configuration(message, rule: rule, operation: "set up the certificate service", hint: hint)
  }
}
