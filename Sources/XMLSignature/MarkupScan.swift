/// A first walk over a document's octets, in safe code, before libxml2 sees them.
///
/// It refuses what the parser must never meet (declarations, processing instructions, other encodings) and what would make it work
/// out of proportion: libxml2 compares every attribute of an element with every other and has no limit of its own. It is not a
/// parser: names, references and the matching of tags are left to libxml2. But its notion of where markup begins must be libxml2's
/// also in a malformed document, where libxml2 goes on reading after the first error; so characters that XML forbids and tags
/// that are not of the form `name (name = "value")*` are refused here.
///
/// It also finds where an element ends, so that a signature can be put there without rewriting the document.
struct MarkupScan {
  private let octets: [UInt8]
  private let limits: XMLLimits
  private var position = 0
  private var nodes = 0
  private var depth = 0

  /// Child elements seen so far of each open element, the document itself first.
  private var childCounts: [Int] = [0]
  private let target: [Int]?
  /// How many elements of the target's path are open now: they are the first ones of those that are open.
  private var matched = 0
  private(set) var targetEnd: ElementEnd?

  /// Where the element at the target's path ends.
  enum ElementEnd: Equatable {
    /// The offset of its end tag.
    case endTag(Int)
    /// The offset of the `/` of its empty-element tag, and its name as the tag writes it.
    case emptyElement(Int, name: [UInt8])
  }

  /// - Parameter target: the path of child-element indexes, from the root, of the element whose end is wanted.
  /// - Throws: `XML-SIZE`, `XML-ENCODING`, `XML-DTD`, `XML-PROCESSING-INSTRUCTION`, `XML-DEPTH`, `XML-NODES`, `XML-ATTRIBUTES`,
  ///   `XML-WELL-FORMED`.
  init(_ octets: [UInt8], limits: XMLLimits, target: [Int]? = nil) throws(XMLSignatureError) {
    self.octets = octets
    self.limits = limits
    self.target = target
    guard !octets.isEmpty, octets.count <= limits.maximumBytes else {
      throw XMLSignatureError(.size, .parse, "the document has \(octets.count) octets, the limit is 1 to \(limits.maximumBytes)")
    }
    try checkCharacters()
    if starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    if starts(with: Self.declarationStart), position + 5 < octets.count, Base64.isWhiteSpace(octets[position + 5]) { try xmlDeclaration() }
    while position < octets.count { try nextPiece() }
  }

  // MARK: Characters

  private func checkCharacters() throws(XMLSignatureError) {
    do { _ = try UTF8Span(validating: octets.span) } catch {
      throw XMLSignatureError(.encoding, .parse, "the document is not UTF-8", hint: "send UTF-8", underlying: error)
    }
    for index in octets.indices {
      let octet = octets[index]
      // XML 1.0 section 2.2: no control characters but tab, line feed and carriage return; no U+FFFE and U+FFFF.
      let isForbidden =
        octet < 0x20
        ? !Base64.isWhiteSpace(octet) : octet >= 0xBE && index >= 2 && octets[index - 2] == 0xEF && octets[index - 1] == 0xBF
      if isForbidden {
        throw XMLSignatureError(.encoding, .parse, "the document has a character that XML forbids, at octet \(index)")
      }
    }
  }

  private func starts(with prefix: [UInt8]) -> Bool {
    guard octets.count - position >= prefix.count else { return false }
    for (offset, octet) in prefix.enumerated() where octets[position + offset] != octet { return false }
    return true
  }

  private func malformed(_ what: String) -> XMLSignatureError {
    XMLSignatureError(.wellFormed, .parse, "\(what), at octet \(position)")
  }

  private mutating func skip(past terminator: [UInt8], _ what: String) throws(XMLSignatureError) {
    let start = position
    while position < octets.count {
      if starts(with: terminator) {
        position += terminator.count
        return
      }
      position += 1
    }
    position = start
    throw malformed("\(what) does not end")
  }

  // MARK: Pieces

  private static let declarationStart = Array("<?xml".utf8)
  private static let declarationEnd = Array("?>".utf8)
  private static let commentStart = Array("<!--".utf8)
  private static let commentEnd = Array("--".utf8)
  private static let sectionStart = Array("<![CDATA[".utf8)
  private static let sectionEnd = Array("]]>".utf8)
  private static let endTagStart = Array("</".utf8)

  private mutating func nextPiece() throws(XMLSignatureError) {
    let isEndTag = starts(with: Self.endTagStart)
    if !isEndTag { nodes += 1 }
    guard nodes <= limits.maximumNodes else {
      throw XMLSignatureError(.nodes, .parse, "the document has more than \(limits.maximumNodes) elements and pieces of text")
    }
    guard octets[position] == UInt8(ascii: "<") else {
      while position < octets.count, octets[position] != UInt8(ascii: "<") { position += 1 }
      return
    }
    guard !isEndTag else { return try endTag() }
    guard position + 1 < octets.count else { throw malformed("the document ends in a tag") }
    switch octets[position + 1] {
    case UInt8(ascii: "?"):
      throw XMLSignatureError(.processingInstruction, .parse, "the document has a processing instruction, at octet \(position)")
    case UInt8(ascii: "!"): try declaration()
    default: try startTag()
    }
  }

