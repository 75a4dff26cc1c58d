import Foundation
import SwiftASN1
import X509

/// One CA of the simulated hierarchy: its certificate, its key, and what it can issue.
struct CertificateAuthority: Sendable {
  let certificate: Certificate
  let key: Certificate.PrivateKey
  /// The name that its CRL and its certificate are published under: the agency's name without spaces.
  let publishedName: String
  /// Where certificates and CRLs are published: `http://127.0.0.1:PORT`.
  let publicationBase: String
  /// Where its serial numbers come from.
  let random: SimulatorRandom

  var certificateURI: String { "\(publicationBase)/ca/\(publishedName).cer" }
  var revocationListURI: String { "\(publicationBase)/crl/\(publishedName).crl" }

  /// A self-signed CA.
  static func root(
    name: String, countryFirst: Bool, key: Certificate.PrivateKey, from: Date, to: Date, publicationBase: String,
    random: SimulatorRandom
  ) throws -> CertificateAuthority {
    let subject = try DistinguishedName.simulated(name, countryFirst: countryFirst)
    let identifier = SubjectKeyIdentifier(hash: key.publicKey)
    let certificate = try Certificate(
      version: .v3, serialNumber: random.serialNumber(), publicKey: key.publicKey, notValidBefore: from, notValidAfter: to, issuer: subject,
      subject: subject, signatureAlgorithm: .sha256WithRSAEncryption,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
        identifier
        Critical(KeyUsage(digitalSignature: true, keyCertSign: true, cRLSign: true))
      },
      issuerPrivateKey: key)
    return CertificateAuthority(
      certificate: certificate, key: key, publishedName: published(name), publicationBase: publicationBase, random: random)
  }

  /// A CA under this one.
  func subordinate(
    name: String, countryFirst: Bool, key subordinateKey: Certificate.PrivateKey, from: Date, to: Date, pathLength: Int?
  ) throws -> CertificateAuthority {
    let certificate = try Certificate(
      version: .v3, serialNumber: random.serialNumber(), publicKey: subordinateKey.publicKey, notValidBefore: from, notValidAfter: to,
      issuer: self.certificate.subject, subject: try .simulated(name, countryFirst: countryFirst),
      signatureAlgorithm: .sha256WithRSAEncryption,
      extensions: Certificate.Extensions(
        [
          try .init(BasicConstraints.isCertificateAuthority(maxPathLength: pathLength), critical: true),
          try authorityKeyIdentifier(),
          try authorityInformationAccess(),
          try distributionPoints(),
          try .init(SubjectKeyIdentifier(hash: subordinateKey.publicKey), critical: false),
          try .init(KeyUsage(digitalSignature: true, keyCertSign: true, cRLSign: true), critical: true),
        ]),
      issuerPrivateKey: key)
    return CertificateAuthority(
      certificate: certificate, key: subordinateKey, publishedName: Self.published(name), publicationBase: publicationBase,
      random: random)
  }

  func authorityKeyIdentifier() throws -> Certificate.Extension {
    try .init(
      AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: key.publicKey).keyIdentifier), critical: false)
  }

  func authorityInformationAccess() throws -> Certificate.Extension {
    try .init(
      AuthorityInformationAccess([.init(method: .issuingCA, location: .uniformResourceIdentifier(certificateURI))]), critical: false)
  }

  func distributionPoints() throws -> Certificate.Extension {
    try CRLDistributionPoints(uri: revocationListURI, issuer: certificate.subject).certificateExtension()
  }

  private static func published(_ name: String) -> String { name.filter { $0 != " " } }
}

extension Certificate {
  /// The certificate's DER.
  var der: [UInt8] {
    get throws {
      var serializer = DER.Serializer()
      try serializer.serialize(self)
      return serializer.serializedBytes
    }
  }
}
