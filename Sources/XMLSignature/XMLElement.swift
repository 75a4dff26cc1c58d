/// The name of an element or attribute (Namespaces in XML 1.0, section 2.1: the expanded name). Its prefix is no part of it.
public struct XMLName: Hashable, Sendable, CustomStringConvertible {
  /// The namespace name, or nil for a name in no namespace.
  public let namespace: String?
  /// The part after the prefix.
  public let localName: String

  /// A name in a namespace, or in none.
  public init(namespace: String? = nil, _ localName: String) {
    self.namespace = namespace
    self.localName = localName
  }

  /// `{namespace}local-name`.
  public var description: String { namespace.map { "{\($0)}\(localName)" } ?? localName }
}

/// A child of an element: another element, or a piece of text.
///
/// Text that comments or CDATA sections split in the file is one piece here, as it is in the canonical form.
public enum XMLNode: Sendable, Hashable {
  case element(XMLElement)
  case text(String)
}

/// An element of a parsed document: an immutable value. Comments are not in it, namespace declarations are not attributes.
public struct XMLElement: Sendable, Hashable {
  /// The expanded name.
  public let name: XMLName
  /// The prefix that the document writes, or nil.
  public let prefix: String?
  /// The attributes' values, normalized as the standard has it (XML 1.0 section 3.3.3).
  public let attributes: [XMLName: String]
  /// Elements and text, in document order; no two pieces of text in a row, and none that is empty.
  public let children: [XMLNode]

  /// The child elements, in document order. A path counts these.
  public var elements: [XMLElement] {
    children.compactMap { child in
      if case .element(let element) = child { element } else { nil }
    }
  }

  /// The child elements of that name, in document order.
  public func elements(named name: XMLName) -> [XMLElement] { elements.filter { $0.name == name } }

  /// The element's own text, without that of its descendants.
  public var text: String {
    children.reduce(into: "") { text, child in
      if case .text(let piece) = child { text += piece }
    }
  }
}

extension XMLElement {
  /// The element at a path of child-element indexes, or nil.
  public func element(at path: [Int]) -> XMLElement? {
    var element = self
    for index in path {
      let elements = element.elements
      guard elements.indices.contains(index) else { return nil }
      element = elements[index]
    }
    return element
  }

  /// The paths of this element and its descendants that have a name, from this element.
  func paths(named name: XMLName) -> [[Int]] {
    var found: [[Int]] = self.name == name ? [[]] : []
    for (index, child) in elements.enumerated() {
      found += child.paths(named: name).map { [index] + $0 }
    }
    return found
  }

  /// Whether all of the element's own text is white space (XML 1.0 section 2.3).
  var textIsWhiteSpace: Bool {
    children.allSatisfy { child in
      if case .text(let piece) = child { piece.utf8.allSatisfy(Base64.isWhiteSpace) } else { true }
    }
  }
}
