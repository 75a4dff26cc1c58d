internal import Synchronization

/// A parsed XML document, bounded and without document types, entities, processing instructions and any access to other files.
///
/// It keeps libxml2's tree for canonicalization; what it shows is an immutable value. Everything a caller can read here is *unverified*:
/// see ``EnvelopedSignatureVerifier`` for what a signature covers.
public final class XMLDocument: Sendable {
  /// The root element.
  public let root: XMLElement
  /// The octets that were parsed.
  public let octets: [UInt8]
  let limits: XMLLimits
  /// Where the element ends that was to be located.
  let locatedEnd: MarkupScan.ElementEnd?
  private let tree: Mutex<LibXMLTree>

  /// - Parameter octets: the document, in UTF-8.
  /// - Throws: the rules about the document, `XML-SIZE` to `XML-WELL-FORMED`.
  public convenience init(parsing octets: [UInt8], limits: XMLLimits = .standard) throws(XMLSignatureError) {
    try self.init(parsing: octets, limits: limits, locating: nil)
  }

  /// Also finds where the element at a path ends in the octets.
  init(parsing octets: [UInt8], limits: XMLLimits, locating path: [Int]?) throws(XMLSignatureError) {
    locatedEnd = try MarkupScan(octets, limits: limits, target: path).targetEnd
    let tree = try LibXMLTree(parsing: octets, limits: limits)
    root = try tree.root()
    self.octets = octets
    self.limits = limits
    self.tree = Mutex(tree)
  }

  /// The canonical octets of an element, within its context: an inclusive form shows the namespaces of the element's ancestors too.
  ///
  /// - Parameters:
  ///   - method: the canonical form.
  ///   - path: the path of child-element indexes from the root; the root itself by default.
  ///   - omitted: the path of an element that is left out with all it contains, as the enveloped-signature transform does.
  /// - Throws: `XML-PATH`, `XML-CANONICAL-FORM`.
  public func canonicalized(
    _ method: CanonicalizationMethod = .exclusive, elementAt path: [Int] = [], omitting omitted: [Int]? = nil
  ) throws(XMLSignatureError) -> [UInt8] {
    try canonicalized(method, at: path, omitting: omitted, droppingNamespace: nil, .canonicalize)
  }

  func canonicalized(
    _ method: CanonicalizationMethod, at path: [Int], omitting omitted: [Int]? = nil, droppingNamespace dropped: String? = nil,
    _ operation: XMLSignatureError.Operation
  ) throws(XMLSignatureError) -> [UInt8] {
    try tree.withLock { tree throws(XMLSignatureError) in
      try tree.canonicalized(method, at: path, omitting: omitted, droppingNamespace: dropped, operation)
    }
  }

  /// What a prefix stands for at the element at a path, or nil.
  func namespace(ofPrefix prefix: String, at path: [Int]) throws(XMLSignatureError) -> String? {
    try tree.withLock { tree throws(XMLSignatureError) in try tree.namespace(ofPrefix: prefix, at: path) }
  }

  /// Takes an element out of its envelope: a document of its own with the element as root.
  ///
  /// The root declares every namespace that was in scope at the element, used or not, except those of `droppingNamespace` that it
  /// inherited. That is the document a service signed before it put it into a SOAP envelope, whose own namespace came into scope
  /// only then; a digest over an inclusive canonical form depends on it.
  ///
  /// - Parameter droppingNamespace: the namespace name of the envelope.
  /// - Throws: `XML-PATH`; `XML-STANDALONE` where the element uses the dropped declaration, or inherits `xml:` attributes.
  public func standaloneDocument(ofElementAt path: [Int], droppingNamespace: String) throws(XMLSignatureError) -> XMLDocument {
    guard let element = root.element(at: path) else {
      throw XMLSignatureError(.path, .extract, "there is no element at the path \(path)")
    }
    let octets = try canonicalized(.inclusive, at: path, droppingNamespace: droppingNamespace, .extract)
    let document: XMLDocument
    do { document = try XMLDocument(parsing: octets, limits: limits.forCanonicalForm) } catch {
      throw XMLSignatureError(.standalone, .extract, "the element does not stand without its envelope", underlying: error)
    }
    guard document.root == element else {
      throw XMLSignatureError(.standalone, .extract, "the element does not mean the same without its envelope")
    }
    return document
  }
}
