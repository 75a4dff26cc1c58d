/// What of a statement is signed: its format, and the SHA-256 of each section and of each element of those that have any.
///
/// The pointers are relative to `content`. A member that is an array or an object has a digest for itself and one for each thing in it, so
/// that a change can be told from afar: which section, and which part of it.
struct StatementManifest: Sendable, Hashable {
  let format: String
  let sha256: [String: String]

  init(format: String, sha256: [String: String]) {
    self.format = format
    self.sha256 = sha256
  }

  /// The manifest that belongs to a content.
  init(format: String, content: JSONValue) {
    var digests: [String: String] = [:]
    for (pointer, part) in Self.parts(of: content, at: "") {
      digests[pointer] = EvidenceText.sha256(CanonicalJSON.encode(part))
      for (pointer, part) in Self.parts(of: part, at: pointer) {
        digests[pointer] = EvidenceText.sha256(CanonicalJSON.encode(part))
      }
    }
    self.init(format: format, sha256: digests)
  }

  private static func parts(of value: JSONValue, at pointer: String) -> [(String, JSONValue)] {
    switch value {
    case .object(let members): members.map { (JSONPointer.appending($0.key, to: pointer), $0.value) }
    case .array(let elements): elements.enumerated().map { (JSONPointer.appending($0.offset, to: pointer), $0.element) }
    default: []
    }
  }

  var value: JSONValue { .object(["format": .string(format), "sha256": .object(sha256.mapValues(JSONValue.string))]) }

  /// What is signed.
  var bytes: [UInt8] { CanonicalJSON.encode(value) }
}
