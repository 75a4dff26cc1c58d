/// A token's contents held against an earlier inventory of the same token.
///
/// Objects are recognised: a key by its public key, then by its `CKA_ID`; a certificate by its bytes; other objects by class, label and
/// identifier. A label is for people, so a key with a new one is *changed*, and not gone and new.
public struct InventoryComparison: Sendable {
  /// What was compared: everything, or public parts only because one of the two does not know more.
  public let scope: TokenInventory.Scope
  /// What is new, gone and changed, in this order by name.
  public let findings: [AuditFinding]

  /// Compares.
  ///
  /// - Parameters:
  ///   - present: what is on the token now.
  ///   - known: the inventory that it is held against.
  /// - Throws: ``AuditError`` with ``AuditRule/sameToken``.
  public init(_ present: TokenInventory, against known: TokenInventory) throws(AuditError) {
    try Self.checkToken(present.token, against: known.token)
    let isWhole = present.scope == .all && known.scope == .all
    scope = isWhole ? .all : .publicObjects
    let (presentParts, knownParts) = isWhole ? (present, known) : (present.publicParts, known.publicParts)
    var findings = Self.token(present.token, known.token)
    findings += Self.keys(presentParts.keys, knownParts.keys)
    findings += Self.certificates(presentParts.certificates, knownParts.certificates)
    findings += Self.others(presentParts.others, knownParts.others)
    self.findings = AuditFinding.sorted(findings)
  }

  /// Refuses an inventory of another token.
  ///
  /// - Throws: ``AuditError`` with ``AuditRule/sameToken``.
  public static func checkToken(_ now: TokenInventory.Token, against then: TokenInventory.Token) throws(AuditError) {
    guard now.serial == then.serial, now.manufacturer == then.manufacturer, now.model == then.model else {
      throw AuditError(
        rule: .sameToken, operation: "hold token \(now.label) against an inventory",
        message: "the inventory is of another token, \(then.label) (serial \(then.serial), \(then.manufacturer) \(then.model)); "
          + "this one has the serial number \(now.serial) (\(now.manufacturer) \(now.model))",
        hint: "choose the token that the inventory is of with --token, or the inventory that is of this token")
    }
  }

  private static func token(_ now: TokenInventory.Token, _ then: TokenInventory.Token) -> [AuditFinding] {
    let changes = [
      AuditChange(what: "label", expected: then.label, found: now.label),
      AuditChange(what: "hardware version", expected: then.hardwareVersion, found: now.hardwareVersion),
      AuditChange(what: "firmware version", expected: then.firmwareVersion, found: now.firmwareVersion),
    ].filter { $0.expected != $0.found }
    return changes.isEmpty ? [] : [.changed(.init(now), changes)]
  }

  // MARK: Keys

  private static func keys(_ present: [InventoryKey], _ known: [InventoryKey]) -> [AuditFinding] {
    var matching = Matching(present, known)
    // In this order. What several have in common is told apart by what comes later.
    matching.match { $0.publicKeySHA256.map { key in [key] } }
    matching.match { $0.id.isEmpty ? nil : [$0.id] }
    matching.match { $0.publicKeySHA256 == nil && $0.id.isEmpty ? [$0.label] : nil }
    return matching.pairs.compactMap { now, then in
      let changes = changes(from: then, to: now)
      return changes.isEmpty ? nil : .changed(.init(now), changes)
    } + matching.onlyPresent.map { .init(.new, .init($0), "a key that the inventory does not have: \($0.inWords)") }
      + matching.onlyKnown.map { .init(.gone, .init($0), "a key that the inventory has is gone: \($0.inWords)") }
  }

  private static func changes(from then: InventoryKey, to now: InventoryKey) -> [AuditChange] {
    var changes: [AuditChange] = []
    if let was = then.publicKeySHA256, let isNow = now.publicKeySHA256, was != isNow {
      changes.append(.init(what: "the public key (SHA-256)", expected: was, found: isNow))
    }
    if then.algorithm != now.algorithm { changes.append(.init(what: "the algorithm", expected: then.algorithm, found: now.algorithm)) }
    return changes + half("private", then.privateHalf, now.privateHalf) + half("public", then.publicHalf, now.publicHalf)
  }

  private static func half(_ name: String, _ then: InventoryHalf?, _ now: InventoryHalf?) -> [AuditChange] {
    guard let then, let now else {
      return then == now
        ? [] : [.init(what: "the \(name) half", expected: then == nil ? "not there" : "there", found: now == nil ? "not there" : "there")]
    }
    return texts("\(name) ", (then.label, then.id, then.attributes), (now.label, now.id, now.attributes))
  }

  private typealias Words = (label: String, id: String, attributes: AttributeClaims)

  private static func texts(_ prefix: String, _ then: Words, _ now: Words) -> [AuditChange] {
    var changes: [AuditChange] = []
    if then.label != now.label { changes.append(.init(what: "\(prefix)CKA_LABEL", expected: then.label, found: now.label)) }
    if then.id != now.id { changes.append(.init(what: "\(prefix)CKA_ID", expected: then.id, found: now.id)) }
    guard then.attributes != now.attributes else { return changes }
    return changes
      + InventoryAttribute.allCases.compactMap { attribute in
        let (was, isNow) = (then.attributes[words: attribute], now.attributes[words: attribute])
        return was == isNow ? nil : .init(what: "\(prefix)\(attribute)", expected: was, found: isNow)
      }
  }

