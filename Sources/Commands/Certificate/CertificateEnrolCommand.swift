import ArgumentParser
import CertificateLifecycle
import CertificateService
import Secrets
import TokenKeys

/// `hsmkey certificate enrol NAME`
struct CertificateEnrolCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "enrol", abstract: "Get the first certificate for a name: new key, request, send, wait, check, install.",
    discussion: """
      NAME is a certificate of the configuration file. The transfer id and password come from the agency's order and work once. An
      enrolment that was cut off goes on where it stopped; one that was sent already needs no credentials.

      Example: hsmkey certificate enrol payroll --transfer-id 12345678901234567890123456789012 --transfer-password-source prompt
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name in the configuration file.")
  var name: String

  @Option(help: ArgumentHelp("The transfer id of the order.", valueName: "id"))
  var transferID: String?

  @Option(
    help: ArgumentHelp("Where the transfer password comes from: prompt, fd:N, file:PATH, credential:NAME, env:NAME.", valueName: "source"))
  var transferPasswordSource: String?

  @Flag(help: "Although the certificate is valid: for a key that is lost. The certificate in use becomes an earlier one.")
  var evenIfEnrolled = false

  func answer(_ context: CommandContext) async throws -> CertificateReport {
    let plan = try context.plan(named: name)
    try transferID.map(CommandContext.checkTransferID)
    let password = try transferPasswordSource.map { try context.secretSource($0) }
    if transferID == nil { try refuseMissingTransferID(try context.record(named: name)) }
    let (lifecycle, keys) = try await context.lifecycle()
    let name = self.name
    let transferID = self.transferID
    // A prompt puts the terminal right by itself when a signal comes, so the notice begins when it has its answer.
    let wasTaken = try context.record(named: name)?.hasRetrievalID ?? false
    let asks = transferID != nil && password ?? .prompt == .prompt && !wasTaken
    let notice = InterruptionNotice(context, [name], begins: !asks)
    defer { notice.end() }
    let installed = try await lifecycle.enrol(plan, evenIfEnrolled: evenIfEnrolled) {
      guard let transferID else {
        throw Self.missingTransferID
      }
      defer { notice.begin() }
      let secret = try (password ?? .prompt).read(purpose: "Transfer password of order \(transferID) for certificate \(name)")
      return try TransferCredentials(id: transferID, password: secret)
    }
    return try context.concluded(installed, named: name, token: keys.token)
  }

  /// Without credentials nothing can be sent, so nothing is begun either. What was sent already goes on without them.
  private func refuseMissingTransferID(_ record: CertificateRecord?) throws(CommandError) {
    guard let pending = record?.pending else {
      if record?.active == nil || evenIfEnrolled { throw Self.missingTransferID }
      return
    }
    if pending.kind == .enrolment, pending.isUnsent { throw Self.missingTransferID }
  }

  private static let missingTransferID = CommandError.usage(
    "the transfer id of the order is needed to send the request",
    hint: "add --transfer-id ID --transfer-password-source SOURCE; a key and a request that were made earlier are used again")
}

extension CertificateRecord {
  /// Whether a request was taken, so that no credentials are asked for any more.
  fileprivate var hasRetrievalID: Bool { pending?.retrievalID != nil }
}
