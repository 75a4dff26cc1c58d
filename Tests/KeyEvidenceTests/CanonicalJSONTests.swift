import KeyEvidence
import Testing

@Suite("Canonical JSON (RFC 8785)")
struct CanonicalJSONTests {
  private func parse(_ text: String) throws -> JSONValue { try CanonicalJSON.parse(Array(text.utf8)) }

  @Test("what is encoded is parsed to the same")
  func roundTrip() throws {
    let value: JSONValue = ["b": [1, -2, .null, true, false, [], [:]], "a": "x\u{1}\n\"\\é\u{7F}/", "c": "\u{10000}\u{E000}", "": 0]
    let bytes = CanonicalJSON.encode(value)
    #expect(try CanonicalJSON.parse(bytes) == value)
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == "{\"\":0,\"a\":\"x\\u0001\\n\\\"\\\\é\u{7F}/\",\"b\":[1,-2,null,true,false,[],{}],\"c\":\"\u{10000}\u{E000}\"}")
  }

  @Test(
    "what is not canonical is refused where it stops being so (EVIDENCE-CANONICAL)",
    arguments: [
      ("", 0), (" {}", 0), ("{} ", 2), ("{}\n", 2), ("{\"a\": 1}", 5), ("{\"a\":1,}", 7), ("[1,]", 3), ("[,1]", 1),
      ("{\"b\":1,\"a\":2}", 1), ("{\"b\":1,\"c\":1,\"a\":2}", 7),
      ("{\"\u{E000}\":1,\"\u{10000}\":2}", 1), ("1.0", 1), ("1e2", 1), ("01", 0), ("-0", 0), ("-", 1), ("+1", 0), ("9007199254740992", 0),
      ("-9007199254740992", 0), ("123456789012345678901234567890", 0), ("\"\\u0041\"", 1), ("\"\\/\"", 1), ("\"\\u000A\"", 1),
      ("\"\\u000a\"", 1),
      ("\"\\u001F\"", 1), ("\"\\u00e9\"", 1), ("\"\\ud800\"", 1), ("\"\\x\"", 1), ("\"\\", 2), ("\"\\u00", 1), ("\"\n\"", 1), ("\"abc", 0),
      ("tru", 3), ("True", 0), ("nul", 3), ("NaN", 0), ("{1:2}", 1), ("{\"a\"}", 4), ("{\"a\":}", 5), ("[1 2]", 2), ("]", 0), ("1,", 1),
      ("\u{FEFF}{}", 0),
    ])
  func notCanonical(text: String, offset: Int) throws {
    let error = try refusal { _ = try parse(text) }
    #expect(error.rule.rawValue == "EVIDENCE-CANONICAL")
    #expect(error.where.split(separator: " ").prefix(2) == ["byte", "\(offset)"], "\(error)")
  }

  @Test("bytes that are not UTF-8 are refused where they stand")
  func notUTF8() throws {
    for (bad, offset) in [([0x80], 0), ([0x41, 0xC3], 1), ([0xC0, 0x80], 0), ([0xED, 0xA0, 0x80], 0), ([0xC3, 0xA9, 0xF5], 2)]
      as [([UInt8], Int)]
    {
      let error = try refusal { _ = try CanonicalJSON.parse(Array("{\"a\":\"".utf8) + bad + Array("\"}".utf8)) }
      #expect(error.rule == .canonical && error.where == "byte \(6 + offset) in /a", "\(error)")
    }
  }

  @Test("a member that is there twice is refused, and a name that only looks the same is none (EVIDENCE-MEMBER-ONCE)")
  func twice() throws {
    #expect(try refusal { _ = try parse("{\"a\":1,\"a\":1}") }.rule.rawValue == "EVIDENCE-MEMBER-ONCE")
    #expect(try refusal { _ = try parse("{\"e\u{301}\":1,\"\u{E9}\":2}") }.rule == .canonical)
  }

  @Test("a name of a member is short and ASCII, so that no document takes more time than its length (EVIDENCE-SIZE, EVIDENCE-CANONICAL)")
  func names() throws {
    let name = String(repeating: "a", count: 256)
    #expect(throws: Never.self) { try parse("{\"\(name)\":1}") }
    let long = try refusal { _ = try parse("[{\"\(name)a\":1}]") }
    #expect(long.rule == .size && long.where.hasPrefix("byte 2 "), "\(long)")
    let accented = try refusal { _ = try parse("{\"\u{E9}\":1}") }
    #expect(accented.rule == .canonical && accented.message.contains("ASCII"))
    // To hash its normal form takes the square of its length: 4 MiB would take hours.
    let slow = String(repeating: "\u{316}\u{301}", count: 1 << 20)
    let time = ContinuousClock().measure { #expect(throws: EvidenceError.self) { try parse("{\"\(slow)\":1}") } }
    #expect(time < .seconds(30))
  }

  @Test("size, depth and number of values have limits (EVIDENCE-SIZE)")
  func limits() throws {
    #expect(throws: Never.self) { try parse(String(repeating: "[", count: 16) + String(repeating: "]", count: 16)) }
    let deep = try refusal { _ = try parse(String(repeating: "[", count: 17) + String(repeating: "]", count: 17)) }
    #expect(deep.rule.rawValue == "EVIDENCE-SIZE" && deep.where.hasPrefix("byte 16 "))
    let many = try refusal { _ = try parse("[" + String(repeating: "1,", count: 1 << 20) + "1]") }
    #expect(many.rule == .size)
    let large = try refusal { _ = try parse("\"" + String(repeating: "a", count: 16 << 20) + "\"") }
    #expect(large.rule == .size)
  }
}
