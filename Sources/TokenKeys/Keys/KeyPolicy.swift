import PKCS11

/// What a private key must be to be used, checked against what the token says it is and what it does.
public struct KeyPolicy: Sendable, Hashable {
  /// The name that appears in output and records.
  public let name: String

  /// What the policy was told to overlook. The verdict still says that the rule is violated.
  public private(set) var waivers: [KeyWaiver] = []

  /// Rules for which silence is not enough: a token that does not claim them is refused.
  public let mustBeClaimed: Set<KeyRule>

  /// Uses beside signing that ``KeyRule/signOnly`` overlooks; the verdict still says that the key has them.
  let mayAlso: Set<AttributeType>

  init(name: String, mustBeClaimed: Set<KeyRule>, mayAlso: Set<AttributeType> = []) {
    self.name = name
    self.mustBeClaimed = mustBeClaimed
    self.mayAlso = mayAlso
  }

  /// The policy with a name, for command lines and configurations: one of ``profiles``.
  public init?(named name: String) {
    guard let known = Self.profiles.first(where: { $0.name == name }) else { return nil }
    self = known
  }

  /// The policies that have a name that can be asked for, the default first.
  public static let profiles: [KeyPolicy] = [
    nonExportableSigning, nonExportableSigningFixed, nonExportableSigningPermanent, nonExportableSigningAndDecrypting,
  ]

  /// A key that cannot leave the token and can only sign. The default.
  ///
  /// Sensitivity, extractability, use, size and identity must be claimed by the token. The history attributes
  /// (`CKA_ALWAYS_SENSITIVE`, `CKA_NEVER_EXTRACTABLE`, `CKA_LOCAL`, `CKA_KEY_GEN_MECHANISM`) and `CKA_PRIVATE`, `CKA_COPYABLE` may be
  /// unknown to the token, but must not say the opposite.
  public static let nonExportableSigning = KeyPolicy(
    name: "non-exportable-signing", mustBeClaimed: [.sensitive, .notExtractable, .signOnly, .size, .uniqueID])

  /// As ``nonExportableSigning``, and nothing of the key can be changed any more, and it names the mechanisms that it may be used with.
  public static let nonExportableSigningFixed = KeyPolicy(
    name: "non-exportable-signing-fixed",
    mustBeClaimed: nonExportableSigning.mustBeClaimed.union([.notModifiable, .allowedMechanisms]))

  /// As ``nonExportableSigningFixed``, and the key cannot be destroyed but with the whole token.
  ///
  /// Such a key is not made before it has met the rest of the policy: it is examined first and made undestroyable afterwards, which not
  /// every token lets be done. Where it cannot be done, no key is left.
  public static let nonExportableSigningPermanent = KeyPolicy(
    name: "non-exportable-signing-permanent", mustBeClaimed: nonExportableSigningFixed.mustBeClaimed.union([.notDestroyable]))

  /// As ``nonExportableSigning``, but the key may decrypt as well. For tokens that make no other keys, as TPMs behind tpm2-pkcs11 do.
  public static let nonExportableSigningAndDecrypting = KeyPolicy(
    name: "non-exportable-signing-and-decrypting", mustBeClaimed: nonExportableSigning.mustBeClaimed, mayAlso: [.decrypt])

  /// The same policy, overlooking one rule more.
  ///
  /// What a waiver means is on whoever gives it. With ``KeyRule/local`` and ``KeyRule/generatedBy`` waived, for one, a key that was brought
  /// in from outside meets the policy, and copies of it may be anywhere.
  ///
  /// - Throws: ``TokenKeysError`` with ``KeyRule/waiverJustified`` when there is no reason, or the policy has no such rule.
  public func waiving(_ rule: KeyRule, because reason: String) throws(TokenKeysError) -> KeyPolicy {
    try waiving(KeyWaiver(rule, because: reason))
  }

  /// The same policy, overlooking one rule more.
  public func waiving(_ waiver: KeyWaiver) throws(TokenKeysError) -> KeyPolicy {
    guard rules.contains(waiver.rule) else {
      throw TokenKeysError(
        .ruleRefused, rule: .waiverJustified, operation: "waive \(waiver.rule)", message: "the policy \(name) has no such rule",
        hint: "its rules: \(rules.map(\.rawValue).joined(separator: ", "))")
    }
    var policy = self
    policy.waivers.removeAll { $0.rule == waiver.rule }
    policy.waivers.append(waiver)
    return policy
  }

  /// The rules that a verdict tells of, in its order.
  public var rules: [KeyRule] {
    Self.rulesOfAll + [.notModifiable, .allowedMechanisms, .notDestroyable].filter(mustBeClaimed.contains)
  }

  private static let rulesOfAll: [KeyRule] = [
    .sensitive, .alwaysSensitive, .notExtractable, .neverExtractable, .attributesFixed, .local, .isPrivate, .notCopyable, .generatedBy,
    .signOnly, .size, .uniqueID,
  ]

