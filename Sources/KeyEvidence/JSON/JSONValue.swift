/// A JSON value as evidence has it: no fractions, no exponents.
///
/// Two names of members that differ only in how Unicode composes their characters are the same name here, as they are to a reader; a
/// document that has both is refused (`EVIDENCE-MEMBER-ONCE`).
public enum JSONValue: Sendable, Hashable {
  /// `null`
  case null
  /// `true` or `false`
  case bool(Bool)
  /// A number within ±(2^53 − 1), which every reader of JSON takes as it is.
  case integer(Int)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Members by name.
  case object([String: JSONValue])

  /// The largest integer, and the negative of the smallest: 2^53 − 1.
  public static let maximumInteger = (1 << 53) - 1
}

extension JSONValue {
  /// What kind of value it is, in a word with its article.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .string: "a text"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  /// The text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// The number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// The boolean.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
  /// The list of these elements.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// The object with these members; of a name that is there twice, the last.
  public init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(Dictionary(members) { _, last in last })
  }
}
