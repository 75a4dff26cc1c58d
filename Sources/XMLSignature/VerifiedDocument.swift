public import X509

/// What a signature was found to cover. Only ``EnvelopedSignatureVerifier`` makes one.
public struct VerifiedDocument: Sendable {
  /// The signed element, parsed anew from ``signedOctets``: nothing that was not signed can be read here. The signature is not in it.
  public let root: XMLElement
  /// The canonical octets whose digest was signed.
  public let signedOctets: [UInt8]
  /// The certificate that came with the signature and whose key made it. Whether it may be trusted is *not* checked here.
  public let signingCertificate: Certificate
  /// Which of the profile's transforms the signature has.
  public let transforms: ReferenceTransforms

  init(root: XMLElement, signedOctets: [UInt8], signingCertificate: Certificate, transforms: ReferenceTransforms) {
    self.root = root
    self.signedOctets = signedOctets
    self.signingCertificate = signingCertificate
    self.transforms = transforms
  }
}
