import Foundation
import X509

/// The simulated CAs, as the agency's stand: a root, an intermediate, and below it one issuing CA for the customers' certificates
/// and one for the certificates that sign responses.
struct CAHierarchy: Sendable {
  let root: CertificateAuthority
  let intermediate: CertificateAuthority
  /// Issues the customers' certificates.
  let providers: CertificateAuthority
  /// Issues the response signer's certificate.
  let services: CertificateAuthority
  let responseSigner: Certificate
  let responseSignerKey: Certificate.PrivateKey

  init(
    environment: SimulatedEnvironment, keys: SimulatorKeys, style: CAStyle, publicationBase: String, now: Date,
    random: SimulatorRandom = SimulatorRandom()
  ) throws {
    // The agency's CAs were made some years ago, so a client that looks back in time still finds them valid.
    let from = CertificateTimes.wholeSecond(now).adding(days: -5 * 365)
    let countryFirst = environment.namesRootsCountryFirst
    var root = try CertificateAuthority.root(
      name: environment.rootName, countryFirst: countryFirst, key: keys.root, from: from,
      to: from.adding(days: style.generalizedTimeBefore2050 ? 25 * 365 : 31 * 365), publicationBase: publicationBase, random: random)
    if style.generalizedTimeBefore2050 {
      root = root.with(
        try EarlyGeneralizedTime.resigned(root.certificate, notBefore: false, notAfter: true, issuerKey: keys.root))
    }
    var intermediate = try root.subordinate(
      name: environment.intermediateName, countryFirst: countryFirst, key: keys.intermediate, from: from,
      to: from.adding(days: style.generalizedTimeBefore2050 ? 23 * 365 : 29 * 365), pathLength: 1)
    if style.generalizedTimeBefore2050 {
      intermediate = intermediate.with(
        try EarlyGeneralizedTime.resigned(intermediate.certificate, notBefore: true, notAfter: true, issuerKey: keys.root))
    }
    // Thirteen years of 365 days: the agency's CA counts days, and so do its dates.
    let end = from.adding(days: 13 * 365)
    self.root = root
    self.intermediate = intermediate
    providers = try intermediate.subordinate(
      name: environment.providersName, countryFirst: false, key: keys.providers, from: from, to: end, pathLength: nil)
    services = try intermediate.subordinate(
      name: environment.servicesName, countryFirst: false, key: keys.services, from: from, to: end, pathLength: nil)
    responseSigner = try LeafProfile.responseSigner(
      publicKey: keys.responseSigner.publicKey, from: from.adding(days: 4 * 365), to: end, issuer: services)
    responseSignerKey = keys.responseSigner
  }

  var authorities: [CertificateAuthority] { [root, intermediate, providers, services] }
}

/// How the CAs' certificates look, beyond their names.
public struct CAStyle: Hashable, Sendable {
  /// The root and the intermediate carry dates before 2050 as GeneralizedTime, as the agency's test CAs do: the root its end, the
  /// intermediate both dates.
  public var generalizedTimeBefore2050: Bool
  /// Bits of the root's and the intermediate's RSA keys: 2048, 3072, 4096 or 8192. Larger keys take seconds to minutes to make.
  public var rootKeySize: Int

  /// Small keys and the times of RFC 5280, unless told otherwise.
  public init(generalizedTimeBefore2050: Bool = false, rootKeySize: Int = 2048) {
    self.generalizedTimeBefore2050 = generalizedTimeBefore2050
    self.rootKeySize = rootKeySize
  }

  /// What RFC 5280 says, with small keys.
  public static let plain = CAStyle()
  /// The quirks of the agency's test CAs.
  public static let agencyTest = CAStyle(generalizedTimeBefore2050: true, rootKeySize: 8192)
}

extension CertificateAuthority {
  fileprivate func with(_ certificate: Certificate) -> CertificateAuthority {
    CertificateAuthority(
      certificate: certificate, key: key, publishedName: publishedName, publicationBase: publicationBase, random: random)
  }
}
