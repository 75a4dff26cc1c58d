/// base64 (RFC 4648 section 4) as XML Schema's `base64Binary` writes it: white space anywhere, nothing else foreign.
enum Base64 {
  private static let alphabet = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let invalid: UInt8 = 0xFF
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: invalid, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  static func isWhiteSpace(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 || octet == 0x0A || octet == 0x0D }

  /// The octets, or nil where a character is foreign, the padding is wrong, or the unused bits of the last character are not zero:
  /// one value has one encoding, but for white space.
  static func decode(_ text: String) -> [UInt8]? {
    var octets: [UInt8] = []
    octets.reserveCapacity(text.utf8.count / 4 * 3)
    var bits: UInt32 = 0
    var characters = 0
    var padding = 0
    for character in text.utf8 where !isWhiteSpace(character) {
      characters += 1
      if character == UInt8(ascii: "=") {
        padding += 1
        continue
      }
      let value = values[Int(character)]
      guard value != invalid, padding == 0 else { return nil }
      bits = bits << 6 | UInt32(value)
      if characters % 4 == 0 {
        octets += [UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 8), UInt8(truncatingIfNeeded: bits)]
        bits = 0
      }
    }
    guard characters % 4 == 0 else { return nil }
    switch padding {
    case 0: return octets
    case 1:
      guard bits & 0b11 == 0 else { return nil }
      return octets + [UInt8(truncatingIfNeeded: bits >> 10), UInt8(truncatingIfNeeded: bits >> 2)]
    case 2:
      guard bits & 0b1111 == 0 else { return nil }
      return octets + [UInt8(truncatingIfNeeded: bits >> 4)]
    default: return nil
    }
  }

  /// The characters, in lines of `lineLength` characters with `lineBreak` between them when there is a line length.
  static func encode(_ octets: [UInt8], lineLength: Int? = nil, lineBreak: String = "\n") -> String {
    var characters: [UInt8] = []
    characters.reserveCapacity((octets.count + 2) / 3 * 4)
    for start in stride(from: 0, to: octets.count, by: 3) {
      let count = min(3, octets.count - start)
      var bits = UInt32(octets[start]) << 16
      if count > 1 { bits |= UInt32(octets[start + 1]) << 8 }
      if count > 2 { bits |= UInt32(octets[start + 2]) }
      for position in 0..<4 {
        let value = Int(bits >> UInt32(18 - 6 * position)) & 0x3F
        characters.append(position <= count ? alphabet[value] : UInt8(ascii: "="))
      }
    }
    guard let lineLength else { return String(decoding: characters, as: UTF8.self) }
    return stride(from: 0, to: characters.count, by: lineLength)
      .map { String(decoding: characters[$0..<min($0 + lineLength, characters.count)], as: UTF8.self) }
      .joined(separator: lineBreak)
  }
}
