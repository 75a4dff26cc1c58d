/// A rule that a document, a signature or a signer must keep, by its name.
///
/// The name stands in errors, in the documentation and in the names of the tests. Rules throw ``XMLSignatureError``.
public struct XMLRule: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// The name: `XML-ONE-REFERENCE`.
  public let rawValue: String
  /// A rule by its name, whether it is one of ours or not.
  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ name: String) { rawValue = name }

  /// The name.
  public var description: String { rawValue }

  // The document

  /// A document has at most ``XMLLimits/maximumBytes`` octets, and at least one.
  public static let size = XMLRule("XML-SIZE")
  /// A document is XML 1.0 in UTF-8, and says so if it says anything; characters that XML 1.0 forbids do not occur.
  public static let encoding = XMLRule("XML-ENCODING")
  /// There is no document type declaration, with or without a subset; so there are no entities but the five predefined ones.
  public static let documentType = XMLRule("XML-DTD")
  /// There is no processing instruction. (SOAP 1.1 section 3 forbids them, and so do the agency's messages by never having one.)
  public static let processingInstruction = XMLRule("XML-PROCESSING-INSTRUCTION")
  /// Elements nest at most ``XMLLimits/maximumDepth`` deep.
  public static let depth = XMLRule("XML-DEPTH")
  /// A document has at most ``XMLLimits/maximumNodes`` elements and pieces of text.
  public static let nodes = XMLRule("XML-NODES")
  /// An element has at most ``XMLLimits/maximumAttributes`` attributes, namespace declarations among them.
  public static let attributes = XMLRule("XML-ATTRIBUTES")
  /// At most ``XMLLimits/maximumNamespaces`` namespace declarations are in scope anywhere.
  public static let namespaces = XMLRule("XML-NAMESPACES")
  /// A document is well-formed and namespace-well-formed.
  public static let wellFormed = XMLRule("XML-WELL-FORMED")
  /// A document has a canonical form: its namespace names are absolute, and it is at most four times ``XMLLimits/maximumBytes`` long.
  public static let canonicalForm = XMLRule("XML-CANONICAL-FORM")
  /// There is an element at the path that was asked for.
  public static let path = XMLRule("XML-PATH")
  /// An element that is taken out of its envelope means the same without it.
  public static let standalone = XMLRule("XML-STANDALONE")

  // The signature

  /// The whole document has exactly one `ds:Signature`.
  public static let oneSignature = XMLRule("XML-ONE-SIGNATURE")
  /// The signature is a child of the element that it signs.
  public static let signaturePlace = XMLRule("XML-SIGNATURE-PLACE")
  /// The signature has the elements and attributes of this profile and no others.
  public static let signatureContent = XMLRule("XML-SIGNATURE-CONTENT")
  /// `SignedInfo` is canonicalized by Exclusive XML Canonicalization 1.0 without comments and without a prefix list.
  public static let canonicalization = XMLRule("XML-CANONICALIZATION")
  /// The signature is RSASSA-PKCS1-v1_5 with SHA-256.
  public static let signatureAlgorithm = XMLRule("XML-SIGNATURE-ALGORITHM")
  /// There is exactly one `Reference`.
  public static let oneReference = XMLRule("XML-ONE-REFERENCE")
  /// The reference has `URI=""` and no type.
  public static let referenceURI = XMLRule("XML-REFERENCE-URI")
  /// The transforms are enveloped-signature alone, or that and then Exclusive XML Canonicalization 1.0, as the verifier accepts.
  public static let transforms = XMLRule("XML-TRANSFORMS")
  /// The digest is SHA-256.
  public static let digestAlgorithm = XMLRule("XML-DIGEST-ALGORITHM")
  /// The digest is the one of the signed element.
  public static let digest = XMLRule("XML-DIGEST")
  /// The signature value is the signing certificate's key's over `SignedInfo`.
  public static let signatureValue = XMLRule("XML-SIGNATURE-VALUE")
  /// `KeyInfo` has one `X509Data` with one `X509Certificate`; a `KeyValue` beside it holds the same key.
  public static let keyInfo = XMLRule("XML-KEY-INFO")
  /// The signing key is an RSA key of 2048 to 8192 bits.
  public static let signingKey = XMLRule("XML-SIGNING-KEY")
  /// The signing key belongs to the signing certificate.
  public static let signingCertificate = XMLRule("XML-SIGNING-CERTIFICATE")
  /// The prefix that a signature is to have is declared for the XML Signature namespace where the signature goes.
  public static let signaturePrefix = XMLRule("XML-SIGNATURE-PREFIX")

  /// All rules of this room.
  public static let allCases: [XMLRule] = [
    .size, .encoding, .documentType, .processingInstruction, .depth, .nodes, .attributes, .namespaces, .wellFormed, .canonicalForm, .path,
    .standalone, .oneSignature, .signaturePlace, .signatureContent, .canonicalization, .signatureAlgorithm, .oneReference, .referenceURI,
    .transforms, .digestAlgorithm, .digest, .signatureValue, .keyInfo, .signingKey, .signingCertificate, .signaturePrefix,
  ]
}
