import CertificateService
import Foundation
import X509

/// One authority as `trust import` and `trust list` show it.
struct AuthorityReport: Encodable, Sendable {
  let environment: String
  /// What it is for; nil where nobody has said.
  let role: String?
  let subject: String
  let sha256: String
  let notBefore: Date
  let notAfter: Date
  /// Whole days until it ends; negative when it has ended.
  let daysLeft: Int
  /// What vouches for it: `published`, `pins-file`, `fingerprint` (given when it was imported), or `configuration`.
  let pinnedBy: String
  /// The setting that names it, or `trust-folder`.
  let source: String
  let file: String?

  /// An authority that ends within a year is told of.
  static let warningDays = 366

  enum CodingKeys: CodingKey {
    case environment, role, subject, sha256, notBefore, notAfter, daysLeft, pinnedBy, source, file
  }

  init(
    _ certificate: Certificate, environment: ServiceEnvironment, role: PublishedAuthority.Role?, pinnedBy: String, source: String,
    file: String?, at now: Date
  ) throws {
    self.environment = environment.name
    self.role = role?.rawValue
    subject = certificate.subject.readable
    sha256 = try PublishedAuthority.fingerprint(of: certificate)
    notBefore = certificate.notValidBefore
    notAfter = certificate.notValidAfter
    daysLeft = Int((certificate.notValidAfter.timeIntervalSince(now) / 86400).rounded(.down))
    self.pinnedBy = pinnedBy
    self.source = source
    self.file = file
  }

  // Every field is always there, `null` when it has nothing to say.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(environment, forKey: .environment)
    try container.encode(role, forKey: .role)
    try container.encode(subject, forKey: .subject)
    try container.encode(sha256, forKey: .sha256)
    try container.encode(notBefore, forKey: .notBefore)
    try container.encode(notAfter, forKey: .notAfter)
    try container.encode(daysLeft, forKey: .daysLeft)
    try container.encode(pinnedBy, forKey: .pinnedBy)
    try container.encode(source, forKey: .source)
    try container.encode(file, forKey: .file)
  }

  var text: String {
    let left = daysLeft < 0 ? "EXPIRED" : "\(daysLeft) days left"
    return Console.facts(
      [
        ("subject", subject), ("environment", environment), ("role", role ?? "not known"), ("sha-256", sha256),
        ("valid", "\(notBefore.ISO8601Format()) to \(notAfter.ISO8601Format()) (\(left))"), ("pinned by", pinnedText),
        ("from", file ?? source),
      ])
  }

  private var pinnedText: String {
    switch pinnedBy {
    case "published": "the built-in fingerprints (see: hsmkey trust list --pins)"
    case "pins-file": "the file of trust-pins"
    case "fingerprint": "the fingerprint that was given when it was imported"
    default: "nothing: \(source) in the configuration names its file"
    }
  }

  /// What somebody has to look after, if anything.
  var warning: String? {
    guard daysLeft < Self.warningDays else { return nil }
    let name = "the authority \(subject) (\(environment)\(role.map { ", \($0)" } ?? ""))"
    return daysLeft < 0
      ? "\(name) ended on \(notAfter.ISO8601Format()); see whether the agency has published a new one, and import that"
      : "\(name) ends on \(notAfter.ISO8601Format()), in \(daysLeft.days); import the one that the agency publishes next to it"
  }
}

extension AuthorityPins {
  /// What `pinned-by` says of a certificate in the trust folder.
  func vouching(for certificate: Certificate) throws -> String {
    try authority(of: certificate) == nil ? "fingerprint" : file == nil ? "published" : "pins-file"
  }
}
