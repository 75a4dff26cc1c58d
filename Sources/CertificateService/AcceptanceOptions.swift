import X509

/// What the checks of an issued certificate depend on beside the order itself: who may issue, how long a certificate may live, what
/// revocation lists say.
public struct AcceptanceOptions: Sendable {
  /// The lifetimes that are believed where nothing else is said: one day to 1100 days. The agency's certificates have 730 days.
  public static let plausibleLifetime: ClosedRange<Duration> = .seconds(86400)...(.seconds(1100 * 86400))

  /// Who may issue customers' certificates: anchors and the authorities below them.
  public var issuers: TrustAnchors

  /// Which of the issuing authorities may have issued it, each by its common name or by its whole readable name
  /// (`CN=Data Providers Issuing CA v1, O=Verohallinto, C=FI`); empty: any authority that chains to ``issuers``.
  ///
  /// A renewal expects the issuer of the old certificate; an authority that is named here is accepted as well, so that a move of the agency
  /// to a new issuing authority can be allowed by those who know of it.
  public var allowedIssuers: [String]

  /// What is asked of revocation lists.
  public var revocation: RevocationCheck

  /// Lets a certificate for another key pass. For the agency's test bench only, which answers with fixed certificates for keys that it has
  /// published; see ``AcceptedCertificate/isForTheKey``.
  public var skipsKeyMatch: Bool

  /// The shortest and the longest time from `notBefore` to `notAfter` that is believed.
  public var validity: ClosedRange<Duration>

  /// The options; what is left out has its default.
  public init(
    issuers: TrustAnchors, allowedIssuers: [String] = [], revocation: RevocationCheck = .off, skipsKeyMatch: Bool = false,
    validity: ClosedRange<Duration> = plausibleLifetime
  ) {
    self.issuers = issuers
    self.allowedIssuers = allowedIssuers
    self.revocation = revocation
    self.skipsKeyMatch = skipsKeyMatch
    self.validity = validity
  }

  /// Whether an issuer is one of ``allowedIssuers``.
  func names(_ issuer: DistinguishedName) -> Bool {
    let commonNames = issuer.flatMap { Array($0) }.filter { $0.type == .RDNAttributeType.commonName }.compactMap { String($0.value) }
    return allowedIssuers.contains { $0 == issuer.readable || commonNames == [$0] }
  }
}
