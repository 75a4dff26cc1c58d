public import TokenKeys
public import X509

/// Where a ceremony's certificates come from: the certificate service and the state file, behind the two things that a step asks of them.
///
/// Both go on with what an earlier run began, and end well at once when it is done already: a certificate that is newer than
/// `before` (the one that the step had found in use when it began) is not asked for once more.
public protocol CertificateDesk: Sendable {
  /// The certificate in use under a name of the configuration; nil where there is none.
  func inUse(_ certificate: String, keys: TokenKeys) async throws -> IssuedCertificate?

  /// Gets the first certificate.
  ///
  /// - Parameters:
  ///   - keys: the token, logged in.
  ///   - order: transfer id and password, as the site gives them.
  func enrol(_ enrolment: StepAction.Enrolment, keys: TokenKeys, order: SiteBinding.Order) async throws -> IssuedCertificate

  /// Renews the certificate in use.
  func renew(_ certificate: String, keys: TokenKeys, before: IssuedCertificate) async throws -> IssuedCertificate
}

/// A certificate and the key on the token that it is for.
public struct IssuedCertificate: Sendable, Hashable {
  /// The certificate, checked by whoever got it.
  public let certificate: Certificate
  /// `CKA_ID` of the key.
  public let keyIdentifier: KeyIdentifier
  /// The key's name on the token.
  public let keyName: String

  /// A certificate whose key was found on the token.
  public init(certificate: Certificate, keyIdentifier: KeyIdentifier, keyName: String) {
    self.certificate = certificate
    self.keyIdentifier = keyIdentifier
    self.keyName = keyName
  }
}
