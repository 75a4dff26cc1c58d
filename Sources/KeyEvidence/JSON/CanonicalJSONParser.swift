/// Reads canonical JSON, from its front and once.
///
/// It refuses at the first byte that canonical JSON does not have there. What the bytes could have meant is nobody's concern: there is one
/// way to write each value.
struct CanonicalJSONParser {
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0
  private var valueCount = 0
  /// The way from the root to the value that is being read.
  private var path: [Step] = []

  private enum Step {
    case member(String)
    case element(Int)
  }

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(EvidenceError) -> JSONValue {
    guard bytes.count <= CanonicalJSON.maximumBytes else {
      throw EvidenceError(
        .size, where: "byte \(CanonicalJSON.maximumBytes)", operation: Self.operation,
        message: "the document has more than \(CanonicalJSON.maximumBytes) bytes")
    }
    let value = try value()
    guard position == bytes.count else { throw unexpected("the end of the document") }
    return value
  }

  private static let operation = "read the document"
}

extension CanonicalJSONParser {
  private mutating func value() throws(EvidenceError) -> JSONValue {
    valueCount += 1
    guard valueCount <= CanonicalJSON.maximumValues else {
      throw failure(.size, "the document has more than \(CanonicalJSON.maximumValues) values")
    }
    switch peek {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case let byte? where byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
      return .integer(try integer())
    case UInt8(ascii: "t"):
      try literal("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try literal("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try literal("null")
      return .null
    default: throw unexpected("a value")
    }
  }

  private mutating func object() throws(EvidenceError) -> JSONValue {
    try enter()
    var members: [String: JSONValue] = [:]
    var previous: (name: String, start: Int)?
    while peek != UInt8(ascii: "}") || previous != nil {
      let start = position
      guard peek == UInt8(ascii: "\"") else { throw unexpected(previous == nil ? "the name of a member or '}'" : "the name of a member") }
      let name = try memberName(from: start)
      guard members[name] == nil else {
        let isNext = previous.map { $0.name == name } ?? false
        throw failure(
          .memberOnce, "the member '\(EvidenceText.shown(name))' is there twice", at: isNext ? previous?.start : start,
          or: isNext ? start : nil)
      }
      if let previous, !CanonicalJSON.precedes(previous.name.utf8, name.utf8) {
        // Which of the two was meant to be another nobody knows.
        throw failure(
          .canonical,
          "the member '\(EvidenceText.shown(previous.name))' stands before '\(EvidenceText.shown(name))', which sorts before it",
          at: previous.start, or: start)
      }
      previous = (name, start)
      path.append(.member(name))
      try expect(UInt8(ascii: ":"), "':'")
      members[name] = try value()
      path.removeLast()
      if peek == UInt8(ascii: "}") { break }
      try expect(UInt8(ascii: ","), "',' or '}'")
    }
    leave()
    return .object(members)
  }

  /// A name that costs little to look up: the dictionary hashes the Unicode normal form of a text, and a text of combining characters can
  /// be made for which that takes the square of its length.
  private mutating func memberName(from start: Int) throws(EvidenceError) -> String {
    let name = try string()
    guard name.utf8.count <= CanonicalJSON.maximumNameBytes else {
      throw failure(.size, "the name of a member has more than \(CanonicalJSON.maximumNameBytes) bytes", at: start)
    }
    guard name.utf8.allSatisfy({ $0 < 0x80 }) else { throw failure(.canonical, "the name of a member is not ASCII", at: start) }
    return name
  }

  private mutating func array() throws(EvidenceError) -> JSONValue {
    try enter()
    var elements: [JSONValue] = []
    while peek != UInt8(ascii: "]") || !elements.isEmpty {
      path.append(.element(elements.count))
      elements.append(try value())
      path.removeLast()
      if peek == UInt8(ascii: "]") { break }
      try expect(UInt8(ascii: ","), "',' or ']'")
    }
    leave()
    return .array(elements)
  }

  private mutating func enter() throws(EvidenceError) {
    depth += 1
    guard depth <= CanonicalJSON.maximumDepth else {
      throw failure(.size, "arrays and objects go deeper than \(CanonicalJSON.maximumDepth) levels")
    }
    position += 1
  }

  private mutating func leave() {
    depth -= 1
    position += 1
  }

  private mutating func literal(_ word: StaticString) throws(EvidenceError) {
    for expected in word.description.utf8 { try expect(expected, "'\(word)'") }
  }

  private mutating func integer() throws(EvidenceError) -> Int {
    let start = position
    let isNegative = peek == UInt8(ascii: "-")
    if isNegative { position += 1 }
    let first = position
    var number = 0
    while let digit = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
      number = number * 10 + Int(digit - UInt8(ascii: "0"))
      position += 1
      guard number <= JSONValue.maximumInteger else {
        throw failure(.canonical, "an integer is beyond 2^53 - 1", at: start)
      }
      guard position - first == 1 || bytes[first] != UInt8(ascii: "0") else {
        throw failure(.canonical, "an integer begins with a zero", at: first)
      }
    }
    guard position > first else { throw unexpected("a digit") }
    guard !isNegative || number > 0 else { throw failure(.canonical, "there is no negative zero", at: start) }
    if [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(peek) {
      throw unexpected("an integer: no fraction, no exponent")
    }
    return isNegative ? -number : number
  }
}

extension CanonicalJSONParser {
  private mutating func string() throws(EvidenceError) -> String {
    let opening = position
    position += 1
    var start = position
    var unescaped: [UInt8]?
    while let byte = peek, byte != UInt8(ascii: "\"") {
      if byte == UInt8(ascii: "\\") {
        if unescaped == nil { unescaped = [] }
        unescaped?.append(contentsOf: bytes[start..<position])
        unescaped?.append(try escape())
        start = position
      } else if byte < 0x20 {
        throw unexpected("an escape in the place of a control character")
      } else {
        position += 1
      }
    }
    guard peek != nil else {
      throw failure(.canonical, "a text begins here and does not end", at: opening)
    }
    let end = position
    position += 1
    guard var content = unescaped else { return try text(bytes[start..<end], from: opening) }
    content.append(contentsOf: bytes[start..<end])
    return try text(content[...], from: opening)
  }

