import TokenKeys
import X509

/// The subject of a certificate request, as the command line and the configuration give it.
enum SubjectName {
  static func parse(_ text: String) throws -> DistinguishedName {
    try reading { () throws(SubjectText.Refusal) in try SubjectText.parse(text) }
  }

  /// The subject that the service's guide asks for: CN = customer id, O = name, C = FI.
  static func forCustomer(id: String, name: String?) throws -> DistinguishedName {
    try reading { () throws(SubjectText.Refusal) in try SubjectText.forCustomer(id: id, name: name) }
  }

  private static func reading(_ read: () throws(SubjectText.Refusal) -> DistinguishedName) throws -> DistinguishedName {
    do {
      return try read()
    } catch {
      throw CommandError(.usage, code: "usage", operation: "read the subject", message: error.message, hints: [error.hint])
    }
  }
}
