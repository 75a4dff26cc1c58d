import ArgumentParser
import TokenKeys

/// Which policy a key is held against. What is not given comes from the configuration.
struct KeyPolicyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the key must be: \(KeyPolicy.profiles.map(\.name).joined(separator: ", ")).", valueName: "policy"),
    completion: .list(KeyPolicy.profiles.map(\.name)))
  var policy: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("A rule to overlook, and why; named wherever the verdict is shown. Can be repeated.", valueName: "rule=reason"))
  var waive: [String] = []

  /// The policy that results.
  ///
  /// - Throws: a usage error; with `KEY-WAIVER-JUSTIFIED` for a waiver that cannot be.
  func chosen(_ settings: Settings) throws -> KeyPolicy {
    var chosen = settings.policy.value
    if let policy {
      guard let named = KeyPolicy(named: policy) else { throw Self.unknownPolicy(policy) }
      chosen = try settings.policy.value.waivers.reduce(named) { try $0.waiving($1) }
    }
    for text in waive {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard KeyRule.allCases.contains(KeyRule(rawValue: parts[0])) else {
        throw CommandError.usage(
          "--waive wants RULE=REASON, and \(parts[0]) is no rule about keys",
          hint: "rules of this policy: \(chosen.rules.map(\.rawValue).joined(separator: ", "))")
      }
      do {
        chosen = try chosen.waiving(KeyRule(rawValue: parts[0]), because: parts.count == 2 ? parts[1] : "")
      } catch {
        throw CommandError.usage(error, about: "--waive")
      }
    }
    return chosen
  }

  static func unknownPolicy(_ name: String) -> CommandError {
    .usage("\(name) is no key policy", hint: "policies: \(KeyPolicy.profiles.map(\.name).joined(separator: ", "))")
  }
}

extension KeyProbe {
  /// Tells a person what will be tried, where people are told how a command gets on.
  static func announce(to context: CommandContext) -> @Sendable (KeyProbe) -> Void {
    { context.progress("probe \($0): \($0.action)") }
  }
}
