import ArgumentParser
import CertificateLifecycle
import CertificateService
import TokenKeys

/// `hsmkey certificate fetch NAME`
struct CertificateFetchCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Go on with a request that was sent: ask for the certificate, check it, install it.",
    discussion: """
      Asking can be repeated without harm, also days later. Where nothing is pending, there is nothing to do: exit code 0, and no PIN is
      asked for.

      Example: hsmkey certificate fetch payroll
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name in the configuration file.")
  var name: String

  @Option(help: ArgumentHelp("The retrieval id, when the answer that held it was lost and the agency tells it.", valueName: "id"))
  var retrievalID: String?

  /// What was fetched, or that there was nothing to fetch; then the certificate is the one in use, if there is one.
  struct Report: Answer {
    let name: String
    let wasPending: Bool
    let certificate: InstalledReport?
    let afterChangeSucceeded: Bool?

    var text: String {
      let heading = Console.forTerminal(name) + (wasPending ? "" : ": nothing is pending")
      return wasPending ? "\(heading)\n\(Console.facts(certificate?.facts ?? [], indent: 2))" : heading
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let plan = try context.plan(named: name)
    let retrievalID = try retrievalID.map { text in
      do { return try RetrievalID(text) } catch { throw CommandError.usage(error, about: "--retrieval-id") }
    }
    let record = try context.record(named: name)
    guard record?.pending != nil else {
      return Report(
        name: name, wasPending: false,
        certificate: try record?.active.map { try InstalledReport($0, isForKey: record?.isFromTestBench != true) },
        afterChangeSucceeded: nil)
    }
    let (lifecycle, keys) = try await context.lifecycle()
    let notice = InterruptionNotice(context, [name])
    defer { notice.end() }
    let done = try context.concluded(await lifecycle.fetch(plan, retrievalID: retrievalID), named: name, token: keys.token)
    return Report(name: name, wasPending: true, certificate: done.certificate, afterChangeSucceeded: done.afterChangeSucceeded)
  }
}
