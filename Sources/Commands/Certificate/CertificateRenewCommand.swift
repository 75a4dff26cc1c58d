import ArgumentParser
import CertificateLifecycle
import Foundation
import TokenKeys

/// `hsmkey certificate renew NAME|--due|--all`
struct CertificateRenewCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew", abstract: "Get the next certificate: new key, request signed with the old key, send, wait, check, install.",
    discussion: """
      The window opens 60 days before the certificate expires; outside of it the service refuses, and so do we. The old key and
      certificate stay.

      --due and --all look at every certificate of the configuration file; one that was never enrolled is a warning. Where nothing is due
      and there is no terminal, nothing is written (--json always answers). One that fails does not keep
      the others: with --json each failure is one error object on stderr, and all of them are in the answer.

      Example, for a timer: hsmkey certificate renew --due
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name in the configuration file.")
  var name: String?

  @Flag(help: "Renew every certificate that is within its window or has a renewal pending.")
  var due = false

  @Flag(help: "Renew every certificate; those outside their window are refused.")
  var all = false

  @Flag(help: "Send a renewal again although an earlier one may have been carried out.")
  var repeatUncertainRenewal = false

  @Option(help: ArgumentHelp("With --due and --all: how many certificates are worked on at a time, 1 to 64.", valueName: "number"))
  var parallel = 8

  func validate() throws {
    guard (1...64).contains(parallel) else { throw ValidationError("--parallel is 1 to 64") }
    guard [name != nil, due, all].filter(\.self).count == 1 else { throw ValidationError("give one of NAME, --due and --all") }
  }

  struct Failure: Encodable, Sendable {
    let name: String
    let error: ErrorReport.Body
  }

  struct Report: Answer {
    let renewed: [CertificateReport]
    let notDue: [String]
    let notEnrolled: [String]
    let failed: [Failure]
    let exitStatus: ExitStatus

    enum CodingKeys: CodingKey { case renewed, notDue, notEnrolled, failed }

    var text: String {
      guard renewed.isEmpty && failed.isEmpty else { return renewed.map(\.text).joined(separator: "\n\n") }
      // A timer's journal stays empty on the days on which there is nothing to do.
      guard Console.hasTerminal else { return "" }
      return [("nothing is due", notDue), ("not enrolled", notEnrolled)].filter { !$0.1.isEmpty }
        .map { "\($0): \(Console.forTerminal($1.joined(separator: ", ")))" }.joined(separator: "\n")
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    if let name {
      // What is refused anyway costs nobody a login.
      _ = try context.plan(named: name)
      try refuseOutsideWindow(try context.record(named: name))
      let tools = try await context.lifecycle()
      let notice = InterruptionNotice(context, [name])
      defer { notice.end() }
      return Report(renewed: [try await renew(name, context, tools)], notDue: [], notEnrolled: [], failed: [], exitStatus: .done)
    }
    let (chosen, notDue, notEnrolled) = try choose(context)
    // A timer's journal stays empty on the days on which there is nothing to do, also where a certificate waits for its enrolment.
    let isSilent = chosen.isEmpty && !common.json && !Console.hasTerminal
    for name in isSilent ? [] : notEnrolled {
      Console.warn("\(name) has no certificate in \(context.settings.state.value); see: hsmkey certificate status \(name)")
    }
    if chosen.isEmpty { return Report(renewed: [], notDue: notDue, notEnrolled: notEnrolled, failed: [], exitStatus: .done) }
    // One login for all of them: a PIN can be read once only from a descriptor, and a wrong one must not be tried once for each.
    let tools = try await context.lifecycle()
    let notice = InterruptionNotice(context, chosen)
    defer { notice.end() }
    var renewed: [CertificateReport] = []
    var failed: [Failure] = []
    var worst: ExitStatus?
    for (name, outcome) in zip(chosen, try await renewAll(chosen, context, tools)) {
      switch outcome {
      case .success(let report): renewed.append(report)
      case .failure(let error):
        failed.append(Failure(name: name, error: ErrorReport(error).error))
        worst = worst.map { $0 == error.exitStatus ? $0 : Self.graver($0, error.exitStatus) } ?? error.exitStatus
      }
    }
    return Report(renewed: renewed, notDue: notDue, notEnrolled: notEnrolled, failed: failed, exitStatus: worst ?? .done)
  }

  /// Several at a time, because most of a renewal is waiting for the service. One certificate's trouble does not keep the others from
  /// being renewed; it is told when it happens.
  private func renewAll(
    _ names: [String], _ context: CommandContext, _ tools: (lifecycle: CertificateLifecycle, keys: TokenKeys)
  ) async throws -> [Result<CertificateReport, CommandError>] {
    try await withThrowingTaskGroup(of: (Int, Result<CertificateReport, CommandError>).self) { group in
      var outcomes = [Result<CertificateReport, CommandError>?](repeating: nil, count: names.count)
      var waiting = names.indices.makeIterator()
      func begin() {
        guard let index = waiting.next() else { return }
        group.addTask {
          do {
            return (index, .success(try await renew(names[index], context, tools)))
          } catch {
            // Whatever it is, it is this certificate's: an error that left the group would cut the others off while they are sending.
            let known = ErrorTranslation.translate(error)
            if known == nil, Task.isCancelled { throw error }
            let translated = (known ?? .fault(error, operation: "renew certificate \(names[index])")).of(certificate: names[index])
            Console.report(translated)
            return (index, .failure(translated))
          }
        }
      }
      for _ in 0..<parallel { begin() }
      while let (index, outcome) = try await group.next() {
        outcomes[index] = outcome
        begin()
      }
      return outcomes.compactMap(\.self)
    }
  }

  /// The lifecycle refuses as well; here it happens before anybody is asked for a PIN.
  private func refuseOutsideWindow(_ record: CertificateRecord?) throws {
    guard let record, record.pending == nil, let active = record.active else { return }
    try RenewalWindow(of: active.certificate()).check(at: Date(), name: record.name, operation: "renew certificate \(record.name)")
  }

  private func renew(
    _ name: String, _ context: CommandContext, _ tools: (lifecycle: CertificateLifecycle, keys: TokenKeys)
  ) async throws -> CertificateReport {
    let plan = try context.plan(named: name)
    let installed = try await tools.lifecycle.renew(plan, repeatingUncertainRenewal: repeatUncertainRenewal)
    return try context.concluded(installed, named: name, token: tools.keys.token)
  }

  /// Which certificates to renew, which are not due, and which nobody has yet. Looks at the state only: a timer with nothing to do
  /// needs no token.
  private func choose(_ context: CommandContext) throws -> (chosen: [String], notDue: [String], notEnrolled: [String]) {
    let configured = context.settings.file.certificates.map(\.name).sorted()
    guard !configured.isEmpty else {
      throw CommandError.configuration(
        "no certificate is configured" + (context.settings.file.path.map { " in \($0)" } ?? "; there is no configuration file"),
        operation: "look for certificates to renew",
        hint: "name the configuration file with --config; certificates stand under certificates:")
    }
    let now = Date()
    let summaries = try context.existingStore()?.summaries(at: now, schedule: context.renewalSchedule) ?? []
    let known = Dictionary(summaries.map { ($0.name, $0) }) { first, _ in first }
    var (chosen, notDue, notEnrolled): ([String], [String], [String]) = ([], [], [])
    for name in configured {
      guard let summary = known[name], summary.dueAt != nil else {
        notEnrolled.append(name)
        continue
      }
      if all || summary.isDue(at: now) { chosen.append(name) } else { notDue.append(name) }
    }
    return (chosen, notDue, notEnrolled)
  }

  /// Of two failures, the one that a script should hear of: an uncertain outcome before anything else, "not ready" last.
  private static func graver(_ left: ExitStatus, _ right: ExitStatus) -> ExitStatus {
    let order: [ExitStatus] = [
      .uncertainOutcome, .untrustedAnswer, .pin, .serviceRefused, .ruleRefused, .tokenOrKey, .configuration, .inputData,
    ]
    return order.first { $0 == left || $0 == right } ?? (left == .notReady ? right : left)
  }
}
