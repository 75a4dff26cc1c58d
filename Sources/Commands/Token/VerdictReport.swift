import TokenKeys

/// A verdict in answers, with what was waived, and what was tried.
struct VerdictReport: Encodable, Sendable {
  struct Waiver: Encodable, Sendable {
    let rule: String
    let reason: String
  }

  struct Finding: Encodable, Sendable {
    let rule: String
    let outcome: String
    let grade: String
    let observed: String
    let waived: String?
    /// Whether the policy insists on it.
    let isObjection: Bool
  }

  struct Probe: Encodable, Sendable {
    let probe: String
    let rule: String
    let action: String
    let outcome: String
    let calls: [String]
    let detail: String?
  }

  let policy: String
  let isMet: Bool
  let waivers: [Waiver]
  let findings: [Finding]
  /// What was tried; empty when nothing was.
  let probes: [Probe]

  init(_ verdict: KeyVerdict, probes: [ProbeResult] = []) {
    policy = verdict.policy
    isMet = verdict.isMet
    waivers = verdict.waivers.map { Waiver(rule: $0.rule.rawValue, reason: $0.reason) }
    let objections = Set(verdict.objections)
    findings = verdict.findings.map {
      Finding(
        rule: $0.rule.rawValue, outcome: $0.outcome.rawValue, grade: $0.grade.rawValue, observed: $0.observed, waived: $0.waiver?.reason,
        isObjection: objections.contains($0))
    }
    self.probes = probes.map {
      Probe(
        probe: $0.probe.rawValue, rule: $0.probe.rule.rawValue, action: $0.probe.action, outcome: $0.outcome.rawValue,
        calls: $0.calls.map(\.description), detail: $0.detail)
    }
  }

  init(_ examination: KeyExamination) { self.init(examination.verdict, probes: examination.probes) }

  var text: String {
    let width = findings.map(\.rule.count).max() ?? 0
    var lines = ["policy \(policy): \(isMet ? "met" : "NOT MET")"]
    lines += findings.map { finding in
      let mark = finding.outcome == "met" ? "ok " : finding.outcome == "violated" ? "NO " : "-  "
      let padding = String(repeating: " ", count: width - finding.rule.count)
      let grade = finding.outcome == "not claimed" ? "" : " (\(finding.grade))"
      return "  \(mark) \(finding.rule)\(padding)  \(Console.forTerminal(finding.observed))\(grade)"
    }
    lines += waivers.map { waiver in
      let isNeeded = findings.contains { $0.rule == waiver.rule && $0.outcome != "met" }
      return "  waived: \(waiver.rule): \(Console.forTerminal(waiver.reason))\(isNeeded ? "" : " (not needed)")"
    }
    if !probes.isEmpty {
      lines.append("tried:")
      let width = probes.map(\.probe.count).max() ?? 0
      lines += probes.map { probe in
        let padding = String(repeating: " ", count: width - probe.probe.count)
        return "  \(probe.probe)\(padding)  \(probe.outcome)\(probe.detail.map { ": \(Console.forTerminal($0))" } ?? "")"
      }
    }
    return lines.joined(separator: "\n")
  }
}
