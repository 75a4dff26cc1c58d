/// Something that the audit has to say about a token or an object on it.
public struct AuditFinding: Hashable, Sendable {
  /// The rule that it is about.
  public let rule: AuditRule
  /// What it is about.
  public let subject: AuditSubject
  /// What was found, in a sentence without a full stop. It may hold texts from the token as they are.
  public let message: String
  /// What differs from the inventory, for ``AuditRule/changed``; empty for the others.
  public let changes: [AuditChange]

  /// How much it weighs.
  public var severity: AuditSeverity { rule.severity }

  init(_ rule: AuditRule, _ subject: AuditSubject, _ message: String, changes: [AuditChange] = []) {
    self.rule = rule
    self.subject = subject
    self.message = message
    self.changes = changes
  }

  /// The worst first, then by rule and name.
  static func sorted(_ findings: [AuditFinding]) -> [AuditFinding] {
    Dictionary(grouping: findings, by: \.rule)
      .sorted { left, right in
        left.key.severity != right.key.severity
          ? left.key.severity > right.key.severity : (order[left.key] ?? 0) < (order[right.key] ?? 0)
      }
      .flatMap { _, group in group.sorted { [$0.subject.name, $0.subject.id, $0.message] } }
  }

  private static let order = Dictionary(uniqueKeysWithValues: AuditRule.allCases.enumerated().map { ($1, $0) })
}

/// What a finding is about.
public struct AuditSubject: Hashable, Sendable {
  /// `token`, `key`, `certificate`, `object`.
  public let kind: String
  /// The label, or for the token its label.
  public let name: String
  /// The `CKA_ID` in hexadecimal; for the token its serial number.
  public let id: String
  /// SHA-256 of the public key, of the certificate for a certificate, in hexadecimal, where it is known.
  public let sha256: String?

  init(_ token: TokenInventory.Token) { (kind, name, id, sha256) = ("token", token.label, token.serial, nil) }
  init(_ key: InventoryKey) { (kind, name, id, sha256) = ("key", key.label, key.id, key.publicKeySHA256) }
  init(_ certificate: InventoryCertificate) {
    (kind, name, id) = ("certificate", certificate.label, certificate.id)
    sha256 = certificate.sha256.isEmpty ? nil : certificate.sha256
  }
  init(_ object: InventoryObject) { (kind, name, id, sha256) = ("object", object.label, object.id, nil) }
  init(_ unreadable: InventoryUnreadable) { (kind, name, id, sha256) = ("object", unreadable.label, unreadable.id, nil) }
}

/// One thing about an object that is not as the inventory has it.
public struct AuditChange: Hashable, Sendable {
  /// What: an attribute by its Cryptoki name, with the half that it belongs to (`private CKA_LABEL`), or `public half`.
  public let what: String
  /// What the inventory has; nil where it has nothing.
  public let expected: String?
  /// What is there; nil where there is nothing.
  public let found: String?

  /// In words: `private CKA_EXTRACTABLE was false, is true`.
  public var words: String {
    "\(what) was \(expected.map { $0.isEmpty ? "empty" : $0 } ?? "not told"), is \(found.map { $0.isEmpty ? "empty" : $0 } ?? "not told")"
  }
}
