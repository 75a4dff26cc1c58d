extension Mechanism {
  /// Refuses what cannot be the input of this mechanism, before the module gets to see it: some tokens cut a digest that is too long, and
  /// some accept one that is too short.
  ///
  /// Known of the mechanisms that sign what the caller has digested; the others take data of any length.
  ///
  /// - Parameters:
  ///   - byteCount: how long the data is.
  ///   - signatureSize: the longest signature of the key, in bytes: it tells the length of a modulus, or of a curve's order.
  /// - Throws: ``PKCS11Rule/signatureInput``.
  @inline(__always)
  func checkInput(byteCount: Int, signatureSize: Int, token: String) throws(PKCS11Error) {
    guard let range = inputSizes(signatureSize: signatureSize), !range.contains(byteCount) else { return }
    throw PKCS11Error(
      rule: .signatureInput, token: token, operation: "sign with \(self)",
      message: "\(byteCount) bytes were to be signed; this mechanism and key take "
        + (range.isEmpty ? "none" : range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound - 1)"),
      hint: "hand over a digest, made with the hash that belongs to the key")
  }

  /// How long the input may be; nil where any length will do.
  @inline(__always)
  private func inputSizes(signatureSize: Int) -> Range<Int>? {
    switch type {
    // A digest from SHA-1 to SHA-512, not longer than the order of the curve (half of the signature): the rest would be cut off.
    case .ecdsa: 20..<max(21, min(64, signatureSize / 2) + 1)
    // PKCS #1 v1.5 needs 11 bytes for itself.
    case .rsaPKCS: 1..<max(2, signatureSize - 10)
    case .rsaPKCSPSS: pssDigestSize.map { $0..<$0 + 1 }
    default: nil
    }
  }
}
