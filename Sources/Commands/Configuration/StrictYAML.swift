import PKCS11
import Yams

/// One mapping of a YAML file, read strictly: what is not asked for is an error, with its line.
///
/// Yams refuses duplicate keys; unknown keys, anchors, aliases, tags, empty values and further documents are refused here. A message never
/// shows a value: a file may hold, by mistake, what nobody should see.
struct StrictMapping {
  private let mapping: Node.Mapping
  private let path: String
  private let file: String

  /// The largest configuration file, in bytes: tens of thousands of certificates.
  static let maximumSize = 4 << 20
  private static let maximumDepth = 8

  /// Parses a file's text. An empty file is an empty mapping.
  init(parsing text: String, file: String) throws {
    guard text.utf8.count <= Self.maximumSize else { throw Self.refuse(file, "the file is larger than \(Self.maximumSize >> 20) MiB") }
    let node: Node?
    do {
      // Numbers and dates are told from other words by us, and not by Yams, which tries a row of regular expressions on each word.
      let parser = try Parser(yaml: text, resolver: .basic)
      node = try parser.nextRoot()
      guard try parser.nextRoot() == nil else { throw Self.refuse(file, "the file holds more than one YAML document") }
      // Nodes hold their anchors weakly: the parser must live while they are looked for.
      try withExtendedLifetime(parser) {
        if let node { try Self.refuseOddities(node, file: file, depth: 0) }
      }
    } catch let error as YamlError {
      throw Self.refuse(file, Self.describe(error))
    }
    guard let node, !node.isNull else {
      self.init(mapping: Node.Mapping([]), path: "", file: file)
      return
    }
    guard case .mapping(let mapping) = node else { throw Self.refuse(file, "the file is not a mapping of settings") }
    self.init(mapping: mapping, path: "", file: file)
  }

  private init(mapping: Node.Mapping, path: String, file: String) {
    self.mapping = mapping
    self.path = path
    self.file = file
  }

  /// Refuses every key that is not one of these.
  func allow(_ keys: Set<String>) throws {
    for (key, _) in mapping {
      let name = key.scalar?.string ?? "?"
      guard keys.contains(name) else {
        throw refuse(key, "unknown key \(path)\(name)", hint: "known here: \(keys.sorted().joined(separator: ", "))")
      }
    }
  }

  /// All keys, for mappings whose keys are names of the user's.
  var names: [String] { mapping.compactMap { $0.key.scalar?.string } }

  /// Every key with its mapping, for mappings whose keys are names of the user's. In one go: a look-up goes through all keys.
  func sections() throws -> [(name: String, section: StrictMapping)] {
    try mapping.map { key, node in
      let name = key.scalar?.string ?? ""
      guard case .mapping(let inner) = node else { throw refuse(key, "\(path)\(name) must be a mapping") }
      return (name, StrictMapping(mapping: inner, path: "\(path)\(name).", file: file))
    }
  }

  func section(_ key: String) throws -> StrictMapping? {
    guard let node = value(key) else { return nil }
    guard case .mapping(let inner) = node else { throw refuse(node, "\(path)\(key) must be a mapping") }
    return StrictMapping(mapping: inner, path: "\(path)\(key).", file: file)
  }

  /// A list of mappings.
  func sections(_ key: String) throws -> [StrictMapping]? {
    guard let node = value(key) else { return nil }
    guard case .sequence(let sequence) = node else { throw refuse(node, "\(path)\(key) must be a list of mappings") }
    return try sequence.enumerated().map { index, item in
      guard case .mapping(let inner) = item else { throw refuse(item, "\(path)\(key) must be a list of mappings") }
      return StrictMapping(mapping: inner, path: "\(path)\(key)[\(index)].", file: file)
    }
  }

  func string(_ key: String) throws -> String? {
    guard let node = value(key) else { return nil }
    guard let scalar = node.scalar, !scalar.string.isEmpty, !node.isNull else {
      throw refuse(node, "\(path)\(key) must be a text that is not empty")
    }
    return scalar.string
  }

  /// The path of a file: one that does not begin with a slash is meant from the folder of the configuration file.
  func file(_ key: String) throws -> String? { try string(key).map { try resolved($0, key) } }

  /// Paths of files.
  func files(_ key: String) throws -> [String]? { try strings(key)?.map { try resolved($0, key) } }

