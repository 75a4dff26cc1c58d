/// The rules that the simulator enforces outside the service's own results: on its configuration, and on the form of a request.
///
/// A request that breaks one of the `SOAP-` or `SCHEMA-` rules is answered with a SOAP fault whose text carries the rule.
public struct SimulatorRule: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ rawValue: String) { self.rawValue = rawValue }

  public var description: String { rawValue }

  /// The simulator listens on the loopback network only: it hands out certificates to whoever asks.
  public static let loopbackOnly = SimulatorRule("SIMULATOR-LOOPBACK-ONLY")
  /// It listens on the address it was told to, or not at all.
  public static let listening = SimulatorRule("SIMULATOR-LISTENING")
  /// A trust file replaces nothing but a trust file of an earlier simulator.
  public static let foreignFile = SimulatorRule("SIMULATOR-FOREIGN-FILE")
  /// A value of the configuration is within its limits.
  public static let configuration = SimulatorRule("SIMULATOR-CONFIGURATION")
  /// A transfer credential meets the schema's lengths (30, 32 and 16 characters) and its id is not in use.
  public static let transferCredential = SimulatorRule("SIMULATOR-TRANSFER-CREDENTIAL")
  /// A fault is known and applies to the operation it is asked for.
  public static let fault = SimulatorRule("SIMULATOR-FAULT")

  /// A line of the control file, or of a test, is a command that is known and can be carried out.
  public static let control = SimulatorRule("SIMULATOR-CONTROL")
  /// The control file, the log and the files with keys are the simulator's own user's, and nobody else can read or write them.
  public static let ownerOnly = SimulatorRule("SIMULATOR-OWNER-ONLY")
  /// The simulated time is one that can be read, from 1970 to 2199.
  public static let clock = SimulatorRule("SIMULATOR-CLOCK")

  /// The body is one XML document without a document type declaration, within the limits of size and depth.
  public static let wellFormed = SimulatorRule("SOAP-WELL-FORMED")
  /// The root is a SOAP 1.1 `Envelope` with an optional `Header` and one `Body`, in this order.
  public static let envelope = SimulatorRule("SOAP-ENVELOPE")
  /// No header entry demands to be understood: the WSDL declares none (SOAP 1.1, section 4.2.3).
  public static let mustUnderstand = SimulatorRule("SOAP-MUST-UNDERSTAND")
  /// The body has exactly one child, one of the three requests of the schema.
  public static let oneBodyChild = SimulatorRule("SOAP-ONE-BODY-CHILD")
  /// The SOAPAction header names the operation that the body asks for, with or without quotation marks.
  public static let soapAction = SimulatorRule("SOAP-ACTION")

  /// The elements are those of the schema, in its order, each as often as it allows.
  public static let elementOrder = SimulatorRule("SCHEMA-ELEMENT-ORDER")
  /// The children of the request are in no namespace (the schema has no `elementFormDefault`).
  public static let unqualifiedChildren = SimulatorRule("SCHEMA-UNQUALIFIED-CHILDREN")
  /// No element carries an attribute that the schema does not give it.
  public static let attributes = SimulatorRule("SCHEMA-ATTRIBUTES")
  /// Text stands only in elements that hold a value, and such elements hold no other elements.
  public static let simpleContent = SimulatorRule("SCHEMA-SIMPLE-CONTENT")
  /// A value has at least one character and at most as many as its type allows.
  public static let length = SimulatorRule("SCHEMA-LENGTH")
  /// `Environment` is PRODUCTION or TEST.
  public static let enumeration = SimulatorRule("SCHEMA-ENUMERATION")
  /// A binary value is base64 and has 1 to 10240 octets.
  public static let base64 = SimulatorRule("SCHEMA-BASE64")
  /// `ds:Signature` has the children that the XML Signature schema demands.
  public static let signatureElement = SimulatorRule("SCHEMA-SIGNATURE-ELEMENT")

  public static let allCases: [SimulatorRule] = [
    .loopbackOnly, .listening, .foreignFile, .configuration, .transferCredential, .fault, .control, .ownerOnly, .clock,
    .wellFormed, .envelope, .mustUnderstand,
    .oneBodyChild, .soapAction, .elementOrder, .unqualifiedChildren, .attributes, .simpleContent, .length, .enumeration, .base64,
    .signatureElement,
  ]
}
