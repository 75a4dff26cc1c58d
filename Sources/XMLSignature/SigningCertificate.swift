internal import Crypto
internal import CryptoExtras
internal import SwiftASN1
internal import X509

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A certificate whose key the profile allows, with its octets and its key at hand.
struct SigningCertificate: Sendable {
  let certificate: Certificate
  let octets: [UInt8]
  let key: _RSA.Signing.PublicKey

  /// - Throws: `XML-KEY-INFO`, `XML-SIGNING-KEY`.
  init(octets: [UInt8]) throws(XMLSignatureError) {
    let certificate: Certificate
    do { certificate = try Certificate(derEncoded: octets) } catch {
      throw XMLSignatureError(.keyInfo, .verify, "the X509Certificate is not one certificate in DER", underlying: error)
    }
    try self.init(certificate, octets: octets, .verify)
  }

  /// - Throws: `XML-SIGNING-KEY`, `XML-SIGNING-CERTIFICATE`.
  init(_ certificate: Certificate) throws(XMLSignatureError) {
    var serializer = DER.Serializer()
    do { try certificate.serialize(into: &serializer) } catch {
      throw XMLSignatureError(.signingCertificate, .sign, "the signing certificate cannot be written in DER", underlying: error)
    }
    try self.init(certificate, octets: serializer.serializedBytes, .sign)
  }

  private init(_ certificate: Certificate, octets: [UInt8], _ operation: XMLSignatureError.Operation) throws(XMLSignatureError) {
    guard let key = _RSA.Signing.PublicKey(certificate.publicKey) else {
      throw XMLSignatureError(
        .signingKey, operation, "the signing key is \(certificate.publicKey), not RSA", hint: "the service's profile has RSA keys only")
    }
    guard SignatureProfile.keyBits.contains(key.keySizeInBits) else {
      throw XMLSignatureError(.signingKey, operation, "the signing key has \(key.keySizeInBits) bits, not 2048 to 8192")
    }
    self.certificate = certificate
    self.octets = octets
    self.key = key
  }

  /// Checks a signature over a canonical `SignedInfo` (RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017 section 8.2.2).
  /// - Throws: `XML-SIGNATURE-VALUE`.
  func check(_ value: [UInt8], over signedInfo: [UInt8]) throws(XMLSignatureError) {
    let signature = _RSA.Signing.RSASignature(rawRepresentation: value)
    guard key.isValidSignature(signature, for: SHA256.hash(data: signedInfo), padding: .insecurePKCS1v1_5) else {
      throw XMLSignatureError(.signatureValue, .verify, "the signature is not the certificate's key's over this SignedInfo")
    }
  }

  /// Whether these are the key's numbers, big-endian (`ds:CryptoBinary`, XML Signature 1.1 sections 4.1 and 4.5.2.2).
  func hasKey(modulus: [UInt8], exponent: [UInt8]) -> Bool {
    guard let numbers = try? key.getKeyPrimitives() else { return false }
    func significant(_ octets: some Sequence<UInt8>) -> [UInt8] { Array(octets.drop { $0 == 0 }) }
    return significant(modulus) == significant(numbers.modulus) && significant(exponent) == significant(numbers.publicExponent)
  }
}
