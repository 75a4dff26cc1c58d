import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import Testing
import X509

@testable import XMLSignature

/// Keys, certificates and documents that the tests of this room share.
enum SigningFixture {
  static let privateKey = try! _RSA.Signing.PrivateKey(keySize: .bits2048)
  static let key = Certificate.PrivateKey(privateKey)
  static let certificate = try! makeCertificate(for: key, named: "Signer & <Tester>")

  static func makeCertificate(for key: Certificate.PrivateKey, named name: String) throws -> Certificate {
    let subject = try DistinguishedName {
      CommonName(name)
      CountryName("FI")
    }
    return try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey, notValidBefore: Date(timeIntervalSinceNow: -3600),
      notValidAfter: Date(timeIntervalSinceNow: 86400), issuer: subject, subject: subject,
      signatureAlgorithm: key.publicKey.description.hasPrefix("RSA") ? .sha256WithRSAEncryption : .ecdsaWithSHA256,
      extensions: Certificate.Extensions { Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil)) },
      issuerPrivateKey: key)
  }

  static let unsigned = """
    <?xml version="1.0" encoding="UTF-8"?>
    <p:Request xmlns:p="http://example.test/service" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
      <Id a="1" b='2'>0123456-7</Id><!-- a remark --><Name>Åsa &amp; &lt;Öljy&gt;</Name>
      <p:Data><![CDATA[<raw>]]></p:Data><Empty/>
    </p:Request>
    """

  static func signer(_ transforms: ReferenceTransforms = .envelopedThenExclusiveC14N, _ style: SignatureStyle = .plain) throws
    -> EnvelopedSigner
  {
    try EnvelopedSigner(key: key, certificate: certificate, transforms: transforms, style: style)
  }

  static func signed(
    _ document: String = unsigned, _ transforms: ReferenceTransforms = .envelopedThenExclusiveC14N, _ style: SignatureStyle = .plain
  ) async throws -> String {
    String(decoding: try await signer(transforms, style).sign(Array(document.utf8)), as: UTF8.self)
  }
}

extension String {
  var octets: [UInt8] { Array(utf8) }

  /// With the one occurrence of `old` replaced; a test that does not find it is not testing what it says.
  func replacing(one old: String, with new: String, sourceLocation: SourceLocation = #_sourceLocation) -> String {
    #expect(components(separatedBy: old).count == 2, "\(old) occurs not exactly once", sourceLocation: sourceLocation)
    return replacingOccurrences(of: old, with: new)
  }
}

/// Expects that a rule is broken.
func expectRefusal(_ rule: XMLRule, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> some Any) async {
  do {
    _ = try await body()
    Issue.record("nothing was refused, \(rule) was expected", sourceLocation: sourceLocation)
  } catch let error as XMLSignatureError {
    #expect(error.rule == rule, "\(error)", sourceLocation: sourceLocation)
  } catch {
    Issue.record("another error: \(error)", sourceLocation: sourceLocation)
  }
}
