public import Secrets

/// The one-use credentials that the agency sends to the customer's technical contact: they authorise one SignNew request, within
/// 14 days.
///
/// The password is a secret: it is held in wiped memory and is in no description, error or log.
public final class TransferCredentials: Sendable, CustomStringConvertible, CustomReflectable {
  /// `TransferId`: 1 to 32 characters. Not a secret by itself.
  public let id: String

  /// `TransferPassword`: UTF-8, 1 to 16 characters.
  public let password: SecretBytes

  /// - Throws: `REQUEST-TEXT`. An error about the password says nothing of what it holds.
  public init(id: String, password: consuming SecretBytes) throws(CertificateServiceError) {
    try Self.check(id: id)
    try password.withBytes { bytes throws(CertificateServiceError) in
      try SchemaText.checkSecret(bytes, element: "TransferPassword", maximumLength: 16)
    }
    self.id = id
    self.password = password
  }

  /// Checks a transfer id by itself, before anybody is asked for the password.
  ///
  /// - Throws: `REQUEST-TEXT`.
  public static func check(id: String) throws(CertificateServiceError) {
    try SchemaText.check(id, element: "TransferId", maximumLength: 32)
  }

  /// The transfer id; not the password.
  public var description: String { "transfer credentials \(SafeText.oneLine(id, limit: 32))" }

  /// Reflection (`dump`) sees the id and nothing else.
  public var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
