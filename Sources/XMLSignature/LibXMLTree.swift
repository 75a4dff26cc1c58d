internal import CXML

/// The wall to libxml2: the one file that calls it, and the one with `unsafe` in it.
///
/// Every pointer from the other side belongs to the document, which this value owns; strings are copied before a call returns.
/// Nodes go by number, which the other side checks against its own count. Not to be used by two threads at once (see ``XMLDocument``).
@safe
struct LibXMLTree: ~Copyable {
  private let document: OpaquePointer
  private let maximumCanonicalBytes: Int

  /// Parses octets that a ``MarkupScan`` has passed.
  init(parsing octets: [UInt8], limits: XMLLimits) throws(XMLSignatureError) {
    let bounds = CXMLLimits(
      maximum_nodes: UInt32(clamping: limits.maximumNodes), maximum_depth: UInt32(clamping: limits.maximumDepth),
      maximum_namespaces: UInt32(clamping: limits.maximumNamespaces))
    let parsed = unsafe octets.withUnsafeBufferPointer { buffer in
      unsafe cxml_parse(buffer.baseAddress, buffer.count, bounds)
    }
    guard let parsed = unsafe parsed else { throw XMLSignatureError(.wellFormed, .parse, "there is no memory for the document") }
    let outcome = unsafe Int(cxml_outcome(parsed))
    guard outcome == CXML_OK else {
      let line = unsafe Int(cxml_line(parsed))
      let message = unsafe String(cString: cxml_message(parsed))
      unsafe cxml_free(parsed)
      throw Self.refusal(outcome, message: message, line: line, limits: limits)
    }
    unsafe document = parsed
    maximumCanonicalBytes = limits.forCanonicalForm.maximumBytes
  }

  deinit { unsafe cxml_free(document) }

  private static func refusal(_ outcome: Int, message: String, line: Int, limits: XMLLimits) -> XMLSignatureError {
    switch outcome {
    case CXML_DOCUMENT_TYPE: XMLSignatureError(.documentType, .parse, "the document has a document type")
    case CXML_UNEXPECTED_NODE: XMLSignatureError(.processingInstruction, .parse, "the document has more than elements, text and comments")
    case CXML_TOO_MANY_NODES: XMLSignatureError(.nodes, .parse, "the document has more than \(limits.maximumNodes) nodes")
    case CXML_TOO_DEEP: XMLSignatureError(.depth, .parse, "elements nest more than \(limits.maximumDepth) deep")
    case CXML_TOO_MANY_NAMESPACES:
      XMLSignatureError(.namespaces, .parse, "more than \(limits.maximumNamespaces) namespace declarations are in scope")
    case CXML_OUT_OF_MEMORY: XMLSignatureError(.wellFormed, .parse, "there is no memory for the document")
    default:
      // libxml2 quotes names from the document; keep what it says to one line of plain characters.
      XMLSignatureError(.wellFormed, .parse, "line \(line): " + String(message.map { "\u{20}"..."\u{7E}" ~= $0 ? $0 : "?" }))
    }
  }

  // MARK: Reading

  /// The root as a value.
  func root() throws(XMLSignatureError) -> XMLElement {
    let count = unsafe cxml_node_count(document)
    guard count > 0, case .element(let root) = node(0).value else {
      throw XMLSignatureError(.wellFormed, .parse, "the document has no root element")
    }
    return root
  }

  /// A node and everything in it, and the number after it. The depth is bounded by the limits that the document was parsed with.
  private func node(_ number: UInt32) -> (value: XMLNode, end: UInt32) {
    let node = unsafe cNode(number)
    guard unsafe node.is_element != 0 else {
      let text = unsafe UnsafeBufferPointer(start: node.text, count: node.text_count)
      return unsafe (.text(String(decoding: UnsafeRawBufferPointer(text), as: UTF8.self)), node.end)
    }
    var children: [XMLNode] = []
    var pendingText: String?
    var next = number + 1
    let end = unsafe node.end
    while next < end {
      let (child, childEnd) = self.node(next)
      // A piece of text always ends after itself; so does progress.
      next = max(childEnd, next + 1)
      switch child {
      case .text(let piece): pendingText = (pendingText ?? "") + piece
      case .element:
        if let text = pendingText { children.append(.text(text)) }
        pendingText = nil
        children.append(child)
      }
    }
    if let text = pendingText { children.append(.text(text)) }
    let element = unsafe XMLElement(
      name: XMLName(namespace: Self.string(node.namespace_name), Self.string(node.local_name) ?? ""), prefix: Self.string(node.prefix),
      attributes: attributes(of: number, count: node.attribute_count), children: children)
    return (.element(element), end)
  }

