import X509

/// How a certificate is called in a sentence.
enum CertificateName {
  /// The subject, quoted, on one line and bounded: a certificate that came from outside may call itself anything.
  static func of(_ certificate: Certificate) -> String { quoted(certificate.subject) }

  static func quoted(_ name: DistinguishedName) -> String {
    "\"\(SafeText.oneLine(name.readable, limit: 160))\""
  }
}