  private func text(_ content: ArraySlice<UInt8>, from opening: Int) throws(EvidenceError) -> String {
    guard let text = String(validating: content, as: UTF8.self) else {
      let offset = UTF8Validation.firstInvalid(in: bytes, from: opening, to: position)
      throw failure(.canonical, "the text is not UTF-8", at: offset)
    }
    return text
  }

  /// The character behind a backslash, in the one form that it may have.
  private mutating func escape() throws(EvidenceError) -> UInt8 {
    let start = position
    position += 1
    guard let letter = peek else { throw unexpected("the rest of an escape") }
    if letter == UInt8(ascii: "u") {
      guard bytes.count - position > 4 else { throw failure(.canonical, "an escape is cut off", at: start) }
      let hexadecimal = bytes[(position + 1)...(position + 4)]
      position += 5
      let value = hexadecimal.allSatisfy(Self.isLowercaseDigit) ? UInt8(String(decoding: hexadecimal, as: UTF8.self), radix: 16) : nil
      guard let value, value < 0x20, CanonicalJSON.shortEscape(of: value) == nil else {
        throw failure(.canonical, "an escape stands for a character that is written otherwise", at: start)
      }
      return value
    }
    let characters: [UInt8] = [UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x08, 0x09, 0x0A, 0x0C, 0x0D]
    guard let character = characters.first(where: { CanonicalJSON.shortEscape(of: $0) == letter }) else {
      throw failure(.canonical, "an escape is none that canonical JSON has", at: start)
    }
    position += 1
    return character
  }

  private static func isLowercaseDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}

extension CanonicalJSONParser {
  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func expect(_ byte: UInt8, _ what: String) throws(EvidenceError) {
    guard peek == byte else { throw unexpected(what) }
    position += 1
  }

  private func unexpected(_ expected: String) -> EvidenceError {
    let found =
      switch peek {
      case nil: "the document ends"
      case 0x20, 0x09, 0x0A, 0x0D: "there is white space"
      case let byte? where (0x21...0x7E).contains(byte): "there is '\(Character(Unicode.Scalar(byte)))'"
      case let byte?: "there is the byte 0x\(String(byte, radix: 16))"
      }
    return failure(.canonical, "\(found), and \(expected) was expected")
  }

  private func failure(_ rule: EvidenceRule, _ message: String, at offset: Int? = nil, or second: Int? = nil) -> EvidenceError {
    let pointer = path.reduce("") { pointer, step in
      switch step {
      case .member(let name): JSONPointer.appending(EvidenceText.shown(name), to: pointer)
      case .element(let index): JSONPointer.appending(index, to: pointer)
      }
    }
    let place = "byte \(offset ?? position)" + (second.map { " or \($0)" } ?? "") + (pointer.isEmpty ? "" : " in \(pointer)")
    return EvidenceError(rule, where: place, operation: Self.operation, message: message)
  }
}
