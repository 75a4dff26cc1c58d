import Yams

/// One mapping of a YAML file, read strictly: what is not asked for is an error, with its line.
///
/// Yams refuses duplicate keys; unknown keys, anchors, aliases, tags, empty values and further documents are refused here. A message never
/// shows a value: a file may hold, by mistake, what nobody should see. Keys keep the file's order.
package struct StrictMapping {
  let mapping: Node.Mapping
  /// What stands in messages before the name of a key: empty at the top, `service.` in the section `service`.
  package let path: String
  /// The file's path or name.
  package let file: String

  /// How large and how deep a file may be.
  package struct Limits: Sendable {
    /// In bytes.
    package let size: Int
    /// Of mappings and lists within each other.
    package let depth: Int

    /// - Parameters:
    ///   - size: in bytes.
    ///   - depth: of mappings and lists within each other.
    package init(size: Int, depth: Int = 8) {
      self.size = size
      self.depth = depth
    }

    /// The size as people say it.
    var shownSize: String { size >= 1 << 20 ? "\(size >> 20) MiB" : "\(size >> 10) KiB" }
  }

  /// Parses a file's text. An empty file is an empty mapping.
  package init(parsing text: String, file: String, limits: Limits) throws(YAMLError) {
    guard text.utf8.count <= limits.size else {
      throw YAMLError(file: file, line: nil, message: "the file is larger than \(limits.shownSize)")
    }
    let root = try PlainNode.parse(text, file: file, maximumDepth: limits.depth)
    self.init(mapping: root, path: "", file: file)
  }

  init(mapping: Node.Mapping, path: String, file: String) {
    self.mapping = mapping
    self.path = path
    self.file = file
  }

  /// The same mapping under another name in messages: `steps.sign.` instead of `steps[3].`.
  package func called(_ path: String) -> StrictMapping { StrictMapping(mapping: mapping, path: path, file: file) }

  /// The line where the mapping begins, counted from 1; nil for an empty file.
  package var line: Int? { mapping.mark?.line }

  /// The line of a key, counted from 1; nil when it is not there.
  package func line(of key: String) -> Int? { mapping.first { $0.key.scalar?.string == key }?.key.mark?.line }

  /// All keys, in the file's order.
  package var names: [String] { mapping.compactMap { $0.key.scalar?.string } }

  /// Refuses every key that is not one of these.
  package func allow(_ keys: Set<String>) throws(YAMLError) {
    for (key, _) in mapping {
      let name = key.scalar?.string ?? "?"
      guard keys.contains(name) else {
        throw refuse(key, "unknown key \(path)\(name)", hint: "known here: \(keys.sorted().joined(separator: ", "))")
      }
    }
  }

  /// An error about the value of a key, with its line where the key is there.
  package func refusal(_ key: String, _ message: String, hint: String? = nil) -> YAMLError {
    YAMLError(file: file, line: value(key)?.mark?.line, message: "\(path)\(key) \(message)", hint: hint)
  }

  func value(_ key: String) -> Node? { mapping.first { $0.key.scalar?.string == key }?.value }

  func refuse(_ node: Node, _ message: String, hint: String? = nil) -> YAMLError {
    YAMLError(file: file, line: node.mark?.line, message: message, hint: hint)
  }
}
