import ArgumentParser
import Foundation
import PKCS11
import SwiftASN1
import TokenKeys
import X509

/// `hsmkey key generate NAME`
struct KeyGenerateCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Generate a non-exportable signing key pair on the token.",
    discussion: """
      The token's own word on every attribute is read back afterwards, and what the key must refuse is tried: reading and wrapping its
      private value, turning its flags, copying it, using it for anything but signing. A key that does not meet the policy is destroyed,
      and a search proves that it is gone. Nothing else on the token is touched.

      Example: hsmkey key generate payroll --algorithm rsa-2048
      """)
  @OptionGroup var common: CommonOptions
  @OptionGroup var policy: KeyPolicyOptions

  @Argument(help: "The key's name (label). A name that is taken is refused.")
  var name: String

  @Option(
    help: ArgumentHelp("rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384, ecdsa-p521 or ed25519.", valueName: "algorithm"),
    completion: .list(KeyAlgorithm.allCases.map(\.rawValue)))
  var algorithm: String = KeyAlgorithm.rsa2048.rawValue

  struct Report: Answer {
    let key: KeyReport
    var text: String { key.text }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    guard let algorithm = KeyAlgorithm(rawValue: algorithm) else {
      throw CommandError.usage(
        "\(self.algorithm) is no key algorithm", hint: "algorithms: \(KeyAlgorithm.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    try KeyName.check(name)
    let policy = try policy.chosen(context.settings)
    let keys = try await context.tokenKeys()
    let (key, examination) = try await Interruption.heldBack("generate key \(name)") {
      try await keys.generateExamined(algorithm, named: name, policy: policy, willProbe: KeyProbe.announce(to: context))
    } tidyUp: { key, _ in
      try await keys.destroy(key).description
    }
    return Report(key: try KeyReport(key, verdict: VerdictReport(examination)))
  }
}

/// `hsmkey key list`
struct KeyListCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "The key pairs on the token.")
  @OptionGroup var common: CommonOptions

  struct Unusable: Encodable, Sendable {
    let name: String
    let reason: String
  }

  struct Report: Answer {
    let token: String
    let keys: [KeyReport]
    let unusable: [Unusable]

    var text: String {
      guard !keys.isEmpty || !unusable.isEmpty else { return "token \(token) holds no keys" }
      let width = keys.map(\.name.count).max() ?? 0
      let lines = keys.map { key in
        "\(Console.forTerminal(key.name))\(String(repeating: " ", count: width - key.name.count))  \(key.algorithm)  \(key.id)"
      }
      return (lines + unusable.map { "\(Console.forTerminal($0.name)): not usable: \(Console.forTerminal($0.reason))" }).joined(
        separator: "\n")
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let keys = try await context.tokenKeys()
    return Report(
      token: keys.token.label, keys: try await keys.keys().map { try KeyReport($0) },
      unusable: try await keys.unusableKeys().map { Unusable(name: $0.name, reason: $0.reason) })
  }
}

/// `hsmkey key show NAME`
struct KeyShowCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "One key: what the token says of it, rule by rule, and its certificates.",
    discussion: """
      Without --probe nothing is tried, and every claim is the token's own word. The policy is that of the configuration unless named; a
      key that does not meet it ends with exit code 2.

      Example: hsmkey key show payroll --probe
      """)
  @OptionGroup var common: CommonOptions
  @OptionGroup var policy: KeyPolicyOptions

  @Flag(help: "Try what the key must refuse, with session objects only; the key stays as it is.")
  var probe = false

  @Argument(help: "The key's name (label).")
  var name: String

  struct Report: Answer {
    let key: KeyReport
    var text: String { key.text }
    var exitStatus: ExitStatus { key.verdict?.isMet == false ? .ruleRefused : .done }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    try KeyName.check(name)
    let policy = try policy.chosen(context.settings)
    let keys = try await context.tokenKeys()
    let key = try await keys.key(named: name)
    let examination = try await Interruption.heldBack("probe key \(name)") {
      try await keys.examine(key, policy: policy, probes: probe ? .all : [], willProbe: KeyProbe.announce(to: context))
    } tidyUp: { _ in
      "the key is as it was"
    }
    return Report(key: try KeyReport(key, verdict: VerdictReport(examination), certificates: await keys.certificates(of: key)))
  }
}

/// `hsmkey key public NAME`
struct KeyPublicCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(commandName: "public", abstract: "The public half of a key, PEM (SubjectPublicKeyInfo).")
  @OptionGroup var common: CommonOptions

  @Argument(help: "The key's name (label).")
  var name: String

  @Option(help: ArgumentHelp("Write to this new file instead of stdout.", valueName: "file"), completion: .file())
  var out: String?

  struct Report: Answer {
    let name: String
    let pem: String
    let publicKeySha256: String
    let file: String?
    var text: String { file == nil ? pem : "" }
  }

  func validate() throws {
    if common.json && out == "-" { throw ValidationError("--json and --out - both want stdout") }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    try KeyName.check(name)
    let key = try await context.tokenKeys().key(named: name)
    let pem = try key.publicKey.serializeAsPEM().pemString
    if let out { try InputOutput.write(Array("\(pem)\n".utf8), to: out, operation: "write the public key") }
    return Report(name: key.name, pem: pem, publicKeySha256: try key.publicKey.subjectPublicKeyInfoSHA256, file: out)
  }
}
