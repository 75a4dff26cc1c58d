/// One of the agency's two environments.
public struct ServiceEnvironment: Hashable, Sendable, CustomStringConvertible {
  /// `test` or `production`, as configuration writes it.
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