  /// Whether a rule is one whose violation the policy may overlook by itself: ``KeyRule/signOnly``, where it allows other uses.
  public func mayTolerate(_ rule: KeyRule) -> Bool { rule == .signOnly && !mayAlso.isEmpty }

  /// The private-key attributes that the verdict rests on.
  static let attributesToRead: [AttributeType] =
    [
      .sensitive, .alwaysSensitive, .extractable, .neverExtractable, .local, .keyGenerationMechanism, .isPrivate, .sign, .copyable, .id,
      .keyType, .modifiable, .destroyable, .allowedMechanisms,
    ] + usesOtherThanSigning

  private static let usesOtherThanSigning: [AttributeType] = [.decrypt, .unwrap, .derive, .signRecover]

  /// What a new key is asked for beyond what every new key is asked for.
  ///
  /// - Parameter offered: what the token can do; a mechanism that it does not have is not named.
  func templateChanges(
    _ algorithm: KeyAlgorithm, offered: [MechanismType: MechanismInformation]
  ) -> [TemplateChange] {
    var changes: [TemplateChange] = []
    // A key that is to be undestroyable has to stay modifiable until it has passed.
    if mustBeClaimed.contains(.notModifiable), !mustBeClaimed.contains(.notDestroyable) {
      changes.append(.set(.init(.modifiable, false), .privateKey))
    }
    if mustBeClaimed.contains(.allowedMechanisms) {
      let allowed = SignatureScheme.mechanisms(for: algorithm).filter { offered[$0]?.flags.contains(.sign) == true }
      changes.append(.set(.init(.allowedMechanisms, allowed), .privateKey))
    }
    return changes
  }

  /// What is asked of a key once it has met everything else; nothing for most policies.
  ///
  /// One call for both: a key that cannot be modified cannot be made undestroyable any more, and one that cannot be destroyed must not be
  /// left modifiable.
  var finalAttributes: [Attribute] {
    mustBeClaimed.contains(.notDestroyable) ? [.init(.modifiable, false), .init(.destroyable, false)] : []
  }

  /// The same policy without what ``finalAttributes`` brings about.
  var beforeFinalAttributes: KeyPolicy {
    guard !finalAttributes.isEmpty else { return self }
    var policy = KeyPolicy(name: name, mustBeClaimed: mustBeClaimed.subtracting([.notModifiable, .notDestroyable]), mayAlso: mayAlso)
    policy.waivers = waivers
    return policy
  }

  /// Holds what the token says of a private key, and what it did, against this policy.
  ///
  /// - Parameters:
  ///   - values: the attributes of ``attributesToRead``.
  ///   - algorithm: what the key should be.
  ///   - observedAlgorithm: what the public half says of algorithm and size; nil when it is none we know.
  ///   - keysWithSameID: how many private keys on the token carry this `CKA_ID`.
  ///   - probes: what came of the probes that were made.
  func judge(
    _ values: AttributeValues, algorithm: KeyAlgorithm, observedAlgorithm: KeyAlgorithm?, keysWithSameID: Int, probes: [ProbeResult] = []
  ) throws -> KeyVerdict {
    var findings: [KeyRule: KeyVerdict.Finding] = [:]
    func found(_ finding: KeyVerdict.Finding) { findings[finding.rule] = finding }

    func expect(_ rule: KeyRule, _ attribute: AttributeType, is expected: Bool) throws {
      guard let value = try values.bool(attribute) else {
        return found(.init(rule: rule, outcome: .notClaimed, observed: "\(attribute) unknown to the token"))
      }
      found(.init(rule: rule, outcome: value == expected ? .met : .violated, observed: "\(attribute) = \(value)"))
    }

    try expect(.sensitive, .sensitive, is: true)
    try expect(.alwaysSensitive, .alwaysSensitive, is: true)
    try expect(.notExtractable, .extractable, is: false)
    try expect(.neverExtractable, .neverExtractable, is: true)
    try expect(.local, .local, is: true)
    try expect(.isPrivate, .isPrivate, is: true)
    try expect(.notCopyable, .copyable, is: false)
    try expect(.notModifiable, .modifiable, is: false)
    try expect(.notDestroyable, .destroyable, is: false)
    found(try generationMechanism(values, algorithm: algorithm))
    found(try allowedMechanisms(values, algorithm: algorithm))
    let use = try use(values)
    found(use.finding)
    found(
      .init(
        rule: .size, outcome: observedAlgorithm == algorithm ? .met : .violated,
        observed: observedAlgorithm.map { "\($0)" } ?? "an algorithm or size that is not supported"))
    let identifier = values.bytes(.id) ?? []
    found(
      .init(
        rule: .uniqueID, outcome: identifier.count == KeyIdentifier.length && keysWithSameID == 1 ? .met : .violated,
        observed: "CKA_ID of \(identifier.count) bytes on \(keysWithSameID) private key\(keysWithSameID == 1 ? "" : "s")"))

    let others = use.others.union(probes.filter { $0.outcome == .succeeded }.compactMap(\.probe.use))
    let isUseOverlooked = use.signs && mayAlso.isSuperset(of: others)
    // A policy that demands what no attribute tells cannot be met.
    let judged = (rules + mustBeClaimed.subtracting(rules).sorted { $0.rawValue < $1.rawValue }).map { rule in
      let finding = findings[rule] ?? .init(rule: rule, outcome: .notClaimed, observed: "no attribute tells")
      return finding.afterProbes(probes, waiver: waivers.first { $0.rule == rule })
    }
    let objections = judged.filter {
      $0.waiver == nil
        && (($0.outcome == .violated && !($0.rule == .signOnly && isUseOverlooked))
          || ($0.outcome == .notClaimed && mustBeClaimed.contains($0.rule)))
    }
    return KeyVerdict(policy: name, waivers: waivers, findings: judged, objections: objections)
  }

