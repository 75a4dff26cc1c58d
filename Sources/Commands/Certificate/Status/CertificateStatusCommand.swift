import ArgumentParser
import CertificateLifecycle
import Foundation

/// `hsmkey certificate status [NAME]`
struct CertificateStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Days left, renewal window, state and next step. Needs neither token nor PIN.",
    discussion: """
      The bar is the part of the certificate's life that is left; `!` in it marks where the renewal window opens.

      --monitor prints one line and ends with 0 (all is well), 1 (somebody should look), 2 (somebody must act) or 3 (it cannot be told), as
      monitoring plugins do. --format prometheus prints metrics for a textfile collector.

      Examples: hsmkey certificate status
                hsmkey certificate status --monitor --warning 30 --critical 14
      """)
  @OptionGroup var common: CommonOptions

  @Argument(help: "The certificate's name; all certificates without it.")
  var name: String?

  @Flag(help: "Print one line for a monitoring system, and end with 0, 1, 2 or 3.")
  var monitor = false

  @Option(help: ArgumentHelp("With --monitor: so many days left are a warning.", valueName: "days"))
  var warning = 30

  @Option(help: ArgumentHelp("With --monitor: so many days left are critical.", valueName: "days"))
  var critical = 14

  @Option(help: "text, json or prometheus.")
  var format: StatusFormat?

  enum StatusFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, prometheus
  }

  func validate() throws {
    guard !monitor || !common.json && format == nil else { throw ValidationError("--monitor has a format of its own") }
    guard !common.json || format == nil || format == .json else { throw ValidationError("give one of --json and --format") }
    guard 0...warning ~= critical else { throw ValidationError("--critical is at most --warning, and both are days") }
  }

  func run() async throws {
    guard monitor else { return try answer(StatusReport(CommandContext(common), name: name, at: Date())) }
    let line: MonitorLine
    do {
      let report = try StatusReport(CommandContext(common), name: name, at: Date())
      line = MonitorLine(report, warning: warning, critical: critical)
    } catch {
      guard let translated = ErrorTranslation.translate(error) else { throw error }
      line = MonitorLine(unknown: translated)
    }
    try Console.writeAnswer(Array("\(line.text)\n".utf8))
    if line.severity != .ok { throw ExitCode(line.severity.rawValue) }
  }

  private func answer(_ report: StatusReport) throws {
    switch format {
    case .prometheus: try Console.writeAnswer(Array(PrometheusText(report).text.utf8))
    case .json: try Console.give(report, asJSON: true)
    case .text, nil: try Console.give(report, asJSON: common.json)
    }
  }
}
