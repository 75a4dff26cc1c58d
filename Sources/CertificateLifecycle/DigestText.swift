import Crypto
import Foundation

/// SHA-256 and hexadecimal digits, as this room writes them: two lower-case digits an octet.
enum DigestText {
  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  static func bytes(of data: some DataProtocol) -> [UInt8] { Array(SHA256.hash(data: data)) }

  static func sha256(_ text: String) -> String { hexadecimal(bytes(of: Array(text.utf8))) }

  /// Octets from their digits; nil for anything else.
  static func bytes(_ digits: String) -> [UInt8]? {
    let digits = Array(digits.utf8)
    guard digits.count.isMultiple(of: 2),
      digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0 })
    else { return nil }
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) }
  }
}
