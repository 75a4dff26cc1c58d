import CertificateService
import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import X509

/// A certificate authority made for these tests, shaped like the agency's: root, intermediate, and issuing authorities below it.
struct TestAuthority: Sendable {
  let key: P256.Signing.PrivateKey
  let certificate: Certificate

  var privateKey: Certificate.PrivateKey { Certificate.PrivateKey(key) }

  /// - Parameter issuer: nil for a self-signed root.
  init(
    _ name: String, issuer: TestAuthority? = nil, maximumPathLength: Int? = nil, isAuthority: Bool = true, mayIssue: Bool = true,
    key: P256.Signing.PrivateKey = P256.Signing.PrivateKey()
  ) throws {
    let subject = try DistinguishedName {
      CommonName(name); OrganizationName("Test"); CountryName("FI")
    }
    self.key = key
    certificate = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
      notValidBefore: TestAuthorities.now.addingTimeInterval(-1000 * 86400),
      notValidAfter: TestAuthorities.now.addingTimeInterval(4000 * 86400),
      issuer: issuer?.certificate.subject ?? subject, subject: subject,
      extensions: try Certificate.Extensions {
        Critical(isAuthority ? BasicConstraints.isCertificateAuthority(maxPathLength: maximumPathLength) : .notCertificateAuthority)
        Critical(KeyUsage(keyCertSign: mayIssue, cRLSign: true))
      },
      issuerPrivateKey: issuer?.privateKey ?? Certificate.PrivateKey(key))
  }

  /// What a certificate is to be like; the defaults are the agency's profile.
  struct Leaf {
    var commonName = TestAuthorities.customerID
    var moreCommonNames: [String] = []
    var publicKey = Certificate.PublicKey(TestAuthorities.rsaKey.publicKey)
    var from: TimeInterval = -86400
    var to: TimeInterval = 729 * 86400
    var isAuthority = false
    var usage = KeyUsage(digitalSignature: true, keyEncipherment: true)
    var criticalPurpose = false
  }

  func issue(_ leaf: Leaf = Leaf()) throws -> Certificate {
    var attributes = ([leaf.commonName] + leaf.moreCommonNames).map { name in
      RelativeDistinguishedName([.init(type: .RDNAttributeType.commonName, utf8String: name)])
    }
    attributes.append(RelativeDistinguishedName([.init(type: .RDNAttributeType.organizationName, utf8String: "Another name, cut short")]))
    attributes.append(try RelativeDistinguishedName([.init(type: .RDNAttributeType.countryName, printableString: "FI")]))
    let purpose = try ExtendedKeyUsage([.clientAuth])
    return try Certificate(
      version: .v3, serialNumber: .init(), publicKey: leaf.publicKey,
      notValidBefore: TestAuthorities.now.addingTimeInterval(leaf.from), notValidAfter: TestAuthorities.now.addingTimeInterval(leaf.to),
      issuer: certificate.subject, subject: DistinguishedName(attributes),
      extensions: try Certificate.Extensions {
        Critical(leaf.isAuthority ? BasicConstraints.isCertificateAuthority(maxPathLength: nil) : .notCertificateAuthority)
        try Certificate.Extension(purpose, critical: leaf.criticalPurpose)
        Critical(leaf.usage)
      },
      issuerPrivateKey: privateKey)
  }
}

/// The authorities, keys and certificates that the tests of this room share. All times hang on ``now``.
enum TestAuthorities {
  static let now = Date(timeIntervalSince1970: 1_795_000_000)
  static let customerID = "0123456-7"

  /// The one RSA key: it signs answers, and renewals too.
  static let rsaKey = try! _RSA.Signing.PrivateKey(keySize: .bits2048)
  static let rsaPrivateKey = Certificate.PrivateKey(rsaKey)

  static let root = try! TestAuthority("Test Root CA")
  static let intermediate = try! TestAuthority("Test Intermediate CA", issuer: root, maximumPathLength: 1)
  static let services = try! TestAuthority("Test Services Issuing CA", issuer: intermediate)
  static let providers = try! TestAuthority("Test Providers Issuing CA", issuer: intermediate)

  /// The certificate that signs answers.
  static let signer = try! services.issue(.init(commonName: "certificate service"))
  /// A customer's certificate, under the same root.
  static let customer = try! providers.issue()

  /// Who may sign answers, and who may issue customers' certificates.
  static let responseSigners = try! TrustAnchors(
    certificates: [root.certificate, intermediate.certificate, services.certificate])
  static let issuers = try! TrustAnchors(certificates: [root.certificate, intermediate.certificate, providers.certificate])

  static func der(_ certificate: Certificate) throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    return serializer.serializedBytes
  }

  /// PEM with lines of a given length.
  static func pem(_ der: [UInt8], label: String = "CERTIFICATE", columns: Int = 64, newline: String = "\n") -> String {
    var rest = Data(der).base64EncodedString()[...]
    var lines: [String] = []
    while !rest.isEmpty {
      lines.append(String(rest.prefix(columns)))
      rest = rest.dropFirst(columns)
    }
    return (["-----BEGIN \(label)-----"] + lines + ["-----END \(label)-----", ""]).joined(separator: newline)
  }
}
