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
    do {
      return FieldReader(try StrictMapping(parsing: text, file: mistakes.file, limits: .init(size: limit)), mistakes)
    } catch {
      mistakes.add(line: error.line, error.message, hint: error.hint ?? (error.message.hasPrefix("it is not YAML") ? quotesHint : nil))
      return nil
    }
  }

  /// What most mistakes against YAML come from.
  static let quotesHint =
    "put a text in quotes when it has a comma, a colon or a # in it, and let the parts of a list begin below each other"

  /// The first line of every file, which says what it is.
  ///
  /// - Returns: whether it is worth reading on: not when the file says that it is one of another kind.
  static func checkFormat(_ root: FieldReader, _ format: String) -> Bool {
    guard root.present("format"), let text = root.optionalText("format") else { return true }
    guard text != format else { return true }
    let kinds = [CeremonyPlan.format: "a plan", SiteBinding.format: "a site file", PreparedAnswers.format: "a file of prepared answers"]
    if let kind = kinds[text] {
      root.refuse("format", "is that of \(kind), and not \(format)", hint: "files were exchanged on the command line")
      return false
    }
    root.refuse("format", "is not \(format)", hint: "this version of hsmkey reads format: \(format) and no other")
    return true
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
