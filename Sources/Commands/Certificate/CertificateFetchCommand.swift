import ArgumentParser
import CertificateLifecycle
import CertificateService
import TokenKeys

/// `hsmkey certificate fetch NAME`
struct CertificateFetchCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Go on with a request that was sent: ask for the certificate, check it, install it.",
    discussion: "Asking can be repeated without harm, also days later.\n\nExample: hsmkey certificate fetch payroll")
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name in the configuration file.")
  var name: String

  @Option(help: ArgumentHelp("The retrieval id, when the answer that held it was lost and the agency tells it.", valueName: "id"))
  var retrievalID: String?

  func answer(_ context: CommandContext) async throws -> CertificateReport {
    let plan = try context.plan(named: name)
    let retrievalID = try retrievalID.map { try RetrievalID($0) }
    let (lifecycle, keys) = try await context.lifecycle()
    return try await context.concluded(lifecycle.fetch(plan, retrievalID: retrievalID), named: name, token: keys.token)
  }
}
