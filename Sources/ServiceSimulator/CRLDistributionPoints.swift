import SwiftASN1
import X509

/// The extension CRLDistributionPoints (RFC 5280, 4.2.1.13) with one point: a URI, and the CRL's issuer named as the agency's CAs do.
struct CRLDistributionPoints {
  let uri: String
  let issuer: DistinguishedName

  /// `id-ce-cRLDistributionPoints`
  static let identifier: ASN1ObjectIdentifier = [2, 5, 29, 31]

  func certificateExtension() throws -> Certificate.Extension {
    var serializer = DER.Serializer()
    try serializer.appendConstructedNode(identifier: .sequence) { points in
      try points.appendConstructedNode(identifier: .sequence) { point in
        // distributionPoint [0] { fullName [0] GeneralNames }
        try point.appendConstructedNode(identifier: .contextSpecific(0)) { name in
          try name.appendConstructedNode(identifier: .contextSpecific(0)) { fullName in
            try fullName.serialize(GeneralName.uniformResourceIdentifier(uri))
          }
        }
        // cRLIssuer [2] GeneralNames
        try point.appendConstructedNode(identifier: .contextSpecific(2)) { names in
          try names.serialize(GeneralName.directoryName(issuer))
        }
      }
    }
    return Certificate.Extension(oid: Self.identifier, critical: false, value: serializer.serializedBytes[...])
  }
}

extension ASN1Identifier {
  static func contextSpecific(_ number: UInt) -> ASN1Identifier { ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific) }
}
