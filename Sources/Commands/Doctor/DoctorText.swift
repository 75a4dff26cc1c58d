/// The steps of an examination as people read them, on a terminal of any width.
///
/// ```text
/// ok    module-file  /usr/lib/softhsm/libsofthsm2.so
/// FAIL  token        no token matches
///       next: hsmkey token list
/// ```
struct DoctorText: Sendable {
  private let steps: [DoctorStep]
  private let width: Int?

  /// - Parameter width: where lines are broken; nil to leave each line whole, for programs that look for something in it.
  init(_ steps: [DoctorStep], width: Int?) {
    self.steps = steps
    self.width = width
  }

  var text: String { (grouped.flatMap(lines) + [""] + summary).joined(separator: "\n") }

  /// Steps in a row that were left out for the same reason take one line.
  private var grouped: [(names: String, step: DoctorStep)] {
    steps.reduce(into: []) { groups, step in
      if step.outcome == .notChecked, let last = groups.last, last.step.outcome == .notChecked, last.step.message == step.message {
        groups[groups.count - 1].names += ", \(step.name)"
      } else {
        groups.append((step.name, step))
      }
    }
  }

  private static let indent = String(repeating: " ", count: 6)

  private func lines(_ names: String, _ step: DoctorStep) -> [String] {
    let mark = [.ok: "ok    ", .warning: "WARN  ", .failed: "FAIL  "][step.outcome] ?? "-     "
    let rule = step.rule.map { " [\($0)]" } ?? ""
    var lines = wrapped("\(mark)\(names): \(step.message)\(rule)", hanging: Self.indent)
    for detail in step.details { lines += wrapped("\(Self.indent)- \(detail)", hanging: Self.indent + "  ") }
    if let hint = step.hint { lines += wrapped("\(Self.indent)next: \(hint)", hanging: Self.indent + "      ") }
    return lines
  }

  private var summary: [String] {
    let failed = steps.filter { $0.outcome == .failed }
    let warned = steps.filter { $0.outcome == .warning }
    let warnings = warned.isEmpty ? "" : "look at: \(warned.map(\.name).joined(separator: ", "))"
    guard let first = failed.first else {
      return wrapped(warned.isEmpty ? "nothing stands in the way" : "nothing stands in the way; \(warnings)", hanging: "")
    }
    let others = failed.count > 1 ? "; also: \(failed.dropFirst().map(\.name).joined(separator: ", "))" : ""
    return wrapped(
      "mend first: \(first.name) (exit code \(first.exitStatus.rawValue))\(others)" + (warnings.isEmpty ? "" : "; \(warnings)"), hanging: ""
    )
  }

  private func wrapped(_ line: String, hanging indent: String) -> [String] {
    Console.wrapped(Console.forTerminal(line), to: width, hanging: indent)
  }
}
