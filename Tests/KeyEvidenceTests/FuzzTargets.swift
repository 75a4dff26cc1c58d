@testable import KeyEvidence

/// What is fuzzed, and what must hold of any input whatever. `scripts/fuzz-evidence` looks for inputs with a coverage-guided fuzzer; the
/// ones it kept, in `Tests/Corpora`, are tried again in every run of the tests.
enum FuzzTarget: String, CaseIterable, Sendable {
  /// The input is bytes that should be canonical JSON.
  case json = "evidence-json"
  /// The input is a script that a value is made from, and then what is changed in its bytes.
  case values = "evidence-values"

  /// Tries one input.
  ///
  /// - Returns: what is wrong; `nil` when everything holds.
  func finding(in input: [UInt8]) -> String? {
    switch self {
    case .json: Self.findingInBytes(input)
    case .values: Self.findingInValue(input)
    }
  }

  /// Bytes are either refused, with a place inside them, or are the one way to write what they mean.
  private static func findingInBytes(_ bytes: [UInt8]) -> String? {
    let value: JSONValue
    do {
      value = try CanonicalJSON.parse(bytes)
    } catch {
      let rules: Set<EvidenceRule> = [.size, .canonical, .memberOnce]
      if !rules.contains(error.rule) { return "the error is another's: \(error)" }
      let words = error.where.split(separator: " ")
      guard words.first == "byte", words.count > 1, let offset = Int(words[1]), (0...bytes.count).contains(offset) else {
        return "the error has no place in the document: \(error)"
      }
      if error.message.isEmpty || error.message.utf8.count > 500 { return "the error says too little or too much: \(error)" }
      if !error.description.unicodeScalars.allSatisfy({ (0x20...0x7E).contains($0.value) }) { return "the error shows what it was given" }
      return nil
    }
    if CanonicalJSON.encode(value) != bytes { return "other bytes mean the same: \(value)" }
    return depth(value) > CanonicalJSON.maximumDepth ? "it is too deep" : nil
  }

  private static func depth(_ value: JSONValue) -> Int {
    switch value {
    case .array(let elements): 1 + (elements.map(depth).max() ?? 0)
    case .object(let members): 1 + (members.values.map(depth).max() ?? 0)
    default: 0
    }
  }

  /// A value that was written is read as what it was; with a byte changed it is another value, or none.
  private static func findingInValue(_ input: [UInt8]) -> String? {
    var script = input[...]
    let value = value(from: &script, depth: 0)
    let bytes = CanonicalJSON.encode(value)
    guard let again = try? CanonicalJSON.parse(bytes) else {
      return "what is written cannot be read: \(String(decoding: bytes, as: UTF8.self))"
    }
    if again != value { return "what is written is read as something else" }
    if let finding = findingInBytes(bytes) { return finding }
    guard script.count > 2 else { return nil }
    var changed = bytes
    let index = (Int(script.removeFirst()) << 8 | Int(script.removeFirst())) % changed.count
    let byte = script.removeFirst()
    if changed[index] == byte { return nil }
    changed[index] = byte
    if (try? CanonicalJSON.parse(changed)).map(CanonicalJSON.encode) == bytes { return "a changed byte does not matter" }
    return findingInBytes(changed)
  }

  private static func value(from script: inout ArraySlice<UInt8>, depth: Int) -> JSONValue {
    guard let kind = script.popFirst() else { return .null }
    switch kind & 7 {
    case 0: return .bool(kind & 8 != 0)
    case 1:
      let number = (0..<7).reduce(0) { number, _ in number << 8 | Int(script.popFirst() ?? 0) } >> 3
      return .integer(kind & 8 != 0 ? -number : number)
    case 2, 3: return .string(text(from: &script))
    case 4 where depth < 14, 5 where depth < 14:
      return .array((0..<Int(kind >> 3) % 8).map { _ in value(from: &script, depth: depth + 1) })
    case 6 where depth < 14, 7 where depth < 14:
      return .object(
        Dictionary((0..<Int(kind >> 3) % 8).map { _ in (name(from: &script), value(from: &script, depth: depth + 1)) }) { $1 })
    default: return .null
    }
  }

  private static func name(from script: inout ArraySlice<UInt8>) -> String { text(from: &script).filter(\.isASCII) }

  private static func text(from script: inout ArraySlice<UInt8>) -> String {
    let count = Int(script.popFirst() ?? 0) % 24
    let bytes = Array(script.prefix(count))
    script = script.dropFirst(count)
    return String(decoding: bytes, as: UTF8.self)
  }
}
