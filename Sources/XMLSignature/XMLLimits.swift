/// How much XML is taken from outside. The work that a document can cause is bounded by these.
public struct XMLLimits: Sendable, Hashable {
  /// The size of the document, in octets.
  public var maximumBytes: Int
  /// Elements inside elements; the root is at depth 1. libxml2 itself stops at 256.
  public var maximumDepth: Int
  /// Elements, comments, CDATA sections and pieces of text together.
  public var maximumNodes: Int
  /// Attributes of one element, namespace declarations among them.
  public var maximumAttributes: Int
  /// Namespace declarations in scope at one element. Canonicalization looks at each of them for each of them.
  public var maximumNamespaces: Int

  /// The standard limits, but for those that are given.
  public init(
    maximumBytes: Int = 1 << 20, maximumDepth: Int = 64, maximumNodes: Int = 100_000, maximumAttributes: Int = 64,
    maximumNamespaces: Int = 32
  ) {
    self.maximumBytes = maximumBytes
    self.maximumDepth = maximumDepth
    self.maximumNodes = maximumNodes
    self.maximumAttributes = maximumAttributes
    self.maximumNamespaces = maximumNamespaces
  }

  /// 1 MiB, 64 deep, 100,000 nodes, 64 attributes an element, 32 namespace declarations in scope.
  public static let standard = XMLLimits()
}

extension XMLLimits {
  /// The limits of a canonical form of a document that kept these. Every element has two tags there, some characters become
  /// references, and an element shows declarations that it inherited.
  var forCanonicalForm: XMLLimits {
    var limits = self
    limits.maximumBytes = maximumBytes.multipliedReportingOverflow(by: 4).overflow ? .max : maximumBytes * 4
    limits.maximumAttributes += maximumNamespaces
    limits.maximumNamespaces *= 2
    return limits
  }
}
