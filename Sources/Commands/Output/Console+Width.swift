import Foundation
import Secrets

extension Console {
  /// How wide an answer may be: the terminal's width when standard output is one, and no limit otherwise.
  static var answerWidth: Int? { TerminalSize.columns(of: STDOUT_FILENO).map { min(max($0, 40), 120) } }

  /// Whether a person may be looking: standard output or standard error is a terminal.
  static var hasTerminal: Bool { isatty(STDOUT_FILENO) == 1 || isatty(STDERR_FILENO) == 1 }

  /// Facts whose values are broken at this width.
  static func facts(_ rows: [(name: String, value: String)], wrappingAt width: Int?) -> String {
    let column = (rows.map(\.name.count).max() ?? 0) + 2
    return rows.flatMap { row in
      wrapped(
        row.name + String(repeating: " ", count: column - row.name.count) + forTerminal(row.value), to: width,
        hanging: String(repeating: " ", count: column))
    }.joined(separator: "\n")
  }

  /// Breaks a line between words. A word that is longer than a line stays whole, so that it can be copied.
  ///
  /// - Parameter indent: what the lines after the first begin with.
  static func wrapped(_ line: String, to width: Int?, hanging indent: String) -> [String] {
    guard let width, line.count > width else { return [line] }
    var lines: [String] = []
    var current = String(line.prefix { $0 == " " })
    var isFirstWord = true
    for word in line.split(separator: " ", omittingEmptySubsequences: false).drop(while: \.isEmpty) {
      // On a line that has only just begun, a word that is too long for any line may as well stay.
      let hasBegun = current.count > indent.count || indent.count + word.count <= width
      if !isFirstWord, current.count + 1 + word.count > width, !word.isEmpty, hasBegun {
        lines.append(current)
        current = indent + word
      } else {
        current += isFirstWord ? "\(word)" : " \(word)"
      }
      isFirstWord = false
    }
    return lines + [current]
  }
}
