import StrictYAML

/// The bytes of a plan, a site file or a file of answers as a mapping.
enum FileText {
  /// - Returns: nil when it cannot be read at all, which is noted.
  static func root(_ bytes: [UInt8], limit: Int, _ mistakes: Mistakes) -> FieldReader? {
    guard bytes.count <= limit else {
      mistakes.add(line: nil, "the file is larger than \(limit >> 10) KiB")
      return nil
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      mistakes.add(line: nil, "the file is not UTF-8 text", hint: "save it as UTF-8")
      return nil
    }
    guard isPlain(text, mistakes) else { return nil }
    let mapping = mistakes.attempt { () throws(YAMLError) in
      try StrictMapping(parsing: text, file: mistakes.file, limits: .init(size: limit))
    }
    return mapping.map { FieldReader($0, mistakes) }
  }

  /// The first line of every file, which says what it is.
  static func checkFormat(_ root: FieldReader, _ format: String) {
    guard root.present("format"), let text = root.optionalText("format") else { return }
    if text != format { root.refuse("format", "is not \(format)", hint: "this version of hsmkey reads format: \(format) and no other") }
  }

  /// What people read is what the tool reads: nothing in the file is invisible, moves the cursor, or turns the direction of writing round.
  private static func isPlain(_ text: String, _ mistakes: Mistakes) -> Bool {
    var line = 1
    for scalar in text.unicodeScalars {
      if scalar == "\n" {
        line += 1
        continue
      }
      guard !PlanText.isVisible(scalar) else { continue }
      let shown = String(scalar.value, radix: 16, uppercase: true)
      mistakes.add(
        line: line, "the character U+\(String(repeating: "0", count: max(0, 4 - shown.count)))\(shown) cannot be seen",
        hint: "write plain text: spaces instead of tabs, and lines that end in a line feed alone")
      return false
    }
    return true
  }
}
