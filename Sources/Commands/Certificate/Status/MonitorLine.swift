import CertificateLifecycle
import Foundation

/// One line for a monitoring system, and its verdict, as the Monitoring Plugins guidelines have it.
struct MonitorLine {
  /// The verdict; its number is the exit code.
  enum Severity: Int32, Comparable {
    case ok, warning, critical, unknown

    static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }

    var word: String { "\(self)".uppercased() }
  }

  let severity: Severity
  let text: String

  /// How many certificates that are not well are named: a line is read on a phone.
  private static let named = 5

  init(_ report: StatusReport, warning: Int, critical: Int) {
    guard !report.certificates.isEmpty else {
      (severity, text) = (.unknown, "HSMKEY UNKNOWN - no certificate is configured")
      return
    }
    let judged = report.certificates.map { ($0, Self.judge($0, warning: warning, critical: critical, at: report.at)) }
    severity = judged.map(\.1.severity).max() ?? .ok
    let bad = judged.filter { $0.1.severity > .ok }.sorted { $0.1.severity > $1.1.severity }
    let least = report.certificates.compactMap { entry in entry.daysLeft.map { (entry.name, $0) } }.min { $0.1 < $1.1 }
    var said = bad.prefix(Self.named).map { "\($0.0.name): \($0.1.reason)" }
    if bad.count > Self.named { said.append("and \(bad.count - Self.named) more") }
    if bad.isEmpty {
      said = ["\(report.certificates.count) certificate\(report.certificates.count == 1 ? "" : "s")"]
      if let least { said.append("\(least.0) is the first to expire, in \(least.1.days)") }
    }
    let measured =
      (least.map { ["days_left=\($0.1);\(warning):;\(critical):"] } ?? [])
      + [
        "certificates=\(report.certificates.count)", "warning=\(bad.count { $0.1.severity == .warning })",
        "critical=\(bad.count { $0.1.severity == .critical })",
      ]
    // A bar ends what people read and begins the figures.
    let words = Console.forTerminal(said.joined(separator: "; ")).replacing("|", with: "/")
    text = "HSMKEY \(severity.word) - \(words) | \(measured.joined(separator: " "))"
  }

  /// Nothing can be told.
  init(unknown error: CommandError) {
    severity = .unknown
    text = "HSMKEY UNKNOWN - \(Console.forTerminal(error.description).replacing("|", with: "/"))"
  }

  private static func judge(_ entry: StatusEntry, warning: Int, critical: Int, at time: Date) -> (severity: Severity, reason: String) {
    let state = LifecycleState(rawValue: entry.state)
    let days = entry.daysLeft.map { "\($0) day\($0 == 1 ? "" : "s") left" }
    if state == .expired { return (.critical, "expired; order a new one") }
    if state == .uncertain { return (.critical, [entry.description, days].compactMap(\.self).joined(separator: ", ")) }
    guard let left = entry.daysLeft, let days else { return (.warning, entry.description) }
    if left <= critical { return (.critical, "\(days), \(entry.description)") }
    if left <= warning || state == .refused || entry.afterChangePending { return (.warning, "\(days), \(entry.description)") }
    return (.ok, days)
  }
}
