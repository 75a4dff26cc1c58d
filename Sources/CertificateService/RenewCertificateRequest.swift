public import X509
public import XMLSignature

/// `RenewCertificateRequest` before it is signed: order the successor of a certificate that is still valid.
public struct RenewCertificateRequest: Hashable, Sendable {
  /// The environment that the request is for; it is sent to no other.
  public let environment: ServiceEnvironment

  /// Whose certificate it is.
  public let customer: Customer

  /// A PKCS#10 certificate request for the **new** key as DER, 1 to 10240 octets.
  public let certificateRequestDER: [UInt8]

  /// - Throws: `REQUEST-CSR-SIZE`.
  public init(
    environment: ServiceEnvironment, customer: Customer, certificateRequestDER: [UInt8]
  ) throws(CertificateServiceError) {
    try RequestContent.checkCertificateRequest(certificateRequestDER)
    self.environment = environment
    self.customer = customer
    self.certificateRequestDER = certificateRequestDER
  }

  /// The request element as UTF-8, canonical, without an XML declaration and still without the signature that the schema demands.
  public var document: [UInt8] {
    var writer = RequestWriter(capacity: 4096 + certificateRequestDER.count * 2)
    writer.root("RenewCertificateRequest") { writer in
      RequestContent.customer(customer, environment: environment, into: &writer)
      writer.element("CertificateRequest", base64: certificateRequestDER)
    }
    return writer.finish()
  }

  /// Signs the request as a document of its own, before it goes into an envelope.
  ///
  /// - Parameters:
  ///   - key: the private key of the certificate that is being renewed. RSA: the service's profile is RSA-SHA256.
  ///   - certificate: the certificate that is being renewed; it is the one certificate in `KeyInfo`.
  ///   - transforms: the reference's transforms. The default is what is known to have worked with the agency's test bench;
  ///     `.envelopedOnly` is how its own sample messages are signed.
  /// - Throws: `REQUEST-SIGNER-KEY` where key and certificate do not belong together; whatever the key or the signer throws.
  public func signed(
    by key: Certificate.PrivateKey, certificate: Certificate, transforms: ReferenceTransforms = .envelopedThenExclusiveC14N
  ) async throws -> SignedRenewCertificateRequest {
    guard key.publicKey == certificate.publicKey else {
      throw CertificateServiceError(
        code: .invalidRequest, rule: .requestSignerKey, operation: "sign the renewal request",
        message: "the key is not the one in the certificate \(CertificateName.of(certificate))",
        hint: "a renewal is signed with the key of the certificate that is being renewed, not with the new key")
    }
    let signer = try EnvelopedSigner(key: key, certificate: certificate, transforms: transforms)
    let document = try await signer.sign(document)
    return SignedRenewCertificateRequest(request: self, certificate: certificate, document: document)
  }
}

/// A renewal request with its signature. Only ``RenewCertificateRequest/signed(by:certificate:transforms:)`` makes one.
public struct SignedRenewCertificateRequest: Hashable, Sendable {
  /// What was signed.
  public let request: RenewCertificateRequest

  /// The certificate that is being renewed.
  public let certificate: Certificate

  /// The signed request element as UTF-8, without an XML declaration. A parser must not write it anew before it is sent.
  public let document: [UInt8]

  init(request: RenewCertificateRequest, certificate: Certificate, document: [UInt8]) {
    self.request = request
    self.certificate = certificate
    self.document = document
  }
}
