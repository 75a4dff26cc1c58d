import Foundation
import TestSupport
import Testing

@testable import ServiceSimulator

/// A request that breaks the schema, and the rule that it breaks.
struct SchemaViolation: Sendable, CustomTestStringConvertible {
  let name: String
  let operation: ServiceOperation
  let payload: String
  let rule: SimulatorRule
  var testDescription: String { "\(rule): \(name)" }
}

@Suite("The form of a request")
struct SchemaTests {
  private static let request = "<CertificateRequest>AAAA</CertificateRequest>"
  private static let environment = "<Environment>TEST</Environment>"
  private static let customer = "<CustomerId>0123456-7</CustomerId>"
  private static let head = environment + customer
  private static let credentials = "<TransferId>1</TransferId><TransferPassword>p</TransferPassword>"

  private static func signNew(_ name: String, _ rule: SimulatorRule, _ content: String) -> SchemaViolation {
    SchemaViolation(name: name, operation: .signNew, payload: Messages.element("SignNewCertificateRequest", content), rule: rule)
  }
  private static func get(_ name: String, _ rule: SimulatorRule, _ content: String) -> SchemaViolation {
    SchemaViolation(name: name, operation: .get, payload: Messages.element("GetCertificateRequest", content), rule: rule)
  }
  private static func renew(_ name: String, _ rule: SimulatorRule, _ content: String) -> SchemaViolation {
    SchemaViolation(name: name, operation: .renew, payload: Messages.element("RenewCertificateRequest", content), rule: rule)
  }
  private static func repeated(_ count: Int) -> String { String(repeating: "x", count: count) }

  static let violations: [SchemaViolation] = [
    signNew("nothing", .elementOrder, ""),
    signNew("no environment", .elementOrder, customer + credentials + request),
    signNew("customer before environment", .elementOrder, customer + environment + credentials + request),
    signNew("name before id", .elementOrder, environment + "<CustomerName>n</CustomerName>" + customer + credentials + request),
    signNew("environment twice", .elementOrder, environment + head + credentials + request),
    signNew("no password", .elementOrder, head + "<TransferId>1</TransferId>" + request),
    signNew("no request", .elementOrder, head + credentials),
    signNew("an unknown element", .elementOrder, head + credentials + request + "<Comment/>"),
    signNew("a retrieval id", .elementOrder, head + credentials + request + "<RetrievalId>1</RetrievalId>"),
    signNew("a misspelt element", .elementOrder, head + credentials + "<Certificaterequest>AAAA</Certificaterequest>"),
    signNew("a qualified child", .unqualifiedChildren, "<v:Environment>TEST</v:Environment>" + customer + credentials + request),
    SchemaViolation(
      name: "a default namespace", operation: .signNew,
      payload: "<SignNewCertificateRequest xmlns=\"\(Messages.namespace)\">\(head + credentials + request)</SignNewCertificateRequest>",
      rule: .unqualifiedChildren),
    signNew("an attribute", .attributes, environment + "<CustomerId kind=\"x\">1</CustomerId>" + credentials + request),
    SchemaViolation(
      name: "an attribute on the root", operation: .get,
      payload:
        "<v:GetCertificateRequest xmlns:v=\"\(Messages.namespace)\" version=\"1\">\(head)"
        + "<RetrievalId>1</RetrievalId></v:GetCertificateRequest>",
      rule: .attributes),
    signNew("text between the elements", .simpleContent, head + "text" + credentials + request),
    signNew("an element in a value", .simpleContent, environment + "<CustomerId><b/>1</CustomerId>" + credentials + request),
    signNew("an unknown environment", .enumeration, "<Environment>DEV</Environment>" + customer + credentials + request),
    signNew("an environment in small letters", .enumeration, "<Environment>test</Environment>" + customer + credentials + request),
    signNew("a space in the environment", .enumeration, "<Environment> TEST</Environment>" + customer + credentials + request),
    signNew("an empty customer id", .length, environment + "<CustomerId/>" + credentials + request),
    signNew("a customer id of 31", .length, environment + "<CustomerId>\(repeated(31))</CustomerId>" + credentials + request),
    signNew("a name of 101", .length, head + "<CustomerName>\(repeated(101))</CustomerName>" + credentials + request),
    signNew("an empty name", .length, head + "<CustomerName></CustomerName>" + credentials + request),
    signNew(
      "a transfer id of 33", .length,
      head + "<TransferId>\(repeated(33))</TransferId><TransferPassword>p</TransferPassword>" + request),
    signNew(
      "a password of 17", .length,
      head + "<TransferId>1</TransferId><TransferPassword>\(repeated(17))</TransferPassword>" + request),
    get("a retrieval id of 33", .length, head + "<RetrievalId>\(repeated(33))</RetrievalId>"),
    get("no retrieval id", .elementOrder, head),
    get("a certificate request", .elementOrder, head + "<RetrievalId>1</RetrievalId>" + request),
    signNew("not base64", .base64, head + credentials + "<CertificateRequest>AA*A</CertificateRequest>"),
    signNew("base64 cut short", .base64, head + credentials + "<CertificateRequest>AAAAA</CertificateRequest>"),
    signNew("base64 with unused bits set", .base64, head + credentials + "<CertificateRequest>AB==</CertificateRequest>"),
    signNew("PEM", .base64, head + credentials + "<CertificateRequest>-----BEGIN-----</CertificateRequest>"),
    signNew("no octets", .base64, head + credentials + "<CertificateRequest></CertificateRequest>"),
    signNew(
      "10241 octets", .base64,
      head + credentials + "<CertificateRequest>\(Data(count: 10_241).base64EncodedString())</CertificateRequest>"),
    renew("no signature", .elementOrder, head + request),
    renew("a signature in no namespace", .elementOrder, head + request + "<Signature/>"),
    renew("an empty signature", .signatureElement, head + request + "<d:Signature xmlns:d=\"\(Namespaces.signature)\"/>"),
    renew("credentials", .elementOrder, head + credentials + request),
  ]

