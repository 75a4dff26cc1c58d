import XMLSignature

/// A SOAP 1.1 envelope with exactly one of the service's requests in its body.
struct SOAPRequest {
  let document: XMLDocument
  let operation: ServiceOperation
  let values: RequestValues
  /// Where the request element stands: child-element indexes from the root.
  let path: [Int]

  /// Reads the envelope and checks the request against the schema.
  ///
  /// - Parameters:
  ///   - body: the HTTP request's body.
  ///   - soapAction: the header's value, with or without quotation marks.
  init(body: [UInt8], soapAction: String?, maximumBytes: Int) throws(RequestViolation) {
    var limits = XMLLimits.standard
    limits.maximumBytes = maximumBytes
    do {
      document = try XMLDocument(parsing: body, limits: limits)
    } catch {
      throw RequestViolation(.wellFormed, error.description)
    }
    let root = document.root
    guard root.name == Self.soap("Envelope") else {
      var violation = RequestViolation(.envelope, "the root is not a SOAP 1.1 Envelope")
      if root.name.localName == "Envelope" { violation.faultCode = "VersionMismatch" }
      throw violation
    }
    let parts = root.elements
    let hasHeader = parts.first?.name == Self.soap("Header")
    let bodyIndex = hasHeader ? 1 : 0
    guard parts.count == bodyIndex + 1, parts[bodyIndex].name == Self.soap("Body") else {
      throw RequestViolation(.envelope, "the Envelope does not have an optional Header and one Body")
    }
    if hasHeader { try Self.checkHeader(parts[0]) }
    let soapBody = parts[bodyIndex]
    guard [root, soapBody].allSatisfy({ $0.text.utf8.allSatisfy(RequestSchema.isWhiteSpace) }) else {
      throw RequestViolation(.envelope, "there is text in the Envelope or its Body")
    }
    guard soapBody.elements.count == 1, let request = soapBody.elements.first else {
      throw RequestViolation(.oneBodyChild, "the Body does not have exactly one child")
    }
    guard
      request.name.namespace == Namespaces.service,
      let operation = ServiceOperation.allCases.first(where: { $0.requestElement == request.name.localName })
    else {
      throw RequestViolation(.oneBodyChild, "the Body's child is no request of this service")
    }
    self.operation = operation
    try Self.check(soapAction, operation)
    values = try RequestSchema.of(operation).read(request)
    path = [bodyIndex, 0]
  }

  private static func checkHeader(_ header: XMLElement) throws(RequestViolation) {
    let mustUnderstand = soap("mustUnderstand")
    guard header.elements.allSatisfy({ $0.attributes[mustUnderstand] != "1" }) else {
      var violation = RequestViolation(.mustUnderstand, "a header entry must be understood, and no header entry is known")
      violation.faultCode = "MustUnderstand"
      throw violation
    }
  }

  private static func check(_ soapAction: String?, _ operation: ServiceOperation) throws(RequestViolation) {
    guard var action = soapAction?[...] else {
      throw RequestViolation(.soapAction, "there is no SOAPAction header", operation)
    }
    if action.count >= 2, action.hasPrefix("\""), action.hasSuffix("\"") { action = action.dropFirst().dropLast() }
    guard action == operation.rawValue else {
      throw RequestViolation(.soapAction, "the SOAPAction header does not name the operation of the Body", operation)
    }
  }

  private static func soap(_ local: String) -> XMLName { XMLName(namespace: Namespaces.soap, local) }
}