  private func attributes(of element: UInt32, count: UInt32) -> [XMLName: String] {
    var attributes: [XMLName: String] = [:]
    for index in 0..<count {
      var attribute = unsafe CXMLAttribute()
      guard unsafe cxml_attribute(document, element, index, &attribute) != 0 else { break }
      let name = unsafe XMLName(namespace: Self.string(attribute.namespace_name), Self.string(attribute.local_name) ?? "")
      unsafe attributes[name] = Self.string(attribute.value) ?? ""
    }
    return attributes
  }

  private func cNode(_ number: UInt32) -> CXMLNode {
    var node = unsafe CXMLNode()
    _ = unsafe cxml_node(document, number, &node)
    return unsafe node
  }

  private static func string(_ pointer: UnsafePointer<CChar>?) -> String? { unsafe pointer.map { unsafe String(cString: $0) } }

  /// The number of the element at a path of child-element indexes from the root.
  private func number(at path: [Int], _ operation: XMLSignatureError.Operation) throws(XMLSignatureError) -> UInt32 {
    var element: UInt32 = 0
    for index in path {
      let end = unsafe cNode(element).end
      var remaining = index
      var child = element + 1
      while child < end {
        let node = unsafe cNode(child)
        if unsafe node.is_element != 0 {
          if remaining == 0 { break }
          remaining -= 1
        }
        child = unsafe max(node.end, child + 1)
      }
      guard remaining == 0, child < end else {
        throw XMLSignatureError(.path, operation, "there is no element at the path \(path)")
      }
      element = child
    }
    return element
  }

  /// What a prefix stands for at the element at a path, or nil.
  func namespace(ofPrefix prefix: String, at path: [Int]) throws(XMLSignatureError) -> String? {
    var found: String?
    for length in 0...path.count {
      let element = try number(at: Array(path.prefix(length)), .sign)
      let count = unsafe cNode(element).namespace_count
      for index in 0..<count {
        var declaration = unsafe CXMLNamespace()
        guard unsafe cxml_namespace(document, element, index, &declaration) != 0 else { break }
        if unsafe Self.string(declaration.prefix) == prefix { found = unsafe Self.string(declaration.name) }
      }
    }
    return found
  }

  // MARK: Canonicalization

  /// The canonical octets of the element at a path, without the one at `omitted`.
  func canonicalized(
    _ method: CanonicalizationMethod, at path: [Int], omitting omitted: [Int]?, droppingNamespace dropped: String?,
    _ operation: XMLSignatureError.Operation
  ) throws(XMLSignatureError) -> [UInt8] {
    let apex = try number(at: path, operation)
    let hole = if let omitted { try number(at: omitted, operation) } else { apex }
    var octets: UnsafeMutablePointer<UInt8>?
    var count = 0
    func execute(_ dropped: UnsafePointer<CChar>?) -> Int {
      let request = unsafe CXMLCanonicalization(
        exclusive: method == .exclusive ? 1 : 0, apex: apex, omitted: hole, dropped_namespace: dropped,
        maximum_octets: maximumCanonicalBytes)
      return unsafe Int(cxml_canonicalize(document, request, &octets, &count))
    }
    let outcome = if let dropped { unsafe dropped.withCString { unsafe execute($0) } } else { execute(nil) }
    guard outcome == CXML_OK, let start = unsafe octets else {
      throw XMLSignatureError(
        .canonicalForm, operation, "the document has no canonical form, as with a relative namespace name, or one that is too long")
    }
    defer { unsafe cxml_free_octets(start) }
    return unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  }
}
