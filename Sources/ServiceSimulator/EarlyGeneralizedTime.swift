import Foundation
import SwiftASN1
import X509

/// A quirk of the agency's test CAs: dates before 2050 as GeneralizedTime, against RFC 5280 (4.1.2.5).
///
/// The certificate library writes what the RFC says, so the validity of a finished certificate is replaced and the certificate
/// signed again. Everything else keeps its bytes.
enum EarlyGeneralizedTime {
  static func resigned(
    _ certificate: Certificate, notBefore: Bool, notAfter: Bool, issuerKey: Certificate.PrivateKey
  ) throws -> Certificate {
    let parsed = try DER.parse(Array(certificate.tbsCertificateBytes))
    guard case .constructed(let fields) = parsed.content else {
      throw SimulatorError(.configuration, "re-date a certificate", "the certificate's contents are not a sequence")
    }
    var information = DER.Serializer()
    try information.appendConstructedNode(identifier: .sequence) { coder in
      // version [0], serialNumber, signature, issuer, validity …
      for (index, field) in fields.enumerated() {
        guard index == 4 else {
          coder.serialize(field)
          continue
        }
        try coder.appendConstructedNode(identifier: .sequence) { validity in
          try serialize(certificate.notValidBefore, generalized: notBefore, into: &validity)
          try serialize(certificate.notValidAfter, generalized: notAfter, into: &validity)
        }
      }
    }
    let signed = try SignedObject.sign(information.serializedBytes, with: issuerKey)
    return try Certificate(derEncoded: signed)
  }

  private static func serialize(_ date: Date, generalized: Bool, into coder: inout DER.Serializer) throws {
    if generalized {
      try coder.serialize(CertificateTimes.generalized(date))
    } else {
      try CertificateTimes.serialize(date, into: &coder)
    }
  }
}

/// `SIGNED{…}` of X.509: the signed bytes, the algorithm and the signature; sha256WithRSAEncryption only.
enum SignedObject {
  static func sign(_ information: [UInt8], with key: Certificate.PrivateKey) throws -> [UInt8] {
    let signature = try key.sign(bytes: information, signatureAlgorithm: .sha256WithRSAEncryption)
    var serializer = DER.Serializer()
    try serializer.appendConstructedNode(identifier: .sequence) { coder in
      coder.serializeRawBytes(information)
      try serializeAlgorithm(into: &coder)
      try coder.serialize(ASN1BitString(bytes: signature.rawRepresentation[...]))
    }
    return serializer.serializedBytes
  }

  /// The AlgorithmIdentifier of sha256WithRSAEncryption, with its NULL (RFC 4055, section 5).
  static func serializeAlgorithm(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { algorithm in
      try algorithm.serialize(ASN1ObjectIdentifier(arrayLiteral: 1, 2, 840, 113549, 1, 1, 11))
      try algorithm.serialize(ASN1Null())
    }
  }
}
