import Foundation

/// What a request of the right form says.
struct RequestValues: Sendable {
  let operation: ServiceOperation
  private(set) var environment = SimulatedEnvironment.test
  private(set) var customerID = ""
  private(set) var customerName: String?
  private(set) var transferID = ""
  private(set) var transferPassword = ""
  private(set) var retrievalID = ""
  /// The octets of the CertificateRequest element.
  private(set) var certificateRequest: [UInt8] = []

  init(operation: ServiceOperation) { self.operation = operation }

  /// Takes the text of one element, by its type.
  mutating func take(_ text: String, _ field: RequestSchema.Field) throws(RequestViolation) {
    switch field.content {
    case .environment:
      // xs:string keeps white space, so " TEST" is not in the enumeration.
      guard let environment = SimulatedEnvironment(rawValue: text) else {
        throw RequestViolation(.enumeration, "\(field.name) is neither PRODUCTION nor TEST", operation)
      }
      self.environment = environment
    case .text(let maximum):
      let value = Self.normalized(text)
      guard (1...maximum).contains(value.unicodeScalars.count) else {
        throw RequestViolation(.length, "\(field.name) does not have 1 to \(maximum) characters", operation)
      }
      store(value, field.name)
    case .base64(let maximum):
      let characters = text.utf8.filter { !RequestSchema.isWhiteSpace($0) }
      // One value has one encoding: the schema's pattern leaves the unused bits of the last character zero.
      guard let octets = Data(base64Encoded: Data(characters)), octets.base64EncodedData() == Data(characters) else {
        throw RequestViolation(.base64, "\(field.name) is not base64", operation)
      }
      guard (1...maximum).contains(octets.count) else {
        throw RequestViolation(.base64, "\(field.name) does not have 1 to \(maximum) octets", operation)
      }
      certificateRequest = [UInt8](octets)
    }
  }

  private mutating func store(_ value: String, _ name: String) {
    switch name {
    case "CustomerId": customerID = value
    case "CustomerName": customerName = value
    case "TransferId": transferID = value
    case "TransferPassword": transferPassword = value
    default: retrievalID = value
    }
  }

  /// `xs:normalizedString`: tabs, carriage returns and line feeds become spaces (XML Schema part 2, 3.3.1).
  private static func normalized(_ text: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      scalars.append(["\t", "\n", "\r"].contains(scalar) ? " " : scalar)
    }
    return String(scalars)
  }
}
