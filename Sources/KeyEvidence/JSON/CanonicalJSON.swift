/// The JSON Canonicalization Scheme (RFC 8785), of integers only: the same value has the same bytes everywhere, so that they can be hashed.
///
/// No white space; members sorted by the UTF-16 code units of their names; of the ways to write a character the shortest, with `\uXXXX` for
/// control characters that have no letter of their own; UTF-8.
public struct CanonicalJSON: Sendable {
  /// The largest document, in bytes: 16 MiB.
  public static let maximumBytes = 16 << 20
  /// How deep arrays and objects go into each other.
  public static let maximumDepth = 16
  /// How many bytes the name of a member may have.
  public static let maximumNameBytes = 256
  /// How many values a document has, with those inside others.
  public static let maximumValues = 1 << 20

  /// The canonical bytes of a value.
  ///
  /// An integer beyond ±(2^53 − 1) has no canonical form; it is written, and ``parse(_:)`` refuses it.
  public static func encode(_ value: JSONValue) -> [UInt8] {
    var output: [UInt8] = []
    write(value, to: &output)
    return output
  }

  /// Reads a value from its canonical bytes; any other bytes are refused, also those that mean the same.
  ///
  /// The time is linear in the number of bytes.
  ///
  /// - Throws: `EVIDENCE-SIZE`, `EVIDENCE-CANONICAL` or `EVIDENCE-MEMBER-ONCE`, with the offset and what was expected there.
  public static func parse(_ bytes: [UInt8]) throws(EvidenceError) -> JSONValue {
    var parser = CanonicalJSONParser(bytes)
    return try parser.document()
  }
}

extension CanonicalJSON {
  private static func write(_ value: JSONValue, to output: inout [UInt8]) {
    switch value {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let flag): output.append(contentsOf: (flag ? "true" : "false").utf8)
    case .integer(let number): output.append(contentsOf: String(number).utf8)
    case .string(let text): write(text, to: &output)
    case .array(let elements):
      output.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        write(element, to: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      output.append(UInt8(ascii: "{"))
      for (index, member) in members.sorted(by: { precedes($0.key.utf8, $1.key.utf8) }).enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        write(member.key, to: &output)
        output.append(UInt8(ascii: ":"))
        write(member.value, to: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") {
        output.append(byte)
      } else if let letter = shortEscape(of: byte) {
        output.append(UInt8(ascii: "\\"))
        output.append(letter)
      } else {
        output.append(contentsOf: "\\u00".utf8)
        output.append(digits[Int(byte >> 4)])
        output.append(digits[Int(byte & 15)])
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  private static let digits = Array("0123456789abcdef".utf8)

  /// The letter behind the backslash, for what has one.
  static func shortEscape(of byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
    case 0x08: UInt8(ascii: "b")
    case 0x09: UInt8(ascii: "t")
    case 0x0A: UInt8(ascii: "n")
    case 0x0C: UInt8(ascii: "f")
    case 0x0D: UInt8(ascii: "r")
    default: nil
    }
  }

  /// Whether one name comes before another by UTF-16 code units, found out on UTF-8.
  ///
  /// UTF-8 sorts by code point. UTF-16 does too, but that surrogates, which are the characters from U+10000 (first byte F0 to F4), come
  /// before U+E000 to U+FFFF (first byte EE and EF).
  static func precedes(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
    left.lexicographicallyPrecedes(right) { rank($0) < rank($1) }
  }

  private static func rank(_ byte: UInt8) -> UInt8 { byte == 0xEE || byte == 0xEF ? byte + 0x10 : byte }
}
