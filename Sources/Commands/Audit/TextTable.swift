/// Columns of short texts, as wide as what stands in them, and made to fit a terminal: first by leaving columns out, then by cutting the
/// widest of those that may be cut.
struct TextTable {
  /// What the first column is cut to at most, however wide the terminal.
  private static let widestName = 40

  private var rows: [[String]]

  init(_ titles: [String]) { rows = [titles] }

  mutating func add(_ row: [String]) { rows.append(row.map { Console.forTerminal($0) }) }

  /// - Parameters:
  ///   - droppable: columns that may be left out, the first first.
  ///   - cuttable: columns whose texts may be cut.
  func lines(width: Int?, leavingOut droppable: [Int], cutting cuttable: Set<Int> = [0]) -> [String] {
    var columns = Array(rows[0].indices)
    let limit = width ?? .max
    for column in droppable where natural(columns) > limit { columns.removeAll { $0 == column } }
    var widths = columns.map { $0 == 0 ? max(8, natural([0])) : natural([$0]) }
    while widths.reduce(0, { $0 + $1 + 2 }) > limit {
      let widest = columns.indices.filter { cuttable.contains(columns[$0]) && widths[$0] > 8 }.max { widths[$0] < widths[$1] }
      guard let widest else { break }
      widths[widest] -= 1
    }
    return rows.map { row in
      let cells = zip(columns, widths).map { column, width in
        let text = Self.fitting(row[column], width)
        return text + String(repeating: " ", count: width - text.count)
      }
      return ("  " + cells.joined(separator: "  ")).trimmedAtEnd
    }
  }

  /// How wide columns are with what stands in them.
  private func natural(_ columns: [Int]) -> Int {
    columns.map { column in
      min(rows.map { $0[column].count }.max() ?? 0, column == 0 ? Self.widestName : 60)
    }.reduce(2 * columns.count) { $0 + $1 } - (columns.count == 1 ? 2 : 0)
  }

  /// A text cut to a width.
  static func fitting(_ text: String, _ width: Int) -> String { text.count <= width ? text : text.prefix(max(width - 1, 0)) + "…" }
}

extension String {
  fileprivate var trimmedAtEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
