public import Foundation
public import X509

/// Who is trusted for one purpose: anchors, and the intermediate authorities between them and the end.
///
/// Two sets are in use, and they are kept apart although the agency's chains end in the same root: who may sign the service's
/// answers, and who may issue customers' certificates. An answer brings one certificate and no chain, so an authority that
/// is not in the set cannot be the signer's: a customer's certificate cannot sign an answer.
public struct TrustAnchors: Hashable, Sendable {
  /// The self-signed authorities.
  public let anchors: [Certificate]

  /// The other authorities. They are only a path to an anchor and are not trusted by themselves.
  public let intermediates: [Certificate]

  /// Sorts authorities into anchors (self-signed, signature checked) and intermediates (the rest).
  ///
  /// - Throws: `TRUST-ANCHOR` where no anchor is among them or the signature of one is bad; `TRUST-AUTHORITY` where one of them is
  ///   not an authority.
  public init(certificates: [Certificate]) throws(CertificateServiceError) {
    var anchors: [Certificate] = []
    var intermediates: [Certificate] = []
    for certificate in certificates {
      guard ChainPolicy.isAuthority(certificate) else {
        throw TrustAnchors.failure(.trustAuthority, "\(CertificateName.of(certificate)) is not a certificate authority")
      }
      if certificate.subject == certificate.issuer {
        guard certificate.publicKey.isValidSignature(certificate.signature, for: certificate) else {
          throw TrustAnchors.failure(
            .trustAnchor, "\(CertificateName.of(certificate)) names itself as its issuer, but its key did not sign it")
        }
        if !anchors.contains(certificate) { anchors.append(certificate) }
      } else if !intermediates.contains(certificate) {
        intermediates.append(certificate)
      }
    }
    guard !anchors.isEmpty else {
      throw TrustAnchors.failure(
        .trustAnchor, "there is no self-signed root among the \(certificates.count) certificates",
        hint: "give the root certificate as well as the authorities below it")
    }
    self.anchors = anchors
    self.intermediates = intermediates
  }

  /// The same from files, PEM or DER.
  ///
  /// - Throws: what ``PEM/certificates(in:)`` and ``init(certificates:)`` throw; an error with the file's name where it cannot be read.
  public init(files: [String]) throws(CertificateServiceError) {
    var certificates: [Certificate] = []
    for file in files {
      let bytes = try CertificateFile.read(file)
      do {
        certificates.append(contentsOf: try PEM.certificates(in: bytes))
      } catch {
        throw CertificateServiceError(
          code: error.code, rule: error.rule, operation: "read certificates from \(file)", message: error.message, hint: error.hint,
          underlying: error)
      }
    }
    try self.init(certificates: certificates)
  }

  /// Checks an end-entity certificate: its chain, and that it is not an authority itself.
  ///
  /// The purpose is not checked: certificates of this agency carry no subject alternative name, and the extended key usage of the
  /// service's own certificates is not published.
  ///
  /// - Returns: the chain, from the leaf to the anchor.
  /// - Throws: `TRUST-LEAF`, `TRUST-CHAIN`, with one sentence that says where the chain breaks.
  @discardableResult
  public func validate(_ leaf: Certificate, at time: Date) async throws(CertificateServiceError) -> [Certificate] {
    if let reason = ChainPolicy.reasonAgainstLeaf(leaf) {
      throw TrustAnchors.failure(.trustLeaf, reason, code: .untrusted)
    }
    return try await chain(of: leaf, at: time)
  }

  /// The chain of any certificate, authorities included.
  func chain(of certificate: Certificate, at time: Date) async throws(CertificateServiceError) -> [Certificate] {
    var verifier = Verifier(rootCertificates: CertificateStore(anchors)) { ChainPolicy(time: time) }
    switch await verifier.validate(leaf: certificate, intermediates: CertificateStore(intermediates)) {
    case .validCertificate(let chain):
      return Array(chain)
    case .couldNotValidate(let failures):
      let diagnosis = ChainDiagnosis(anchors: anchors, intermediates: intermediates, time: time)
      let reason = diagnosis.reason(against: certificate) ?? failures.first.map { String(describing: $0.policyFailureReason) }
      throw TrustAnchors.failure(.trustChain, SafeText.oneLine(reason ?? "no chain was found", limit: 500), code: .untrusted)
    }
  }

  private static func failure(
    _ rule: ServiceRule, _ message: String, code: ServiceErrorCode = .invalidInput, hint: String? = nil
  ) -> CertificateServiceError {
    let operation = code == .invalidInput ? "set up the trusted authorities" : "check a certificate chain"
    return CertificateServiceError(code: code, rule: rule, operation: operation, message: message, hint: hint)
  }
}
