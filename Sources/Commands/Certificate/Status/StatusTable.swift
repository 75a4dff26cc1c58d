import Foundation

/// Certificates at a glance: a line for each, and what is to be done: beside it, or below where the terminal is too narrow.
struct StatusTable {
  private static let barWidth = 12

  private let report: StatusReport
  private let width: Int?

  /// - Parameter width: of the terminal; nil where there is none.
  init(_ report: StatusReport, width: Int?) {
    self.report = report
    self.width = width
  }

  var text: String {
    var table = TextTable(["name", "customer", "days", "left", "window", "state"])
    for entry in report.certificates {
      table.add([
        entry.name, entry.customerId, entry.daysLeft.map(String.init) ?? "-", bar(entry), window(entry), entry.description,
      ])
    }
    let lines = table.lines(width: width, leavingOut: [1, 3, 4])
    let steps = ["next step"] + report.certificates.map { Console.forTerminal($0.nextStep) }
    // A command is there to be copied, so it is never cut.
    let column = (lines.map(\.count).max() ?? 0) + 2
    let beside = zip(lines, steps).map { $0 + String(repeating: " ", count: column - $0.count) + $1 }
    if width.map({ width in beside.allSatisfy { $0.count <= width } }) ?? true { return beside.joined(separator: "\n") }
    let toDo = report.certificates.filter { !$0.nextStep.hasPrefix("none until") }
    if toDo.isEmpty { return lines.joined(separator: "\n") }
    let below = toDo.flatMap { entry in
      Console.wrapped("  \(Console.forTerminal("\(entry.name): \(entry.nextStep)"))", to: width, hanging: "    ")
    }
    return (lines + ["", "  next steps"] + below).joined(separator: "\n")
  }

  /// The part of its life that is left, and where in it the renewal window opens.
  private func bar(_ entry: StatusEntry) -> String {
    guard let certificate = entry.certificate, let opens = entry.windowOpens else { return "" }
    let life = max(1, certificate.notAfter.timeIntervalSince(certificate.notBefore))
    func cells(_ seconds: TimeInterval) -> Int { Int((min(max(seconds / life, 0), 1) * Double(Self.barWidth)).rounded(.up)) }
    let left = cells(certificate.notAfter.timeIntervalSince(report.at))
    let mark = cells(certificate.notAfter.timeIntervalSince(opens))
    return (1...Self.barWidth).map { cell in
      cell == mark && mark < Self.barWidth ? "!" : cell <= left ? "#" : "."
    }.joined()
  }

  private func window(_ entry: StatusEntry) -> String {
    guard let opens = entry.windowOpens, let certificate = entry.certificate else { return "-" }
    if report.at >= certificate.notAfter { return "closed" }
    return report.at >= opens ? "open" : opens.formatted(.iso8601.year().month().day())
  }
}
