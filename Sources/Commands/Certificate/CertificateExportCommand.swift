import ArgumentParser
import CertificateLifecycle
import SwiftASN1
import X509

/// `hsmkey certificate export NAME`
struct CertificateExportCommand: AnsweringCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "The current certificate of a name, PEM. Needs neither token nor PIN.",
    discussion: "Example: hsmkey certificate export payroll --out payroll.pem")
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name in the configuration file.")
  var name: String

  @Option(help: ArgumentHelp("Write to this new file instead of stdout.", valueName: "file"), completion: .file())
  var out: String?

  @Flag(help: "DER instead of PEM; needs --out.")
  var der = false

  struct Report: Answer {
    let name: String
    let pem: String
    let certificate: InstalledReport
    let file: String?
    var text: String { file == nil ? pem : "" }
  }

  func validate() throws {
    if der && out == nil { throw ValidationError("--der needs --out FILE (or --out - for a pipe)") }
    if common.json && out == "-" { throw ValidationError("--json and --out - both want stdout") }
  }

  func answer(_ context: CommandContext) async throws -> Report {
    let operation = "export certificate \(name)"
    try InputOutput.refuseURI(out ?? "-", operation: operation)
    let record = try context.record(named: name)
    guard let active = record?.active else {
      throw CommandError(
        .tokenOrKey, code: "certificate-not-found", operation: operation, message: "there is no certificate of this name",
        hints: ["see: hsmkey certificate status"])
    }
    let pem = try active.certificate().serializeAsPEM().pemString
    if let out { try InputOutput.write(der ? Array(active.der) : Array("\(pem)\n".utf8), to: out, operation: operation) }
    return Report(name: name, pem: pem, certificate: try InstalledReport(active, isForKey: !(record?.isFromTestBench ?? false)), file: out)
  }
}
