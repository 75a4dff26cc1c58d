public import X509

extension CertificateSigningRequest {
  /// A PKCS#10 request (RFC 2986) for a key on a token, signed there.
  ///
  /// - Parameters:
  ///   - key: the key that asks for a certificate; signs with its default algorithm.
  ///   - subject: the name in the request. The certificate service ignores it and uses its own records.
  public init(for key: TokenKey, subject: DistinguishedName) async throws {
    try await self.init(
      version: .v1, subject: subject, asyncPrivateKey: key.privateKey, attributes: .init(),
      signatureAlgorithm: key.defaultSignatureAlgorithm)
  }
}
