import Foundation

@testable import KeyEvidence

/// A token that is as it should be, and what tests change about it.
enum Sample {
  static let now = Date(timeIntervalSince1970: 1_795_400_000)  // 2026-11-23

  static let token = TokenInventory.Token(
    label: "payroll", manufacturer: "SoftHSM project", model: "SoftHSM v2", serial: "5a1c0ffee5a1c0ff", hardwareVersion: "2.6",
    firmwareVersion: "2.6")

  static func digest(_ name: String) -> String { EvidenceText.sha256(Array(name.utf8)) }

  /// A good private half, with changes.
  static func privateHalf(
    _ label: String = "payroll", id: String = "01", objections: [String] = [], changes: [(InventoryAttribute, Bool?)] = []
  ) -> InventoryHalf {
    var claims = AttributeClaims()
    let good: [(InventoryAttribute, Bool)] = [
      (.token, true), (.isPrivate, true), (.sensitive, true), (.alwaysSensitive, true), (.extractable, false), (.neverExtractable, true),
      (.local, true), (.sign, true), (.decrypt, false), (.unwrap, false), (.derive, false), (.signRecover, false),
    ]
    for (attribute, value) in good { claims[truth: attribute] = value }
    for (attribute, value) in changes { claims[truth: attribute] = value }
    claims[text: .keyType] = "CKK_EC"
    return InventoryHalf(
      label: label, id: id, attributes: claims, verdict: .init(objections: objections, violated: objections, notClaimed: []))
  }

  static func publicHalf(_ label: String = "payroll", id: String = "01", changes: [(InventoryAttribute, Bool?)] = []) -> InventoryHalf {
    var claims = AttributeClaims()
    for (attribute, value) in [(InventoryAttribute.token, true), (.isPrivate, false), (.verify, true)] { claims[truth: attribute] = value }
    for (attribute, value) in changes { claims[truth: attribute] = value }
    return InventoryHalf(label: label, id: id, attributes: claims)
  }

  static func key(
    _ label: String = "payroll", id: String = "01", algorithm: String = "ecdsa-p256", key: String?? = .none,
    privateHalf: InventoryHalf?? = .none, publicHalf: InventoryHalf?? = .none
  ) -> InventoryKey {
    InventoryKey(
      algorithm: algorithm, publicKeySHA256: (key ?? label).map(digest), privateHalf: privateHalf ?? Self.privateHalf(label, id: id),
      publicHalf: publicHalf ?? Self.publicHalf(label, id: id))
  }

  static func certificate(
    _ label: String = "payroll", id: String = "01", key: String? = nil, days: Double = 700, begunDaysAgo: Double = 30,
    keyAlgorithm: String = "ecdsa-p256", signature: String = "sha256WithRSAEncryption", isAuthority: Bool = false
  ) -> InventoryCertificate {
    var claims = AttributeClaims()
    claims[truth: .token] = true
    claims[truth: .isPrivate] = false
    return InventoryCertificate(
      label: label, id: id, sha256: digest("certificate \(label) \(days)"), attributes: claims,
      contents: .init(
        subject: "CN=\(label)", issuer: "CN=issuer", serial: "05", notBefore: now.addingTimeInterval(-begunDaysAgo * 86400),
        notAfter: now.addingTimeInterval(days * 86400), publicKeySHA256: digest(key ?? label), keyAlgorithm: keyAlgorithm,
        signatureAlgorithm: signature, isAuthority: isAuthority))
  }

  static func object(
    _ objectClass: String = "CKO_DATA", label: String = "note", changes: [(InventoryAttribute, Bool?)] = []
  ) -> InventoryObject {
    var claims = AttributeClaims()
    claims[truth: .token] = true
    claims[truth: .isPrivate] = true
    for (attribute, value) in changes { claims[truth: attribute] = value }
    return InventoryObject(objectClass: objectClass, label: label, id: "", attributes: claims)
  }

  static func inventory(
    token: TokenInventory.Token = token, scope: TokenInventory.Scope = .all, keys: [InventoryKey] = [key()],
    certificates: [InventoryCertificate] = [certificate()], others: [InventoryObject] = [], unreadable: [InventoryUnreadable] = []
  ) -> TokenInventory {
    TokenInventory(
      token: token, scope: scope, policy: "non-exportable-signing", madeAt: now, madeBy: "test 1", keys: keys, certificates: certificates,
      others: others, unreadable: unreadable)
  }

  /// The rules of the findings on an inventory as it is.
  static func rules(_ inventory: TokenInventory) -> [AuditRule] { InventoryReview(inventory, at: now).findings.map(\.rule) }
}
