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
      The token's own word on every attribute is read back afterwards; a key that does not meet the policy is destroyed.

      Example: hsmkey key generate payroll --algorithm rsa-2048
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The key's name (label). A name that is taken is refused.")
  var name: String

  @Option(
    help: ArgumentHelp("rsa-2048, rsa-3072, rsa-4096, ecdsa-p256 or ecdsa-p384.", valueName: "algorithm"),
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
    let keys = try await context.tokenKeys()
    let key = try await keys.generate(algorithm, named: name)
    return Report(key: try KeyReport(key, verdict: await keys.verdict(of: key)))
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
    commandName: "show", abstract: "One key: what the token says of it, rule by rule, and its certificates.")
  @OptionGroup var common: CommonOptions

  @Argument(help: "The key's name (label).")
  var name: String

  struct Report: Answer {
    let key: KeyReport
    var text: String { key.text }
    var exitStatus: ExitStatus { key.verdict?.isMet == false ? .ruleRefused : .done }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    try KeyName.check(name)
    let keys = try await context.tokenKeys()
    let key = try await keys.key(named: name)
    return Report(key: try KeyReport(key, verdict: await keys.verdict(of: key), certificates: await keys.certificates(of: key)))
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

/// `hsmkey key sign NAME`
struct KeySignCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign", abstract: "Sign a file on the token: a detached signature, as `openssl dgst -verify` reads it.",
    discussion: """
      RSA keys sign with PKCS#1 v1.5; ECDSA signatures are DER. The signature is verified in software before it is written. The file
      has at most 16 MiB.

      Example: hsmkey key sign payroll --in report.pdf --out report.sig
               openssl dgst -sha256 -verify payroll.pem -signature report.sig report.pdf
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The key's name (label).")
  var name: String

  @Option(name: .customLong("in"), help: ArgumentHelp("The file to sign; - for stdin.", valueName: "file"), completion: .file())
  var input: String

  @Option(help: ArgumentHelp("The new file for the signature; - for stdout.", valueName: "file"), completion: .file())
  var out: String

  @Option(
    help: "sha256, sha384 or sha512; an ECDSA key signs with the one of its size.", completion: .list(["sha256", "sha384", "sha512"]))
  var hash: String?

  struct Report: Answer {
    let key: String
    let algorithm: String
    let file: String
    let bytes: Int
    var text: String { "" }
  }

  func validate() throws {
    if common.json && out == "-" { throw ValidationError("--json and --out - both want stdout; write the signature to a file") }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    try KeyName.check(name)
    let message = try InputOutput.read(input, operation: "read the file to sign")
    let key = try await context.tokenKeys().key(named: name)
    let algorithm = try signatureAlgorithm(for: key)
    let signature = try await key.privateKey.signAsynchronously(bytes: message, signatureAlgorithm: algorithm)
    try InputOutput.write(signature.rawRepresentation, to: out, operation: "write the signature")
    return Report(key: key.name, algorithm: "\(algorithm)", file: out, bytes: signature.rawRepresentation.count)
  }

  private func signatureAlgorithm(for key: TokenKey) throws -> Certificate.SignatureAlgorithm {
    guard let hash else { return key.defaultSignatureAlgorithm }
    let choices: [String: [Certificate.SignatureAlgorithm]] = [
      "sha256": [.sha256WithRSAEncryption, .ecdsaWithSHA256], "sha384": [.sha384WithRSAEncryption, .ecdsaWithSHA384],
      "sha512": [.sha512WithRSAEncryption],
    ]
    guard let named = choices[hash] else {
      throw CommandError.usage("\(hash) is no hash function here", hint: "use sha256, sha384 or sha512")
    }
    guard let algorithm = named.first(where: { key.supportedSignatureAlgorithms.contains($0) }) else {
      throw CommandError.usage("an \(key.algorithm) key does not sign with \(hash)", hint: "leave --hash out")
    }
    return algorithm
  }
}
