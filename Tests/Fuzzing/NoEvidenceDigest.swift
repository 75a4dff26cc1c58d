import Foundation

/// Takes the place of `Sources/KeyEvidence/EvidenceText+Digests.swift` where the room is compiled without packages: it is no SHA-256, but
/// has its length, and another value for other bytes.
extension EvidenceText {
  package static func sha256(_ bytes: [UInt8]) -> String { hexadecimal(digest(bytes)) }

  package static func digest(_ bytes: [UInt8]) -> [UInt8] {
    var words: [UInt64] = [0xCBF2_9CE4_8422_2325, 0x8422_2325_CBF2_9CE4, 1, 2]
    for byte in bytes {
      for index in words.indices { words[index] = (words[index] ^ UInt64(byte) &+ UInt64(index)) &* 0x100_0000_01B3 }
    }
    return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }

  static func bytes(base64 text: String) -> [UInt8]? { Data(base64Encoded: text).map(Array.init) }
}
