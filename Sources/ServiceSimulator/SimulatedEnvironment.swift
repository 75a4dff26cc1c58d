/// Which of the agency's two environments the simulator stands in for.
///
/// It decides the value of `Environment` that requests must carry and the names of the CAs. Every name carries the word
/// SIMULATOR, so that no certificate made here can be taken for one of the agency's.
public struct SimulatedEnvironment: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// The value of the `Environment` element: `TEST` or `PRODUCTION`.
  public let rawValue: String

  /// Nothing for any other value than the two of the schema.
  public init?(rawValue: String) {
    guard rawValue == "TEST" || rawValue == "PRODUCTION" else { return nil }
    self.rawValue = rawValue
  }

  private init(known rawValue: String) { self.rawValue = rawValue }

  /// Stakeholder testing.
  public static let test = SimulatedEnvironment(known: "TEST")
  /// Production.
  public static let production = SimulatedEnvironment(known: "PRODUCTION")

  public static let allCases: [SimulatedEnvironment] = [.test, .production]

  public var description: String { rawValue }

  /// What the agency puts in the names of its test CAs, with the space after it.
  private var infix: String { self == .test ? "Test " : "" }

  var rootName: String { "Verohallinto Root \(infix)CA v1" }
  var intermediateName: String { "Verohallinto Intermediate \(infix)CA v1" }
  /// The CA that issues the customers' certificates.
  var providersName: String { "Data Providers \(infix)Issuing CA v1" }
  /// The CA that issues the certificate that signs responses.
  var servicesName: String { "IR Services \(infix)Issuing CA v1" }

  /// The production root and intermediate have their names in the order C, O, CN; all the others CN, O, C.
  var namesRootsCountryFirst: Bool { self == .production }
}
