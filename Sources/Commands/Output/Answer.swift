import Foundation

/// What a command answers: one value, shown to people as text and to programs as JSON.
protocol Answer: Encodable, Sendable {
  /// For people, without a line end after the last line. Empty where there is nothing to say.
  var text: String { get }
  /// The exit code that goes with the answer; 0 unless the answer says otherwise.
  var exitStatus: ExitStatus { get }
}

extension Answer {
  var exitStatus: ExitStatus { .done }
}

/// Bytes that go to stdout as they are: a PEM, a document, a signature.
struct RawAnswer: Sendable {
  let bytes: [UInt8]
}

/// JSON as the contract wants it: one object, kebab-case keys, RFC 3339 times in UTC, hexadecimal digests, sorted keys.
enum JSONOutput {
  static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    encoder.keyEncodingStrategy = .custom { path in KebabKey(path[path.count - 1].stringValue) }
    return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }

  private struct KebabKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    /// `notValidAfter` becomes `not-valid-after`; keys that already have a dash are names of the user's and stay as they are.
    init(_ camelCase: String) {
      stringValue = camelCase.reduce(into: "") { text, character in
        if character.isUppercase, !text.isEmpty { text.append("-") }
        text.append(character.isUppercase ? Character(character.lowercased()) : character)
      }
    }

    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }
}
