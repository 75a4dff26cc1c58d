/// What a token says of one private key, held against a policy: rule by rule.
///
/// Everything here is the token's own word, read back with `C_GetAttributeValue` after generation.
public struct KeyVerdict: Sendable, Hashable {
  /// How the token's answer stands to one rule.
  public struct Outcome: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The token claims what the rule demands.
    public static let met = Outcome(rawValue: "met")
    /// The token claims the opposite of what the rule demands.
    public static let violated = Outcome(rawValue: "violated")
    /// The token does not know the attribute, so it claims nothing.
    public static let notClaimed = Outcome(rawValue: "not claimed")

    public var description: String { rawValue }
  }

  /// One rule, its outcome, and what the token answered in a few words.
  public struct Finding: Sendable, Hashable {
    /// The rule.
    public let rule: KeyRule
    /// How the token's answer stands to it.
    public let outcome: Outcome
    /// What the token answered, in a few words.
    public let observed: String
  }

  /// What the token said, rule by rule.
  public let findings: [Finding]

  /// Whether a rule that the policy insists on is violated, or not claimed although it must be.
  public let objections: [Finding]

  /// Whether the key may be used under the policy.
  public var isMet: Bool { objections.isEmpty }

  /// The objections in one line: `KEY-SENSITIVE violated (CKA_SENSITIVE = false)`.
  public var summary: String {
    objections.map { "\($0.rule) \($0.outcome) (\($0.observed))" }.joined(separator: ", ")
  }
}
