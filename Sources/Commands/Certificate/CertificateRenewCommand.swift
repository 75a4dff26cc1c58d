import ArgumentParser
import CertificateLifecycle
import Foundation
import TokenKeys

/// `hsmkey certificate renew NAME|--due|--all`
struct CertificateRenewCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew", abstract: "Get the next certificate: new key, request signed with the old key, send, wait, check, install.",
    discussion: """
      The window opens 60 days before the certificate expires; outside of it the service refuses, and so do we. The old key and certificate stay.

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

  func validate() throws {
    guard [name != nil, due, all].filter(\.self).count == 1 else { throw ValidationError("give one of NAME, --due and --all") }
  }

  struct Failure: Encodable, Sendable {
    let name: String
    let error: ErrorReport.Body
  }

  struct Report: Answer {
    let renewed: [CertificateReport]
    let notDue: [String]
    let failed: [Failure]
    let exitStatus: ExitStatus

    enum CodingKeys: CodingKey { case renewed, notDue, failed }

    var text: String {
      if renewed.isEmpty && failed.isEmpty { return notDue.isEmpty ? "no certificate to renew" : "nothing is due: \(notDue.joined(separator: ", "))" }
      return renewed.map(\.text).joined(separator: "\n\n")
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    if let name {
      // What is refused anyway costs nobody a login.
      _ = try context.plan(named: name)
      try refuseOutsideWindow(try context.lifecycleStore().record(named: name))
      return Report(renewed: [try await renew(name, context, context.lifecycle())], notDue: [], failed: [], exitStatus: .done)
    }
    let (chosen, notDue) = try choose(context)
    if chosen.isEmpty { return Report(renewed: [], notDue: notDue, failed: [], exitStatus: .done) }
    // One login for all of them: a PIN can be read once only from a descriptor, and a wrong one must not be tried once for each.
    let tools = try await context.lifecycle()
    var renewed: [CertificateReport] = []
    var failed: [Failure] = []
    var worst = ExitStatus.done
    for name in chosen {
      do {
        renewed.append(try await renew(name, context, tools))
      } catch {
        // One certificate's trouble must not keep the others from being renewed.
        guard let translated = ErrorTranslation.translate(error) else { throw error }
        Console.report(translated, asJSON: common.json)
        failed.append(Failure(name: name, error: ErrorReport(translated).error))
        worst = failed.count == 1 ? translated.exitStatus : worst == translated.exitStatus ? worst : Self.graver(worst, translated.exitStatus)
      }
    }
    return Report(renewed: renewed, notDue: notDue, failed: failed, exitStatus: worst)
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

  /// Which certificates to renew, and which are not due. Looks at the state only: a timer with nothing to do needs no token.
  private func choose(_ context: CommandContext) throws -> (chosen: [String], notDue: [String]) {
    let configured = Set(context.settings.file.certificates.map(\.name))
    let records = try context.lifecycleStore().records().filter { configured.contains($0.name) && $0.active != nil }
    if all { return (records.map(\.name), []) }
    let isDue = try records.map { record in
      let window = try record.active.map { RenewalWindow(of: try $0.certificate()) }
      return record.pending?.kind == .renewal || window.map { Date() >= $0.opens } == true
    }
    return (zip(records, isDue).filter(\.1).map(\.0.name), zip(records, isDue).filter { !$0.1 }.map(\.0.name))
  }

  /// Of two failures, the one that a script should hear of: an uncertain outcome before anything else, "not ready" last.
  private static func graver(_ left: ExitStatus, _ right: ExitStatus) -> ExitStatus {
    let order: [ExitStatus] = [.uncertainOutcome, .untrustedAnswer, .pin, .serviceRefused, .ruleRefused, .tokenOrKey, .configuration, .inputData]
    return order.first { $0 == left || $0 == right } ?? (left == .notReady ? right : left)
  }
}
