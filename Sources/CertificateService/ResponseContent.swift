import XMLSignature

/// What a verified response says, read strictly by the schema: elements in order, in no namespace, without attributes, and no others.
struct ResponseContent {
  private let operation: ServiceOperation
  private var elements: ArraySlice<XMLElement>

  /// - Parameter payload: a response element that comes from a verified signature and from nowhere else.
  init(_ payload: XMLElement, of operation: ServiceOperation) throws(CertificateServiceError) {
    self.operation = operation
    let expected = XMLName(namespace: RequestWriter.namespace, operation.responseName)
    guard payload.name == expected else {
      throw operation.failure(.untrusted, .responseOnePayload, "what was signed is not a \(operation.responseName)")
    }
    guard payload.attributes.keys.allSatisfy({ $0 == ResponseContent.schemaLocation }) else {
      throw operation.failure(.untrusted, .responseSchema, "the answer breaks the schema: \(operation.responseName) has attributes")
    }
    elements = ArraySlice(try ResponseContent.children(of: payload, operation))
  }

  /// The text of the answer's element, where the result is OK and nothing else is there.
  ///
  /// - Throws: `refused` for a FAIL; `RESPONSE-SCHEMA`, `RESPONSE-RESULT`, `RESPONSE-MISSING-ELEMENT`.
  mutating func answer() throws(CertificateServiceError) -> String {
    let answer = take(operation.answerElement)
    guard let result = take("Result") else { throw schemaError("there is no Result") }
    // The signature is not among them: its own transform has taken it out of what was signed.
    guard elements.isEmpty else { throw schemaError("there is more in it than the schema allows") }
    let (isOK, errors) = try read(result)
    guard isOK else {
      guard answer == nil else {
        throw operation.failure(
          .untrusted, .responseResult, "the answer says FAIL and carries a \(operation.answerElement) all the same")
      }
      let list = errors.map(\.description).joined(separator: "; ")
      throw operation.failure(
        .refused, .responseRefused, errors.isEmpty ? "the service answered FAIL and gave no reason" : "the service answered FAIL: \(list)",
        hint: ResponseContent.hint(for: errors), errorInformation: errors)
    }
    guard let answer else {
      throw operation.failure(
        .untrusted, .responseMissingElement, "the answer says OK and carries no \(operation.answerElement)")
    }
    return try text(of: answer)
  }

  // MARK: - Result

  /// The lengths of error texts are not checked: nothing hangs on them, and a service that answers FAIL with too long a message
  /// has still answered FAIL. They are bounded where they are shown. `ErrorInfo` beside an OK is allowed by the schema and is ignored.
  private func read(_ result: XMLElement) throws(CertificateServiceError) -> (isOK: Bool, errors: [ServiceErrorInformation]) {
    var parts = try ResponseContent.children(of: result, operation)[...]
    guard result.attributes.isEmpty, let status = parts.popFirst(), status.name == XMLName("Status") else {
      throw schemaError("Result does not begin with Status")
    }
    var errors: [ServiceErrorInformation] = []
    while let information = parts.popFirst() {
      let fields = try ResponseContent.children(of: information, operation)
      guard information.name == XMLName("ErrorInfo"), information.attributes.isEmpty, fields.count == 2,
        fields[0].name == XMLName("ErrorCode"), fields[1].name == XMLName("ErrorMessage")
      else { throw schemaError("Result holds something other than ErrorInfo with ErrorCode and ErrorMessage") }
      errors.append(ServiceErrorInformation(code: try text(of: fields[0]), message: try text(of: fields[1])))
    }
    switch try text(of: status) {
    case "OK": return (true, errors)
    case "FAIL": return (false, errors)
    default: throw operation.failure(.untrusted, .responseResult, "the Status of the answer is neither OK nor FAIL")
    }
  }

  /// The only code with a publicly known meaning.
  private static func hint(for errors: [ServiceErrorInformation]) -> String? {
    errors.contains { $0.code == "PKI020" }
      ? "the transfer credentials are wrong, used or older than 14 days: check them, or order the certificate again" : nil
  }

  // MARK: - Elements

  private mutating func take(_ name: String) -> XMLElement? {
    guard let first = elements.first, first.name == XMLName(name) else { return nil }
    elements = elements.dropFirst()
    return first
  }

  private func text(of element: XMLElement) throws(CertificateServiceError) -> String {
    guard element.elements.isEmpty, element.attributes.isEmpty else {
      throw schemaError("\(SafeText.oneLine(element.name.localName, limit: 60)) holds more than text")
    }
    return element.text
  }

  private static func children(of element: XMLElement, _ operation: ServiceOperation) throws(CertificateServiceError) -> [XMLElement] {
    guard isBlank(element.text) else {
      throw operation.failure(
        .untrusted, .responseSchema, "the answer breaks the schema: there is text between the elements of \(element.name.localName)")
    }
    return element.elements
  }

  private func schemaError(_ message: String) -> CertificateServiceError {
    operation.failure(.untrusted, .responseSchema, "the answer breaks the schema: \(message)")
  }

  /// White space of XML 1.0 section 2.3 and nothing else.
  static func isBlank(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
  }

  /// Where to find the schema: allowed on every element by XML Schema itself (part 1 section 2.6.3), and without meaning here.
  private static let schemaLocation = XMLName(namespace: "http://www.w3.org/2001/XMLSchema-instance", "schemaLocation")
}
