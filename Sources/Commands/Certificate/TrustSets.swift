import CertificateService
import X509

/// The authorities for one purpose, and where they were found.
struct TrustSource: Sendable {
  let anchors: TrustAnchors
  /// As messages call it: `service.response-ca`, `the trust folder /var/lib/hsmkey/trust`.
  let name: String
  /// The file of each, where the trust folder holds them.
  var files: [Certificate: String] = [:]
}

/// The authorities of the two purposes, checked against each other: who may sign the service's answers, and who may issue certificates.
///
/// Both chains end in the same root, so a file in the wrong list would verify. Were the customers' issuing authority in `response-ca`,
/// every customer of the agency could sign answers.
struct TrustSets: Sendable {
  let responses: TrustAnchors
  let issuers: TrustAnchors

  /// - Throws: ``CommandRule/trustRoles`` and ``CommandRule/trustEnvironment``.
  init(responses: TrustSource, issuers: TrustSource, environment: ServiceEnvironment, pins: AuthorityPins) throws {
    self.responses = responses.anchors
    self.issuers = issuers.anchors
    try Self.refuse(.customerIssuer, in: responses, environment, pins)
    try Self.refuse(.responseIssuer, in: issuers, environment, pins)
    // The upper authorities are common to both chains. The ones at the lower end, which issue, must differ; the key tells, as an
    // authority can have several certificates.
    let issuing = Set(self.responses.lowest.map(\.publicKey))
    if let shared = self.issuers.lowest.first(where: { issuing.contains($0.publicKey) }) {
      let both = Set([responses.name, issuers.name]).sorted(by: >).joined(separator: " and ")
      throw Self.refusal(
        .trustRoles, "\(shared.subject.readable) is the lowest authority of both purposes, answers and certificates, in \(both)",
        hint: (responses.files[shared] ?? issuers.files[shared]).map {
          "import the authorities that it has issued in the same command, or take it away: \($0)"
        } ?? "list the authority behind answers in response-ca only, and the one that issues customers' certificates in issuer-ca only")
    }
  }

  private static func refuse(
    _ role: PublishedAuthority.Role, in source: TrustSource, _ environment: ServiceEnvironment, _ pins: AuthorityPins
  ) throws {
    for certificate in source.anchors.anchors + source.anchors.intermediates {
      // The built-in fingerprints say what an authority is even where others have taken their place.
      guard let published = try pins.authority(of: certificate) ?? PublishedAuthority.published(certificate) else { continue }
      guard published.environment == environment else {
        throw refusal(
          .trustEnvironment,
          "\(source.name) holds \(published.commonName), an authority of \(published.environment), and this is for \(environment)",
          hint: source.files[certificate].map { "take it away: \($0)" } ?? "list the agency's CA certificates for \(environment)")
      }
      guard published.role != role else {
        throw refusal(
          .trustRoles, "\(source.name) holds \(published.commonName), whose role is \(role)",
          hint: source.files[certificate].map { "take it away: \($0)" }
            ?? "the customers' issuing CA belongs in issuer-ca only, the services' issuing CA in response-ca only")
      }
    }
  }

  private static func refusal(_ rule: CommandRule, _ message: String, hint: String) -> CommandError {
    .configuration(message, rule: rule, operation: "set up the certificate service", hint: hint)
  }
}
