import KeyEvidence
public import Secrets

/// One share of a PIN: what a custodian keeps on a card.
///
/// It is a secret. What tells which share it is can be read; the share itself is in memory that is wiped, and leaves it as a card's text
/// (``text(groupsPerLine:)``) only. Its octets are described in docs/ceremony-shares.md.
public struct PINShare: Sendable {
  /// Which set it belongs to: 8 octets, the same in each share of a set.
  public let setID: [UInt8]
  /// How many shares give the PIN.
  public let threshold: Int
  /// How many shares there are.
  public let count: Int
  /// Which of them this is, from 1.
  public let index: Int
  /// The whole encoding: header, share, checksum.
  let octets: HeldSecret

  /// The set as people and transcripts have it: 16 hexadecimal digits.
  public var setText: String { EvidenceText.hexadecimal(setID) }

  /// The SHA-256 of the whole encoding. It tells nothing of the share, which is longer than 21 random octets.
  public var sha256: [UInt8] { octets.withBytes { bytes in SecretDigest.sha256([], bytes, bytes.indices) } }

  /// As it stands on a card: groups of five characters, so many a line; a space between groups.
  public func text(groupsPerLine: Int = 5) -> HeldSecret { ShareText.write(octets, groupsPerLine: groupsPerLine) }
}

extension PINShare {
  static let version: UInt8 = 1
  static let setIDLength = 8
  /// Version, threshold, number of shares, index, size of the share.
  static let numbersLength = 5
  static let headerLength = numbersLength + setIDLength
  static let checksumLength = 4
  /// A salt of 16 octets and a PIN of 6 to 64.
  static let sizes = SharedPIN.saltLength + 6...SharedPIN.saltLength + 64

  /// A share from its parts; `share` is where it stands in `bytes`.
  init(setID: [UInt8], threshold: Int, count: Int, index: Int, bytes: Span<UInt8>, share: Range<Int>) {
    let numbers = [Self.version, UInt8(threshold), UInt8(count), UInt8(index), UInt8(share.count)]
    let header = numbers + setID
    let checksum = SecretDigest.sha256(header, bytes, share).prefix(Self.checksumLength)
    self.setID = setID
    self.threshold = threshold
    self.count = count
    self.index = index
    octets = HeldSecret(
      SecretBytes(capacity: header.count + share.count + checksum.count) { (output: inout OutputSpan<UInt8>) in
        for byte in header { output.append(byte) }
        for place in share { output.append(bytes[place]) }
        for byte in checksum { output.append(byte) }
      })
  }

  /// A share as somebody has typed it: capitals or small letters, `O` for `0`, `I` and `L` for `1`, with any spaces and hyphens.
  ///
  /// - Throws: `CEREMONY-SHARE-GENUINE`, which names the group where it can; never what was typed.
  public init(typed: HeldSecret) throws(CeremonyError) {
    let octets = try ShareText.read(typed)
    let header = try octets.withBytes { bytes throws(CeremonyError) in try Self.header(bytes) }
    threshold = header.threshold
    count = header.count
    index = header.index
    setID = header.setID
    self.octets = octets
  }

  private static func header(_ bytes: Span<UInt8>) throws(CeremonyError) -> (threshold: Int, count: Int, index: Int, setID: [UInt8]) {
    let end = bytes.count - checksumLength
    let checksum = SecretDigest.sha256([], bytes, 0..<end).prefix(checksumLength)
    guard checksum.enumerated().allSatisfy({ bytes[end + $0.offset] == $0.element }) else {
      throw ShareText.refusal("each group is right by itself, but together they are no share", "Are they all of one card, in its order?")
    }
    let (threshold, count, index) = (Int(bytes[1]), Int(bytes[2]), Int(bytes[3]))
    guard sizes.contains(Int(bytes[4])), (2...max(count, 2)).contains(threshold), (1...max(count, 1)).contains(index) else {
      throw ShareText.refusal("its numbers are not those of a share", nil)
    }
    return (threshold, count, index, (numbersLength..<headerLength).map { bytes[$0] })
  }
}

extension PINShare {
  /// Whether the share may stand beside those that are there already.
  ///
  /// - Parameters:
  ///   - others: shares that were accepted before.
  ///   - setID: the set that is wanted, where it is known (a transcript's `pin-shared`).
  /// - Throws: `CEREMONY-SHARE-GENUINE` for a share of another set, `CEREMONY-SHARE-COUNT` for one that is there already.
  public func check(joins others: [PINShare], set setID: [UInt8]? = nil) throws(CeremonyError) {
    if let wanted = setID ?? others.first?.setID, wanted != self.setID {
      throw CeremonyError(
        .shareGenuine, operation: Self.operation,
        message: "it is a share of another set: of \(setText), and \(EvidenceText.hexadecimal(wanted)) is wanted",
        hint: "Each time that a PIN is shared there are new cards; the set is printed on each. Take the card of this set.")
    }
    if let other = others.first, other.threshold != threshold || other.count != count || other.octets.count != octets.count {
      throw CeremonyError(
        .shareGenuine, operation: Self.operation,
        message: "it says \(threshold) of \(count) of a PIN, and a share of the same set says \(other.threshold) of \(other.count)")
    }
    guard !others.contains(where: { $0.index == index }) else {
      throw CeremonyError(
        .shareCount, operation: Self.operation, message: "share \(index) of the set \(setText) is there already",
        hint: "\(threshold) different shares are wanted.")
    }
  }

  static let operation = "read a share"
}
