import Crypto
public import Foundation
import SwiftASN1
import X509

/// A certificate object on a token.
public struct InventoryCertificate: Hashable, Sendable {
  /// `CKA_LABEL`.
  public let label: String
  /// `CKA_ID`, in hexadecimal.
  public let id: String
  /// SHA-256 of the certificate in DER, in hexadecimal; empty when the object holds no value.
  public let sha256: String
  /// What the object says of itself.
  public let attributes: AttributeClaims
  /// What stands in the certificate; nil when it cannot be read.
  public let contents: Contents?

  /// What stands in a certificate, as far as an inventory tells it. Neither its signature nor its chain is checked.
  public struct Contents: Hashable, Sendable {
    /// Whose it is.
    public let subject: String
    /// Who issued it.
    public let issuer: String
    /// The serial number, in hexadecimal.
    public let serial: String
    /// The beginning of its validity.
    public let notBefore: Date
    /// The end of its validity.
    public let notAfter: Date
    /// SHA-256 of the public key that it certifies, in hexadecimal.
    public let publicKeySHA256: String
    /// Kind and size of that key, named as in ``InventoryKey/algorithm``.
    public let keyAlgorithm: String
    /// What it is signed with: `sha256WithRSAEncryption`, or an object identifier.
    public let signatureAlgorithm: String
    /// Whether it is an authority's (basic constraints).
    public let isAuthority: Bool

    /// Contents of these parts.
    public init(
      subject: String, issuer: String, serial: String, notBefore: Date, notAfter: Date, publicKeySHA256: String, keyAlgorithm: String,
      signatureAlgorithm: String, isAuthority: Bool
    ) {
      self.subject = subject.fitting(2048)
      self.issuer = issuer.fitting(2048)
      self.serial = serial.fitting(1024)
      self.notBefore = notBefore
      self.notAfter = notAfter
      self.publicKeySHA256 = publicKeySHA256
      self.keyAlgorithm = keyAlgorithm.fitting(128)
      self.signatureAlgorithm = signatureAlgorithm.fitting(128)
      self.isAuthority = isAuthority
    }
  }

  /// A certificate of these parts.
  public init(label: String, id: String, sha256: String, attributes: AttributeClaims, contents: Contents?) {
    self.label = label
    self.id = id
    self.sha256 = sha256
    self.attributes = attributes
    self.contents = contents
  }

  var sorting: [String] { [label, id, sha256] }
}

extension InventoryCertificate.Contents {
  /// Reads a certificate (RFC 5280, section 4.1), whatever the kind of its key.
  ///
  /// - Throws: what the DER parser says.
  public init(derEncoded bytes: [UInt8]) throws {
    self = try DER.sequence(try DER.parse(bytes), identifier: .sequence) { parts in
      let contents = try DER.sequence(try parts.required(), identifier: .sequence) { try Self(reading: &$0) }
      _ = try AlgorithmName(try parts.required())
      _ = try ASN1BitString(derEncoded: &parts)
      return contents
    }
  }

  private init(reading parts: inout ASN1NodeCollection.Iterator) throws {
    _ = try DER.optionalExplicitlyTagged(&parts, tagNumber: 0, tagClass: .contextSpecific) { try Int(derEncoded: $0) }
    let serial = try ArraySlice<UInt8>(derEncoded: &parts).hexadecimalDigits
    let signatureAlgorithm = try AlgorithmName(try parts.required()).name
    let issuer = "\(try DistinguishedName(derEncoded: try parts.required()))"
    let (notBefore, notAfter) = try DER.sequence(try parts.required(), identifier: .sequence) { validity in
      (try Self.time(&validity), try Self.time(&validity))
    }
    let subject = "\(try DistinguishedName(derEncoded: try parts.required()))"
    let publicKey = try PublicKeyName(subjectPublicKeyInfo: Array(try parts.required().encodedBytes))
    var isAuthority = false
    while let rest = parts.next() {
      guard rest.identifier == ASN1Identifier(tagWithNumber: 3, tagClass: .contextSpecific), case .constructed(let inner) = rest.content
      else { continue }
      for list in inner {
        isAuthority = try DER.sequence(list, identifier: .sequence) { extensions in
          var isFound = false
          while let node = extensions.next() { if try Self.saysAuthority(node) { isFound = true } }
          return isFound
        }
      }
    }
    self.init(
      subject: subject, issuer: issuer, serial: serial, notBefore: notBefore, notAfter: notAfter, publicKeySHA256: publicKey.sha256,
      keyAlgorithm: publicKey.algorithm, signatureAlgorithm: signatureAlgorithm, isAuthority: isAuthority)
  }

  /// Whether an extension is the basic constraints of an authority (RFC 5280, section 4.2.1.9).
  private static func saysAuthority(_ node: ASN1Node) throws -> Bool {
    let (identifier, value) = try DER.sequence(node, identifier: .sequence) { parts in
      let identifier = try ASN1ObjectIdentifier(derEncoded: &parts)
      var value: ASN1OctetString?
      while let part = parts.next() {
        if part.identifier == .octetString { value = try ASN1OctetString(derEncoded: part) }
      }
      return (identifier, value)
    }
    guard identifier == [2, 5, 29, 19], let value else { return false }
    return try DER.sequence(try DER.parse(value.bytes), identifier: .sequence) { parts in
      var isAuthority = false
      while let part = parts.next() {
        if part.identifier == .boolean { isAuthority = try Bool(derEncoded: part) }
      }
      return isAuthority
    }
  }

  private static func time(_ nodes: inout ASN1NodeCollection.Iterator) throws -> Date {
    let node = try nodes.required()
    let parts: (Int, Int, Int, Int, Int, Int)
    if node.identifier == .utcTime {
      let time = try UTCTime(derEncoded: node)
      parts = (time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
    } else {
      let time = try GeneralizedTime(derEncoded: node)
      parts = (time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
    }
    var components = DateComponents(
      timeZone: TimeZone(secondsFromGMT: 0), year: parts.0, month: parts.1, day: parts.2, hour: parts.3, minute: parts.4, second: parts.5)
    components.calendar = Calendar(identifier: .gregorian)
    guard let date = components.date else { throw ASN1Error.invalidASN1Object(reason: "a time that is none") }
    return date
  }
}

extension ASN1NodeCollection.Iterator {
  /// The next part, which must be there.
  mutating func required() throws -> ASN1Node {
    guard let node = next() else { throw ASN1Error.invalidASN1Object(reason: "it ends too early") }
    return node
  }
}
