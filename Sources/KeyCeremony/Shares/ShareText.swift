import Secrets

/// A share as it stands on a card: base32 in groups of five characters, the last of which checks the four before it and the group's place.
///
/// The alphabet is Crockford's: no `I`, `L`, `O` and `U`. Written in capitals, read in either; what looks like a digit is read as one.
enum ShareText {
  /// Octets as groups, so many a line.
  static func write(_ octets: HeldSecret, groupsPerLine: Int) -> HeldSecret {
    octets.withBytes { bytes in
      let groups = groupCount(octets: bytes.count)
      return HeldSecret(
        SecretBytes(capacity: groups * (groupLength + 1)) { (output: inout OutputSpan<UInt8>) in
          for group in 0..<groups {
            if group > 0 { output.append(UInt8(ascii: group % max(groupsPerLine, 1) == 0 ? "\n" : " ")) }
            var check = GroupCheck(group: group + 1)
            for place in 0..<dataLength {
              let value = value(bytes, at: group * dataLength + place)
              check.add(value)
              output.append(alphabet[Int(value)])
            }
            output.append(alphabet[Int(check.value)])
          }
        })
    }
  }

  /// The octets of what somebody has typed, as many as the header says; the checksum at their end has not been looked at.
  static func read(_ typed: HeldSecret) throws(CeremonyError) -> HeldSecret {
    let values = try TypedGroups(typed)
    try values.checkGroups()
    return try values.characters.withBytes { values throws(CeremonyError) in
      let groups = values.count / groupLength
      func octet(_ index: Int) -> UInt8 {
        var octet = 0
        for bit in index * 8..<index * 8 + 8 {
          let character = bit / 5
          let value = Int(values[character / dataLength * groupLength + character % dataLength])
          octet = octet << 1 | (value >> (4 - bit % 5)) & 1
        }
        return UInt8(octet)
      }
      guard groups >= groupCount(octets: PINShare.headerLength) else {
        throw refusal("there \(groups == 1 ? "is" : "are") \(counted(groups)), and a card has more", nil)
      }
      guard octet(0) == PINShare.version else {
        throw refusal("it is written in version \(octet(0)) of the format, and version \(PINShare.version) is known here", nil)
      }
      let count = PINShare.headerLength + Int(octet(4)) + PINShare.checksumLength
      guard groups == groupCount(octets: count) else {
        throw refusal("there are \(counted(groups)), and this card has \(groupCount(octets: count))", nil)
      }
      for bit in count * 8..<groups * dataLength * 5 {
        let character = bit / 5
        guard (values[character / dataLength * groupLength + character % dataLength] >> UInt8(4 - bit % 5)) & 1 == 0 else {
          throw refusal("there is something in the last group that does not belong there", nil)
        }
      }
      return HeldSecret(
        SecretBytes(capacity: count) { (output: inout OutputSpan<UInt8>) in
          for index in 0..<count { output.append(octet(index)) }
        })
    }
  }

  static let groupLength = 5
  /// The characters of a group before its check character.
  static let dataLength = 4
  static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

  /// How many groups so many octets take: 20 bits each.
  static func groupCount(octets: Int) -> Int { (octets * 8 + 19) / 20 }

  /// The five bits at a place; zeros after the end.
  private static func value(_ bytes: Span<UInt8>, at place: Int) -> UInt8 {
    var value = 0
    for bit in place * 5..<place * 5 + 5 {
      let isSet = bit / 8 < bytes.count && (bytes[bit / 8] >> UInt8(7 - bit % 8)) & 1 == 1
      value = value << 1 | (isSet ? 1 : 0)
    }
    return UInt8(value)
  }

  static func counted(_ groups: Int) -> String { groups == 1 ? "1 group" : "\(groups) groups" }

  static func refusal(_ message: String, _ hint: String?) -> CeremonyError {
    CeremonyError(.shareGenuine, operation: PINShare.operation, message: message, hint: hint ?? "Type it again from the card.")
  }
}

/// The check character of a group: a polynomial over GF(2^5), x^5 = x^2 + 1, of the group's place and its characters.
///
/// It finds each single wrong character, each exchange of two characters of a group, and each exchange of two groups (but for two that are
/// 32 places apart).
struct GroupCheck {
  private(set) var value: UInt8

  /// For the group at this place, counted from 1.
  init(group: Int) {
    value = UInt8(group % 32)
    multiply()
  }

  mutating func add(_ character: UInt8) {
    value ^= character
    multiply()
  }

  private mutating func multiply() { value = (value << 1 ^ (value & 16 == 0 ? 0 : 0b100101)) & 31 }
}
