import CryptoExtras
import Crypto
public import Foundation
import SwiftASN1
import X509

/// A revocation list (RFC 5280 section 5), read and not checked.
public struct RevocationList: Sendable {
  /// When it was made.
  public let thisUpdate: Date
  /// When the next one is there at the latest: after that, this one tells nothing.
  public let nextUpdate: Date
  /// How many certificates are on it.
  public let count: Int

  private let content: RevocationListContent
  private let issuer: DistinguishedName

  /// Why a list cannot be used for something.
  struct Refusal: Error {
    let rule: ServiceRule
    let message: String
  }

  /// Reads a list, DER or PEM (`X509 CRL`).
  ///
  /// - Throws: `REVOCATION-LIST-SIZE`, `REVOCATION-LIST-FORMAT`, `REVOCATION-LIST-EXTENSION`.
  public init(_ bytes: [UInt8], from source: String) throws(CertificateServiceError) {
    func failure(_ rule: ServiceRule, _ message: String, _ underlying: (any Error)? = nil) -> CertificateServiceError {
      CertificateServiceError(
        code: .invalidInput, rule: rule, operation: "read the revocation list \(SafeText.oneLine(source, limit: 300))", message: message,
        underlying: underlying)
    }
    guard bytes.count <= 2 * RevocationListContent.maximumBytes else {
      throw failure(.revocationListSize, "it has more than \(2 * RevocationListContent.maximumBytes) octets")
    }
    let der: [UInt8]
    if bytes.first == DERValues.sequence {
      der = bytes
    } else {
      guard let block = Self.block(in: bytes) else { throw failure(.revocationListFormat, "it is neither DER nor one PEM block X509 CRL") }
      der = block
    }
    do {
      content = try RevocationListContent(der)
    } catch {
      throw failure(error.rule, error.message, error)
    }
    do {
      issuer = try DistinguishedName(derEncoded: DER.parse(content.issuer))
    } catch {
      throw failure(.revocationListFormat, "its issuer's name cannot be read", error)
    }
    thisUpdate = Date(timeIntervalSince1970: TimeInterval(content.thisUpdate))
    nextUpdate = Date(timeIntervalSince1970: TimeInterval(content.nextUpdate))
    count = content.entries.count
  }

  /// PEM may be larger here than a file of certificates.
  private static func block(in bytes: [UInt8]) -> [UInt8]? {
    let (begin, end) = (Array("-----BEGIN X509 CRL-----".utf8), Array("-----END X509 CRL-----".utf8))
    guard let first = bytes.firstRange(of: begin), let last = bytes[first.upperBound...].firstRange(of: end) else { return nil }
    guard bytes[last.upperBound...].firstRange(of: Array("-----BEGIN".utf8)) == nil else { return nil }
    return Base64.decode(bytes[first.upperBound..<last.lowerBound])
  }

  /// Whether this is a list of an authority, going by its name. The agency's certificates name the authority as the list's issuer with the
  /// parts of its name in the other order than it has them itself, so either order will do; the signature decides.
  func isNamed(after authority: Certificate) -> Bool {
    issuer == authority.subject || Array(issuer) == Array(authority.subject).reversed()
  }

  /// Checks that an authority has signed the list, and that it is the current one.
  ///
  /// - Throws: `REVOCATION-LIST-ISSUER`, `REVOCATION-LIST-CURRENT`.
  func check(by authority: Certificate, at time: Date) throws(Refusal) {
    let name = CertificateName.of(authority)
    guard isNamed(after: authority) else {
      throw Refusal(rule: .revocationListIssuer, message: "it is the list of \(CertificateName.quoted(issuer)) and not of \(name)")
    }
    if let usage = try? authority.extensions.keyUsage, !usage.cRLSign {
      throw Refusal(rule: .revocationListIssuer, message: "\(name) may not sign revocation lists (key usage)")
    }
    guard verifies(with: authority.publicKey) else {
      throw Refusal(rule: .revocationListIssuer, message: "the key of \(name) did not sign it")
    }
    guard thisUpdate <= time.addingTimeInterval(CertificateAcceptance.clockSkew) else {
      throw Refusal(
        rule: .revocationListCurrent, message: "it is of \(thisUpdate.formatted(.iso8601)), and it is \(time.formatted(.iso8601))")
    }
    guard time < nextUpdate else {
      throw Refusal(
        rule: .revocationListCurrent,
        message: "it should have been followed by another one at \(nextUpdate.formatted(.iso8601)), and it is \(time.formatted(.iso8601))")
    }
  }

  /// Since when a certificate of this list's issuer is revoked, and why; nil for one that is not on the list.
  func revocation(of certificate: Certificate) -> (since: Date, reason: String)? {
    guard let entry = content.entries[certificate.serialNumber.bytes] else { return nil }
    let reason = entry.reason.flatMap { Self.reasons[$0] } ?? "no reason is told"
    return (Date(timeIntervalSince1970: TimeInterval(entry.revokedAt)), reason)
  }

  /// `CRLReason` (RFC 5280 section 5.3.1).
  private static let reasons: [UInt8: String] = [
    0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation",
    6: "certificateHold", 9: "privilegeWithdrawn", 10: "aACompromise",
  ]

  private func verifies(with key: Certificate.PublicKey) -> Bool {
    let (octets, signature) = (content.signedOctets, content.signature)
    if let rsa = _RSA.Signing.PublicKey(key) {
      let value = _RSA.Signing.RSASignature(rawRepresentation: signature)
      return switch content.algorithm {
      case Algorithm.sha256RSA: rsa.isValidSignature(value, for: SHA256.hash(data: octets), padding: .insecurePKCS1v1_5)
      case Algorithm.sha384RSA: rsa.isValidSignature(value, for: SHA384.hash(data: octets), padding: .insecurePKCS1v1_5)
      case Algorithm.sha512RSA: rsa.isValidSignature(value, for: SHA512.hash(data: octets), padding: .insecurePKCS1v1_5)
      default: false
      }
    }
    if let p256 = P256.Signing.PublicKey(key), content.algorithm == Algorithm.sha256ECDSA {
      return (try? P256.Signing.ECDSASignature(derRepresentation: signature)).map { p256.isValidSignature($0, for: octets) } ?? false
    }
    if let p384 = P384.Signing.PublicKey(key), content.algorithm == Algorithm.sha384ECDSA {
      return (try? P384.Signing.ECDSASignature(derRepresentation: signature)).map { p384.isValidSignature($0, for: octets) } ?? false
    }
    return false
  }

  /// Signature algorithms by the octets of their object identifiers. SHA-1 is none of them.
  private enum Algorithm {
    static let sha256RSA: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B]
    static let sha384RSA: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0C]
    static let sha512RSA: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0D]
    static let sha256ECDSA: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]
    static let sha384ECDSA: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03]
  }
}