  // MARK: Certificates and others

  private static func certificates(_ present: [InventoryCertificate], _ known: [InventoryCertificate]) -> [AuditFinding] {
    var matching = Matching(present, known)
    matching.match { $0.sha256.isEmpty ? nil : [$0.sha256] }
    matching.match { $0.sha256.isEmpty ? [$0.label, $0.id] : nil }
    return matching.pairs.compactMap { now, then in
      let changes = texts("", (then.label, then.id, then.attributes), (now.label, now.id, now.attributes))
      return changes.isEmpty ? nil : .changed(.init(now), changes)
    } + matching.onlyPresent.map { .init(.new, .init($0), "a certificate that the inventory does not have\($0.ofWhom)") }
      + matching.onlyKnown.map { .init(.gone, .init($0), "a certificate that the inventory has is gone\($0.ofWhom)") }
  }

  private static func others(_ present: [InventoryObject], _ known: [InventoryObject]) -> [AuditFinding] {
    var matching = Matching(present, known)
    matching.match { [$0.objectClass, $0.label, $0.id] }
    matching.match { $0.id.isEmpty ? nil : [$0.objectClass, $0.id] }
    return matching.pairs.compactMap { now, then in
      let changes = texts("", (then.label, then.id, then.attributes), (now.label, now.id, now.attributes))
      return changes.isEmpty ? nil : .changed(.init(now), changes)
    } + matching.onlyPresent.map { .init(.new, .init($0), "an object that the inventory does not have: \($0.objectClass)") }
      + matching.onlyKnown.map { .init(.gone, .init($0), "an object that the inventory has is gone: \($0.objectClass)") }
  }
}

/// Recognises the objects of one list in another.
private struct Matching<Object: Hashable> {
  private(set) var onlyPresent: [Object]
  private(set) var onlyKnown: [Object]
  private(set) var pairs: [(Object, Object)] = []

  init(_ present: [Object], _ known: [Object]) {
    (onlyPresent, onlyKnown) = (present, known)
  }

  /// Pairs what is still unpaired by a name; nil for what has none. Of several with one name those that are equal belong together, and the
  /// rest in their order.
  mutating func match(by name: (Object) -> [String]?) {
    var present: [Object: Int] = [:]
    for object in onlyPresent where name(object) != nil { present[object, default: 0] += 1 }
    var equal: [Object: Int] = [:]
    // Backwards, so that the first is taken from the end.
    var waiting: [[String]: [Object]] = [:]
    var nameless: [Object] = []
    for object in onlyKnown.reversed() {
      guard let name = name(object) else {
        nameless.append(object)
        continue
      }
      if let count = present[object], count > 0 {
        present[object] = count - 1
        equal[object, default: 0] += 1
        pairs.append((object, object))
      } else {
        waiting[name, default: []].append(object)
      }
    }
    var left: [Object] = []
    for object in onlyPresent {
      if let count = equal[object], count > 0 {
        equal[object] = count - 1
      } else if let name = name(object), let known = waiting[name]?.popLast() {
        pairs.append((object, known))
      } else {
        left.append(object)
      }
    }
    onlyPresent = left
    onlyKnown = nameless + waiting.values.flatMap(\.self)
  }
}

extension AuditFinding {
  fileprivate static func changed(_ subject: AuditSubject, _ changes: [AuditChange]) -> AuditFinding {
    .init(.changed, subject, changes.map(\.words).joined(separator: "; "), changes: changes)
  }
}

extension InventoryKey {
  fileprivate var inWords: String {
    let halves = privateHalf == nil ? "public half only" : publicHalf == nil ? "private half only" : "both halves"
    return "\(algorithm), \(halves)"
  }
}

extension InventoryCertificate {
  fileprivate var ofWhom: String { contents.map { ": \($0.subject), serial \($0.serial)" } ?? "" }
}

extension TokenInventory {
  /// What of it can be seen without login.
  fileprivate var publicParts: TokenInventory {
    func isSeen(_ attributes: AttributeClaims) -> Bool { attributes[truth: .isPrivate] != true }
    return TokenInventory(
      token: token, scope: .publicObjects, policy: policy, madeAt: madeAt, madeBy: madeBy,
      keys: keys.compactMap { key in
        let publicHalf = key.publicHalf.flatMap { isSeen($0.attributes) ? $0 : nil }
        // Only one that says so itself: a private key is not seen without login unless it is told otherwise.
        let privateHalf = key.privateHalf.flatMap { $0.attributes[truth: .isPrivate] == false ? $0 : nil }
        guard privateHalf != nil || publicHalf != nil else { return nil }
        return InventoryKey(
          algorithm: key.algorithm, publicKeySHA256: key.publicKeySHA256, privateHalf: privateHalf, publicHalf: publicHalf)
      },
      certificates: certificates.filter { isSeen($0.attributes) }, others: others.filter { isSeen($0.attributes) },
      unreadable: [])
  }
}
