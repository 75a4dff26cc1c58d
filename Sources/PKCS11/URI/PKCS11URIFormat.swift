/// Writes URIs.
enum PKCS11URIFormat {
  static func format(_ uri: PKCS11URI) -> String {
    var path: [String] = []
    var query: [String] = []
    for attribute in PKCS11URIAttribute.allCases {
      guard let value = value(of: attribute, in: uri) else { continue }
      if attribute.isQuery { query.append("\(attribute.rawValue)=\(value)") } else { path.append("\(attribute.rawValue)=\(value)") }
    }
    return "pkcs11:" + path.joined(separator: ";") + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
  }

  private static func value(of attribute: PKCS11URIAttribute, in uri: PKCS11URI) -> String? {
    if let member = attribute.textMember {
      return uri[keyPath: member].map { encode([UInt8]($0.utf8), attribute) }
    }
    switch attribute {
    case .libraryVersion: return uri.libraryVersion?.description
    case .slotID: return uri.slotIdentifier.map { String($0) }
    case .id: return uri.objectID.map { $0.map(percent).joined() }
    case .type: return uri.objectClass.flatMap { wanted in PKCS11URIAttribute.classNames.first { $0.objectClass == wanted }?.name }
    default: return nil
    }
  }

  /// Writes everything but unreserved characters as percent and two digits; a path to a file keeps its slashes.
  private static func encode(_ bytes: [UInt8], _ attribute: PKCS11URIAttribute) -> String {
    bytes.map { byte in
      let isPlain = PKCS11URICharacters.isUnreserved(byte) || (attribute == .modulePath && byte == UInt8(ascii: "/"))
      return isPlain ? String(UnicodeScalar(byte)) : percent(byte)
    }.joined()
  }

  private static func percent(_ byte: UInt8) -> String {
    (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
  }
}

/// The characters of RFC 7512, section 2.3.
enum PKCS11URICharacters {
  static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
    default: false
    }
  }

  /// What a value may hold as it is, besides unreserved characters.
  static func isAllowed(_ byte: UInt8, inQuery: Bool) -> Bool {
    isUnreserved(byte) || reserved.contains(byte) || (inQuery ? inQueryOnly : inPathOnly).contains(byte)
  }

  private static let reserved = Set(":[]@!$'()*+,=".utf8)
  private static let inPathOnly = Set("&".utf8)
  private static let inQueryOnly = Set("/?|".utf8)
}
