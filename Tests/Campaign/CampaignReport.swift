import Foundation

/// What came of a campaign.
public struct CampaignReport: Sendable {
  public private(set) var verdicts: [Verdict] = []
  /// Attacks that could not be carried out, with the reason: a fault of the campaign.
  public private(set) var broken: [(attack: Attack, reason: String)] = []

  public init() {}

  public mutating func add(_ verdict: Verdict) { verdicts.append(verdict) }
  public mutating func add(_ attack: Attack, broken reason: String) { broken.append((attack, reason)) }

  /// The runs in which a promise was broken.
  public var failures: [Verdict] { verdicts.filter { !$0.findings.isEmpty } }

  /// The table: a line for each operation and kind of attack, with how its runs ended.
  public var table: String {
    let first = ["operation", "attack", "runs", "struck"]
    var rows = [first + Ending.allCases.map(\.short) + ["nameless", "broken", "exit codes under attack"]]
    func row(_ name: [String], _ group: [Verdict]) -> [String] {
      name + ["\(group.count)", "\(group.count { $0.hasHappened })"]
        + Ending.allCases.map { ending in "\(group.count { $0.ending == ending })" } + [
          "\(group.reduce(0) { $0 + $1.namelessHalves })", "\(group.count { !$0.findings.isEmpty })",
          Set(group.flatMap(\.exitCodes)).sorted().map(String.init).joined(separator: " "),
        ]
    }
    let groups = Dictionary(grouping: verdicts) { [$0.attack.operation.rawValue, $0.attack.blows.first?.kind ?? ""] }
    for key in groups.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) { rows.append(row(key, groups[key] ?? [])) }
    rows.append(row(["both", "all"], verdicts))
    let widths = (0..<rows[0].count).map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      "| " + zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: " | ") + " |"
    }
    let rule = "|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|"
    return ([lines[0], rule] + lines.dropFirst()).joined(separator: "\n")
  }

  /// Each failure, with the command that repeats it.
  public var explanations: [String] {
    failures.map { verdict in
      "FAILED: \(verdict.findings.joined(separator: "\n        "))\n"
        + "  again: scripts/kill-campaign --only '\(verdict.attack)'\n\(verdict.story)"
    } + broken.map { "NOT CARRIED OUT: \($0.attack): \($0.reason)" }
  }
}

extension Ending {
  /// The heading of a column.
  var short: String {
    switch self {
    case .atOnce: "at once"
    case .wentOn: "next runs"
    case .byRetrievalID: "by id"
    case .byNewCredentials: "new order"
    case .byRepeating: "repeated"
    case .stuck: "not done"
    }
  }
}
