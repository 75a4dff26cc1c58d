/// Reads a text field of fixed size, as the information structures have them: UTF-8, filled up with blanks.
///
/// Some tokens fill up with zero bytes instead, write Latin-1, or put anything there; the text is for people and for matching, so what is
/// not UTF-8 or is a control character becomes U+FFFD and nothing is refused.
func text<Field>(of field: Field) -> String {
  var bytes = unsafe withUnsafeBytes(of: field) { unsafe [UInt8]($0) }
  while let last = bytes.last, last == UInt8(ascii: " ") || last == 0 { bytes.removeLast() }
  return displayable(bytes)
}

/// Decodes bytes from a token for display.
func displayable(_ bytes: [UInt8]) -> String {
  let text = String(decoding: bytes, as: UTF8.self)
  guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
  var scalars = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    scalars.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
  }
  return String(scalars)
}

/// What a token's label can be.
enum TokenLabel {
  /// 1 to 32 bytes of UTF-8 without control characters, which nobody can take for a URI.
  static func isValid(_ label: String) -> Bool {
    (1...32).contains(label.utf8.count) && !PKCS11URI.begins(label)
      && !label.unicodeScalars.contains { $0.properties.generalCategory == .control }
  }
}
