internal import Crypto
public import X509

/// Signs XML documents with any ``X509/Certificate/PrivateKey``, among them keys that stay on a token.
///
/// The signature becomes the last child of the root, directly before its end tag; every other octet of the document stays as it
/// is. What comes out has passed ``EnvelopedSignatureVerifier``.
public struct EnvelopedSigner: Sendable {
  private let key: Certificate.PrivateKey
  private let certificate: SigningCertificate
  private let transforms: ReferenceTransforms
  private let style: SignatureStyle
  private let fault: SignatureFault?
  private let limits = XMLLimits.standard

  /// - Parameters:
  ///   - key: an RSA key of 2048 to 8192 bits, which belongs to the certificate.
  ///   - certificate: goes into the signature, without a chain.
  ///   - transforms: what the digest is taken of.
  ///   - style: how the signature is written.
  /// - Throws: `XML-SIGNING-KEY`, `XML-SIGNING-CERTIFICATE`.
  public init(
    key: Certificate.PrivateKey, certificate: Certificate, transforms: ReferenceTransforms = .envelopedThenExclusiveC14N,
    style: SignatureStyle = .plain
  ) throws(XMLSignatureError) {
    try self.init(key: key, certificate: certificate, transforms: transforms, style: style, fault: nil)
  }

  /// Makes, on purpose, signatures that must be refused.
  package init(
    key: Certificate.PrivateKey, certificate: Certificate, transforms: ReferenceTransforms, style: SignatureStyle,
    fault: SignatureFault?
  ) throws(XMLSignatureError) {
    self.certificate = try SigningCertificate(certificate)
    guard key.publicKey == certificate.publicKey else {
      throw XMLSignatureError(
        .signingCertificate, .sign, "the key does not belong to the certificate",
        hint: "choose the certificate that was issued for this key")
    }
    self.key = key
    self.transforms = transforms
    self.style = style
    self.fault = fault
  }

  /// Signs a document.
  ///
  /// - Parameter document: UTF-8, without a signature; its root declares the prefix of a
  ///   ``SignatureStyle/prefixed(_:includesSubjectName:)`` signature.
  /// - Returns: the document with the signature in it.
  /// - Throws: ``XMLSignatureError`` by the rules about documents, `XML-ONE-SIGNATURE`, `XML-SIGNATURE-PREFIX`; `XML-SIGNATURE-VALUE`
  ///   when the key made a signature that does not verify; whatever the key throws.
  public func sign(_ document: [UInt8]) async throws -> [UInt8] {
    try await sign(document, inPlaceAt: [])
  }

  /// Signs one element inside a document, in its context. A stand-alone reader will not find the digest that this gives, except with
  /// ``ReferenceTransforms/envelopedThenExclusiveC14N``.
  package func sign(_ document: [UInt8], inPlaceAt path: [Int]) async throws -> [UInt8] {
    let parsed = try XMLDocument(parsing: document, limits: limits, locating: path)
    try checkPlace(in: parsed, at: path)
    var writer = SignatureWriter(style: style, transforms: transforms)
    var algorithm = Certificate.SignatureAlgorithm.sha256WithRSAEncryption
    let octets = try parsed.canonicalized(transforms.canonicalization, at: path, .sign)
    var digest = Array(SHA256.hash(data: octets))
    switch fault {
    case .sha1Digest:
      digest = Array(Insecure.SHA1.hash(data: octets))
      writer.digestAlgorithm = "http://www.w3.org/2000/09/xmldsig#sha1"
    case .sha1Signature:
      algorithm = .sha1WithRSAEncryption
      writer.signatureAlgorithm = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
    default: break
    }
    let signedInfo = writer.signedInfo(digest: digest)
    let value = try await key.signAsynchronously(bytes: signedInfo.canonical, signatureAlgorithm: algorithm)
    let signature = writer.signature(signedInfo, value: value.rawRepresentation, certificate: certificate)
    let signed = try Self.insert(signature, into: document, at: parsed.locatedEnd)
    if fault == nil { try verify(signed, at: path) }
    return signed
  }

  private func checkPlace(in document: XMLDocument, at path: [Int]) throws(XMLSignatureError) {
    guard document.root.element(at: path) != nil else {
      throw XMLSignatureError(.path, .sign, "there is no element at the path \(path)")
    }
    guard document.root.paths(named: SignatureProfile.signature).isEmpty else {
      throw XMLSignatureError(.oneSignature, .sign, "the document has a signature already")
    }
    if let prefix = style.prefix, try document.namespace(ofPrefix: prefix, at: path) != SignatureProfile.namespace {
      throw XMLSignatureError(
        .signaturePrefix, .sign, "the prefix of the signature is not declared for XML Signature on the element that is to be signed",
        hint: "declare xmlns:\(prefix)=\"\(SignatureProfile.namespace)\" there")
    }
  }

  static func insert(
    _ signature: [UInt8], into document: [UInt8], at end: MarkupScan.ElementEnd?
  ) throws(XMLSignatureError) -> [UInt8] {
    switch end {
    case .endTag(let offset):
      return document[..<offset] + signature + document[offset...]
    case .emptyElement(let slash, let name):
      return document[..<slash] + ">".utf8 + signature + "</".utf8 + name + document[(slash + 1)...]
    case nil:
      throw XMLSignatureError(.path, .sign, "the end of the element was not found")
    }
  }

  /// A key on a device can fail in ways of its own; no signature leaves that would be refused.
  private func verify(_ signed: [UInt8], at path: [Int]) throws(XMLSignatureError) {
    do throws(XMLSignatureError) {
      let document = try XMLDocument(parsing: signed, limits: limits)
      try EnvelopedSignatureVerifier(limits: limits).structure(of: document, at: path, expecting: certificate).checkValue()
    } catch {
      throw XMLSignatureError(error.rule, .sign, "the signature that was made does not verify", underlying: error)
    }
  }
}

/// A way in which a signature is made badly on purpose, for a service that is to be refused.
package struct SignatureFault: Hashable, Sendable {
  private let name: String

  /// The digest is SHA-1, and is named so.
  package static let sha1Digest = SignatureFault(name: "sha1-digest")
  /// The signature is RSA with SHA-1, and is named so.
  package static let sha1Signature = SignatureFault(name: "sha1-signature")
}
