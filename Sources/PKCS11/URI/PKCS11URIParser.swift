/// Reads URIs (RFC 7512, section 2.3), strictly and completely.
enum PKCS11URIParser {
  static let maximumByteCount = 4096
  private static let operation = "read a pkcs11: URI"
  static let scheme = "pkcs11:"

  static func parse(_ text: String) throws(PKCS11Error) -> PKCS11URI {
    guard text.utf8.count <= maximumByteCount else { throw tooLong }
    guard PKCS11URI.begins(text) else {
      throw refused(.uriSyntax, "it does not begin with \"pkcs11:\"", hint: "write pkcs11:token=LABEL, with %20 for a blank")
    }
    let bytes = [UInt8](text.utf8.dropFirst(scheme.utf8.count))
    let parts = bytes.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    var uri = PKCS11URI()
    var seen: Set<PKCS11URIAttribute> = []
    try read(parts[0], separator: UInt8(ascii: ";"), inQuery: false, into: &uri, &seen)
    if parts.count == 2 {
      try read(parts[1], separator: UInt8(ascii: "&"), inQuery: true, into: &uri, &seen)
    }
    // Written back, a URI can be longer than it was given, and what is written must be readable.
    guard uri.description.utf8.count <= maximumByteCount else { throw tooLong }
    return uri
  }

  /// A token's label, given in the place of a URI.
  static func bareLabel(_ text: String) throws(PKCS11Error) -> PKCS11URI {
    let operation = "read the name of a token"
    let decoded = text.lowercased().replacing("%2d", with: "-")
    if decoded.contains("pin-value") || decoded.contains("pin-source") {
      throw PKCS11Error(
        rule: .uriNoPIN, operation: operation, message: "it has a PIN or the place of one", hint: "name a PIN source beside the token")
    }
    guard TokenLabel.isValid(text) else {
      throw PKCS11Error(
        rule: .tokenLabel, operation: operation, message: "it is neither a pkcs11: URI nor a label of 1 to 32 bytes",
        hint: "write pkcs11:token=LABEL, with %20 for a blank")
    }
    return PKCS11URI(label: text)
  }

  private static func read(
    _ bytes: ArraySlice<UInt8>, separator: UInt8, inQuery: Bool, into uri: inout PKCS11URI, _ seen: inout Set<PKCS11URIAttribute>
  ) throws(PKCS11Error) {
    if bytes.isEmpty { return }
    for part in bytes.split(separator: separator, omittingEmptySubsequences: false) {
      let (attribute, value) = try attribute(part, inQuery: inQuery)
      guard seen.insert(attribute).inserted else { throw refused(.uriAttributeOnce, "it has \(attribute.rawValue) more than once") }
      try set(attribute, to: try decode(value, attribute), in: &uri)
    }
  }

  /// Takes `name=value` apart and looks the name up.
  private static func attribute(
    _ part: ArraySlice<UInt8>, inQuery: Bool
  ) throws(PKCS11Error) -> (PKCS11URIAttribute, ArraySlice<UInt8>) {
    guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else {
      throw refused(.uriSyntax, "it has a part without an equals sign")
    }
    let name = String(decoding: part[..<equals], as: UTF8.self)
    if isAboutPIN(part[..<equals]) {
      throw refused(.uriNoPIN, "it has a PIN or the place of one, and neither belongs into a URI", hint: "name a PIN source beside the URI")
    }
    guard let attribute = PKCS11URIAttribute(rawValue: name) else {
      // The name itself is not repeated: what stands there may be anything, such as a PIN in the wrong place.
      throw refused(
        .uriAttributeKnown, "it has an attribute that is not known",
        hint: "known are: " + PKCS11URIAttribute.allCases.map(\.rawValue).joined(separator: ", "))
    }
    guard attribute.isQuery == inQuery else {
      throw refused(.uriSyntax, "\(attribute.rawValue) belongs \(inQuery ? "before" : "behind") the question mark")
    }
    return (attribute, part[(equals + 1)...])
  }

  /// Whether a name is `pin-value`, `pin-source` or another that begins so, in any case and however it is encoded.
  private static func isAboutPIN(_ name: ArraySlice<UInt8>) -> Bool {
    var rest = name
    var decoded: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(digit), let low = rest.dropFirst().first.flatMap(digit) {
        decoded.append(high << 4 | low)
        rest = rest.dropFirst(2)
      } else {
        decoded.append(byte)
      }
    }
    return decoded.map(lowercased).starts(with: "pin".utf8)
  }

  private static func decode(_ value: ArraySlice<UInt8>, _ attribute: PKCS11URIAttribute) throws(PKCS11Error) -> [UInt8] {
    var decoded: [UInt8] = []
    var rest = value
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%") {
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
          throw refused(.uriSyntax, "\(attribute.rawValue) has a percent sign without two hexadecimal digits")
        }
        decoded.append(high << 4 | low)
      } else {
        guard PKCS11URICharacters.isAllowed(byte, inQuery: attribute.isQuery) else {
          throw refused(
            .uriSyntax, "\(attribute.rawValue) has a character that must be written as a percent sign and two hexadecimal digits")
        }
        decoded.append(byte)
      }
    }
    return decoded
  }

  private static func set(_ attribute: PKCS11URIAttribute, to value: [UInt8], in uri: inout PKCS11URI) throws(PKCS11Error) {
    if attribute == .id {
      uri.objectID = value
      return
    }
    guard let text = String(validating: value, as: UTF8.self) else { throw refused(.uriSyntax, "\(attribute.rawValue) is not UTF-8") }
    if let member = attribute.textMember {
      uri[keyPath: member] = text
      return
    }
    switch attribute {
    case .type:
      guard let found = PKCS11URIAttribute.classNames.first(where: { $0.name == text }) else {
        throw refused(
          .uriSyntax, "type is none of " + PKCS11URIAttribute.classNames.map(\.name).joined(separator: ", "))
      }
      uri.objectClass = found.objectClass
    case .slotID:
      guard !value.isEmpty, value.allSatisfy(isDecimal), let number = UInt(text) else {
        throw refused(.uriSyntax, "slot-id is not a number")
      }
      uri.slotIdentifier = number
    case .libraryVersion:
      guard let version = version(value) else {
        throw refused(.uriSyntax, "library-version is not a number, or two with a full stop between them")
      }
      uri.libraryVersion = version
    default: break
    }
  }

  /// `3` is 3.0.
  private static func version(_ value: [UInt8]) -> Version? {
    let numbers = value.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard (1...2).contains(numbers.count), numbers.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isDecimal) }),
      let major = UInt8(String(decoding: numbers[0], as: UTF8.self)),
      let minor = numbers.count == 2 ? UInt8(String(decoding: numbers[1], as: UTF8.self)) : 0
    else { return nil }
    return Version(major: major, minor: minor)
  }

  private static func isDecimal(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    UnicodeScalar(byte).properties.isASCIIHexDigit ? UInt8(String(UnicodeScalar(byte)), radix: 16) : nil
  }

  static func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }

  private static var tooLong: PKCS11Error { refused(.uriSyntax, "it is longer than \(maximumByteCount) bytes") }

  private static func refused(_ rule: PKCS11Rule, _ message: String, hint: String? = nil) -> PKCS11Error {
    PKCS11Error(rule: rule, operation: operation, message: message, hint: hint)
  }
}
