public import Foundation

/// What is to be said of a token's contents as they are, without knowing how they should be.
public struct InventoryReview: Sendable {
  /// How long before its end a certificate counts as expiring: 60 days, when its renewal opens.
  public static let renewalWindow: TimeInterval = 60 * 86400

  /// The findings, the worst first.
  public let findings: [AuditFinding]

  /// Looks at every object of an inventory.
  ///
  /// - Parameter now: when certificates must be good.
  public init(_ inventory: TokenInventory, at now: Date) {
    var findings: [AuditFinding] = []
    let undecided = Undecided(inventory.keys)
    for key in inventory.keys { findings += Self.findings(of: key, in: inventory, undecided) }
    findings += Self.shared(inventory.keys)
    let certified = Set(inventory.certificates.compactMap { $0.contents?.publicKeySHA256 })
    let held = Set(inventory.keys.compactMap(\.publicKeySHA256))
    for key in inventory.keys where key.publicKeySHA256.map({ !certified.contains($0) }) ?? true {
      findings.append(.init(.keyWithoutCertificate, .init(key), "there is no certificate for the key on the token"))
    }
    for certificate in inventory.certificates {
      findings += Self.findings(of: certificate, at: now)
      if let contents = certificate.contents, !contents.isAuthority, !held.contains(contents.publicKeySHA256) {
        findings.append(
          .init(.certificateWithoutKey, .init(certificate), "the key that it certifies (\(contents.subject)) is not on the token"))
      }
    }
    for object in inventory.others { findings += Self.findings(of: object) }
    for object in inventory.unreadable { findings.append(.init(.unreadable, .init(object), object.reason)) }
    self.findings = AuditFinding.sorted(findings)
  }

  /// These findings and those of a comparison, the worst first.
  public func findings(and comparison: InventoryComparison?) -> [AuditFinding] {
    AuditFinding.sorted(findings + (comparison?.findings ?? []))
  }

  // MARK: Keys

  private static func findings(of key: InventoryKey, in inventory: TokenInventory, _ undecided: Undecided) -> [AuditFinding] {
    let subject = AuditSubject(key)
    var findings: [AuditFinding] = []
    if let weakness = Weakness.of(algorithm: key.algorithm) { findings.append(.init(.weak, subject, weakness)) }
    if let half = key.privateHalf {
      if let way = wayOut(half.attributes) { findings.append(.init(.extractable, subject, "the private key can leave the token: \(way)")) }
      let uses: [InventoryAttribute] = [.decrypt, .unwrap, .derive, .signRecover]
      let others = uses.filter { half.attributes[truth: $0] == true }
      let isSigning = half.attributes[truth: .sign] == true
      // Unless the policy has been told to let it pass.
      let isObjectedTo = half.verdict.map { $0.objections.contains("KEY-SIGN-ONLY") } ?? true
      if isObjectedTo, !others.isEmpty || !isSigning {
        let allowed = (isSigning ? [InventoryAttribute.sign] : []) + others
        findings.append(
          .init(
            .signOnly, subject,
            allowed.isEmpty ? "the key has no use at all" : "allows \(allowed.map(\.cryptokiName).joined(separator: ", "))"))
      }
      let objections = (half.verdict?.objections ?? []).filter { !toldOtherwise.contains($0) }
      if !objections.isEmpty {
        findings.append(.init(.policy, subject, "does not meet \(inventory.policy): \(objections.joined(separator: ", "))"))
      }
      if half.verdict == nil {
        let reason = "\(inventory.policy) does not know the kind \(key.algorithm), or cannot read this key"
        findings.append(.init(.notJudged, subject, "not judged: \(reason)"))
      }
    }
    switch (key.privateHalf, key.publicHalf) {
    case (.some(let one), .some(let other)) where one.id != other.id:
      findings.append(
        .init(.halfKey, subject, "the halves have two identifiers: private \(one.id.orNone), public \(other.id.orNone)"))
    case (.some, .none):
      if let message = undecided.missing("public", of: key) { findings.append(.init(.halfKey, subject, message)) }
    case (.none, .some) where inventory.scope == .all:
      if let message = undecided.missing("private", of: key) { findings.append(.init(.halfKey, subject, message)) }
    default: break
    }
    return findings
  }

  /// Rules of the key policy that the audit has a rule of its own for.
  private static let toldOtherwise: Set = ["KEY-SENSITIVE", "KEY-NOT-EXTRACTABLE", "KEY-SIGN-ONLY", "KEY-SIZE"]

  /// How a private or secret key can leave the token, by what it says of itself; nil when it cannot. Silence counts for nothing.
  private static func wayOut(_ attributes: AttributeClaims) -> String? {
    let ways = [(InventoryAttribute.extractable, true), (.sensitive, false)].compactMap { attribute, isBad -> String? in
      guard let value = attributes[truth: attribute] else { return "\(attribute) is not told" }
      return value == isBad ? "\(attribute) = \(value)" : nil
    }
    return ways.isEmpty ? nil : ways.joined(separator: ", ")
  }

  private static func shared(_ keys: [InventoryKey]) -> [AuditFinding] {
    var findings: [AuditFinding] = []
    for (name, halves) in Dictionary(grouping: keys, by: \.label) where halves.count > 1 && !name.isEmpty {
      let group = Undecided(halves).pairs
      if group.count < 2 { continue }
      let first = group.min { $0.sorting.lexicographicallyPrecedes($1.sorting) } ?? group[0]
      let ids = group.map { $0.id.orNone }.sorted().listed
      findings.append(.init(.nameShared, .init(first), "\(group.count) keys have this name; their CKA_ID: \(ids)"))
    }
    for (id, halves) in Dictionary(grouping: keys, by: \.id) where halves.count > 1 && !id.isEmpty {
      let group = Undecided(halves).pairs
      if group.count < 2 { continue }
      let first = group.min { $0.sorting.lexicographicallyPrecedes($1.sorting) } ?? group[0]
      let names = group.map { $0.label.isEmpty ? "(no name)" : $0.label }.sorted().listed
      findings.append(.init(.idShared, .init(first), "\(group.count) keys have this CKA_ID; their names: \(names)"))
    }
    return findings
  }

