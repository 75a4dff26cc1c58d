import Foundation
import SwiftASN1
import X509

/// The end-entity certificates: the customers', by the profile of the agency's real ones, and the response signer's.
enum LeafProfile {
  /// A customer's Web Service certificate.
  ///
  /// Extensions in this order, and no others: basicConstraints (critical, not a CA), authorityKeyIdentifier, authorityInfoAccess,
  /// extKeyUsage (clientAuth only), cRLDistributionPoints, subjectKeyIdentifier, keyUsage (critical, digitalSignature and
  /// keyEncipherment).
  static func customer(
    publicKey: Certificate.PublicKey, customerID: String, organization: String, from: Date, days: Int,
    issuer: CertificateAuthority
  ) throws -> Certificate {
    let start = CertificateTimes.wholeSecond(from)
    return try Certificate(
      version: .v3, serialNumber: issuer.random.serialNumber(), publicKey: publicKey, notValidBefore: start,
      notValidAfter: start.adding(days: days),
      issuer: issuer.certificate.subject,
      subject: try .customer(id: customerID, serialNumber: issuer.random.hexadecimal(characters: 32), organization: organization),
      signatureAlgorithm: .sha256WithRSAEncryption,
      extensions: try Certificate.Extensions(
        [
          .init(BasicConstraints.notCertificateAuthority, critical: true),
          issuer.authorityKeyIdentifier(),
          issuer.authorityInformationAccess(),
          .init(ExtendedKeyUsage([.clientAuth]), critical: false),
          issuer.distributionPoints(),
          .init(SubjectKeyIdentifier(hash: publicKey), critical: false),
          .init(KeyUsage(digitalSignature: true, keyEncipherment: true), critical: true),
        ]),
      issuerPrivateKey: issuer.key)
  }

  /// The certificate that signs responses. The agency's own has not been seen; it gets no extended key usage, so that no verifier
  /// comes to rely on one.
  static func responseSigner(
    publicKey: Certificate.PublicKey, from: Date, to: Date, issuer: CertificateAuthority
  ) throws -> Certificate {
    try Certificate(
      version: .v3, serialNumber: issuer.random.serialNumber(), publicKey: publicKey, notValidBefore: from, notValidAfter: to,
      issuer: issuer.certificate.subject, subject: try .simulated("Certificate Services"),
      signatureAlgorithm: .sha256WithRSAEncryption,
      extensions: try Certificate.Extensions(
        [
          .init(BasicConstraints.notCertificateAuthority, critical: true),
          issuer.authorityKeyIdentifier(),
          issuer.authorityInformationAccess(),
          issuer.distributionPoints(),
          .init(SubjectKeyIdentifier(hash: publicKey), critical: false),
          .init(KeyUsage(digitalSignature: true), critical: true),
        ]),
      issuerPrivateKey: issuer.key)
  }
}
