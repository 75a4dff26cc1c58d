/// The one signature profile of this room, in the identifiers of XML Signature (XMLDSig) and its companions.
enum SignatureProfile {
  static let namespace = "http://www.w3.org/2000/09/xmldsig#"
  static let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
  static let rsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
  static let sha256 = "http://www.w3.org/2001/04/xmlenc#sha256"
  static let signature = name("Signature")
  static let keyBits = 2048...8192

  static func name(_ localName: String) -> XMLName { XMLName(namespace: namespace, localName) }
}

/// What is done to a document before its digest is taken: the transforms of the one reference, in their order.
public struct ReferenceTransforms: Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// The name: `enveloped` or `enveloped+exclusive`.
  public let description: String
  /// The algorithm identifiers, as `ds:Transform` writes them.
  public let algorithms: [String]
  /// The canonical form that the digest is taken of.
  public let canonicalization: CanonicalizationMethod

  /// The signature is left out; what remains is written in exclusive canonical form.
  public static let envelopedThenExclusiveC14N = ReferenceTransforms(
    description: "enveloped+exclusive", algorithms: [SignatureProfile.enveloped, CanonicalizationMethod.exclusive.identifier],
    canonicalization: .exclusive)
  /// The signature is left out; what remains is written in inclusive canonical form, as XML Signature 1.1 section 4.4.3.2 has it where no
  /// transform says otherwise. The digest then depends on the namespaces in scope: it holds for the stand-alone document only.
  public static let envelopedOnly = ReferenceTransforms(
    description: "enveloped", algorithms: [SignatureProfile.enveloped], canonicalization: .inclusive)

  /// Both lists, the default first.
  public static let allCases: [ReferenceTransforms] = [.envelopedThenExclusiveC14N, .envelopedOnly]
}
