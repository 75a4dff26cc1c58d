import ArgumentParser
import KeyEvidence
import TokenKeys

/// `hsmkey key countersign-proof NAME --in FILE --out FILE`
struct KeyCountersignProofCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "countersign-proof", abstract: "Add an auditor's or a witness's signature to an evidence bundle, on any token.",
    discussion: """
      The bundle is checked first, as key verify-proof does. What is in it is not changed, and the signatures that it has stay.

      Example: hsmkey key countersign-proof auditor-2026 --in payroll.proof --out payroll-signed.proof
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The name (label) of the key that signs.")
  var name: String

  @Option(name: .customLong("in"), help: ArgumentHelp("The bundle; - for stdin.", valueName: "file"), completion: .file())
  var input: String

  @Option(help: ArgumentHelp("The new file for the bundle with the signature.", valueName: "file"), completion: .file())
  var out: String

  @Option(
    help: ArgumentHelp("auditor, for whoever had the bundle made; witness, for whoever was there.", valueName: "role"),
    completion: .list(["auditor", "witness"]))
  var role: String = "auditor"

  struct Report: Answer {
    let file: String
    let key: String
    let signedBy: [String]
    var text: String { "\(file): the proof of key \(key) is signed by \(signedBy.joined(separator: " and "))" }
  }

  func validate() throws {
    guard ["auditor", "witness"].contains(role) else { throw ValidationError("\(role) is no role; use auditor or witness") }
    if out == "-" { throw ValidationError("--out wants the name of a new file; stdout is for the answer") }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    try KeyName.check(name)
    try InputOutput.refuseExisting(out, operation: "write the evidence bundle")
    let verified = try VerifiedKeyProof.verify(try InputOutput.read(input, operation: "read the key proof"))
    let signer = try await context.tokenKeys().key(named: name)
    guard signer.publicKey != verified.proof.key.publicKey else {
      throw CommandError(
        .ruleRefused, code: "rule-refused", rule: EvidenceRule.signers.rawValue, operation: "countersign the key proof",
        message: "\(name) is the key that the proof is about, and has signed it already", hints: ["sign with another key"])
    }
    if let earlier = verified.signature(of: signer.publicKey) {
      throw CommandError(
        .ruleRefused, code: "rule-refused", rule: EvidenceRule.signers.rawValue, operation: "countersign the key proof",
        message: "\(name) has signed it already, as \(earlier.role)", hints: ["a key signs once: take the bundle as it is, or another key"])
    }
    var statement = StatementDraft(format: KeyProof.format, content: verified.proof.content)
    for signature in verified.signatures { try statement.add(signature) }
    try await signer.sign(&statement, role: role)
    let bundle = statement.encoded()
    _ = try VerifiedKeyProof.verify(bundle)
    try InputOutput.write(bundle, to: out, operation: "write the evidence bundle")
    return Report(
      file: out, key: verified.proof.key.name, signedBy: statement.signatures.map { "\($0.role) \($0.publicKeySHA256)" })
  }
}
