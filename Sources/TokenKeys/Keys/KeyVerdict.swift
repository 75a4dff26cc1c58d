/// What is known of one private key, held against a policy: rule by rule.
///
/// It rests on what the token says, read back with `C_GetAttributeValue`, and on what it did when it was probed.
public struct KeyVerdict: Sendable, Hashable {
  /// How what is known stands to one rule.
  public struct Outcome: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// What the rule demands is claimed, or was shown.
    public static let met = Outcome(rawValue: "met")
    /// The opposite of what the rule demands is claimed, or was shown.
    public static let violated = Outcome(rawValue: "violated")
    /// The token does not know the attribute, so it claims nothing.
    public static let notClaimed = Outcome(rawValue: "not claimed")

    public var description: String { rawValue }
  }

  /// What an outcome rests on.
  public struct Grade: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The token's own word.
    public static let tokenAsserted = Grade(rawValue: "token-asserted")
    /// What the token did when it was asked to break the rule.
    public static let probed = Grade(rawValue: "probed")
    /// A statement signed by the token's maker, which somebody has checked. Never given here.
    public static let vendorAttested = Grade(rawValue: "vendor-attested")

    public var description: String { rawValue }
  }

  /// One rule, its outcome, what that rests on, and what was observed in a few words.
  public struct Finding: Sendable, Hashable {
    /// The rule.
    public let rule: KeyRule
    /// How what is known stands to it.
    public let outcome: Outcome
    /// What the outcome rests on.
    public let grade: Grade
    /// What the token answered or did, in a few words.
    public let observed: String
    /// The waiver that overlooks the rule, where there is one.
    public let waiver: KeyWaiver?

    init(rule: KeyRule, outcome: Outcome, grade: Grade = .tokenAsserted, observed: String, waiver: KeyWaiver? = nil) {
      self.rule = rule
      self.outcome = outcome
      self.grade = grade
      self.observed = observed
      self.waiver = waiver
    }
  }

  /// The policy's name.
  public let policy: String

  /// What the policy was told to overlook, needed or not.
  public let waivers: [KeyWaiver]

  /// What is known, rule by rule.
  public let findings: [Finding]

  /// Where a rule that the policy insists on is violated, or not claimed although it must be, and nobody has waived it.
  public let objections: [Finding]

  /// Whether the key may be used under the policy.
  public var isMet: Bool { objections.isEmpty }

  /// The objections in one line: `KEY-SENSITIVE violated (CKA_SENSITIVE = false)`.
  public var summary: String {
    objections.map { "\($0.rule) \($0.outcome) (\($0.observed))" }.joined(separator: ", ")
  }
}
