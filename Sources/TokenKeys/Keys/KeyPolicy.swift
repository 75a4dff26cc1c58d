import PKCS11

/// What a private key must be to be used, checked against what the token says it is.
public struct KeyPolicy: Sendable, Hashable {
  /// The name that appears in output and records.
  public let name: String

  /// Rules for which silence is not enough: a token that does not claim them is refused.
  let mustBeClaimed: Set<KeyRule>

  /// Rules that a key may violate; the verdict still says that it does.
  let mayBeViolated: Set<KeyRule>

  /// Uses beside signing that ``KeyRule/signOnly`` overlooks; the verdict still says that the key has them.
  let mayAlso: Set<AttributeType>

  init(name: String, mustBeClaimed: Set<KeyRule>, mayBeViolated: Set<KeyRule> = [], mayAlso: Set<AttributeType> = []) {
    self.name = name
    self.mustBeClaimed = mustBeClaimed
    self.mayBeViolated = mayBeViolated
    self.mayAlso = mayAlso
  }

  /// A key that cannot leave the token and can only sign. The default.
  ///
  /// Sensitivity, extractability, use, size and identity must be claimed by the token. The history attributes
  /// (`CKA_ALWAYS_SENSITIVE`, `CKA_NEVER_EXTRACTABLE`, `CKA_LOCAL`, `CKA_KEY_GEN_MECHANISM`) and `CKA_PRIVATE`, `CKA_COPYABLE` may be
  /// unknown to the token, but must not say the opposite.
  public static let nonExportableSigning = KeyPolicy(
    name: "non-exportable-signing", mustBeClaimed: [.sensitive, .notExtractable, .signOnly, .size, .uniqueID])

  /// As ``nonExportableSigning``, but the token's word on where the key comes from is not asked for: `CKA_LOCAL` may be false and
  /// `CKA_KEY_GEN_MECHANISM` another. For tokens that deny having made their own keys, as NSS does.
  ///
  /// A key that was brought in from outside meets this policy, and copies of it may be anywhere: only for keys whose generation was seen.
  public static let nonExportableSigningOriginUnknown = KeyPolicy(
    name: "non-exportable-signing-origin-unknown", mustBeClaimed: nonExportableSigning.mustBeClaimed,
    mayBeViolated: [.local, .generatedBy])

  /// As ``nonExportableSigning``, but the key may decrypt as well. For tokens that make no other keys, as TPMs behind tpm2-pkcs11 do.
  public static let nonExportableSigningAndDecrypting = KeyPolicy(
    name: "non-exportable-signing-and-decrypting", mustBeClaimed: nonExportableSigning.mustBeClaimed, mayAlso: [.decrypt])

  /// The private-key attributes that the verdict rests on.
  static let attributesToRead: [AttributeType] =
    [
      .sensitive, .alwaysSensitive, .extractable, .neverExtractable, .local, .keyGenerationMechanism, .isPrivate, .sign, .copyable, .id,
      .keyType,
    ] + usesOtherThanSigning

  private static let usesOtherThanSigning: [AttributeType] = [.decrypt, .unwrap, .derive, .signRecover]

  /// Holds what the token says of a private key against this policy.
  ///
  /// - Parameters:
  ///   - values: the attributes of ``attributesToRead``.
  ///   - algorithm: what the key should be.
  ///   - observedAlgorithm: what the public half says of algorithm and size; nil when it is none we know.
  ///   - keysWithSameID: how many private keys on the token carry this `CKA_ID`.
  func judge(
    _ values: AttributeValues, algorithm: KeyAlgorithm, observedAlgorithm: KeyAlgorithm?, keysWithSameID: Int
  ) throws -> KeyVerdict {
    var findings: [KeyVerdict.Finding] = []

    func expect(_ rule: KeyRule, _ attribute: AttributeType, is expected: Bool) throws {
      guard let value = try values.bool(attribute) else {
        findings.append(.init(rule: rule, outcome: .notClaimed, observed: "\(attribute) unknown to the token"))
        return
      }
      findings.append(.init(rule: rule, outcome: value == expected ? .met : .violated, observed: "\(attribute) = \(value)"))
    }

    try expect(.sensitive, .sensitive, is: true)
    try expect(.alwaysSensitive, .alwaysSensitive, is: true)
    try expect(.notExtractable, .extractable, is: false)
    try expect(.neverExtractable, .neverExtractable, is: true)
    try expect(.local, .local, is: true)
    try expect(.isPrivate, .isPrivate, is: true)
    try expect(.notCopyable, .copyable, is: false)
    findings.append(try generationMechanism(values, algorithm: algorithm))
    let (use, isUseOverlooked) = try use(values)
    findings.append(use)
    findings.append(
      .init(
        rule: .size, outcome: observedAlgorithm == algorithm ? .met : .violated,
        observed: observedAlgorithm.map { "\($0)" } ?? "an algorithm or size that is not supported"))
    let identifier = values.bytes(.id) ?? []
    findings.append(
      .init(
        rule: .uniqueID, outcome: identifier.count == KeyIdentifier.length && keysWithSameID == 1 ? .met : .violated,
        observed: "CKA_ID of \(identifier.count) bytes on \(keysWithSameID) private key\(keysWithSameID == 1 ? "" : "s")"))

    // A policy that demands what no attribute tells cannot be met.
    for rule in mustBeClaimed.subtracting(findings.map(\.rule)).sorted(by: { $0.rawValue < $1.rawValue }) {
      findings.append(.init(rule: rule, outcome: .notClaimed, observed: "no attribute tells"))
    }
    let objections = findings.filter {
      ($0.outcome == .violated && !mayBeViolated.contains($0.rule) && !($0.rule == .signOnly && isUseOverlooked))
        || ($0.outcome == .notClaimed && mustBeClaimed.contains($0.rule))
    }
    return KeyVerdict(findings: findings, objections: objections)
  }

  private func generationMechanism(_ values: AttributeValues, algorithm: KeyAlgorithm) throws -> KeyVerdict.Finding {
    guard let raw = try values.unsignedLong(.keyGenerationMechanism), raw != UInt.max else {
      return .init(rule: .generatedBy, outcome: .notClaimed, observed: "CKA_KEY_GEN_MECHANISM unknown to the token")
    }
    let observed = MechanismType(rawValue: raw)
    return .init(
      rule: .generatedBy, outcome: observed == algorithm.generation.type ? .met : .violated, observed: "generated by \(observed)")
  }

  /// The finding on the key's uses, and whether this policy overlooks what it objects to.
  private func use(_ values: AttributeValues) throws -> (KeyVerdict.Finding, isOverlooked: Bool) {
    guard let signs = try values.bool(.sign) else {
      return (.init(rule: .signOnly, outcome: .notClaimed, observed: "CKA_SIGN unknown to the token"), false)
    }
    // A use that the token does not know is a use that it does not offer.
    let others = try Self.usesOtherThanSigning.filter { try values.bool($0) == true }
    let observed = ([signs ? AttributeType.sign : nil].compactMap(\.self) + others).map(\.description).joined(separator: ", ")
    let finding = KeyVerdict.Finding(
      rule: .signOnly, outcome: signs && others.isEmpty ? .met : .violated,
      observed: observed.isEmpty ? "no use at all" : "allows \(observed)")
    return (finding, signs && mayAlso.isSuperset(of: others))
  }
}
