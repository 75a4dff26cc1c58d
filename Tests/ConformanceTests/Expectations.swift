/// What is known of each backend and refused, or put up with, with open eyes: the check, and the rule or the answer that it ends with.
/// Everything else must pass, or be skipped for want of a mechanism.
enum Expectations {
  static let findings: [String: [String: String]] = [
    :
  ]
}
