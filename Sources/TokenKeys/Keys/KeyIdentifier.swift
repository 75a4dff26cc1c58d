/// The `CKA_ID` that both halves of a key pair and its certificates share: 20 random bytes, chosen at generation because some tokens cannot
/// change it later.
public struct KeyIdentifier: Hashable, Sendable, CustomStringConvertible {
  /// Length of the identifiers that we make, in bytes.
  public static let length = 20

  /// The bytes, of whatever length the token gave.
  public let bytes: [UInt8]

  /// An identifier as it was read from a token or made; an empty one is what a key without `CKA_ID` has.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Reads the lower- or upper-case hexadecimal form, two digits a byte.
  public init?(hexadecimal: String) {
    let digits = Array(hexadecimal.utf8)
    guard digits.count.isMultiple(of: 2), !digits.isEmpty else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Character(UnicodeScalar(digits[index])).hexDigitValue,
        let low = Character(UnicodeScalar(digits[index + 1])).hexDigitValue
      else { return nil }
      bytes.append(UInt8(high << 4 | low))
    }
    self.bytes = bytes
  }

  /// Two lower-case digits a byte.
  public var hexadecimal: String { bytes.hexadecimal }
  public var description: String { hexadecimal }
}

extension Sequence<UInt8> {
  /// Two lower-case hexadecimal digits a byte.
  var hexadecimal: String {
    var text = ""
    for byte in self {
      if byte < 16 { text.append("0") }
      text.append(String(byte, radix: 16))
    }
    return text
  }
}
