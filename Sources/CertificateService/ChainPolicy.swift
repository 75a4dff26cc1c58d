import Foundation
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

/// What a chain must meet: RFC 5280 section 6 at a given time, and no SHA-1.
///
/// Issuers' key usage, which swift-certificates leaves out for the web's sake, has been checked when ``TrustAnchors`` was made: only those
/// authorities can be issuers in a chain. RSA keys below 2048 bits need no check: a certificate with one does not parse.
struct ChainPolicy: VerifierPolicy {
  private let base: RFC5280Policy

  init(time: Date) {
    base = RFC5280Policy(fixedExpiryValidationTime: time)
  }

  /// Extended key usage is let through also where it is critical: the purpose is deliberately not restricted
  /// (see ``TrustAnchors/validate(_:at:)``).
  var verifyingCriticalExtensions: [ASN1ObjectIdentifier] {
    base.verifyingCriticalExtensions + [.X509ExtensionID.extendedKeyUsage]
  }

  func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
    for certificate in chain {
      if let reason = ChainPolicy.reasonAgainstSignature(certificate) {
        return .failsToMeetPolicy(reason: reason)
      }
    }
    return base.chainMeetsPolicyRequirements(chain: chain)
  }

  /// An authority: version 3, basic constraints say CA, and key usage, where there is one, allows to sign certificates.
  static func isAuthority(_ certificate: Certificate) -> Bool {
    guard certificate.version == .v3,
      case .isCertificateAuthority = try? certificate.extensions.basicConstraints
    else { return false }
    do {
      guard let usage = try certificate.extensions.keyUsage else { return true }
      return usage.keyCertSign
    } catch {
      return false
    }
  }

  /// Why a certificate cannot stand at the end of a chain, or nil.
  static func reasonAgainstLeaf(_ leaf: Certificate) -> String? {
    do {
      if case .isCertificateAuthority = try leaf.extensions.basicConstraints {
        return "\(CertificateName.of(leaf)) is a certificate authority, not an end entity"
      }
      if let usage = try leaf.extensions.keyUsage, !usage.digitalSignature, !usage.nonRepudiation {
        return "\(CertificateName.of(leaf)) has a key usage that does not allow signatures"
      }
      return nil
    } catch {
      return "\(CertificateName.of(leaf)) has extensions that cannot be read"
    }
  }

  /// Why the signature on a certificate is too weak, or nil. On a self-signed root it proves nothing either way, but a root with SHA-1
  /// is refused like the rest: none of the agency's has it.
  static func reasonAgainstSignature(_ certificate: Certificate) -> String? {
    guard certificate.signatureAlgorithm == .sha1WithRSAEncryption else { return nil }
    return "\(CertificateName.of(certificate)) is signed with SHA-1"
  }
}
