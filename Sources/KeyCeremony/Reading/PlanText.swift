/// The forms of words in plans.
enum PlanText {
  static let nameForm = "a name has 1 to 64 letters A to Z, digits, '-', '_' and '.', and is not of dots only"

  /// Letters, digits, `-`, `_` and `.`, 1 to 64; not of dots only.
  static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(isNameByte) && !text.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
  }

  static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
    default: false
    }
  }

  /// A key that is unknown may be anything, also what nobody should see: only a name is repeated.
  static func shown(_ key: String) -> String { isName(key) ? key : "(it is no name and not repeated here)" }

  /// The same for the name of a question.
  static func shownQuestion(_ id: String) -> String {
    id.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { isName(String($0)) } ? id : shown(id)
  }

  /// Whether a person who reads the text sees the character: it is no control character and does not turn the direction of writing round.
  static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: return false
    default: return true
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
    default: false
    }
  }
}
