/// The schema's `StringN` types: `xs:normalizedString` with a length of 1 to N.
///
/// TAB, CR and LF would be turned into spaces by a reader of `xs:normalizedString`. They are refused here, because the service
/// would then know another text than the one that was given.
struct SchemaText {
  private let maximumLength: Int
  private(set) var length = 0
  private(set) var refused: Unicode.Scalar?

  private init(maximumLength: Int) { self.maximumLength = maximumLength }

  private mutating func take(_ scalar: Unicode.Scalar) {
    length += 1
    if refused == nil, !SchemaText.isAllowed(scalar) { refused = scalar }
  }

  /// Checks one text of a request.
  static func check(_ text: String, element: String, maximumLength: Int) throws(CertificateServiceError) {
    var reading = SchemaText(maximumLength: maximumLength)
    for scalar in text.unicodeScalars { reading.take(scalar) }
    if let refused = reading.refused {
      let code = String(refused.value, radix: 16, uppercase: true)
      let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
      throw failure(element, "it holds the character U+\(padded), which the schema does not let through unchanged")
    }
    try reading.checkLength(element)
  }

  /// Checks UTF-8 that is a secret: nothing of it is in the error, not even its length.
  static func checkSecret(_ bytes: Span<UInt8>, element: String, maximumLength: Int) throws(CertificateServiceError) {
    guard bytes.count <= 4 * maximumLength else {
      throw failure(element, "it must have 1 to \(maximumLength) characters")
    }
    let text: UTF8Span
    do {
      text = try UTF8Span(validating: bytes)
    } catch {
      throw failure(element, "it is not UTF-8")
    }
    var reading = SchemaText(maximumLength: maximumLength)
    var scalars = text.makeUnicodeScalarIterator()
    while let scalar = scalars.next() { reading.take(scalar) }
    guard reading.refused == nil else {
      throw failure(element, "it holds a character that the schema does not let through unchanged")
    }
    guard (1...maximumLength).contains(reading.length) else {
      throw failure(element, "it must have 1 to \(maximumLength) characters")
    }
  }

  private func checkLength(_ element: String) throws(CertificateServiceError) {
    guard (1...maximumLength).contains(length) else {
      throw SchemaText.failure(element, "it must have 1 to \(maximumLength) characters and has \(length)")
    }
  }

  private static func failure(_ element: String, _ message: String) -> CertificateServiceError {
    CertificateServiceError(code: .invalidRequest, rule: .requestText, operation: "use the \(element) given", message: message)
  }

  /// `Char` of XML 1.0 section 2.2, without TAB, LF and CR.
  static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0xD7FF, 0xE000...0xFFFD, 0x1_0000...0x10_FFFF: true
    default: false
    }
  }
}
