/// Text of others in a page: nothing in it is markup, and nothing in it turns the reading direction or hides.
package enum HTMLText {
  /// A text with the five characters of markup written as references, and characters that are not seen written as escapes.
  package static func escape(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": shown += "&amp;"
      case "<": shown += "&lt;"
      case ">": shown += "&gt;"
      case "\"": shown += "&quot;"
      case "'": shown += "&#39;"
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate:
          shown += "\\u{\(String(scalar.value, radix: 16))}"
        default: shown.unicodeScalars.append(scalar)
        }
      }
    }
    return shown
  }

  /// A text of others in an element of its own, so that its direction is nobody else's.
  package static func isolated(_ text: String) -> String { "<bdi>\(escape(text))</bdi>" }

  /// Hexadecimal digits in groups of eight that may be broken between two lines. Copied, they are one word.
  package static func digits(_ text: String) -> String {
    guard !text.isEmpty, text.allSatisfy(\.isHexDigit) else { return escape(text) }
    var groups: [String] = []
    var rest = text[...]
    while !rest.isEmpty {
      groups.append("<span>\(rest.prefix(8))</span>")
      rest = rest.dropFirst(8)
    }
    return "<code class=\"digits\">\(groups.joined(separator: "<wbr>"))</code>"
  }
}
