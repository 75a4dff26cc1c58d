/// One DER value after another, without making a tree of them: a revocation list has as many as its authority likes, and may come from
/// anybody until its signature has been checked.
///
/// Definite lengths in their shortest form and one octet for the tag (X.690 section 8.1.2.2, 10.1): all that a revocation list needs.
struct DERValues {
  /// One value.
  struct Value {
    /// The identifier octet: class, constructed or not, number.
    let tag: UInt8
    let content: ArraySlice<UInt8>
    /// With tag and length.
    let encoded: ArraySlice<UInt8>
  }

  /// Why octets are no values, as the end of a sentence.
  struct Refusal: Error {
    let message: String
    let rule: ServiceRule
    init(_ message: String, _ rule: ServiceRule = .revocationListFormat) {
      self.message = message
      self.rule = rule
    }
  }

  static let sequence: UInt8 = 0x30

  private(set) var rest: ArraySlice<UInt8>

  init(_ octets: ArraySlice<UInt8>) { rest = octets }

  /// Whether there is no more.
  var isAtEnd: Bool { rest.isEmpty }

  /// The tag of the next value; nil where there is none.
  var nextTag: UInt8? { rest.first }

  /// The next value, whatever it is.
  mutating func next() throws(Refusal) -> Value {
    guard rest.count >= 2 else { throw Refusal("it ends inside a value") }
    let start = rest.startIndex
    let tag = rest[start]
    guard tag & 0x1F != 0x1F else { throw Refusal("it has a tag of several octets") }
    var count = Int(rest[start + 1])
    var header = 2
    if count >= 0x80 {
      let octets = count & 0x7F
      guard (1...4).contains(octets), rest.count >= 2 + octets else { throw Refusal("it has a length that is not definite, or too long") }
      count = rest[(start + 2)..<(start + 2 + octets)].reduce(0) { $0 << 8 | Int($1) }
      header += octets
      guard count >= 0x80, octets == 1 || count >> (8 * (octets - 1)) > 0 else {
        throw Refusal("it has a length that is not as short as can be")
      }
    }
    guard rest.count - header >= count else { throw Refusal("it ends inside a value") }
    let end = start + header + count
    let value = Value(tag: tag, content: rest[(start + header)..<end], encoded: rest[start..<end])
    rest = rest[end...]
    return value
  }

  /// The next value, which must have this tag.
  mutating func next(_ tag: UInt8, _ name: String) throws(Refusal) -> Value {
    guard nextTag == tag else { throw Refusal("there is something else where \(name) should be") }
    return try next()
  }

  /// The next value, if it has this tag.
  mutating func next(ifTagged tag: UInt8) throws(Refusal) -> Value? { nextTag == tag ? try next() : nil }

  /// - Throws: where something is left.
  func end(of name: String) throws(Refusal) {
    guard isAtEnd else { throw Refusal("something follows at the end of \(name)") }
  }
}
