import Secrets

/// What somebody has typed from a card, as values of characters; spaces and hyphens are gone, and where they were is known.
struct TypedGroups {
  /// A value of 0 to 31 an octet.
  let characters: HeldSecret

  /// - Throws: `CEREMONY-SHARE-GENUINE` for a character that is on no card, and for pieces that are no groups of five.
  init(_ typed: HeldSecret) throws(CeremonyError) {
    guard typed.count <= Self.maximumLength else { throw ShareText.refusal("it is longer than any card", nil) }
    var pieces: [Int] = []
    characters = try typed.withBytes { bytes throws(CeremonyError) in
      HeldSecret(
        try SecretBytes(capacity: bytes.count) { (output: inout OutputSpan<UInt8>) throws(CeremonyError) in
          var isInPiece = false
          for index in bytes.indices {
            if Self.separators.contains(bytes[index]) {
              isInPiece = false
              continue
            }
            guard let value = Self.values[bytes[index]] else {
              throw ShareText.refusal("group \(output.count / ShareText.groupLength + 1) has a character that is on no card", nil)
            }
            if !isInPiece { pieces.append(0) }
            isInPiece = true
            pieces[pieces.count - 1] += 1
            output.append(value)
          }
        })
    }
    guard !pieces.isEmpty else { throw ShareText.refusal("nothing was typed", nil) }
    // Typed in one piece, what checks the groups finds out where a character is missing.
    guard pieces.count > 1 else { return }
    var before = 0
    for piece in pieces {
      let over = piece % ShareText.groupLength
      guard over == 0 else {
        throw ShareText.refusal(
          "group \(before / ShareText.groupLength + 1) has \(piece) characters, and a group has \(ShareText.groupLength)", nil)
      }
      before += piece
    }
  }

  /// - Throws: `CEREMONY-SHARE-GENUINE`, with the groups that do not fit their check character.
  func checkGroups() throws(CeremonyError) {
    let wrong = characters.withBytes { values in
      (0..<values.count / ShareText.groupLength).filter { group in
        let start = group * ShareText.groupLength
        var check = GroupCheck(group: group + 1)
        for place in start..<start + ShareText.dataLength { check.add(values[place]) }
        return check.value != values[start + ShareText.dataLength]
      }.map { $0 + 1 }
    }
    let count = characters.count / ShareText.groupLength
    if let first = wrong.first {
      // One group in 32 fits by chance.
      if wrong.count > 2, wrong.count * 4 >= (count - first + 1) * 3 {
        throw ShareText.refusal("from group \(first) on nothing fits: a group or a character was left out there, or typed twice", nil)
      }
      throw ShareText.refusal(
        wrong.count == 1
          ? "there is a mistake in group \(first)"
          : "there are mistakes in the groups \(wrong.map(String.init).joined(separator: ", "))",
        "Look at it on the card and type it again.")
    }
    guard characters.count % ShareText.groupLength == 0 else {
      throw ShareText.refusal("the last group has \(characters.count % ShareText.groupLength) characters, and a group has 5", nil)
    }
  }

  private static let maximumLength = 1024
  private static let separators = Set(" \t\r\n-_.,:;/".utf8)

  /// The value of each octet that may stand for one.
  private static let values: [UInt8: UInt8] = {
    var values: [UInt8: UInt8] = [:]
    for (value, character) in ShareText.alphabet.enumerated() {
      values[character] = UInt8(value)
      if character >= UInt8(ascii: "A") { values[character | 0x20] = UInt8(value) }
    }
    for character in "oO".utf8 { values[character] = 0 }
    for character in "iIlL".utf8 { values[character] = 1 }
    return values
  }()
}
