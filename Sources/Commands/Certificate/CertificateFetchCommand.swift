import ArgumentParser
import CertificateLifecycle
import TokenKeys

/// `hsmkey certificate fetch NAME`
struct CertificateFetchCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Go on with a request that was sent: ask for the certificate, check it, install it.",
    discussion: "Asking can be repeated without harm, also days later.\n\nExample: hsmkey certificate fetch payroll")
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name in the configuration file.")
  var name: String

  func answer(_ context: CommandContext) async throws -> CertificateReport {
    let plan = try context.plan(named: name)
    let (lifecycle, keys) = try await context.lifecycle()
    return try await context.concluded(lifecycle.fetch(plan), named: name, token: keys.token)
  }
}
