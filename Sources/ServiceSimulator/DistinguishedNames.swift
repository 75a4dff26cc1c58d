import SwiftASN1
import X509

extension DistinguishedName {
  /// The name of a simulated CA or service: the agency's own, marked.
  static func simulated(_ commonName: String, countryFirst: Bool = false) throws -> DistinguishedName {
    let name = RelativeDistinguishedName(.init(type: .RDNAttributeType.commonName, utf8String: "SIMULATOR \(commonName)"))
    let organization = RelativeDistinguishedName(
      .init(type: .RDNAttributeType.organizationName, utf8String: "SIMULATOR (not Verohallinto)"))
    let country = RelativeDistinguishedName(try .init(type: .RDNAttributeType.countryName, printableString: "FI"))
    return DistinguishedName(countryFirst ? [country, organization, name] : [name, organization, country])
  }

  /// The subject of a customer's certificate: CN (UTF8String), serialNumber (PrintableString), O (UTF8String, cut at 30
  /// characters), C (PrintableString), in this order.
  static func customer(id: String, serialNumber: String, organization: String) throws -> DistinguishedName {
    let cut = String(String.UnicodeScalarView(organization.unicodeScalars.prefix(30)))
    return DistinguishedName([
      RelativeDistinguishedName(.init(type: .RDNAttributeType.commonName, utf8String: id)),
      RelativeDistinguishedName(try .init(type: serialNumberAttribute, printableString: serialNumber)),
      RelativeDistinguishedName(.init(type: .RDNAttributeType.organizationName, utf8String: cut)),
      RelativeDistinguishedName(try .init(type: .RDNAttributeType.countryName, printableString: "FI")),
    ])
  }

  /// The text of the first attribute of this type, where there is one that is text.
  func text(of type: ASN1ObjectIdentifier) -> String? {
    for relative in self {
      for attribute in relative where attribute.type == type { return String(attribute.value) }
    }
    return nil
  }

  var commonName: String? { text(of: .RDNAttributeType.commonName) }
  var organization: String? { text(of: .RDNAttributeType.organizationName) }

  /// X.520 `serialNumber`.
  private static let serialNumberAttribute: ASN1ObjectIdentifier = [2, 5, 4, 5]
}
