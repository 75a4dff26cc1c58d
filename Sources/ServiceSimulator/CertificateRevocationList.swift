import Foundation
import SwiftASN1
import X509

/// A CRL (RFC 5280, section 5) of one simulated CA.
struct CertificateRevocationList {
  struct Entry: Sendable {
    let serialNumber: Certificate.SerialNumber
    let date: Date
    var reason: RevocationReason?
  }

  let issuer: CertificateAuthority
  let entries: [Entry]
  let number: Int
  let thisUpdate: Date
  let nextUpdate: Date

  /// The CRL's DER, signed by its issuer.
  func signed() throws -> [UInt8] { try signed(with: issuer.key) }

  /// The same, signed with another key, for a list that is to be refused.
  func signed(with key: Certificate.PrivateKey) throws -> [UInt8] {
    var list = DER.Serializer()
    try list.appendConstructedNode(identifier: .sequence) { coder in
      try coder.serialize(1)  // v2
      try SignedObject.serializeAlgorithm(into: &coder)
      try coder.serialize(issuer.certificate.subject)
      try CertificateTimes.serialize(thisUpdate, into: &coder)
      try CertificateTimes.serialize(nextUpdate, into: &coder)
      // An empty list of revoked certificates is left out (5.1.2.6).
      if !entries.isEmpty {
        try coder.appendConstructedNode(identifier: .sequence) { revoked in
          for entry in entries {
            try revoked.appendConstructedNode(identifier: .sequence) { one in
              try one.serialize(entry.serialNumber.bytes)
              try CertificateTimes.serialize(entry.date, into: &one)
              if let reason = entry.reason { try Self.serialize(reason, into: &one) }
            }
          }
        }
      }
      try coder.appendConstructedNode(identifier: .contextSpecific(0)) { tagged in
        try tagged.appendConstructedNode(identifier: .sequence) { extensions in
          try Self.serialize(issuer.authorityKeyIdentifier(), into: &extensions)
          var crlNumber = DER.Serializer()
          try crlNumber.serialize(number)
          // id-ce-cRLNumber
          try Self.serialize(
            Certificate.Extension(oid: [2, 5, 29, 20], critical: false, value: crlNumber.serializedBytes[...]), into: &extensions)
        }
      }
    }
    return try SignedObject.sign(list.serializedBytes, with: key)
  }

  /// The entry's extensions: id-ce-cRLReasons (5.3.1), an ENUMERATED of one octet. A reason that is not specified is left out.
  private static func serialize(_ reason: RevocationReason, into coder: inout DER.Serializer) throws {
    guard reason.rawValue != 0 else { return }
    let value: [UInt8] = [0x0a, 0x01, UInt8(reason.rawValue)]
    try coder.appendConstructedNode(identifier: .sequence) { extensions in
      try serialize(Certificate.Extension(oid: [2, 5, 29, 21], critical: false, value: value[...]), into: &extensions)
    }
  }

  private static func serialize(_ field: Certificate.Extension, into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { one in
      try one.serialize(field.oid)
      if field.critical { try one.serialize(true) }
      try one.serialize(ASN1OctetString(contentBytes: field.value))
    }
  }
}
