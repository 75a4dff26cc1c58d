import Foundation
import X509

/// Finds the sentence that says why a certificate has no valid chain. It decides nothing: the verifier has decided already.
struct ChainDiagnosis {
  let anchors: [Certificate]
  let intermediates: [Certificate]
  let time: Date

  /// Chains of this agency have four certificates.
  private static let maximumDepth = 8

  func reason(against certificate: Certificate) -> String? {
    var current = certificate
    for _ in 0..<ChainDiagnosis.maximumDepth {
      if let reason = reasonAgainst(current) { return reason }
      if anchors.contains(current) { return nil }
      let named = (anchors + intermediates).filter { $0.subject == current.issuer && $0 != current }
      guard !named.isEmpty else {
        return "\(CertificateName.of(current)) was issued by \(CertificateName.quoted(current.issuer)), "
          + "which is not among the trusted authorities"
      }
      guard let issuer = named.first(where: { $0.publicKey.isValidSignature(current.signature, for: current) }) else {
        return "\(CertificateName.of(current)) names \(CertificateName.quoted(current.issuer)) as its issuer, "
          + "but that authority's key did not sign it"
      }
      current = issuer
    }
    return "the chain above \(CertificateName.of(certificate)) is longer than \(ChainDiagnosis.maximumDepth) certificates"
  }

  private func reasonAgainst(_ certificate: Certificate) -> String? {
    if certificate.notValidAfter < time {
      return "\(CertificateName.of(certificate)) expired at \(moment(certificate.notValidAfter)) and was checked for \(moment(time))"
    }
    if certificate.notValidBefore > time {
      return "\(CertificateName.of(certificate)) is valid from \(moment(certificate.notValidBefore)) and was checked for \(moment(time))"
    }
    return ChainPolicy.reasonAgainstSignature(certificate)
  }

  private func moment(_ date: Date) -> String { date.formatted(.iso8601) }
}
