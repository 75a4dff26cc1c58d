import ArgumentParser
import TokenKeys

/// What a key is held against: a profile, and what somebody decided to overlook.
struct KeyPolicyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the key must be: \(KeyPolicy.profiles.map(\.name).joined(separator: ", ")).", valueName: "profile"),
    completion: .list(KeyPolicy.profiles.map(\.name)))
  var policy: String = KeyPolicy.nonExportableSigning.name

  @Option(
    help: ArgumentHelp(
      "Overlook a rule, and why: KEY-LOCAL='the token denies having made its own keys'. It is told wherever the verdict is; repeat for more.",
      valueName: "rule=reason"))
  var waive: [String] = []

  /// The policy that was asked for.
  ///
  /// - Throws: a usage error; ``TokenKeysError`` with `WAIVER-JUSTIFIED`.
  func chosen() throws -> KeyPolicy {
    guard var chosen = KeyPolicy(named: policy) else {
      throw CommandError.usage(
        "\(policy) is no key policy", hint: "policies: \(KeyPolicy.profiles.map(\.name).joined(separator: ", "))")
    }
    for text in waive {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let rule = KeyRule.allCases.first(where: { $0.rawValue == parts[0] }) else {
        throw CommandError.usage(
          "\(parts[0]) is no rule about keys", hint: "rules: \(chosen.rules.map(\.rawValue).joined(separator: ", "))")
      }
      chosen = try chosen.waiving(rule, because: parts.count == 2 ? parts[1] : "")
    }
    return chosen
  }
}
