/// A named rule of the inventory audit. The name stands in findings, errors, documentation and tests.
public struct AuditRule: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ name: String) { rawValue = name }

  /// Nothing is on the token that its inventory does not have. Weight: violation.
  public static let new = AuditRule("AUDIT-NEW")
  /// Everything that the inventory has is still on the token. Weight: violation.
  public static let gone = AuditRule("AUDIT-GONE")
  /// What is on the token is as the inventory has it: attributes, identifiers, names. A key is known by its public key, then by its
  /// `CKA_ID`. Weight: violation.
  public static let changed = AuditRule("AUDIT-CHANGED")
  /// A private or secret key cannot leave the token: it is sensitive and not extractable. Weight: violation.
  public static let extractable = AuditRule("AUDIT-EXTRACTABLE")
  /// A private key signs and does nothing else, unless the key policy lets it. Weight: violation.
  public static let signOnly = AuditRule("AUDIT-SIGN-ONLY")
  /// A private key meets every other rule of the key policy. Weight: violation.
  public static let policy = AuditRule("AUDIT-POLICY")
  /// A key is of a kind and size known to be strong enough, and no certificate rests on SHA-1 or less. Weight: violation.
  public static let weak = AuditRule("AUDIT-WEAK")
  /// A `CKA_ID` is one key pair's only. Weight: violation.
  public static let idShared = AuditRule("AUDIT-ID-SHARED")
  /// No certificate on the token has expired. Weight: violation.
  public static let expired = AuditRule("AUDIT-EXPIRED")
  /// Every object on the token can be read, as far as it is no secret. Weight: violation.
  public static let unreadable = AuditRule("AUDIT-UNREADABLE")
  /// A name (label) is one key's only. Weight: warning.
  public static let nameShared = AuditRule("AUDIT-NAME-SHARED")
  /// A certificate is good for 60 days more, which is when its renewal opens. Weight: warning.
  public static let expiring = AuditRule("AUDIT-EXPIRING")
  /// A key pair has both of its halves on the token, under one `CKA_ID`. Weight: warning.
  public static let halfKey = AuditRule("AUDIT-HALF-KEY")
  /// A private key is of a kind that the key policy knows, and can be read so far that it is judged. Weight: warning.
  public static let notJudged = AuditRule("AUDIT-NOT-JUDGED")
  /// A certificate that is no authority's stands beside the key that it certifies. Weight: warning.
  public static let certificateWithoutKey = AuditRule("AUDIT-CERTIFICATE-WITHOUT-KEY")
  /// A key stands beside a certificate for it. Weight: notice.
  public static let keyWithoutCertificate = AuditRule("AUDIT-KEY-WITHOUT-CERTIFICATE")
  /// A certificate's validity has begun. Weight: notice.
  public static let notYetValid = AuditRule("AUDIT-NOT-YET-VALID")
  /// An object is of a class that the standard names. Weight: notice.
  public static let unknownObject = AuditRule("AUDIT-UNKNOWN-OBJECT")
  /// An inventory is held against the token that it was made of: same manufacturer, model and serial number.
  public static let sameToken = AuditRule("AUDIT-SAME-TOKEN")
  /// An inventory is signed by the key that the auditor has named.
  public static let signer = AuditRule("AUDIT-SIGNER")
  /// An inventory is complete: a token that never ends telling of objects has none.
  public static let objectCount = AuditRule("AUDIT-OBJECT-COUNT")

  public static let allCases: [AuditRule] = [
    .new, .gone, .changed, .extractable, .signOnly, .policy, .weak, .idShared, .expired, .unreadable, .nameShared, .expiring, .halfKey,
    .notJudged, .certificateWithoutKey, .keyWithoutCertificate, .notYetValid, .unknownObject, .sameToken, .signer, .objectCount,
  ]

  /// What the rule demands, in its own sentences: for reports.
  public var demand: String { Self.demands[self] ?? "" }

  private static let demands: [AuditRule: String] = [
    .new: "Nothing is on the token that its inventory does not have.",
    .gone: "Everything that the inventory has is still on the token.",
    .changed:
      "What is on the token is as the inventory has it: attributes, identifiers, names. "
      + "A key is known by its public key, then by its CKA_ID.",
    .extractable: "A private or secret key cannot leave the token: it is sensitive and not extractable.",
    .signOnly: "A private key signs and does nothing else, unless the key policy lets it.",
    .policy: "A private key meets every other rule of the key policy.",
    .weak: "A key is of a kind and size known to be strong enough, and no certificate rests on SHA-1 or less.",
    .idShared: "A CKA_ID is one key pair's only.",
    .expired: "No certificate on the token has expired.",
    .unreadable: "Every object on the token can be read, as far as it is no secret.",
    .nameShared: "A name (label) is one key's only.",
    .expiring: "A certificate is good for 60 days more, which is when its renewal opens.",
    .halfKey: "A key pair has both of its halves on the token, under one CKA_ID.",
    .notJudged: "A private key is of a kind that the key policy knows, and can be read so far that it is judged.",
    .certificateWithoutKey: "A certificate that is no authority's stands beside the key that it certifies.",
    .keyWithoutCertificate: "A key stands beside a certificate for it.",
    .notYetValid: "A certificate's validity has begun.",
    .unknownObject: "An object is of a class that the standard names.",
    .sameToken: "An inventory is held against the token that it was made of: same manufacturer, model and serial number.",
    .signer: "An inventory is signed by the key that the auditor has named.",
    .objectCount: "An inventory is complete: a token that never ends telling of objects has none.",
  ]

  /// How much a finding of this rule weighs. It is the rule's, always the same, so that a script can rely on it.
  public var severity: AuditSeverity {
    switch self {
    case .keyWithoutCertificate, .notYetValid, .unknownObject: .notice
    case .nameShared, .expiring, .halfKey, .notJudged, .certificateWithoutKey: .warning
    default: .violation
    }
  }

  public var description: String { rawValue }
}

/// How much a finding weighs.
public struct AuditSeverity: RawRepresentable, Hashable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
  public let rawValue: String
  private let weight: Int

  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  private init(_ name: String, _ weight: Int) {
    rawValue = name
    self.weight = weight
  }

  /// Good to know; nothing is wrong.
  public static let notice = AuditSeverity("notice", 1)
  /// Somebody should look after it.
  public static let warning = AuditSeverity("warning", 2)
  /// It must not be.
  public static let violation = AuditSeverity("violation", 3)

  /// The least first.
  public static let allCases: [AuditSeverity] = [.notice, .warning, .violation]

  public static func < (left: AuditSeverity, right: AuditSeverity) -> Bool { left.weight < right.weight }
  public var description: String { rawValue }
}

/// Why an inventory could not be made, or not be held against a token.
public struct AuditError: Error, Sendable, CustomStringConvertible {
  /// The rule that refused.
  public let rule: AuditRule
  /// What was being done.
  public let operation: String
  /// What came back, in one sentence without a full stop.
  public let message: String
  /// What to do next.
  public let hint: String?

  /// An error from its parts.
  public init(rule: AuditRule, operation: String, message: String, hint: String? = nil) {
    self.rule = rule
    self.operation = operation
    self.message = message
    self.hint = hint
  }

  public var description: String { "\(operation): \(message) [\(rule)]" }
}
