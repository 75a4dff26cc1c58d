internal import Crypto
internal import X509

/// Verifies an enveloped XML signature of the agency's profile, and nothing more general.
///
/// One `ds:Signature` in the whole document, a child of the signed element; exclusive canonicalization of `SignedInfo`; RSA with
/// SHA-256 (PKCS#1 v1.5); one reference with `URI=""`, a SHA-256 digest and one of the two lists of ``ReferenceTransforms``;
/// one certificate. Everything else is refused by name, see ``XMLRule``. The certificate's chain and validity are the caller's to check.
public struct EnvelopedSignatureVerifier: Sendable {
  /// The limits for documents given as octets.
  public let limits: XMLLimits
  /// The transforms that are accepted.
  public let acceptedTransforms: Set<ReferenceTransforms>

  /// - Parameters:
  ///   - limits: for documents given as octets; a document that is parsed already has kept its own.
  ///   - accepted: the transforms that a signature may have.
  public init(limits: XMLLimits = .standard, transforms accepted: Set<ReferenceTransforms> = Set(ReferenceTransforms.allCases)) {
    self.limits = limits
    acceptedTransforms = accepted
  }

  /// Verifies a stand-alone document: its root is the signed element.
  /// - Throws: the rule that was broken, of the document or of the signature.
  public func verify(_ octets: [UInt8]) throws(XMLSignatureError) -> VerifiedDocument {
    try verify(XMLDocument(parsing: octets, limits: limits))
  }

  /// Verifies a stand-alone document: its root is the signed element.
  public func verify(_ document: XMLDocument) throws(XMLSignatureError) -> VerifiedDocument {
    try verify(document, inPlaceAt: [])
  }

  /// Verifies an element where it stands, inside another document: the reference's `URI=""` is taken to mean this element, and its
  /// canonical form is the one it has in its context.
  ///
  /// - Parameter path: the path of child-element indexes from the root.
  public func verify(_ document: XMLDocument, inPlaceAt path: [Int]) throws(XMLSignatureError) -> VerifiedDocument {
    let checked = try structure(of: document, at: path)
    try checked.checkValue()
    let root = try XMLDocument(parsing: checked.signedOctets, limits: document.limits.forCanonicalForm).root
    return VerifiedDocument(
      root: root, signedOctets: checked.signedOctets, signingCertificate: checked.signer.certificate, transforms: checked.transforms)
  }

  /// A signature that keeps the profile and covers the element as it is. Its value is not checked yet.
  struct Structure {
    let signedOctets: [UInt8]
    let transforms: ReferenceTransforms
    let signer: SigningCertificate
    /// The canonical `SignedInfo`, which is what the value is a signature over.
    let signedInfoOctets: [UInt8]
    let value: [UInt8]

    /// - Throws: `XML-SIGNATURE-VALUE`.
    func checkValue() throws(XMLSignatureError) { try signer.check(value, over: signedInfoOctets) }
  }

  /// Checks everything but the value of the signature.
  ///
  /// - Parameter expected: the certificate that is most likely there, which need not be parsed again then.
  func structure(
    of document: XMLDocument, at path: [Int], expecting expected: SigningCertificate? = nil
  ) throws(XMLSignatureError) -> Structure {
    let signaturePath = try place(in: document, at: path)
    guard let element = document.root.element(at: signaturePath) else {
      throw XMLSignatureError(.path, .verify, "there is no element at the path \(signaturePath)")
    }
    let signature = try SignatureElement(reading: element)

    // `SignatureElement` has seen that SignedInfo is the first child. It is read from the octets that its signature covers.
    let signedInfoOctets = try document.canonicalized(.exclusive, at: signaturePath + [0], .verify)
    let signedInfo = try SignedInfo(reading: XMLDocument(parsing: signedInfoOctets, limits: document.limits.forCanonicalForm).root)
    guard acceptedTransforms.contains(signedInfo.transforms) else {
      throw XMLSignatureError(.transforms, .verify, "the transforms \(signedInfo.transforms) are not accepted here")
    }

    let octets = try document.canonicalized(signedInfo.transforms.canonicalization, at: path, omitting: signaturePath, .verify)
    guard SHA256.hash(data: octets).elementsEqual(signedInfo.digest) else {
      throw XMLSignatureError(.digest, .verify, "the signed element is not what was signed: the digests differ")
    }
    let isExpected = expected?.octets == signature.certificate
    let signer = if isExpected, let expected { expected } else { try SigningCertificate(octets: signature.certificate) }
    if let keyValue = signature.keyValue, !signer.hasKey(modulus: keyValue.modulus, exponent: keyValue.exponent) {
      throw XMLSignatureError(.keyInfo, .verify, "the KeyValue is not the certificate's key")
    }
    return Structure(
      signedOctets: octets, transforms: signedInfo.transforms, signer: signer, signedInfoOctets: signedInfoOctets, value: signature.value)
  }

  /// The path of the one signature in the document, which is a child of the element at a path.
  private func place(in document: XMLDocument, at path: [Int]) throws(XMLSignatureError) -> [Int] {
    guard document.root.element(at: path) != nil else {
      throw XMLSignatureError(.path, .verify, "there is no element at the path \(path)")
    }
    let signatures = document.root.paths(named: SignatureProfile.signature)
    guard signatures.count == 1 else {
      throw XMLSignatureError(.oneSignature, .verify, "the document has \(signatures.count) signatures, not one")
    }
    guard signatures[0].dropLast() == path[...], !signatures[0].isEmpty else {
      throw XMLSignatureError(.signaturePlace, .verify, "the signature is not a child of the element that is to be verified")
    }
    return signatures[0]
  }
}
