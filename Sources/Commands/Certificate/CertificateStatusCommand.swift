import ArgumentParser
import CertificateLifecycle
import Foundation
import X509

/// `hsmkey certificate status [NAME]`
struct CertificateStatusCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Days left, window, state and next step. Needs neither token nor PIN.")
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name; all configured certificates without it.")
  var name: String?

  struct Entry: Encodable, Sendable {
    let name: String
    let customerId: String
    let state: String
    let daysLeft: Int?
    let windowOpens: Date?
    let certificate: InstalledReport?
    let previous: [InstalledReport]
    let nextStep: String

    var text: String {
      var rows = [("state", state), ("customer", customerId)]
      if let certificate, let daysLeft, let windowOpens {
        rows += [("days left", "\(daysLeft)"), ("window opens", windowOpens.ISO8601Format())] + certificate.facts
      }
      rows += previous.map { ("previous", "\($0.serial), valid until \($0.notAfter.ISO8601Format()), key \($0.keyName)") }
      rows.append(("next step", nextStep))
      return "\(Console.forTerminal(name))\n\(Console.facts(rows, indent: 2))"
    }
  }

  struct Report: Answer {
    let certificates: [Entry]
    var text: String {
      certificates.isEmpty ? "no certificate is configured" : certificates.map(\.text).joined(separator: "\n\n")
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let store = try context.existingStore()
    let configured = try name.map { [try context.settings.certificate(named: $0)] } ?? context.settings.file.certificates
    return Report(certificates: try configured.map { try Self.entry($0, try store?.record(named: $0.name), at: Date()) })
  }

  private static func entry(_ configured: ConfigurationFile.Certificate, _ record: CertificateRecord?, at now: Date) throws -> Entry {
    let name = configured.name
    let certificate = try record?.active?.certificate()
    let window = certificate.map { RenewalWindow(of: $0) }
    let (state, nextStep) = describe(name, record, window, at: now)
    return Entry(
      name: name, customerId: configured.customerID, state: state,
      daysLeft: certificate.map { Int(($0.notValidAfter.timeIntervalSince(now) / 86_400).rounded(.down)) }, windowOpens: window?.opens,
      certificate: try record?.active.map { try InstalledReport($0) }, previous: try record?.previous.map { try InstalledReport($0) } ?? [],
      nextStep: nextStep)
  }

  private static func describe(
    _ name: String, _ record: CertificateRecord?, _ window: RenewalWindow?, at now: Date
  ) -> (state: String, nextStep: String) {
    if let pending = record?.pending {
      let verb = pending.kind == .renewal ? "renew" : "enrol"
      switch pending.stage {
      case .planned, .keyMade, .requestMade:
        return ("\(pending.kind.rawValue) begun, nothing sent yet", "hsmkey certificate \(verb) \(name)")
      case .aboutToSend, .uncertain:
        return (
          "\(pending.kind.rawValue) uncertain: sent, no trustworthy answer known",
          "hsmkey certificate \(verb) \(name), which says how to go on"
        )
      case .retrievalIDKnown: return ("\(pending.kind.rawValue) sent, certificate not fetched yet", "hsmkey certificate fetch \(name)")
      case .received, .checked: return ("\(pending.kind.rawValue) received, not installed yet", "hsmkey certificate fetch \(name)")
      case .stored: return ("\(pending.kind.rawValue) installed, certificate file not written yet", "hsmkey certificate fetch \(name)")
      default: return ("active, the after-change program has not succeeded yet", "hsmkey certificate fetch \(name)")
      }
    }
    guard let window else { return ("no certificate", "order one, then: hsmkey certificate enrol \(name)") }
    if now >= window.closes { return ("expired", "order a new one, then: hsmkey certificate enrol \(name)") }
    if now >= window.opens { return ("active, renewal due", "hsmkey certificate renew \(name)") }
    return ("active", "none until \(window.opens.formatted(.iso8601.year().month().day()))")
  }
}
