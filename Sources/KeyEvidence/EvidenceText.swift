/// Bytes as the text of a document has them, each in the one way that it may be written.
package enum EvidenceText {
  /// Lower-case hexadecimal.
  package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Whether a text is a SHA-256 in lower-case hexadecimal.
  package static func isSHA256(_ text: String) -> Bool { text.utf8.count == 64 && isHexadecimal(text) }

  /// Whether a text is whole bytes in lower-case hexadecimal.
  package static func isHexadecimal(_ text: String) -> Bool { text.utf8.count % 2 == 0 && text.utf8.allSatisfy { digits.contains($0) } }

  /// The bytes that a text in lower-case hexadecimal stands for; nil for any other text.
  package static func bytes(hexadecimal text: String) -> [UInt8]? {
    guard isHexadecimal(text) else { return nil }
    let values = text.utf8.compactMap { digit in digits.firstIndex(of: digit).map(UInt8.init) }
    return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
  }

  /// A text of a stranger's, fit for an error: visible ASCII, and not too much of it.
  package static func shown(_ text: String) -> String {
    let start = String(String.UnicodeScalarView(text.unicodeScalars.prefix(128).map { (0x21...0x7E).contains($0.value) ? $0 : "?" }))
    return text.unicodeScalars.count > 128 ? "\(start)..." : start
  }

  private static let digits = Array("0123456789abcdef".utf8)
}
