import SwiftASN1
package import X509

/// Reads a distinguished name as people write it: `CN=0123456-7,O=Ab Demo Oy,C=FI` (RFC 4514, first attribute first).
///
/// A backslash takes the next character literally, or stands before two hexadecimal digits. Multi-valued parts (`+`) are refused.
package enum SubjectText {
  /// Why a text is no subject.
  package struct Refusal: Error, Sendable {
    /// What is wrong, in a few words without a full stop.
    package let message: String
    /// What to do.
    package let hint: String
  }

  private static let maximumLength = 1_024

  private static let types: [String: ASN1ObjectIdentifier] = [
    "CN": .RDNAttributeType.commonName,
    "O": .RDNAttributeType.organizationName,
    "OU": .RDNAttributeType.organizationalUnitName,
    "C": .RDNAttributeType.countryName,
    "L": .RDNAttributeType.localityName,
    "ST": .RDNAttributeType.stateOrProvinceName,
    "SERIALNUMBER": [2, 5, 4, 5],
  ]

  package static func parse(_ text: String) throws(Refusal) -> DistinguishedName {
    guard (1...maximumLength).contains(text.utf8.count) else { throw refuse("it has 1 to \(maximumLength) bytes") }
    let parts = try split(text)
    var names: [RelativeDistinguishedName] = []
    for part in parts {
      guard let type = types[part.type.uppercased()] else {
        throw refuse("\(part.type) is not known here", hint: "known: \(types.keys.sorted().joined(separator: ", "))")
      }
      guard !part.value.isEmpty else { throw refuse("\(part.type) has no value") }
      names.append(RelativeDistinguishedName(try attribute(type, part.value)))
    }
    return DistinguishedName(names)
  }

  /// The subject that the service's guide asks for: CN = customer id, O = name, C = FI.
  package static func forCustomer(id: String, name: String?) throws(Refusal) -> DistinguishedName {
    var parts = [try attribute(.RDNAttributeType.commonName, id)]
    if let name { parts.append(try attribute(.RDNAttributeType.organizationName, name)) }
    parts.append(try attribute(.RDNAttributeType.countryName, "FI"))
    return DistinguishedName(parts.map { RelativeDistinguishedName($0) })
  }

  private static func attribute(_ type: ASN1ObjectIdentifier, _ value: String) throws(Refusal) -> RelativeDistinguishedName.Attribute {
    // RFC 5280 appendix A: country codes and serial numbers are PrintableString, the rest may be UTF8String.
    if type == .RDNAttributeType.countryName || type == [2, 5, 4, 5] {
      if type == .RDNAttributeType.countryName, value.utf8.count != 2 { throw refuse("C is a country code of two letters") }
      do {
        return try .init(type: type, printableString: value)
      } catch {
        throw refuse("\(value) holds characters that this attribute cannot have")
      }
    }
    return .init(type: type, utf8String: value)
  }

  private static func split(_ text: String) throws(Refusal) -> [(type: String, value: String)] {
    var parts: [(type: String, value: String)] = []
    var type: String? = nil
    var bytes: [UInt8] = []
    var significantCount = 0  // bytes up to the last that is escaped or not a space: unescaped trailing spaces do not count
    var rest = Array(text.utf8)[...]

    func finishPart() throws(Refusal) {
      guard let name = type else { throw refuse("a part has no =") }
      guard let value = String(validating: bytes.prefix(significantCount), as: UTF8.self) else { throw refuse("a value is not UTF-8") }
      parts.append((name.trimmingSpaces, value))
      type = nil
      bytes = []
      significantCount = 0
    }

    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "="):
        if type == nil {
          type = String(decoding: bytes, as: UTF8.self)
          bytes = []
          significantCount = 0
        } else {
          bytes.append(byte)
          significantCount = bytes.count
        }
      case UInt8(ascii: ","): try finishPart()
      case UInt8(ascii: "+"): throw refuse("+ joins several attributes in one part, which is not supported; write \\+ for the character")
      case UInt8(ascii: "\\"):
        guard let next = rest.popFirst() else { throw refuse("it ends in a backslash") }
        if let high = next.hexadecimalDigit, let low = rest.first?.hexadecimalDigit {
          rest.removeFirst()
          bytes.append(high << 4 | low)
        } else {
          bytes.append(next)
        }
        significantCount = bytes.count
      case UInt8(ascii: " "):
        if !(type != nil && bytes.isEmpty) { bytes.append(byte) }
      default:
        bytes.append(byte)
        significantCount = bytes.count
      }
    }
    try finishPart()
    return parts
  }

  private static func refuse(_ message: String, hint: String? = nil) -> Refusal {
    Refusal(message: message, hint: hint ?? "write it like 'CN=0123456-7,O=Ab Demo Oy,C=FI'")
  }
}

extension UInt8 {
  fileprivate var hexadecimalDigit: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
