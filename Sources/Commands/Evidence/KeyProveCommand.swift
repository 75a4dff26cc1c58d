import ArgumentParser
import CertificateService
import Foundation
import KeyEvidence
import TokenKeys
import X509

/// `hsmkey key prove NAME`
struct KeyProveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prove", abstract: "Write an evidence bundle: what the token says of a key, and what it refused to do with it.",
    discussion: """
      The token is asked to give the key away, in every way that it offers: to read it, wrap it out, copy it, loosen its flags, use it
      for more than signing. It must refuse. What a token that does not refuse gives out is wiped, what it makes is destroyed, and a
      flag that it lets be turned is turned back at once; --show-probes tells each step and does nothing. The bundle is signed by the
      key itself and is checked with: hsmkey key verify-proof.

      Exit code 2: the bundle is written, and says that the policy is not met.

      Example: hsmkey key prove payroll --out payroll.proof
               hsmkey key prove payroll --challenge 'audit of 2026-11-23' --sign-with auditor --out payroll.proof
      """)
  @OptionGroup var common: CommonOptions
  @OptionGroup var policyOptions: KeyPolicyOptions

  @Argument(help: "The key's name (label).")
  var name: String?

  @Option(help: ArgumentHelp("Write to this new file instead of stdout.", valueName: "file"), completion: .file())
  var out: String?

  @Option(
    help: ArgumentHelp("Words for the proof to repeat, from whoever asks for it: they show that it was not made before.", valueName: "text")
  )
  var challenge: String?

  @Option(
    help: ArgumentHelp(
      "A file with the key's certificate and its chain, instead of the certificate on the token.", valueName: "file"), completion: .file())
  var certificate: String?

  @Option(
    help: ArgumentHelp(
      "Attach what the vendor's device says of the key, in its own format: yubihsm=FILE. It is not checked here; repeat for more.",
      valueName: "kind=file"))
  var attestation: [String] = []

  @Option(help: ArgumentHelp("A second key on this token that signs along: the auditor's.", valueName: "name"))
  var signWith: String?

  @Flag(help: "Try nothing: take the token's word. The bundle then says that nothing was probed.")
  var withoutProbes = false

  @Flag(help: "Tell what would be tried, and do nothing.")
  var showProbes = false

  func validate() throws {
    if !showProbes && name == nil { throw ValidationError("the key's name is missing") }
    if let challenge { try Self.check(challenge: challenge) }
    if common.json && out == "-" {
      throw ValidationError("--json and --out - both want stdout; without --out the bundle itself is the answer")
    }
  }

  /// What a proof takes as a challenge.
  private static func check(challenge: String) throws {
    guard (1...1024).contains(challenge.utf8.count) else {
      throw ValidationError(challenge.isEmpty ? "--challenge is empty" : "--challenge has more than 1024 bytes")
    }
    guard challenge.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
      throw ValidationError("--challenge has control characters in it, such as a line end")
    }
  }

  func run() async throws {
    guard !showProbes, let name else { return try Console.give(ProbeList(), asJSON: common.json) }
    let context = try CommandContext(common)
    let report = try await prove(name, context)
    if !report.isMet {
      Console.warn("the policy \(report.policy) is not met: \(report.objections.joined(separator: "; "))")
    }
    // Without --out the bundle itself is the answer, with --json too: it is one JSON object. Byte for byte, so without a line end.
    guard out != nil else {
      try Console.writeAnswer(report.bundle)
      if !report.isMet { throw ExitCode(ExitStatus.ruleRefused.rawValue) }
      return
    }
    try Console.give(report, asJSON: common.json)
  }

  private func prove(_ name: String, _ context: CommandContext) async throws -> ProvingReport {
    try KeyName.check(name)
    // What can be refused without a token is refused before anybody is asked for a PIN.
    let request = KeyProofRequest(
      policy: try policyOptions.chosen(context.settings), probes: withoutProbes ? [] : .all, challenge: challenge,
      certificates: try certificates(),
      attestations: try attestation.map(readAttestation), tool: try .running())
    if let out { try InputOutput.refuseExisting(out, operation: "write the evidence bundle") }
    if let signWith {
      try KeyName.check(signWith)
      if signWith == name { throw Self.signsItself(signWith) }
    }

    let keys = try await context.tokenKeys()
    let key = try await keys.key(named: name)
    let auditor: TokenKey? = if let signWith { try await keys.key(named: signWith) } else { nil }
    if let signWith, auditor?.publicKey == key.publicKey { throw Self.signsItself(signWith) }
    if let certificate, let first = request.certificates?.first, first.publicKey != key.publicKey {
      throw CommandError(
        .untrustedAnswer, code: "untrusted", rule: EvidenceRule.certificate.rawValue, operation: "read the key's certificate",
        message: "the first certificate in \(certificate) is another key's: \(first.subject.readable)",
        hints: ["the certificate of \(name) comes first, then its chain"])
    }
    let proof = try await Interruption.heldBack("prove key \(name)") {
      try await keys.proof(of: key, request, willProbe: KeyProbe.announce(to: context))
    } tidyUp: { _ in
      "the key is as it was, and no bundle was written"
    }
    var statement = StatementDraft(format: KeyProof.format, content: proof.content)
    try await key.sign(&statement, role: "key")
    try await auditor?.sign(&statement, role: "auditor")
    let bundle = statement.encoded()
    // Nobody gets a bundle that could not be checked.
    _ = try VerifiedKeyProof.verify(bundle, at: proof.madeAt)
    if let out { try InputOutput.write(bundle, to: out, operation: "write the evidence bundle") }
    return ProvingReport(proof, bundle: bundle, file: out)
  }

  private static func signsItself(_ name: String) -> CommandError {
    CommandError(
      .ruleRefused, code: "rule-refused", rule: EvidenceRule.signers.rawValue, operation: "sign the key proof",
      message: "\(name) is the key that the proof is about, and signs it anyway",
      hints: ["name another key with --sign-with, the auditor's"])
  }

  private func certificates() throws -> [Certificate]? {
    guard let certificate else { return nil }
    let bytes = try InputOutput.read(certificate, operation: "read the key's certificate")
    return try PEM.certificates(in: bytes)
  }

  private func readAttestation(_ text: String) throws -> KeyProof.Attestation {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2 else {
      throw CommandError.usage("an attestation is a kind and a file, and this is \(text)", hint: "write it like --attestation yubihsm=FILE")
    }
    return KeyProof.Attestation(type: parts[0], data: try InputOutput.read(parts[1], operation: "read the attestation"))
  }
}

