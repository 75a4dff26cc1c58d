import ArgumentParser
import Foundation
import KeyEvidence
import PKCS11
import SystemPackage
import TokenKeys

/// `hsmkey audit`
struct AuditCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "What is on the token, and what is new, gone, changed, weak, orphaned or expiring.",
    discussion: """
      Reads every object of the token and says what is to be said of it; with --inventory also what differs from an earlier, signed
      inventory of the same token. Nothing on the token is tried, changed or used, but for the key of --sign-with.

      Without a PIN only public objects are seen. With --public-only nobody is asked for one, nor where no --pin-source is configured and
      there is no terminal.

      The exit code is 2 when there is a finding of the weight of --fail-on, or a heavier one.

      Example: hsmkey audit --write token.inventory --sign-with auditor
               hsmkey audit --inventory token.inventory --auditor-key auditor.pem --html report.html
      """)
  @OptionGroup var common: CommonOptions
  @OptionGroup var policyOptions: KeyPolicyOptions

  @Option(help: ArgumentHelp("A signed inventory of this token, to hold its contents against.", valueName: "file"), completion: .file())
  var inventory: String?

  @Option(
    help: ArgumentHelp(
      "The public key (PEM, or a certificate) that must have signed the inventory; otherwise audit.auditor-key of the configuration.",
      valueName: "file"), completion: .file())
  var auditorKey: String?

  @Option(help: ArgumentHelp("Write what is on the token to this new file, signed.", valueName: "file"), completion: .file())
  var write: String?

  @Option(help: ArgumentHelp("The key on this token that signs what --write writes.", valueName: "name"))
  var signWith: String?

  @Option(help: ArgumentHelp("Write a report to this new file, for a browser and for paper.", valueName: "file"), completion: .file())
  var html: String?

  @Flag(help: "Look at public objects only, without a PIN.")
  var publicOnly = false

  @Option(
    help: ArgumentHelp("The exit code is 2 from this weight on: notice, warning or violation.", valueName: "weight"),
    completion: .list(AuditSeverity.allCases.map(\.rawValue)))
  var failOn: String = AuditSeverity.violation.rawValue

  func validate() throws {
    guard AuditSeverity(rawValue: failOn) != nil else {
      throw ValidationError("\(failOn) is no weight; use notice, warning or violation")
    }
    if (write == nil) != (signWith == nil) {
      throw ValidationError("--write and --sign-with go together: an inventory that nobody signed proves nothing")
    }
    if write != nil && publicOnly { throw ValidationError("--write needs the PIN, for the key that signs; leave --public-only out") }
    if auditorKey != nil && inventory == nil {
      throw ValidationError("--auditor-key is about who signed the --inventory, which is missing")
    }
    if [write, html].contains("-") { throw ValidationError("--write and --html want the name of a new file; stdout is for the answer") }
  }

  func answer(_ context: CommandContext) async throws -> AuditReport {
    if let signWith { try KeyName.check(signWith) }
    let policy = try policyOptions.chosen(context.settings)
    for path in [write, html].compactMap(\.self) { try InputOutput.refuseExisting(path, operation: "write the audit's files") }
    // What can be refused without a token is refused before anybody is asked for a PIN.
    let known = try inventory.map { try InventoryFile(reading: $0, auditorKey: try auditorKeyFile(context)) }
    let token = try await context.selectedToken()
    if let known { try InventoryComparison.checkToken(.init(token), against: known.inventory.token) }
    let source = seesPrivateObjects(context) ? try await context.tokenKeys() : nil
    let present = try await read(token, source, policy, context)
    var report = try AuditReport(
      present, against: known, failOn: AuditSeverity(rawValue: failOn) ?? .violation, notes: notes(present, policy))
    if let write, let signWith, let source { report.written = try await sign(present, with: signWith, of: source, to: write) }
    if let html {
      report.html = html
      try InputOutput.write(Array(AuditPage(report).text.utf8), to: html, operation: "write the report")
    }
    return report
  }

  // MARK: The token

  /// Whether to log in: not where nobody can give a PIN and nobody has said where it comes from.
  private func seesPrivateObjects(_ context: CommandContext) -> Bool {
    if publicOnly { return false }
    if write != nil { return true }
    guard case .builtIn = context.settings.pinSource.origin else { return true }
    return Self.hasTerminal
  }

  private static var hasTerminal: Bool {
    guard let terminal = try? FileDescriptor.open(FilePath("/dev/tty"), .readWrite, options: [.closeOnExec]) else {
      return false
    }
    try? terminal.close()
    return true
  }

  private func read(_ token: Token, _ keys: TokenKeys?, _ policy: KeyPolicy, _ context: CommandContext) async throws -> TokenInventory {
    let madeBy = "hsmkey \(toolVersion)"
    if let keys { return try await keys.inventory(policy: policy, madeBy: madeBy) }
    return try await context.waiting("read what is on token \(token.label)") { try token.publicInventory(policy: policy, madeBy: madeBy) }
  }

  private func notes(_ present: TokenInventory, _ policy: KeyPolicy) -> [String] {
    let waivers = policy.waivers.map { "\($0.rule) is waived: \($0.reason)" }
    guard present.scope == .publicObjects else { return waivers }
    let reason =
      publicOnly
      ? "as --public-only asks for"
      : "because no PIN source is configured and there is no terminal to ask on; --pin-source says where the PIN comes from"
    return ["only public objects were seen, \(reason): private keys are not judged, and what only a login shows is not missed"] + waivers
  }

  // MARK: Files

  /// The file with the key that must have signed: from the option, or from the configuration.
  private func auditorKeyFile(_ context: CommandContext) throws -> String? { auditorKey ?? context.settings.file.audit.auditorKey }

  private func sign(
    _ present: TokenInventory, with name: String, of keys: TokenKeys, to path: String
  ) async throws -> AuditReport.Written {
    let key = try await keys.key(named: name)
    var draft = StatementDraft(format: TokenInventory.format, content: present.content)
    let algorithm = key.algorithm.signatureAlgorithms[0]
    guard let stated = StatementSignatureAlgorithm(rawValue: algorithm.rawValue) else {
      throw CommandError.usage("a statement is not signed with \(algorithm)", hint: "choose another key with --sign-with")
    }
    let signature = try await key.sign(draft.bytesToSign, algorithm: algorithm).encodedRepresentation
    let signed = try StatementSignature(
      role: "key", algorithm: stated, publicKey: key.publicKey, signature: signature, of: draft)
    try draft.add(signed)
    let bytes = draft.encoded()
    guard bytes.count <= CanonicalJSON.maximumBytes else {
      throw CommandError.input(
        "the inventory has \(bytes.count) bytes, and no file of more than \(CanonicalJSON.maximumBytes >> 20) MiB is read again",
        operation: "write the inventory")
    }
    try InputOutput.write(bytes, to: path, operation: "write the inventory")
    return .init(file: path, key: key.name, publicKeySHA256: signed.publicKeySHA256)
  }
}
