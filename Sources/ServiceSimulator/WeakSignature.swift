import Crypto
import Foundation
import X509

/// A signature in the agency's house style with SHA-1 instead of SHA-256: what a client must refuse although it verifies.
///
/// The payload is written in canonical form, so its digest is the digest of its bytes, and SignedInfo is written here as its
/// exclusive canonical form.
enum WeakSignature {
  static func sign(_ document: String, key: Certificate.PrivateKey, certificate: Certificate) throws -> String {
    let digest = Data(Insecure.SHA1.hash(data: Data(document.utf8))).base64EncodedString()
    let contents =
      "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod>"
      + "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#rsa-sha1\"></ds:SignatureMethod>"
      + "<ds:Reference URI=\"\"><ds:Transforms>"
      + "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform></ds:Transforms>"
      + "<ds:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"></ds:DigestMethod>"
      + "<ds:DigestValue>\(digest)</ds:DigestValue></ds:Reference>"
    // Exclusive canonicalization declares the one prefix in use on SignedInfo, wherever the document declares it.
    let canonical = "<ds:SignedInfo xmlns:ds=\"\(Namespaces.signature)\">\(contents)</ds:SignedInfo>"
    let value = try key.sign(bytes: Data(canonical.utf8), signatureAlgorithm: .sha1WithRSAEncryption)
    let signature =
      "<ds:Signature><ds:SignedInfo>\(contents)</ds:SignedInfo>"
      + "<ds:SignatureValue>\(wrapped(value.rawRepresentation))</ds:SignatureValue>"
      + "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>\(wrapped(try certificate.der))</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
      + "</ds:Signature>"
    return ResponseSigner.appending(signature, to: document)
  }

  /// base64 in lines of 76 characters, each but the last ended by a carriage return (as a reference) and a line feed.
  private static func wrapped(_ octets: [UInt8]) -> String {
    let characters = Array(Data(octets).base64EncodedString())
    return stride(from: 0, to: characters.count, by: 76)
      .map { String(characters[$0..<min($0 + 76, characters.count)]) }
      .joined(separator: "&#13;\n")
  }
}
