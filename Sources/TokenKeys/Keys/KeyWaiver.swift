/// A rule that a policy is told to overlook, and why. It is named wherever a verdict is told.
public struct KeyWaiver: Sendable, Hashable, CustomStringConvertible {
  /// The rule that is overlooked.
  public let rule: KeyRule
  /// Why, in the words of whoever decided it.
  public let reason: String

  /// - Parameter reason: 1 to 500 bytes without control characters, not only spaces.
  /// - Throws: ``TokenKeysError`` with ``KeyRule/waiverJustified``.
  public init(_ rule: KeyRule, because reason: String) throws(TokenKeysError) {
    let trimmed = reason.drop { $0 == " " }
    guard (1...500).contains(trimmed.utf8.count), !reason.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else {
      throw TokenKeysError(
        .ruleRefused, rule: .waiverJustified, operation: "waive \(rule)",
        message: trimmed.isEmpty
          ? "there is no reason" : "the reason is longer than 500 bytes or has control characters",
        hint: "say why the rule may be overlooked")
    }
    self.rule = rule
    self.reason = reason
  }

  /// For example `KEY-LOCAL is waived: NSS denies having made its own keys`.
  public var description: String { "\(rule) is waived: \(reason)" }
}
