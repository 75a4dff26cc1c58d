/// Base64 (RFC 4648 section 4) that may be wrapped in any way, and is otherwise strict.
enum Base64 {
  /// Decodes, ignoring space, TAB, CR and LF wherever they stand.
  ///
  /// - Returns: the octets, or nil where there is another character, the length is not a multiple of four, padding is missing
  ///   or not at the end, or the unused bits of the last quantum are not zero.
  static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var octets: [UInt8] = []
    var quantum: UInt32 = 0
    var digits = 0
    var padding = 0
    for byte in text {
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D: continue
      case UInt8(ascii: "="):
        padding += 1
        guard padding <= 2, digits + padding <= 4 else { return nil }
      default:
        guard padding == 0, let value = value(of: byte) else { return nil }
        quantum = quantum << 6 | value
        digits += 1
        if digits == 4 {
          octets.append(UInt8(truncatingIfNeeded: quantum >> 16))
          octets.append(UInt8(truncatingIfNeeded: quantum >> 8))
          octets.append(UInt8(truncatingIfNeeded: quantum))
          quantum = 0
          digits = 0
        }
      }
    }
    switch (digits, padding) {
    case (0, 0): break
    case (2, 2) where quantum & 0x0F == 0:
      octets.append(UInt8(truncatingIfNeeded: quantum >> 4))
    case (3, 1) where quantum & 0x03 == 0:
      octets.append(UInt8(truncatingIfNeeded: quantum >> 10))
      octets.append(UInt8(truncatingIfNeeded: quantum >> 2))
    default: return nil
    }
    return octets
  }

  /// Encodes without line breaks.
  static func encode(_ octets: [UInt8], into text: inout [UInt8]) {
    var index = 0
    while index < octets.count {
      let remaining = octets.count - index
      var quantum = UInt32(octets[index]) << 16
      if remaining > 1 { quantum |= UInt32(octets[index + 1]) << 8 }
      if remaining > 2 { quantum |= UInt32(octets[index + 2]) }
      text.append(alphabet[Int(quantum >> 18 & 63)])
      text.append(alphabet[Int(quantum >> 12 & 63)])
      text.append(remaining > 1 ? alphabet[Int(quantum >> 6 & 63)] : UInt8(ascii: "="))
      text.append(remaining > 2 ? alphabet[Int(quantum & 63)] : UInt8(ascii: "="))
      index += 3
    }
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static func value(of digit: UInt8) -> UInt32? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