  @Test(
    """
    SCHEMA-ELEMENT-ORDER, SCHEMA-UNQUALIFIED-CHILDREN, SCHEMA-ATTRIBUTES, SCHEMA-SIMPLE-CONTENT, SCHEMA-LENGTH, SCHEMA-ENUMERATION, \
    SCHEMA-BASE64, SCHEMA-SIGNATURE-ELEMENT: a request that breaks the schema gets HTTP 500 and a client fault that names the rule
    """,
    arguments: violations)
  func faultNamesRule(_ violation: SchemaViolation) async throws {
    let reply = try await SchemaBench.post(Messages.envelope(violation.payload), action: violation.operation.rawValue)
    #expect(reply.status == 500)
    #expect(reply.value("faultcode") == "SOAP-ENV:Client")
    #expect(reply.value("faultstring")?.contains("[\(violation.rule)]") == true, "\(reply.body)")
  }

  @Test(
    "The official schema refuses what the simulator refuses",
    .enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)),
    arguments: violations)
  func officialSchemaAgrees(_ violation: SchemaViolation) async throws {
    #expect(try await !SchemaBench.schemaAccepts(violation.payload))
  }

  /// What the schema allows at its edges.
  static let allowed: [(name: String, operation: ServiceOperation, payload: String)] = [
    (
      "everything at its longest", .signNew,
      Messages.element(
        "SignNewCertificateRequest",
        environment + "<CustomerId>\(repeated(30))</CustomerId><CustomerName>\(String(repeating: "ä", count: 100))</CustomerName>"
          + "<TransferId>\(repeated(32))</TransferId><TransferPassword>\(repeated(16))</TransferPassword>"
          + "<CertificateRequest>\(Data(count: 10_240).base64EncodedString())</CertificateRequest>")
    ),
    (
      "white space, comments and CDATA", .signNew,
      Messages.element(
        "SignNewCertificateRequest",
        "\n  <!-- c -->" + environment
          + "\n\t<CustomerId>0123<!-- c -->456-<![CDATA[7]]></CustomerId>\n<CustomerName> a\tb\n</CustomerName>"
          + credentials + "<CertificateRequest>\n AA AA\n</CertificateRequest>\n")
    ),
    (
      "a hint at the schema's place", .get,
      "<v:GetCertificateRequest xmlns:v=\"\(Messages.namespace)\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" "
        + "i:schemaLocation=\"\(Messages.namespace) CertificateServices.xsd\">\(head)<RetrievalId>1</RetrievalId></v:GetCertificateRequest>"
    ),
    ("a production request", .get, Messages.get(environment: "PRODUCTION", id: "1")),
  ]

  @Test("What the schema allows at its edges reaches the service", arguments: allowed.indices)
  func edgeReachesService(_ index: Int) async throws {
    let (name, operation, payload) = Self.allowed[index]
    let reply = try await SchemaBench.post(Messages.envelope(payload), action: operation.rawValue)
    #expect(reply.status == 200 && reply.isFail, "\(name): \(reply.body)")
    if OfficialMaterial.isPresent { #expect(try await SchemaBench.schemaAccepts(payload), "\(name)") }
  }

  @Test("Schema errors can be answered with a signed FAIL instead")
  func schemaErrorsAsFail() async throws {
    try await Workbench.with({ $0.schemaErrorsAsFail = true }) { bench in
      let reply = try await bench.post(Messages.envelope(Self.violations[0].payload), action: "signNewCertificate")
      #expect(reply.status == 200 && reply.isFail && reply.value("ErrorCode") == "SIM901")
      #expect(try await bench.xmlsecVerifies(reply.payload))
      let unknown = try await bench.post(Messages.envelope("<other/>"), action: "signNewCertificate")
      #expect(unknown.status == 500)
    }
  }
}

/// One simulator for the many requests that change nothing in it.
enum SchemaBench {
  private static let shared = Task { try await Workbench() }

  static func post(_ envelope: String, action: String?, contentType: String = "text/xml; charset=utf-8") async throws -> Workbench.Reply {
    try await shared.value.post(envelope, action: action, contentType: contentType)
  }

  static func schemaAccepts(_ payload: String) async throws -> Bool { try await shared.value.schemaAccepts(payload) }

  static func bench() async throws -> Workbench { try await shared.value }
}
