/// A secret in numbered groups, as a person writes it down.
enum SecretGroups {
  /// The longest piece that stands unbroken; what is longer is broken into groups of four.
  static let longestPiece = 8

  /// The rows as they are written to a terminal, in pages of their own. Groups are what stands between spaces, hyphens and line ends.
  ///
  /// - Parameter width: columns of the terminal.
  static func page(of secret: HeldSecret, width: Int) -> SecretBytes {
    let groups = secret.withBytes { (bytes) -> [Range<Int>] in places(in: bytes) }
    let longest = groups.map(\.count).max() ?? 0
    // Two spaces, the number, two spaces, the group, two spaces.
    let cell = longest + 8
    let columns = max(1, min(4, (width + 2) / cell))
    return SecretBytes(capacity: groups.count * (cell + 4) + 8) { (output: inout OutputSpan<UInt8>) in
      secret.withBytes { bytes in
        for (index, group) in groups.enumerated() {
          if index > 0, index % columns == 0 { for _ in 0..<2 { output.append(UInt8(ascii: "\n")) } }
          for _ in 0..<2 { output.append(UInt8(ascii: " ")) }
          let number = index + 1
          output.append(number < 10 ? UInt8(ascii: " ") : UInt8(ascii: "0") + UInt8(number / 10 % 10))
          output.append(UInt8(ascii: "0") + UInt8(number % 10))
          for _ in 0..<2 { output.append(UInt8(ascii: " ")) }
          for place in group { output.append((0x21...0x7e).contains(bytes[place]) ? bytes[place] : UInt8(ascii: "?")) }
          for _ in 0..<(longest - group.count + 2) { output.append(UInt8(ascii: " ")) }
        }
        output.append(UInt8(ascii: "\n"))
      }
    }
  }

  private static func places(in bytes: Span<UInt8>) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = 0
    for index in 0...bytes.count where index == bytes.count || isSeparator(bytes[index]) {
      if index > start { pieces.append(start..<index) }
      start = index + 1
    }
    return pieces.flatMap { piece in
      piece.count <= longestPiece
        ? [piece] : stride(from: piece.lowerBound, to: piece.upperBound, by: 4).map { $0..<min($0 + 4, piece.upperBound) }
    }
  }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    [UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains(byte)
  }
}
