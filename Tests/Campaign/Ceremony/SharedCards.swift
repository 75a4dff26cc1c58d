import KeyCeremony
import Secrets

/// Combines cards outside of the tool, as a test may.
enum SharedCards {
  static func pin(from cards: [[UInt8]]) throws -> String {
    let shares = try cards.map { try PINShare(typed: HeldSecret(SecretBytes(copying: $0))) }
    return try SharedPIN.combine(shares).withBytes { bytes in
      String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }
  }
}