/// What came of a proof, for whoever had it made. The bundle says it all.
struct ProvingReport: Answer {
  struct Finding: Encodable, Sendable {
    let rule: String
    let outcome: String
    let grade: String
  }

  let file: String?
  let key: String
  let publicKeySha256: String
  let publicKeyWords: String
  let policy: String
  let isMet: Bool
  let isSoftwareToken: Bool
  let waivers: [String]
  let objections: [String]
  let rules: [Finding]
  let probes: [String: String]
  let bundle: [UInt8]

  private enum CodingKeys: CodingKey {
    case file, key, publicKeySha256, publicKeyWords, policy, isMet, isSoftwareToken, waivers, objections, rules, probes
  }

  init(_ proof: KeyProof, bundle: [UInt8], file: String?) {
    self.file = file
    key = proof.key.name
    publicKeySha256 = proof.key.publicKeySHA256
    publicKeyWords = proof.key.publicKeyWords.joined(separator: " ")
    policy = proof.policy.name
    isMet = proof.policy.isMet
    isSoftwareToken = proof.token.isSoftware
    waivers = proof.policy.waivers.map { "\($0.rule) is waived: \($0.reason)" }
    objections = proof.objections.map { "\($0.rule) \($0.outcome) (\($0.observed))" }
    rules = proof.rules.map { Finding(rule: $0.rule, outcome: $0.outcome, grade: $0.grade) }
    probes = Dictionary(proof.probes.map { ($0.probe, $0.outcome) }) { first, _ in first }
    self.bundle = bundle
  }

  var text: String {
    guard let file, file != "-" else { return "" }
    let outcomes = ["refused", "not possible", "inconclusive", "succeeded"].compactMap { outcome -> String? in
      let count = probes.values.count { $0 == outcome }
      return count == 0 ? nil : "\(count) \(outcome == "succeeded" ? "SUCCEEDED" : outcome)"
    }
    let met = rules.count { $0.outcome == "met" }
    let facts = [
      ("bundle", file), ("key", key), ("public key SHA-256", publicKeySha256), ("in words", publicKeyWords),
      ("policy \(policy)", isMet ? "met" : "NOT MET: \(objections.joined(separator: "; "))"),
      ("rules", "\(met) of \(rules.count) met, \(rules.count { $0.grade == "probed" }) of them probed"),
      ("probes", probes.isEmpty ? "none were made: this is the token's word alone" : outcomes.joined(separator: ", ")),
      ("token", isSoftwareToken ? "a SOFTWARE token: no hardware stands behind its word" : "not known to be software"),
    ]
    return Console.facts(
      facts + waivers.map { ("waiver", $0) } + [("check it with", "hsmkey key verify-proof \(file)")], wrappingAt: Console.answerWidth)
  }

  var exitStatus: ExitStatus { isMet ? .done : .ruleRefused }
}

/// What `--show-probes` tells.
struct ProbeList: Answer {
  struct Probe: Encodable, Sendable {
    let probe: String
    let rule: String
    let action: String
  }

  let probes = KeyProbe.allCases.map { Probe(probe: $0.rawValue, rule: $0.rule.rawValue, action: $0.action) }

  var text: String { probes.map { "\($0.probe) (\($0.rule))\n  \($0.action)" }.joined(separator: "\n") }
}
