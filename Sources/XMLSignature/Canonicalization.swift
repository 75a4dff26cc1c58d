/// A canonical form of XML. Both leave comments out.
public struct CanonicalizationMethod: Hashable, Sendable, CustomStringConvertible {
  /// The algorithm's identifier, as `ds:CanonicalizationMethod` and `ds:Transform` write it.
  public let identifier: String

  /// Exclusive XML Canonicalization 1.0: of the namespaces in scope, only those that are used.
  public static let exclusive = CanonicalizationMethod(identifier: "http://www.w3.org/2001/10/xml-exc-c14n#")
  /// Canonical XML 1.0: an element carries all the namespaces that are in scope, also those of its ancestors.
  public static let inclusive = CanonicalizationMethod(identifier: "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")

  /// The identifier.
  public var description: String { identifier }
}
