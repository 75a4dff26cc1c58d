import Crypto
public import X509

/// A certificate authority of the agency's, by its fingerprint: what it is for, and in which environment.
///
/// The fingerprints are facts that a program can be held to; the certificates themselves come from a file that an operator gives. They
/// expire (the issuing authorities in 2031), so a file with others can always be configured (``AuthorityPins``).
///
/// **Where the built-in ones come from**: ``provenance``. They have not been compared with the agency's own pages by us.
public struct PublishedAuthority: Hashable, Sendable {
  /// What an authority is for.
  public struct Role: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// The name, for example `response-issuer`.
    public let rawValue: String
    /// A role by its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The name.
    public var description: String { rawValue }

    /// The self-signed root.
    public static let root = Role(rawValue: "root")
    /// The authority between the root and the issuing ones.
    public static let intermediate = Role(rawValue: "intermediate")
    /// Issues customers' certificates of the kind "Web Service".
    public static let customerIssuer = Role(rawValue: "customer-issuer")
    /// Issues the certificates that sign the service's answers.
    public static let responseIssuer = Role(rawValue: "response-issuer")

    /// All of them, from the top down.
    public static let allCases: [Role] = [.root, .intermediate, .customerIssuer, .responseIssuer]
  }

  /// The common name of the subject.
  public let commonName: String

  /// The environment that it belongs to.
  public let environment: ServiceEnvironment

  /// What it is for.
  public let role: Role

  /// SHA-256 of the whole certificate, 64 lower-case hexadecimal digits.
  public let sha256: String

  /// Where the built-in fingerprints come from and what nobody has checked, for people, a sentence each.
  public static let provenance = [
    "The certificates were taken from a public copy (the repository OCA-Finland/dev-test on GitHub, commit 9e3f34e30686), which says that"
      + " it downloaded them from vero.fi on 2026-10-05.",
    "They were verified among themselves with OpenSSL on 2026-11-22: each chain is whole. That shows nothing about whose roots they are.",
    "They were not compared with vero.fi by us. Compare the fingerprints once with the agency's own page before you rely on them in"
      + " production.",
  ]

  /// An authority that somebody else vouches for.
  init(commonName: String, environment: ServiceEnvironment, role: Role, sha256: String) {
    self.commonName = commonName
    self.environment = environment
    self.role = role
    self.sha256 = sha256
  }

  /// The published authority that a certificate is, by its fingerprint; nil for any other certificate.
  public static func published(_ certificate: Certificate) throws -> PublishedAuthority? {
    try AuthorityPins.published.authority(of: certificate)
  }

  /// SHA-256 of a whole certificate, 64 lower-case hexadecimal digits.
  public static func fingerprint(of certificate: Certificate) throws -> String {
    let digest = SHA256.hash(data: try CertificateDER.octets(of: certificate))
    return digest.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
  }

  /// The built-in ones.
  public static let all: [PublishedAuthority] = [
    PublishedAuthority(
      commonName: "Verohallinto Root CA v1", environment: .production, role: .root,
      sha256: "0e56c090491c43c9c08385877bc64112034b927d47f729c518e7d7a65111d435"),
    PublishedAuthority(
      commonName: "Verohallinto Intermediate CA v1", environment: .production, role: .intermediate,
      sha256: "21e803ccea2a69552484c4c817a173c1b045ef384b515b2e2ff46a32c7024cd1"),
    PublishedAuthority(
      commonName: "Data Providers Issuing CA v1", environment: .production, role: .customerIssuer,
      sha256: "4a262a71b1d62fb3e42953c5030ab2a4e38d1f828ae1fadb4234862dfdb9e878"),
    PublishedAuthority(
      commonName: "IR Services Issuing CA v1", environment: .production, role: .responseIssuer,
      sha256: "816e39fbb49a29ee4b104b7bf9bba063f30e2452496df4bcf37fc1f219215f55"),
    PublishedAuthority(
      commonName: "Verohallinto Root Test CA v1", environment: .test, role: .root,
      sha256: "45bb8ef7054693f88c48991589116b2f4f685bf3166933f4248632a47ec102d4"),
    PublishedAuthority(
      commonName: "Verohallinto Intermediate Test CA v1", environment: .test, role: .intermediate,
      sha256: "3ae3d4a0355456fcbac47304b86d9dd1f2720bd42d19a5661f781bbc7b7a5044"),
    PublishedAuthority(
      commonName: "Data Providers Test Issuing CA v1", environment: .test, role: .customerIssuer,
      sha256: "d439a1c14bf333dfcd4a47bfb587b217ee1f49eb46d4362f98f09f4bec224ee3"),
    PublishedAuthority(
      commonName: "IR Services Test Issuing CA v1", environment: .test, role: .responseIssuer,
      sha256: "4676f9ea35cf4a5b0d2ef58080501db7cbb5e059d21f4654b7423a22d5c95368"),
  ]
}
