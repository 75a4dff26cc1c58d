/// The `RetrievalId` with which a certificate is fetched: 1 to 32 characters.
///
/// It is not a secret, but it is the only way to a certificate that has been ordered: keep it until the certificate is in hand.
/// It may be used repeatedly.
public struct RetrievalID: Hashable, Sendable, CustomStringConvertible {
  /// The id as the service wrote it.
  public let text: String

  /// The id, fit for a terminal.
  public var description: String { SafeText.oneLine(text, limit: 32) }

  /// - Throws: `REQUEST-TEXT`.
  public init(_ text: String) throws(CertificateServiceError) {
    try SchemaText.check(text, element: "RetrievalId", maximumLength: 32)
    self.text = text
  }
}