  private func generationMechanism(_ values: AttributeValues, algorithm: KeyAlgorithm) throws -> KeyVerdict.Finding {
    guard let raw = try values.unsignedLong(.keyGenerationMechanism), raw != UInt.max else {
      return .init(rule: .generatedBy, outcome: .notClaimed, observed: "CKA_KEY_GEN_MECHANISM unknown to the token")
    }
    let observed = MechanismType(rawValue: raw)
    return .init(
      rule: .generatedBy, outcome: observed == algorithm.generation.type ? .met : .violated, observed: "generated by \(observed)")
  }

  private func allowedMechanisms(_ values: AttributeValues, algorithm: KeyAlgorithm) throws -> KeyVerdict.Finding {
    guard let named = try values.mechanisms(.allowedMechanisms), !named.isEmpty else {
      return .init(rule: .allowedMechanisms, outcome: .notClaimed, observed: "CKA_ALLOWED_MECHANISMS names none, which allows all")
    }
    let signing = Set(SignatureScheme.mechanisms(for: algorithm))
    return .init(
      rule: .allowedMechanisms, outcome: signing.isSuperset(of: named) ? .met : .violated,
      observed: "CKA_ALLOWED_MECHANISMS = \(named.map(\.description).joined(separator: ", "))")
  }

  /// The finding on the key's uses, with what the token says of them.
  private func use(_ values: AttributeValues) throws -> (finding: KeyVerdict.Finding, signs: Bool, others: Set<AttributeType>) {
    guard let signs = try values.bool(.sign) else {
      return (.init(rule: .signOnly, outcome: .notClaimed, observed: "CKA_SIGN unknown to the token"), false, [])
    }
    // A use that the token does not know is a use that it does not offer.
    let others = try Self.usesOtherThanSigning.filter { try values.bool($0) == true }
    let observed = ([signs ? AttributeType.sign : nil].compactMap(\.self) + others).map(\.description).joined(separator: ", ")
    let finding = KeyVerdict.Finding(
      rule: .signOnly, outcome: signs && others.isEmpty ? .met : .violated,
      observed: observed.isEmpty ? "no use at all" : "allows \(observed)")
    return (finding, signs, Set(others))
  }
}

extension KeyVerdict.Finding {
  /// The same finding in the light of what the token did.
  ///
  /// A probe that succeeded violates the rule, whatever the token says. One that was refused bears the token's word out. A flag that could
  /// be turned without any effect is a note, and the token's word on it no more than a word.
  fileprivate func afterProbes(_ probes: [ProbeResult], waiver: KeyWaiver?) -> KeyVerdict.Finding {
    var shown: [String] = []
    for deed in probes.compactMap({ $0.violations[rule] }) where !shown.contains(deed) { shown.append(deed) }
    if !shown.isEmpty {
      let claim =
        switch outcome {
        case .met: " although the token says that \(claim)"
        case .violated: ", and the token says so: \(observed)"
        default: ""
        }
      return .init(rule: rule, outcome: .violated, grade: .probed, observed: shown.joined(separator: "; ") + claim, waiver: waiver)
    }
    let isBorneOut =
      probes.contains { $0.probe.rule == rule && $0.outcome == .refused }
      && !probes.contains { $0.probe.rule == rule && $0.outcome == .inconclusive }
      && !probes.contains { $0.probe.flag == rule && $0.outcome == .succeeded }
    guard isBorneOut, outcome == .met || (outcome == .notClaimed && rule != .signOnly) else {
      return .init(rule: rule, outcome: outcome, observed: observed, waiver: waiver)
    }
    let refused = probes.filter { $0.probe.rule == rule && $0.outcome == .refused }.map(\.probe.rawValue).joined(separator: ", ")
    return .init(
      rule: rule, outcome: .met, grade: .probed, observed: "\(outcome == .met ? "\(observed); " : "")refused: \(refused)", waiver: waiver)
  }

  /// What the token claims of the key, as the end of a sentence.
  private var claim: String {
    switch rule {
    case .sensitive: "it is sensitive (\(observed))"
    case .notExtractable: "it is not extractable (\(observed))"
    case .notCopyable: "it is not copyable (\(observed))"
    case .signOnly: "it only signs (\(observed))"
    default: observed
    }
  }
}
