import Yams

/// Values by their kind: nil where the key is not there, an error where the value is of another kind.
extension StrictMapping {
  /// Every key with its mapping, for mappings whose keys are names of the user's. In one go: a look-up goes through all keys.
  package func sections() throws(YAMLError) -> [(name: String, section: StrictMapping)] {
    var sections: [(name: String, section: StrictMapping)] = []
    for (key, node) in mapping {
      let name = key.scalar?.string ?? ""
      guard case .mapping(let inner) = node else { throw refuse(key, "\(path)\(name) must be a mapping") }
      sections.append((name, StrictMapping(mapping: inner, path: "\(path)\(name).", file: file)))
    }
    return sections
  }

  /// A mapping.
  package func section(_ key: String) throws(YAMLError) -> StrictMapping? {
    guard let node = value(key) else { return nil }
    guard case .mapping(let inner) = node else { throw refuse(node, "\(path)\(key) must be a mapping") }
    return StrictMapping(mapping: inner, path: "\(path)\(key).", file: file)
  }

  /// A list of mappings.
  package func sections(_ key: String) throws(YAMLError) -> [StrictMapping]? {
    guard let node = value(key) else { return nil }
    guard case .sequence(let sequence) = node else { throw refuse(node, "\(path)\(key) must be a list of mappings") }
    var sections: [StrictMapping] = []
    for (index, item) in sequence.enumerated() {
      guard case .mapping(let inner) = item else { throw refuse(item, "\(path)\(key) must be a list of mappings") }
      sections.append(StrictMapping(mapping: inner, path: "\(path)\(key)[\(index)].", file: file))
    }
    return sections
  }

  /// A text that is not empty.
  package func string(_ key: String) throws(YAMLError) -> String? {
    guard let node = value(key) else { return nil }
    guard let scalar = node.scalar, !scalar.string.isEmpty, !node.isNull else {
      throw refuse(node, "\(path)\(key) must be a text that is not empty")
    }
    return scalar.string
  }

  /// `true` or `false`.
  package func bool(_ key: String) throws(YAMLError) -> Bool? {
    guard let node = value(key) else { return nil }
    switch node.scalar?.string {
    case "true": return true
    case "false": return false
    default: throw refuse(node, "\(path)\(key) must be true or false")
    }
  }

  /// A list of texts.
  package func strings(_ key: String) throws(YAMLError) -> [String]? {
    guard let node = value(key) else { return nil }
    guard case .sequence(let sequence) = node else { throw refuse(node, "\(path)\(key) must be a list of texts") }
    var texts: [String] = []
    for item in sequence {
      guard let text = item.scalar?.string, !text.isEmpty, !item.isNull else { throw refuse(item, "\(path)\(key) must be a list of texts") }
      texts.append(text)
    }
    return texts
  }

  /// A whole number within a range.
  package func number(_ key: String, in range: ClosedRange<Int>) throws(YAMLError) -> Int? {
    guard let node = value(key) else { return nil }
    guard let text = node.scalar?.string, let number = Int(text), range.contains(number) else {
      throw refuse(node, "\(path)\(key) must be a whole number, \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A time, such as `45s`.
  package func duration(_ key: String) throws(YAMLError) -> Duration? {
    guard let node = value(key) else { return nil }
    guard let text = node.scalar?.string, let duration = Duration(configured: text) else {
      throw refuse(node, "\(path)\(key) must be a time such as 45s, 10m or 2h")
    }
    return duration
  }
}

extension Duration {
  /// Reads `30s`, `10m`, `2h` or `3d`: a whole number and one unit, up to a year.
  fileprivate init?(configured text: String) {
    guard let unit = text.last, let number = Int(text.dropLast()), number >= 0, text.first?.isNumber == true else { return nil }
    let seconds: Int
    switch unit {
    case "s": seconds = 1
    case "m": seconds = 60
    case "h": seconds = 3_600
    case "d": seconds = 86_400
    default: return nil
    }
    let (total, overflow) = number.multipliedReportingOverflow(by: seconds)
    guard !overflow, total <= 365 * 86_400 else { return nil }
    self = .seconds(total)
  }
}
