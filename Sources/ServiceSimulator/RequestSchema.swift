import Foundation
import XMLSignature

/// The three request types of the official schema, as a table, and the check of an element against them.
struct RequestSchema {
  struct Field {
    enum Content {
      /// `xs:normalizedString` of 1 to so many characters.
      case text(maximum: Int)
      /// `EnvironmentTypes`
      case environment
      /// `xs:base64Binary` of 1 to so many octets.
      case base64(maximum: Int)
    }
    let name: String
    let content: Content
    var isOptional = false
  }

  let operation: ServiceOperation
  /// The unqualified children, in the schema's order.
  let fields: [Field]
  /// Whether one `ds:Signature` is the last child.
  let isSigned: Bool

  static func of(_ operation: ServiceOperation) -> RequestSchema {
    let customer = [
      Field(name: "Environment", content: .environment), Field(name: "CustomerId", content: .text(maximum: 30)),
      Field(name: "CustomerName", content: .text(maximum: 100), isOptional: true),
    ]
    let request = Field(name: "CertificateRequest", content: .base64(maximum: 10_240))
    switch operation {
    case .signNew:
      let credentials = [
        Field(name: "TransferId", content: .text(maximum: 32)), Field(name: "TransferPassword", content: .text(maximum: 16)),
      ]
      return RequestSchema(operation: operation, fields: customer + credentials + [request], isSigned: false)
    case .renew:
      return RequestSchema(operation: operation, fields: customer + [request], isSigned: true)
    default:
      return RequestSchema(
        operation: operation, fields: customer + [Field(name: "RetrievalId", content: .text(maximum: 32))], isSigned: false)
    }
  }

  /// The same without its signature: what the signature of a request covers.
  var withoutSignature: RequestSchema { RequestSchema(operation: operation, fields: fields, isSigned: false) }

  /// Reads an element by the schema.
  func read(_ element: XMLElement) throws(RequestViolation) -> RequestValues {
    var values = RequestValues(operation: operation)
    var rest = element.elements[...]
    try Self.checkContainer(element)
    for field in fields {
      guard let child = rest.first, child.name.localName == field.name else {
        if field.isOptional { continue }
        throw RequestViolation(.elementOrder, "\(field.name) is missing, or not where the schema has it", operation)
      }
      guard child.name.namespace == nil else {
        throw RequestViolation(.unqualifiedChildren, "\(field.name) is in a namespace", operation)
      }
      rest = rest.dropFirst()
      try Self.checkValueElement(child, operation)
      try values.take(child.text, field)
    }
    if isSigned {
      guard let signature = rest.first, signature.name == XMLName(namespace: Namespaces.signature, "Signature") else {
        throw RequestViolation(.elementOrder, "ds:Signature is missing, or not where the schema has it", operation)
      }
      rest = rest.dropFirst()
      try Self.checkSignature(signature, operation)
    }
    guard rest.isEmpty else {
      throw RequestViolation(.elementOrder, "\(operation.requestElement) has an element too many", operation)
    }
    return values
  }

  private static func checkContainer(_ element: XMLElement) throws(RequestViolation) {
    try checkAttributes(element, nil)
    guard element.text.utf8.allSatisfy(isWhiteSpace) else {
      throw RequestViolation(.simpleContent, "there is text between the elements of the request")
    }
  }

  private static func checkValueElement(_ element: XMLElement, _ operation: ServiceOperation) throws(RequestViolation) {
    try checkAttributes(element, operation)
    guard element.elements.isEmpty else {
      throw RequestViolation(.simpleContent, "\(element.name.localName) holds elements instead of a value", operation)
    }
  }

  /// No attributes but the hints that XML Schema lets stand on any element.
  private static func checkAttributes(_ element: XMLElement, _ operation: ServiceOperation?) throws(RequestViolation) {
    let hints = ["schemaLocation", "noNamespaceSchemaLocation"].map { XMLName(namespace: Namespaces.schemaInstance, $0) }
    guard element.attributes.keys.allSatisfy(hints.contains) else {
      throw RequestViolation(.attributes, "\(element.name.localName) has an attribute", operation)
    }
  }

  /// The first level of XML Signature's `SignatureType`. The signature itself is judged where it is verified.
  private static func checkSignature(_ signature: XMLElement, _ operation: ServiceOperation) throws(RequestViolation) {
    var names = signature.elements.map(\.name)[...]
    func name(_ local: String) -> XMLName { XMLName(namespace: Namespaces.signature, local) }
    for mandatory in ["SignedInfo", "SignatureValue"] {
      guard names.first == name(mandatory) else {
        throw RequestViolation(.signatureElement, "ds:Signature has no ds:\(mandatory) where it belongs", operation)
      }
      names = names.dropFirst()
    }
    if names.first == name("KeyInfo") { names = names.dropFirst() }
    guard names.allSatisfy({ $0 == name("Object") }) else {
      throw RequestViolation(.signatureElement, "ds:Signature has an element that its schema does not know", operation)
    }
  }

  static func isWhiteSpace(_ octet: UInt8) -> Bool { [0x20, 0x09, 0x0a, 0x0d].contains(octet) }
}

/// A request, or its envelope, broke a rule of form.
struct RequestViolation: Error {
  let rule: SimulatorRule
  let message: String
  /// The operation, where the request got as far as telling it.
  let operation: ServiceOperation?
  /// The local part of the SOAP 1.1 fault code (section 4.4.1).
  var faultCode = "Client"

  init(_ rule: SimulatorRule, _ message: String, _ operation: ServiceOperation? = nil) {
    self.rule = rule
    self.message = message
    self.operation = operation
  }
}
