import StrictYAML

/// Reads the fields of one mapping, and notes what is wrong with them. Nil means that a field is not there, or that it is wrong and noted.
struct FieldReader {
  let mapping: StrictMapping
  let mistakes: Mistakes

  init(_ mapping: StrictMapping, _ mistakes: Mistakes) {
    self.mapping = mapping
    self.mistakes = mistakes
  }

  var line: Int? { mapping.line }

  /// The line of a field, or that of the mapping.
  func line(of key: String) -> Int? { mapping.line(of: key) ?? mapping.line }

  /// Notes something about a field.
  func refuse(_ key: String, _ message: String, hint: String? = nil, rule: CeremonyRule? = nil) {
    mistakes.add(line: line(of: key), "\(mapping.path)\(key) \(message)", hint: hint, rule: rule)
  }

  /// Notes every field that is not one of these.
  ///
  /// - Parameter elsewhere: says of a field that is known in another place what that is.
  func allow(_ keys: Set<String>, elsewhere: (String) -> String? = { _ in nil }, hint: String? = nil) {
    for name in mapping.names where !keys.contains(name) {
      let known = "known here: \(keys.sorted().joined(separator: ", "))"
      if let place = elsewhere(name) {
        refuse(name, place, hint: known)
      } else {
        // A comma ends a text that stands in { } without quotes, and the rest of it becomes a key.
        let known = PlanText.isName(name) ? known : "put a text with a comma in it in quotes; \(known)"
        mistakes.add(line: line(of: name), "unknown key \(mapping.path)\(PlanText.shown(name))", hint: hint ?? known)
      }
    }
  }

  /// A text on one line.
  func optionalText(_ key: String, upTo count: Int = 200) -> String? {
    guard let text = mistakes.attempt(line: line, { () throws(YAMLError) in try mapping.string(key) }) else { return nil }
    guard !text.utf8.contains(UInt8(ascii: "\n")) else {
      refuse(key, "has more than one line")
      return nil
    }
    return isFit(key, text, count) ? text : nil
  }

  /// A text of any number of lines.
  func optionalProse(_ key: String) -> String? {
    guard let text = mistakes.attempt(line: line, { () throws(YAMLError) in try mapping.string(key) }) else { return nil }
    return isFit(key, text, 2_000) ? text : nil
  }

  func text(_ key: String, upTo count: Int = 200) -> String? { present(key) ? optionalText(key, upTo: count) : nil }

  func prose(_ key: String) -> String? { present(key) ? optionalProse(key) : nil }

  /// A name of the plan's own: letters, digits, `-`, `_` and `.`, 1 to 64.
  func optionalName(_ key: String) -> String? {
    guard let text = optionalText(key) else { return nil }
    guard PlanText.isName(text) else {
      refuse(key, "is no name: \(PlanText.nameForm)")
      return nil
    }
    return text
  }

  func name(_ key: String) -> String? { present(key) ? optionalName(key) : nil }

  /// A list of names.
  func names(_ key: String) -> [String]? {
    guard present(key), let names = mistakes.attempt(line: line, { () throws(YAMLError) in try mapping.strings(key) }) else { return nil }
    guard names.allSatisfy(PlanText.isName) else {
      refuse(key, "has a word in it that is no name: \(PlanText.nameForm)")
      return nil
    }
    return names
  }

  /// One of the words that an enumeration has.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, _ type: Choice.Type) -> Choice? {
    guard let text = text(key) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let words = Choice.allCases.map(\.rawValue)
      refuse(key, "must be \(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")")
      return nil
    }
    return choice
  }

  func number(_ key: String, in range: ClosedRange<Int>) -> Int? {
    mistakes.attempt(line: line) { () throws(YAMLError) in try mapping.number(key, in: range) }
  }

  func bool(_ key: String) -> Bool? {
    mistakes.attempt(line: line) { () throws(YAMLError) in try mapping.bool(key) }
  }

  /// A SHA-256 in hexadecimal, in small letters from here on.
  func optionalDigest(_ key: String) -> String? {
    guard let text = optionalText(key) else { return nil }
    guard text.utf8.count == 64, text.utf8.allSatisfy(PlanText.isHexadecimal) else {
      refuse(key, "must be a SHA-256: 64 hexadecimal digits")
      return nil
    }
    return text.lowercased()
  }

  func digest(_ key: String) -> String? { present(key) ? optionalDigest(key) : nil }

  /// A mapping within this one.
  func section(_ key: String, hint: String? = nil) -> FieldReader? {
    mistakes.attempt(line: line, hint: hint, { () throws(YAMLError) in try mapping.section(key) }).map { FieldReader($0, mistakes) }
  }

  /// A list of mappings within this one; empty when it is not there.
  func list(_ key: String) -> [FieldReader] {
    (mistakes.attempt(line: line, { () throws(YAMLError) in try mapping.sections(key) }) ?? []).map { FieldReader($0, mistakes) }
  }

  /// Whether the field is there; noted when it is not.
  func present(_ key: String) -> Bool {
    if mapping.line(of: key) != nil { return true }
    refuse(key, "is missing")
    return false
  }

  private func isFit(_ key: String, _ text: String, _ count: Int) -> Bool {
    // Escapes in quotes can make what could not stand in the file itself.
    if text.unicodeScalars.contains(where: { $0 != "\n" && !PlanText.isVisible($0) }) {
      refuse(key, "has a character that cannot be seen")
    } else if text.utf8.count > count {
      refuse(key, "has more than \(count) bytes")
    } else if text.allSatisfy(\.isWhitespace) {
      refuse(key, "must be a text that is not empty")
    } else {
      return true
    }
    return false
  }
}
