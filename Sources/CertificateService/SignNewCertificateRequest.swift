import Secrets

/// `SignNewCertificateRequest`: order a first certificate with transfer credentials. Not signed; may be sent **once**.
///
/// It holds the transfer password (in ``TransferCredentials``, as a secret). The document with the password in it exists only
/// while ``withDocument(_:)`` or ``withEnvelope(_:)`` runs, and is wiped afterwards. A closure that keeps the array keeps the password.
public struct SignNewCertificateRequest: Sendable, CustomStringConvertible {
  /// The environment that the request is for; it is sent to no other.
  public let environment: ServiceEnvironment

  /// Whose certificate it is.
  public let customer: Customer

  /// The one-use credentials, the password among them.
  public let credentials: TransferCredentials

  /// A PKCS#10 certificate request as DER, 1 to 10240 octets.
  public let certificateRequestDER: [UInt8]

  /// - Throws: `REQUEST-CSR-SIZE`.
  public init(
    environment: ServiceEnvironment, customer: Customer, credentials: TransferCredentials, certificateRequestDER: [UInt8]
  ) throws(CertificateServiceError) {
    try RequestContent.checkCertificateRequest(certificateRequestDER)
    self.environment = environment
    self.customer = customer
    self.credentials = credentials
    self.certificateRequestDER = certificateRequestDER
  }

  /// Lends the request element as UTF-8, canonical, without an XML declaration. **The transfer password is in it, in clear.**
  public func withDocument<Result, Failure: Error>(_ body: ([UInt8]) throws(Failure) -> Result) throws(Failure) -> Result {
    var document = makeDocument(enveloped: false)
    defer { SignNewCertificateRequest.wipe(&document) }
    return try body(document)
  }

  /// Lends the whole SOAP message. **The transfer password is in it, in clear.**
  public func withEnvelope<Result, Failure: Error>(_ body: ([UInt8]) throws(Failure) -> Result) throws(Failure) -> Result {
    var envelope = makeDocument(enveloped: true)
    defer { SignNewCertificateRequest.wipe(&envelope) }
    return try body(envelope)
  }

  /// Environment, customer and transfer id; not the password.
  public var description: String {
    "SignNewCertificateRequest to \(environment) for \(SafeText.oneLine(customer.id, limit: 30)) with \(credentials)"
  }

  /// Written into one array, so that no part of the password is left in another.
  func makeDocument(enveloped: Bool) -> [UInt8] {
    var writer = RequestWriter(capacity: 8192 + certificateRequestDER.count * 2)
    if enveloped { writer.markup(SOAPEnvelope.opening) }
    writer.root("SignNewCertificateRequest") { writer in
      RequestContent.customer(customer, environment: environment, into: &writer)
      writer.element("TransferId", credentials.id)
      writer.element("TransferPassword", secret: credentials.password)
      writer.element("CertificateRequest", base64: certificateRequestDER)
    }
    if enveloped { writer.markup(SOAPEnvelope.closing) }
    return writer.finish()
  }

  /// Overwrites the array where nobody else holds it; a transport that kept a copy of its own has kept the password.
  static func wipe(_ bytes: inout [UInt8]) {
    _ = SecretBytes(consuming: &bytes)
  }
}
