import Foundation

/// A response element of the service, unsigned.
///
/// It is written in its own canonical form (inclusive and without comments), with `ds` declared on the root for the signature
/// that will be appended.
struct ResponsePayload: Sendable {
  struct ErrorInfo: Sendable, Hashable {
    /// At most 16 characters.
    let code: String
    /// At most 255 characters.
    let message: String
  }

  var operation: ServiceOperation
  /// The RetrievalId, or the base64 of the certificate; nothing in a FAIL.
  var answer: String?
  var isOK: Bool
  var errors: [ErrorInfo] = []

  static func ok(_ operation: ServiceOperation, _ answer: String) -> ResponsePayload {
    ResponsePayload(operation: operation, answer: answer, isOK: true)
  }

  static func fail(_ operation: ServiceOperation, _ errors: [ErrorInfo]) -> ResponsePayload {
    ResponsePayload(operation: operation, answer: nil, isOK: false, errors: errors)
  }

  /// The document, with further namespace declarations on its root when the signer asks for them.
  func document(declaring extra: [(prefix: String, namespace: String)] = []) -> String {
    let declarations = ([("ds", Namespaces.signature), ("ser", Namespaces.service)] + extra.map { ($0.prefix, $0.namespace) })
      .sorted { Array($0.0.utf8).lexicographicallyPrecedes(Array($1.0.utf8)) }
      .map { " xmlns:\($0.0)=\"\($0.1)\"" }
      .joined()
    let name = "ser:\(operation.responseElement)"
    var text = "<\(name)\(declarations)>"
    if let answer { text += Self.element(operation.answerElement, answer) }
    text += "<Result>" + Self.element("Status", isOK ? "OK" : "FAIL")
    for error in errors {
      text += "<ErrorInfo>"
      text += Self.element("ErrorCode", String(error.code.prefix(16))) + Self.element("ErrorMessage", String(error.message.prefix(255)))
      text += "</ErrorInfo>"
    }
    return text + "</Result></\(name)>"
  }

  static func element(_ name: String, _ text: String) -> String { "<\(name)>\(escaped(text))</\(name)>" }

  /// Text as canonical XML writes it.
  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\r", with: "&#xD;")
  }
}

/// The envelope around a response, as the agency's service writes it: prefix SOAP-ENV, an empty Header, the payload byte for byte.
enum ResponseEnvelope {
  static func wrap(_ payload: String, header: String = "") -> String {
    let head = header.isEmpty ? "<SOAP-ENV:Header/>" : "<SOAP-ENV:Header>\(header)</SOAP-ENV:Header>"
    return "<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"\(Namespaces.soap)\">\(head)<SOAP-ENV:Body>\(payload)</SOAP-ENV:Body></SOAP-ENV:Envelope>"
  }

  /// A SOAP 1.1 fault (section 4.4). Nothing in it is signed: the WSDL declares no fault.
  static func fault(code: String, text: String) -> String {
    let fault =
      "<SOAP-ENV:Fault>" + ResponsePayload.element("faultcode", "SOAP-ENV:\(code)") + ResponsePayload.element("faultstring", text)
      + "</SOAP-ENV:Fault>"
    return wrap(fault)
  }
}
