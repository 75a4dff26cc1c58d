import ArgumentParser
import CertificateLifecycle
import Foundation
import X509

/// `hsmkey certificate retire NAME --serial HEX`
struct CertificateRetireCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "retire", abstract: "End the overlap: destroy the key of an earlier certificate, for good.",
    discussion: """
      The earlier certificate and both halves of its key are destroyed on the token, and the state keeps that they were. The certificate in
      use is never retired. Every consumer must have accepted the one in use before, as certificate probe has seen it at its address, and
      those with a file or a program of their own must have been cut over to it, unless --without-proof is given: a consumer that does not
      accept the new certificate yet then has none that works. Where no consumer is configured nothing is proved. What is pending is
      finished first. The serial number is asked for a second time on the terminal, or given with --confirm.

      Example: hsmkey certificate retire payroll --serial 1f3a5c7e90b2d4f6 --confirm 1f3a5c7e90b2d4f6
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name in the configuration file.")
  var name: String

  @Option(help: ArgumentHelp("The serial number of the earlier certificate, as certificate status shows it.", valueName: "hex"))
  var serial: String

  @Option(help: ArgumentHelp("The same serial number again, instead of typing it on the terminal.", valueName: "hex"))
  var confirm: String?

  @Flag(help: "Retire it although not every consumer is known to accept the certificate in use, or none is configured.")
  var withoutProof = false

  struct Report: Answer {
    let name: String
    let serial: String
    let keyName: String
    let keyId: String
    let isKeyDestroyed: Bool
    let retiredAt: Date
    let activeSerial: String
    /// Consumers of which nobody knows whether they accept the certificate in use, or that were not cut over to it.
    let withoutProof: [String]

    var text: String {
      var rows = [
        ("retired", serial), ("key", "\(keyName) (\(keyId))"),
        ("key is", isKeyDestroyed ? "destroyed" : "kept: another certificate of this name is for it"), ("in use", activeSerial),
      ]
      if !withoutProof.isEmpty { rows.append(("without proof", withoutProof.joined(separator: ", "))) }
      return "\(Console.forTerminal(name))\n\(Console.facts(rows, indent: 2))"
    }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let serial = serial.lowercased()
    // What is refused anyway costs nobody a login.
    let plan = try context.plan(named: name)
    if let confirm, confirm.lowercased() != serial { throw unconfirmed(isOther: true) }
    guard let record = try context.record(named: name), let active = record.active else {
      throw CommandError(
        .tokenOrKey, code: "certificate-not-found", operation: "retire certificate \(serial) of \(name)",
        message: "there is no certificate of this name", hints: ["see: hsmkey certificate status"])
    }
    let old = try CertificateLifecycle.retirable(plan, serial: serial, in: record, evenWithoutProof: withoutProof)
    let open = Set(try record.unproved(plan.consumers) + record.untold(plan.consumers))
    let unproved = plan.consumers.filter(open.contains).map(\.name)
    try confirmSerial(of: old, unproved)
    let retired = try await context.lifecycle().lifecycle.retire(plan, serial: serial, evenWithoutProof: withoutProof)
    return Report(
      name: plan.name, serial: retired.serial, keyName: retired.keyName, keyId: retired.keyIdentifier,
      isKeyDestroyed: retired.keyWasDestroyed, retiredAt: retired.retiredAt, activeSerial: try active.serial(), withoutProof: unproved)
  }

  private func confirmSerial(of old: InstalledCertificate, _ unproved: [String]) throws {
    var given = confirm
    if given == nil, isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 {
      if !unproved.isEmpty {
        Console.say(Console.forTerminal("not known to accept and to use the certificate in use: \(unproved.joined(separator: ", "))"))
      }
      let expiry = try old.certificate().notValidAfter.ISO8601Format()
      Console.say(
        "destroys the key \(Console.forTerminal(old.keyName)) of the certificate \(serial), valid until \(expiry), for good; "
          + "type the serial number to go on")
      given = readLine()
    }
    guard given?.lowercased() == serial.lowercased() else { throw unconfirmed(isOther: given != nil) }
  }

  private func unconfirmed(isOther: Bool) -> CommandError {
    .usage(
      isOther ? "the serial number that was given to confirm is another one" : "retiring a certificate must be confirmed",
      rule: .confirmation, hint: "add --confirm \(serial)")
  }
}