  // MARK: Certificates and others

  private static func findings(of certificate: InventoryCertificate, at now: Date) -> [AuditFinding] {
    let subject = AuditSubject(certificate)
    guard let contents = certificate.contents else { return [] }
    var findings: [AuditFinding] = []
    if let weakness = Weakness.of(signature: contents.signatureAlgorithm) { findings.append(.init(.weak, subject, weakness)) }
    if let weakness = Weakness.of(algorithm: contents.keyAlgorithm) {
      findings.append(.init(.weak, subject, "its key is not strong enough: \(weakness)"))
    }
    if contents.notAfter < now {
      findings.append(.init(.expired, subject, "expired on \(contents.notAfter.dayAndTime) (\(contents.subject))"))
    } else if contents.notAfter < now.addingTimeInterval(renewalWindow) {
      let days = Int(contents.notAfter.timeIntervalSince(now) / 86400)
      findings.append(
        .init(.expiring, subject, "expires on \(contents.notAfter.dayAndTime), in \(days) day\(days == 1 ? "" : "s") (\(contents.subject))")
      )
    }
    if contents.notBefore > now {
      findings.append(.init(.notYetValid, subject, "is not valid before \(contents.notBefore.dayAndTime) (\(contents.subject))"))
    }
    return findings
  }

  private static func findings(of object: InventoryObject) -> [AuditFinding] {
    let subject = AuditSubject(object)
    if object.objectClass == "CKO_SECRET_KEY", let way = wayOut(object.attributes) {
      return [.init(.extractable, subject, "the secret key can leave the token: \(way)")]
    }
    if object.objectClass.hasPrefix("CKO_0x") {
      return [.init(.unknownObject, subject, "an object of class \(object.objectClass)")]
    }
    return []
  }
}

/// Halves of which nobody can tell which belong together: they share identifier and kind, and the private ones do not tell their key.
private struct Undecided {
  private struct Halves {
    var certain: [InventoryKey] = []
    var privateOnly: [InventoryKey] = []
    var publicOnly: [InventoryKey] = []
  }

  private let groups: [[String]: Halves]

  init(_ keys: [InventoryKey]) {
    groups = keys.reduce(into: [:]) { groups, key in
      let name = Self.name(key)
      if key.publicHalf == nil && key.publicKeySHA256 == nil {
        groups[name, default: .init()].privateOnly.append(key)
      } else if key.privateHalf == nil {
        groups[name, default: .init()].publicOnly.append(key)
      } else {
        groups[name, default: .init()].certain.append(key)
      }
    }
  }

  private static func name(_ key: InventoryKey) -> [String] { [key.id, key.algorithm] }

  /// One for each pair that there must be at least.
  var pairs: [InventoryKey] {
    groups.flatMap { name, halves in
      if name[0].isEmpty { return halves.certain + halves.privateOnly + halves.publicOnly }
      return halves.certain + (halves.privateOnly.count < halves.publicOnly.count ? halves.publicOnly : halves.privateOnly)
    }
  }

  /// What is to be said of a half that stands alone; nil where its other half is there, and only which one it is cannot be told.
  func missing(_ other: String, of key: InventoryKey) -> String? {
    let nothing = "the \(other) half is not on the token"
    guard !key.id.isEmpty, let halves = groups[Self.name(key)], key.privateHalf == nil || key.publicKeySHA256 == nil else { return nothing }
    let (these, others) =
      key.privateHalf == nil
      ? (halves.publicOnly.count, halves.privateOnly.count) : (halves.privateOnly.count, halves.publicOnly.count)
    if others == 0 { return nothing }
    return these <= others ? nil : "whether the \(other) half is on the token cannot be told: \(these) keys with this CKA_ID have \(others)"
  }
}

/// What is not strong enough any more.
enum Weakness {
  private static let good: Set = [
    "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "ed448", "CKK_ML_DSA", "CKK_SLH_DSA",
    // FIPS 204, by the object identifiers of its parameter sets.
    "2.16.840.1.101.3.4.3.17", "2.16.840.1.101.3.4.3.18", "2.16.840.1.101.3.4.3.19",
  ]
  private static let broken: Set = [
    "md2WithRSAEncryption", "md5WithRSAEncryption", "sha1WithRSAEncryption", "dsaWithSHA1", "ecdsaWithSHA1",
  ]

  static func of(algorithm: String) -> String? {
    if good.contains(algorithm) { return nil }
    if algorithm.hasPrefix("rsa-"), let bits = Int(algorithm.dropFirst("rsa-".count)) {
      return bits >= 2048 ? nil : "RSA with \(bits) bits; fewer than 2048 are not strong enough"
    }
    return "\(algorithm) is not known to be strong enough"
  }

  static func of(signature: String) -> String? { broken.contains(signature) ? "signed with \(signature)" : nil }
}

extension String {
  /// The text itself, or a word where there is none.
  var orNone: String { isEmpty ? "none" : self }
}

extension [String] {
  /// The first few, and how many there are more.
  var listed: String { count <= 8 ? joined(separator: ", ") : prefix(8).joined(separator: ", ") + " and \(count - 8) more" }
}

extension Date {
  /// RFC 3339 in UTC, to the second.
  var dayAndTime: String { formatted(.iso8601) }
}
