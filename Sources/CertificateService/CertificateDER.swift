import SwiftASN1
import X509

/// One X.509 certificate as DER, whole.
enum CertificateDER {
  /// Why octets are not a certificate, as the end of a sentence.
  struct Refusal: Error, CustomStringConvertible {
    let description: String
    let underlying: (any Error)?
  }

  /// The largest certificate that is read: what the schema allows in an answer.
  static let maximumBytes = 32768

  /// Parses a certificate of which nothing is missing and after which nothing follows.
  static func parse(_ der: [UInt8]) throws(Refusal) -> Certificate {
    guard der.count <= maximumBytes else {
      throw Refusal(description: "it has more than \(maximumBytes) octets", underlying: nil)
    }
    do {
      return try Certificate(derEncoded: der)
    } catch {
      throw Refusal(description: "it is not one whole DER certificate", underlying: error)
    }
  }

  /// The octets of a certificate.
  static func octets(of certificate: Certificate) throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    return serializer.serializedBytes
  }
}
