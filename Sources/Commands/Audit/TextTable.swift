/// Columns of short texts, as wide as what stands in them, and made to fit a terminal: first by leaving columns out, then by cutting the
/// first one.
struct TextTable {
  /// What the first column is cut to at most, however wide the terminal.
  private static let widestName = 40

  private var rows: [[String]]

  init(_ titles: [String]) { rows = [titles] }

  mutating func add(_ row: [String]) { rows.append(row.map { Console.forTerminal($0) }) }

  /// - Parameter droppable: columns that may be left out, the first first.
  func lines(width: Int?, leavingOut droppable: [Int]) -> [String] {
    var columns = Array(rows[0].indices)
    let limit = width ?? .max
    for column in droppable where natural(columns) > limit { columns.removeAll { $0 == column } }
    let others = columns.dropFirst().map { natural([$0]) + 2 }.reduce(0, +)
    let first = max(8, min(natural([0]), width.map { max(8, $0 - others - 2) } ?? natural([0])))
    let widths = columns.map { $0 == 0 ? first : natural([$0]) }
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