  private func resolved(_ path: String, _ key: String) throws -> String {
    guard !PKCS11URI.begins(path) else {
      throw refuse(value(key), "\(self.path)\(key) must be a file; a pkcs11: URI does not belong there", rule: .fileNotURI)
    }
    return ConfigurationFile.resolve(path, besides: file)
  }

  func bool(_ key: String) throws -> Bool? {
    guard let node = value(key) else { return nil }
    switch node.scalar?.string {
    case "true": return true
    case "false": return false
    default: throw refuse(node, "\(path)\(key) must be true or false")
    }
  }

  func strings(_ key: String) throws -> [String]? {
    guard let node = value(key) else { return nil }
    guard case .sequence(let sequence) = node else { throw refuse(node, "\(path)\(key) must be a list of texts") }
    return try sequence.map { item in
      guard let text = item.scalar?.string, !text.isEmpty, !item.isNull else { throw refuse(item, "\(path)\(key) must be a list of texts") }
      return text
    }
  }

  /// A whole number within a range.
  func number(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let node = value(key) else { return nil }
    guard let text = node.scalar?.string, let number = Int(text), range.contains(number) else {
      throw refuse(node, "\(path)\(key) must be a whole number, \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func duration(_ key: String) throws -> Duration? {
    guard let node = value(key) else { return nil }
    guard let text = node.scalar?.string, let duration = Duration(configured: text) else {
      throw refuse(node, "\(path)\(key) must be a time such as 45s, 10m or 2h")
    }
    return duration
  }

  /// An error about the value of a key, with its line.
  func refusal(_ key: String, _ message: String) -> CommandError { refuse(value(key), "\(path)\(key) \(message)") }

  private func value(_ key: String) -> Node? { mapping.first { $0.key.scalar?.string == key }?.value }

  private func refuse(_ node: Node?, _ message: String, rule: CommandRule? = nil, hint: String? = nil) -> CommandError {
    Self.refuse(file, (node?.mark).map { "line \($0.line): \(message)" } ?? message, rule: rule, hint: hint)
  }

  private static func refuse(_ file: String, _ message: String, rule: CommandRule? = nil, hint: String? = nil) -> CommandError {
    .configuration(message, rule: rule, operation: "read \(file)", hint: hint)
  }

  /// What Yams found wrong, without the lines of the file that it would show.
  private static func describe(_ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
      "line \(mark.line): it is not YAML: \(problem)"
    case .duplicatedKeysInMapping(let duplicates, let context):
      "line \(context.mark.line): given twice: \(duplicates.joined(separator: ", "))"
    case .reader(let problem, _, _, _): "it is not YAML: \(problem)"
    default: "it is not YAML"
    }
  }

  /// The kinds of values that plain YAML has without anybody naming them.
  private static let plainTags: Set<String> = Set(
    ["str", "map", "seq", "int", "float", "bool", "timestamp", "null", "merge", "value"].map { "tag:yaml.org,2002:\($0)" })

  private static func refuseOddities(_ node: Node, file: String, depth: Int) throws {
    guard depth < maximumDepth else { throw refuse(file, "it is nested too deeply") }
    let line = node.mark.map { "line \($0.line): " } ?? ""
    if node.anchor != nil { throw refuse(file, "\(line)anchors and aliases are not used here") }
    guard plainTags.contains(node.tag.description) else { throw refuse(file, "\(line)tags are not used here") }
    switch node {
    case .alias: throw refuse(file, "\(line)anchors and aliases are not used here")
    case .scalar: break
    case .sequence(let items): for item in items { try refuseOddities(item, file: file, depth: depth + 1) }
    case .mapping(let pairs):
      for (key, value) in pairs {
        guard key.scalar != nil else { throw refuse(file, "\(line)keys must be plain words") }
        try refuseOddities(value, file: file, depth: depth + 1)
      }
    }
  }
}

extension Node {
  /// Whether this is YAML's word for nothing: `~` or `null`, not in quotes.
  fileprivate var isNull: Bool {
    guard let scalar, scalar.style == .plain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }
}

extension Duration {
  /// Reads `30s`, `10m`, `2h` or `3d`: a whole number and one unit, up to a year.
  init?(configured text: String) {
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