  private mutating func declaration() throws(XMLSignatureError) {
    if starts(with: Self.commentStart) {
      position += 4
      try skip(past: Self.commentEnd, "a comment")
      try expect(UInt8(ascii: ">"), "a comment has a double hyphen")
    } else if starts(with: Self.sectionStart) {
      try skip(past: Self.sectionEnd, "a CDATA section")
    } else {
      throw XMLSignatureError(.documentType, .parse, "the document has a document type or another declaration, at octet \(position)")
    }
  }

  private mutating func endTag() throws(XMLSignatureError) {
    let start = position
    position += 2
    _ = try name()
    skipWhiteSpace()
    try expect(UInt8(ascii: ">"), "an end tag has more than a name")
    guard depth > 0 else { throw malformed("an end tag has no start tag") }
    if isTarget { targetEnd = .endTag(start) }
    leave()
  }

  private mutating func startTag() throws(XMLSignatureError) {
    position += 1
    let name = try name()
    try enter()
    for count in 0... {
      let hadWhiteSpace = skipWhiteSpace()
      guard position < octets.count else { throw malformed("the document ends in a tag") }
      switch octets[position] {
      case UInt8(ascii: ">"):
        position += 1
        return
      case UInt8(ascii: "/"):
        let slash = position
        position += 1
        try expect(UInt8(ascii: ">"), "a slash in a tag does not end it")
        if isTarget { targetEnd = .emptyElement(slash, name: Array(name)) }
        leave()
        return
      default:
        guard hadWhiteSpace else { throw malformed("white space is missing before an attribute") }
        guard count < limits.maximumAttributes else {
          throw XMLSignatureError(.attributes, .parse, "an element has more than \(limits.maximumAttributes) attributes")
        }
        _ = try attribute()
      }
    }
  }

  private mutating func attribute() throws(XMLSignatureError) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
    let attributeName = try name()
    skipWhiteSpace()
    try expect(UInt8(ascii: "="), "an attribute has no value")
    skipWhiteSpace()
    guard position < octets.count, octets[position] == UInt8(ascii: "\"") || octets[position] == UInt8(ascii: "'") else {
      throw malformed("an attribute's value is not in quotes")
    }
    let quote = octets[position]
    position += 1
    let start = position
    while position < octets.count, octets[position] != quote {
      guard octets[position] != UInt8(ascii: "<") else { throw malformed("an attribute's value has a less-than sign") }
      position += 1
    }
    guard position < octets.count else { throw malformed("the document ends in an attribute's value") }
    position += 1
    return (attributeName, octets[start..<position - 1])
  }

  /// Any run of octets that cannot be something else; libxml2 knows which of them are names.
  private mutating func name() throws(XMLSignatureError) -> ArraySlice<UInt8> {
    let start = position
    while position < octets.count, !Self.endsName[Int(octets[position])] { position += 1 }
    guard position > start else { throw malformed("a name is missing") }
    return octets[start..<position]
  }

  private static let endsName: [Bool] = {
    var table = [Bool](repeating: false, count: 256)
    for octet in "\t\n\r <>/=\"'&!?".utf8 { table[Int(octet)] = true }
    return table
  }()

  private mutating func expect(_ octet: UInt8, _ otherwise: String) throws(XMLSignatureError) {
    guard position < octets.count, octets[position] == octet else { throw malformed(otherwise) }
    position += 1
  }

  @discardableResult
  private mutating func skipWhiteSpace() -> Bool {
    let start = position
    while position < octets.count, Base64.isWhiteSpace(octets[position]) { position += 1 }
    return position > start
  }

  // MARK: Elements

  private mutating func enter() throws(XMLSignatureError) {
    guard depth < limits.maximumDepth else {
      throw XMLSignatureError(.depth, .parse, "elements nest more than \(limits.maximumDepth) deep")
    }
    let index = childCounts[depth]
    childCounts[depth] += 1
    if let target, matched == depth, depth <= target.count, index == (depth == 0 ? 0 : target[depth - 1]) { matched += 1 }
    depth += 1
    childCounts.append(0)
  }

  private mutating func leave() {
    if matched == depth { matched -= 1 }
    depth -= 1
    childCounts.removeLast()
  }

  /// Whether the innermost open element is the one at the target's path.
  private var isTarget: Bool { target.map { depth == $0.count + 1 && matched == depth } ?? false }
}

extension MarkupScan {
  /// XML 1.0 section 2.8. libxml2 is told to read UTF-8 whatever stands here, so it must stand here.
  private mutating func xmlDeclaration() throws(XMLSignatureError) {
    position += 5
    while skipWhiteSpace(), !starts(with: Self.declarationEnd) {
      let (name, value) = try attribute()
      let isAsExpected =
        switch String(decoding: name, as: UTF8.self) {
        case "version": value.elementsEqual("1.0".utf8)
        case "encoding": String(decoding: value, as: UTF8.self).uppercased() == "UTF-8"
        case "standalone": true
        default: false
        }
      guard isAsExpected else {
        throw XMLSignatureError(.encoding, .parse, "the XML declaration does not say XML 1.0 in UTF-8", hint: "send XML 1.0 in UTF-8")
      }
    }
    try expect(UInt8(ascii: "?"), "the XML declaration does not end")
    try expect(UInt8(ascii: ">"), "the XML declaration does not end")
  }
}
