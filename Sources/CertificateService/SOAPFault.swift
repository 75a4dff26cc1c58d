import XMLSignature

/// A SOAP 1.1 fault (section 4.4): unsigned, so it is read for people and for nothing else.
struct SOAPFault: CustomStringConvertible {
  /// Code and text on one line, fit for a terminal and bounded.
  let description: String

  init(_ fault: XMLElement) {
    let code = SOAPFault.text(of: "faultcode", in: fault, limit: 60)
    let text = SOAPFault.text(of: "faultstring", in: fault, limit: 200)
    description = "\(code.isEmpty ? "no code" : code), \(text.isEmpty ? "no text" : "\"\(text)\"")"
  }

  /// The fault in a body, or nil where the body is anything else.
  init?(_ body: [UInt8], limits: XMLLimits) {
    guard body.count <= limits.maximumBytes, let root = try? XMLDocument(parsing: body, limits: limits).root,
      root.name == SOAPName.envelope,
      let content = root.elements.first(where: { $0.name == SOAPName.body }),
      let fault = content.elements.first, fault.name == SOAPName.fault
    else { return nil }
    self.init(fault)
  }

  private static func text(of name: String, in fault: XMLElement, limit: Int) -> String {
    let element = fault.elements.first { $0.name == XMLName(name) }
    return SafeText.oneLine(element?.text ?? "", limit: limit)
  }
}
