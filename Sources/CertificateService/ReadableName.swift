public import X509
import SwiftASN1

extension DistinguishedName {
  /// The name as people write it: `CN=0123456-7, serialNumber=5A1C, O=Ab Demo Oy, C=FI`, first attribute first, attribute types by their
  /// short names (RFC 4519, ITU-T X.520). Characters that would make it ambiguous are escaped as in RFC 4514.
  ///
  /// It is for people: a value may hold any character, so what shows it must still keep control characters away from a terminal.
  public var readable: String {
    map { part in part.map { "\(ReadableName.type($0.type))=\($0.value)" }.joined(separator: " + ") }.joined(separator: ", ")
  }
}

private enum ReadableName {
  static func type(_ identifier: ASN1ObjectIdentifier) -> String { names[identifier] ?? "\(identifier)" }

  private static let names: [ASN1ObjectIdentifier: String] = [
    [2, 5, 4, 3]: "CN",
    [2, 5, 4, 4]: "SN",
    [2, 5, 4, 5]: "serialNumber",
    [2, 5, 4, 6]: "C",
    [2, 5, 4, 7]: "L",
    [2, 5, 4, 8]: "ST",
    [2, 5, 4, 9]: "street",
    [2, 5, 4, 10]: "O",
    [2, 5, 4, 11]: "OU",
    [2, 5, 4, 12]: "title",
    [2, 5, 4, 42]: "GN",
    [2, 5, 4, 97]: "organizationIdentifier",
    [0, 9, 2342, 19_200_300, 100, 1, 1]: "UID",
    [0, 9, 2342, 19_200_300, 100, 1, 25]: "DC",
    [1, 2, 840, 113_549, 1, 9, 1]: "emailAddress",
  ]
}
