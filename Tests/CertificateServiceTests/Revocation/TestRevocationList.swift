import Crypto
import Foundation
import SwiftASN1
import X509

/// A revocation list made by hand, with everything that can be wrong with one.
struct TestRevocationList {
  struct Entry {
    var serial: [UInt8]
    var reason: UInt8?
    /// Object identifier, criticality, content.
    var extensions: [(ASN1ObjectIdentifier, Bool, [UInt8])] = []
  }

  var issuer = TestAuthorities.providers
  var signer: TestAuthority?
  var name: DistinguishedName?
  var version: Int? = 1
  var entries: [Entry] = []
  var thisUpdate = TestAuthorities.now.addingTimeInterval(-3600)
  var nextUpdate: Date? = TestAuthorities.now.addingTimeInterval(3600)
  var extensions: [(ASN1ObjectIdentifier, Bool, [UInt8])] = [([2, 5, 29, 20], false, [0x02, 0x01, 0x07])]
  var innerAlgorithm: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 2]
  var hasEmptyEntries = false

  func der() throws -> [UInt8] {
    var list = DER.Serializer()
    try list.appendConstructedNode(identifier: .sequence) { coder in
      if let version { try coder.serialize(version) }
      try coder.appendConstructedNode(identifier: .sequence) { try $0.serialize(innerAlgorithm) }
      try coder.serialize(name ?? issuer.certificate.subject)
      try coder.serialize(Self.time(thisUpdate))
      if let nextUpdate { try coder.serialize(Self.time(nextUpdate)) }
      if !entries.isEmpty || hasEmptyEntries {
        try coder.appendConstructedNode(identifier: .sequence) { coder in
          for entry in entries {
            try coder.appendConstructedNode(identifier: .sequence) { coder in
              coder.appendPrimitiveNode(identifier: .integer) { $0.append(contentsOf: entry.serial) }
              try coder.serialize(Self.time(thisUpdate))
              let all = (entry.reason.map { [([2, 5, 29, 21], false, [0x0A, 0x01, $0])] } ?? []) + entry.extensions
              if !all.isEmpty { try Self.serialize(all, into: &coder) }
            }
          }
        }
      }
      if !extensions.isEmpty {
        try coder.appendConstructedNode(identifier: ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)) {
          try Self.serialize(extensions, into: &$0)
        }
      }
    }
    let signature = try (signer ?? issuer).key.signature(for: list.serializedBytes)
    var whole = DER.Serializer()
    try whole.appendConstructedNode(identifier: .sequence) { coder in
      coder.serializeRawBytes(list.serializedBytes)
      try coder.appendConstructedNode(identifier: .sequence) { try $0.serialize([1, 2, 840, 10045, 4, 3, 2] as ASN1ObjectIdentifier) }
      try coder.serialize(ASN1BitString(bytes: Array(signature.derRepresentation)[...]))
    }
    return whole.serializedBytes
  }

  private static func serialize(_ extensions: [(ASN1ObjectIdentifier, Bool, [UInt8])], into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder in
      for (identifier, isCritical, content) in extensions {
        try coder.appendConstructedNode(identifier: .sequence) { coder in
          try coder.serialize(identifier)
          if isCritical { try coder.serialize(true) }
          try coder.serialize(ASN1OctetString(contentBytes: content[...]))
        }
      }
    }
  }

  private static func time(_ date: Date) throws -> UTCTime {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
    return try UTCTime(
      year: parts.year ?? 0, month: parts.month ?? 0, day: parts.day ?? 0, hours: parts.hour ?? 0, minutes: parts.minute ?? 0,
      seconds: parts.second ?? 0)
  }
}
