import ArgumentParser
import CertificateLifecycle

/// `hsmkey certificate history NAME`
struct CertificateHistoryCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "What happened to a certificate, step by step, and whether that account is whole.",
    discussion: """
      Every step that was saved stands here, the oldest first, with the state that followed. Entries are only ever added, each with the
      SHA-256 of the one before it; the chain of the whole state file is checked each time. Where it does not hold, what is there is
      shown all the same, and the exit code is 2. Needs neither token nor PIN.

      Example: hsmkey certificate history payroll
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name; also one that is not in the configuration file any more.")
  var name: String

  struct Entry: Encodable, Sendable {
    let number: Int
    let at: String
    let event: String
    let state: String
    let detail: [String: String]
    let hash: String

    fileprivate init(_ entry: LifecycleLogEntry) {
      number = entry.number
      at = entry.at
      event = entry.event
      state = entry.state.rawValue
      detail = entry.detail
      hash = entry.hash
    }
  }

  struct Report: Answer {
    let name: String
    let entries: [Entry]
    let isWhole: Bool
    /// What is wrong with the chain.
    let fault: String?

    var exitStatus: ExitStatus { isWhole ? .done : .ruleRefused }

    var text: String {
      guard !entries.isEmpty else { return "\(Console.forTerminal(name)): nothing has happened yet" }
      let lines = entries.flatMap { entry in
        ["  \(entry.at)  \(entry.event) -> \(entry.state)"]
          + entry.detail.sorted { $0.key < $1.key }.map { "    \($0.key): \(Console.forTerminal($0.value))" }
      }
      let chain = isWhole ? "the chain holds" : "the chain does not hold"
      return ([Console.forTerminal(name)] + lines + ["  \(chain)"]).joined(separator: "\n")
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    guard let store = try context.existingStore() else { return Report(name: name, entries: [], isWhole: true, fault: nil) }
    let entries = try store.history(of: name).map(Entry.init)
    do {
      try store.verifyHistory()
      return Report(name: name, entries: entries, isWhole: true, fault: nil)
    } catch let error as LifecycleError where error.rule == .historyChain {
      Console.warn("\(error)" + (error.hint.map { "; \($0)" } ?? ""))
      return Report(name: name, entries: entries, isWhole: false, fault: error.message)
    }
  }
}
