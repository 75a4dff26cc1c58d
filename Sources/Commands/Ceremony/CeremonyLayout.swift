import KeyCeremony
import KeyEvidence

/// How a ceremony looks on a terminal: few things at a time, large enough for a camera. Knows texts and widths, and touches no terminal.
struct CeremonyLayout {
  /// What a terminal can do.
  enum Style {
    /// Lines and nothing else (`TERM=dumb`).
    case plain
    /// Clearing the screen, and bold, dim and reversed text.
    case emphasis
    /// Colours as well.
    case colour
  }

  let style: Style
  /// Columns of the terminal.
  let width: Int

  /// - Parameter columns: of the terminal; lines that are longer than 100 are hard to follow, so more are not used.
  init(style: Style, columns: Int) {
    self.style = style
    width = min(max(columns, 20), 100)
  }

  /// The style that the environment asks for: `TERM` and `NO_COLOR`.
  static func style(_ environment: [String: String]) -> Style {
    let terminal = environment["TERM"] ?? ""
    if terminal.isEmpty || terminal == "dumb" { return .plain }
    return environment["NO_COLOR"].map { !$0.isEmpty } ?? false ? .emphasis : .colour
  }

  /// What stands at the top of a step's screen: which step of how many, who does it, how far the ceremony is.
  func header(_ position: CeremonyScene.Position?, _ parts: [String]) -> [String] {
    let place = position.map { ["Step \($0.number) of \($0.count)"] } ?? []
    let line = (place + parts).map(Self.clean).joined(separator: " · ")
    let bar = position.map { [progress($0)] } ?? []
    return wrap(line).map { emphasised($0, .reverse, padded: true) } + bar
  }

  /// A bar, at most as wide as the screen, filled as far as steps are done.
  private func progress(_ position: CeremonyScene.Position) -> String {
    let places = min(width - 2, 60)
    let done = position.count > 0 ? max(0, min(places, (position.number - 1) * places / position.count)) : 0
    return "[" + String(repeating: "#", count: done) + String(repeating: "-", count: places - done) + "]"
  }

  /// A scene without its header.
  ///
  /// - Parameter isEarlier: it is what the step before has brought, which is named then.
  func body(_ scene: CeremonyScene, isEarlier: Bool = false) -> [String] {
    let title = (isEarlier ? scene.step.map { "\(Self.clean($0)) · " } ?? "" : "") + Self.clean(scene.title)
    let first: [String] =
      switch scene.kind {
      case .done: wrap("DONE  \(title)", hanging: 6).map { emphasised($0, .good) }
      case .trouble: wrap("TROUBLE  \(title)", hanging: 9).map { emphasised($0, .bad) }
      case .ceremony, .step, .digest: wrap(title).map { emphasised($0, .bold) }
      case .note: wrap(title)
      }
    let lines = scene.lines.flatMap { wrap("  " + Self.clean($0), hanging: 2) }
    return first + lines + (scene.digest.map { [""] + digest($0) } ?? [])
  }

  /// A digest in hexadecimal, in groups of four octets, and as numbered words.
  func digest(_ bytes: [UInt8]) -> [String] {
    let groups = stride(from: 0, to: bytes.count, by: 4).map { Array(bytes[$0..<min($0 + 4, bytes.count)]).hexadecimal }
    let words = FingerprintWords.words(for: bytes).enumerated().map { index, word in
      (index < 9 ? " " : "") + "\(index + 1) \(word)"
    }
    return table(groups, among: [4, 2, 1], gap: 3) + [""] + table(words, among: [8, 4, 2, 1], gap: 2)
  }

  /// Cells in as many columns as fit, among these numbers, so that each row begins at a round place.
  private func table(_ cells: [String], among numbers: [Int], gap: Int) -> [String] {
    let cell = (cells.map(\.count).max() ?? 0) + gap
    let columns = numbers.first { 2 + $0 * cell - gap <= width } ?? 1
    return stride(from: 0, to: cells.count, by: columns).map { start in
      let row = cells[start..<min(start + columns, cells.count)].map { $0 + String(repeating: " ", count: cell - $0.count) }.joined()
      return emphasised("  " + row.trimmingTrailingSpaces, .bold)
    }
  }

  /// Who is asked, and what.
  func question(_ question: CeremonyQuestion, note: String? = nil) -> [String] {
    let who = "\(Self.clean(question.participant.name)) (\(Self.clean(question.participant.id))):"
    let text = wrap("  " + Self.clean(question.text), hanging: 2)
    return wrap(who).map { emphasised($0, .addressed) } + text + (note.map { wrap("  " + $0, hanging: 2) } ?? [])
  }

  /// Something that was not right, before it is asked again.
  func again(_ text: String) -> [String] { wrap("  " + text, hanging: 2).map { emphasised($0, .bad) } }

  func wrap(_ line: String, hanging: Int = 0) -> [String] {
    Console.wrapped(line, to: width, hanging: String(repeating: " ", count: hanging)).map(\.trimmingTrailingSpaces)
  }

  /// Text of others cannot steer the terminal.
  static func clean(_ text: String) -> String { Console.forTerminal(text) }

  private enum Emphasis { case bold, reverse, good, bad, addressed }

  private func emphasised(_ text: String, _ emphasis: Emphasis, padded: Bool = false) -> String {
    guard style != .plain else { return text }
    let code =
      switch (emphasis, style) {
      case (.reverse, _): "7;1"
      case (.good, .colour): "1;32"
      case (.bad, .colour): "1;31"
      case (.addressed, .colour): "1;36"
      default: "1"
      }
    let padding = padded ? String(repeating: " ", count: max(0, width - text.count)) : ""
    return "\u{1b}[\(code)m\(text)\(padding)\u{1b}[0m"
  }
}

extension String {
  fileprivate var trimmingTrailingSpaces: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
