/// HTML, written piece by piece; what is text stays text, whatever it looks like.
struct PageText {
  private(set) var text = ""

  /// Puts markup in as it stands: only what stands in the source.
  mutating func markup(_ markup: StaticString) { text += markup.description }

  /// Puts in what is markup already.
  mutating func raw(_ markup: String) { text += markup }

  /// Puts in text from anywhere.
  mutating func escaped(_ text: String) { self.text += Self.escape(text) }

  /// An element with nothing but text in it.
  mutating func element(_ name: StaticString, class: StaticString = "", _ content: String) {
    text += "<\(name)" + (`class`.utf8CodeUnitCount > 0 ? " class=\"\(`class`)\"" : "") + ">"
    escaped(content)
    text += "</\(name)>"
  }

  /// A cell of a table, with the column's name for narrow screens.
  mutating func cell(_ label: StaticString = "", class: StaticString = "", _ content: (inout PageText) -> Void) {
    text += "<td"
    if label.utf8CodeUnitCount > 0 { text += " data-label=\"\(label)\"" }
    if `class`.utf8CodeUnitCount > 0 { text += " class=\"\(`class`)\"" }
    text += ">"
    content(&self)
    text += "</td>"
  }

  /// A table, or a sentence where it would have no rows.
  mutating func table<Row>(
    _ columns: [StaticString], _ rows: some Collection<Row>, none: StaticString, _ row: (inout PageText, Row) -> Void
  ) {
    text += "<div class=\"card\">"
    if rows.isEmpty {
      text += "<p class=\"none\">\(none)</p>"
    } else {
      text += "<table><thead><tr>" + columns.map { "<th scope=\"col\">\($0)</th>" }.joined() + "</tr></thead><tbody>"
      for one in rows {
        text += "<tr>"
        row(&self, one)
        text += "</tr>\n"
      }
      text += "</tbody></table>"
    }
    text += "</div>\n"
  }

  /// Control and format characters, which steer what others look like, become their numbers.
  static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n": result += "\n"
      default:
        if [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory) {
          result += "\\u{" + String(scalar.value, radix: 16) + "}"
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }
}
