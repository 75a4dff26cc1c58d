import ArgumentParser
import CertificateLifecycle
import Foundation

/// `hsmkey certificate abandon NAME`
struct CertificateAbandonCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "abandon", abstract: "Drop a request that will never be answered, or that was begun with wrong settings.",
    discussion: """
      The certificate in use and every key stay as they are; only what is pending is forgotten, its retrieval id too. The service may
      have issued a certificate for it, which then nobody fetches. Needs neither token nor PIN. Where nothing is pending, there is
      nothing to do: exit code 0.

      Example: hsmkey certificate abandon payroll --confirm payroll
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name in the configuration file.")
  var name: String

  @Option(help: ArgumentHelp("The same name again, instead of typing it on the terminal.", valueName: "name"))
  var confirm: String?

  struct Report: Answer {
    let name: String
    let wasPending: Bool
    let operation: String?
    let keyName: String?
    let retrievalId: String?

    var text: String {
      guard wasPending else { return "\(Console.forTerminal(name)): nothing is pending" }
      let facts = [("dropped", operation), ("key left on the token", keyName), ("retrieval id", retrievalId)]
      return "\(Console.forTerminal(name))\n\(Console.facts(facts.compactMap { fact in fact.1.map { (fact.0, $0) } }, indent: 2))"
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let name = try context.settings.certificate(named: name).name
    guard let store = try context.existingStore(), let pending = try store.record(named: name)?.pending else {
      return Report(name: name, wasPending: false, operation: nil, keyName: nil, retrievalId: nil)
    }
    try checkConfirmation(of: pending)
    let dropped = try store.abandon(name, at: Date())
    return Report(
      name: name, wasPending: true, operation: dropped.kind.rawValue, keyName: dropped.keyName, retrievalId: dropped.retrievalID)
  }

  private func checkConfirmation(of pending: PendingOperation) throws(CommandError) {
    var given = confirm
    if given == nil, isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 {
      Console.say(
        "drops the \(pending.kind.rawValue) that began on \(pending.startedAt.ISO8601Format()); type \(Console.forTerminal(name)) to go on")
      given = readLine()
    }
    guard given == name else {
      throw CommandError.usage(
        given == nil ? "dropping what is pending must be confirmed" : "the name that was given to confirm is another one",
        rule: .confirmation,
        hint: "add --confirm \(name)")
    }
  }
}
