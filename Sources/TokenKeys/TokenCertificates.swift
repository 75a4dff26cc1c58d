import Foundation
import PKCS11
import SwiftASN1
public import X509

extension TokenKeys {
  /// Stores a certificate as an object beside its key, with the key's `CKA_ID` and name (`C_CreateObject`).
  ///
  /// Storing the same certificate again changes nothing.
  ///
  /// - Throws: ``TokenKeysError`` with ``KeyRule/certificateMatchesKey`` when the certificate is for another key.
  public func store(_ certificate: Certificate, for key: TokenKey) async throws {
    let operation = "store the certificate of key \(key.name) on token \(token.label)"
    guard certificate.publicKey == key.publicKey else {
      throw TokenKeysError(
        .ruleRefused, rule: .certificateMatchesKey, operation: operation, message: "the certificate is for another key")
    }
    let parts = key.parts
    let template = try CertificateObject(certificate, name: parts.name, identifier: parts.identifier)
    try await perform(isRepeatable: false) { connection in
      let known = try connection.reading { try $0.findObjects(matching: template.identity, limit: 1) }
      guard known.isEmpty else { return }
      try connection.writing { session in
        let made = try session.createObject(template.attributes)
        // SoftHSM, for one, says that it made it when its disk has refused the last write.
        let kept: [UInt8]?
        do throws(PKCS11Error) {
          kept = try session.attributes([.value], of: made).bytes(.value)
        } catch {
          guard error.returnValue == .objectHandleInvalid else { throw error }
          kept = nil
        }
        guard kept == template.value else {
          throw TokenKeysError(
            .keyUnusable, operation: operation, message: "the token says that it stored the certificate, and does not show it",
            hint: "look whether the token has room left and can be written to, then run this again")
        }
      }
    }
  }

  /// The certificates stored beside a key, the one that expires last first. Objects for other public keys are left out.
  public func certificates(of key: TokenKey) async throws -> [Certificate] {
    let identifier = key.identifier.bytes
    let encoded = try await perform(isRepeatable: true) { connection in
      try connection.reading { session in
        let handles = try session.findObjects(matching: [.init(.objectClass, ObjectClass.certificate), .init(.id, identifier)], limit: 100)
        return try handles.compactMap { try session.attributes([.value], of: $0).bytes(.value) }
      }
    }
    return encoded.compactMap { try? Certificate(derEncoded: $0) }
      .filter { $0.publicKey == key.publicKey }
      .sorted { $0.notValidAfter > $1.notValidAfter }
  }
}

extension Certificate {
  /// What finds this certificate on a token, beside the key with an identifier.
  func objectSearch(_ identifier: KeyIdentifier) throws -> [Attribute] {
    try CertificateObject(self, name: "", identifier: identifier).identity
  }
}

/// A certificate as a PKCS#11 object (`CKO_CERTIFICATE` of type `CKC_X_509`).
private struct CertificateObject: Sendable {
  /// The certificate, DER.
  let value: [UInt8]
  /// What tells this certificate from any other on the token.
  let identity: [Attribute]
  let attributes: [Attribute]

  init(_ certificate: Certificate, name: String, identifier: KeyIdentifier) throws {
    func encoded(_ value: some DERSerializable) throws -> [UInt8] {
      var serializer = DER.Serializer()
      try serializer.serialize(value)
      return serializer.serializedBytes
    }
    var serialNumber = DER.Serializer()
    try serialNumber.serialize(certificate.serialNumber.bytes)
    value = try encoded(certificate)
    identity = [.init(.objectClass, ObjectClass.certificate), .init(.id, identifier.bytes), .init(.value, value)]
    attributes =
      identity + [
        .init(.certificateType, CertificateType.x509),
        .init(.token, true),
        .init(.isPrivate, false),  // certificates are public; audits read them without a PIN
        .init(.label, name),
        .init(.subject, try encoded(certificate.subject)),
        .init(.issuer, try encoded(certificate.issuer)),
        .init(.serialNumber, serialNumber.serializedBytes),
      ]
  }
}
