import Yams

/// A file's text as mappings, lists and words, and nothing else of YAML.
enum PlainNode {
  /// - Returns: the file's mapping; an empty one for a file that says nothing.
  static func parse(_ text: String, file: String, maximumDepth: Int) throws(YAMLError) -> Node.Mapping {
    let root: Node?
    do {
      // Numbers and dates are told from other words by us, and not by Yams, which tries a row of regular expressions on each word.
      let parser = try Parser(yaml: text, resolver: .basic)
      root = try parser.nextRoot()
      guard try parser.nextRoot() == nil else {
        throw YAMLError(file: file, line: nil, message: "the file holds more than one YAML document")
      }
      // Nodes hold their anchors weakly: the parser must live while they are looked for.
      try withExtendedLifetime(parser) {
        if let root { try refuseOddities(root, file: file, depth: 0, maximumDepth: maximumDepth) }
      }
    } catch let error as YAMLError {
      throw error
    } catch {
      throw describe(error as? YamlError, file: file)
    }
    guard let root, !root.isNull else { return Node.Mapping([]) }
    guard case .mapping(let mapping) = root else {
      throw YAMLError(file: file, line: nil, message: "the file is not a mapping of settings")
    }
    return mapping
  }

  /// What Yams found wrong, without the lines of the file that it would show.
  private static func describe(_ error: YamlError?, file: String) -> YAMLError {
    let (line, message): (Int?, String) =
      switch error {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
        (mark.line, "it is not YAML: \(problem)")
      case .duplicatedKeysInMapping(let duplicates, let context):
        (context.mark.line, "given twice: \(duplicates.joined(separator: ", "))")
      case .reader(let problem, _, _, _): (nil, "it is not YAML: \(problem)")
      default: (nil, "it is not YAML")
      }
    return YAMLError(file: file, line: line, message: message)
  }

  /// The kinds of values that plain YAML has without anybody naming them.
  private static let plainTags: Set<String> = Set(
    ["str", "map", "seq", "int", "float", "bool", "timestamp", "null", "merge", "value"].map { "tag:yaml.org,2002:\($0)" })

  private static func refuseOddities(_ node: Node, file: String, depth: Int, maximumDepth: Int) throws(YAMLError) {
    func refusal(_ message: String) -> YAMLError { YAMLError(file: file, line: node.mark?.line, message: message) }
    guard depth < maximumDepth else { throw YAMLError(file: file, line: nil, message: "it is nested too deeply") }
    if node.anchor != nil { throw refusal("anchors and aliases are not used here") }
    guard plainTags.contains(node.tag.description) else { throw refusal("tags are not used here") }
    switch node {
    case .alias: throw refusal("anchors and aliases are not used here")
    case .scalar: break
    case .sequence(let items):
      for item in items { try refuseOddities(item, file: file, depth: depth + 1, maximumDepth: maximumDepth) }
    case .mapping(let pairs):
      for (key, value) in pairs {
        guard key.scalar != nil else { throw refusal("keys must be plain words") }
        try refuseOddities(value, file: file, depth: depth + 1, maximumDepth: maximumDepth)
      }
    }
  }
}

extension Node {
  /// Whether this is YAML's word for nothing: `~` or `null`, not in quotes.
  var isNull: Bool {
    guard let scalar, scalar.style == .plain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }
}
