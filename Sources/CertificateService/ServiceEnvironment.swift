/// One of the agency's two environments.
public struct ServiceEnvironment: Hashable, Sendable, CustomStringConvertible {
  /// `test` or `production`, as configuration writes it; `test-bench`.
  public let name: String

  /// The value of the `Environment` element (schema type `EnvironmentTypes`).
  public let wireValue: String

  /// The agency's published address of the service.
  public let endpoint: String

  /// The name.
  public var description: String { name }

  /// Stakeholder testing. Real customers' data must not be used there.
  public static let test = ServiceEnvironment(
    name: "test", wireValue: "TEST", endpoint: "https://pkiws-testi.vero.fi/2017/10/CertificateServices")

  /// Production.
  public static let production = ServiceEnvironment(
    name: "production", wireValue: "PRODUCTION", endpoint: "https://pkiws.vero.fi/2017/10/CertificateServices")

  /// The agency's test bench, for developers: fixed values, fixed keys that the agency has published, the same answers again and again. Its
  /// certificates are not for the key that was asked for, and no other service takes them. It has a name of its own, so that what came from
  /// it can never be mistaken for a certificate of ``test``.
  public static let testBench = ServiceEnvironment(
    name: "test-bench", wireValue: "TEST", endpoint: "https://pkiws-testi.vero.fi/DEV/2017/10/CertificateServices")

  /// The environment whose authorities stand behind this one: the test bench's are those of ``test``.
  public var authorities: ServiceEnvironment { self == .testBench ? .test : self }

  /// Both, for lists and for reading configuration.
  public static let all = [test, production]

  /// The environment of that name, or nil.
  public init?(name: String) {
    guard let known = ServiceEnvironment.all.first(where: { $0.name == name }) else { return nil }
    self = known
  }

  private init(name: String, wireValue: String, endpoint: String) {
    self.name = name
    self.wireValue = wireValue
    self.endpoint = endpoint
  }
}
