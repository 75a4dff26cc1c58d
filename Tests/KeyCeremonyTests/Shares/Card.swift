import Crypto

/// A card's text, read and written here a second time, as docs/ceremony-shares.md has it.
enum Card {
  static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

  /// The octets, without a look at any check.
  static func octets(of text: String) -> [UInt8] {
    let values = text.compactMap { alphabet.firstIndex(of: $0) }
    let bits = values.enumerated().filter { $0.offset % 5 != 4 }.flatMap { value in (0..<5).map { value.element >> (4 - $0) & 1 } }
    let octets = (0..<bits.count / 8).map { octet in UInt8(bits[octet * 8..<octet * 8 + 8].reduce(0) { $0 << 1 | $1 }) }
    return Array(octets.prefix(13 + Int(octets[4]) + 4))
  }

  /// A card of such octets, one of them changed; checksum and check characters are made anew.
  static func write(_ octets: [UInt8], changing place: Int? = nil, to value: UInt8? = nil) -> String {
    var octets = octets
    if let place { octets[place] = value ?? octets[place] ^ 1 }
    octets.replaceSubrange((octets.count - 4)..., with: sha256(Array(octets.dropLast(4))).prefix(4))
    var bits = octets.flatMap { octet in (0..<8).map { Int(octet) >> (7 - $0) & 1 } }
    bits += Array(repeating: 0, count: (20 - bits.count % 20) % 20)
    return (0..<bits.count / 20).map { group in
      let values = (0..<4).map { bits[group * 20 + $0 * 5..<group * 20 + $0 * 5 + 5].reduce(0) { $0 << 1 | $1 } }
      var check = timesX((group + 1) % 32)
      for value in values { check = timesX(check ^ value) }
      return String((values + [check]).map { alphabet[$0] })
    }.joined(separator: " ")
  }

  static func sha256(_ octets: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: octets)) }

  private static func timesX(_ value: Int) -> Int { value < 16 ? value << 1 : value << 1 ^ 0b100101 }
}
