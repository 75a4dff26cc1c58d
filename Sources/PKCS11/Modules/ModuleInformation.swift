internal import CCryptoki

/// What a module says of itself (`CK_INFO`, section 3.1), and how we talk to it.
public struct ModuleInformation: Hashable, Sendable {
  /// The version of PKCS #11 that the module claims.
  public let cryptokiVersion: Version
  /// Who made the module.
  public let manufacturer: String
  /// What the module calls itself.
  public let libraryDescription: String
  /// The module's own version.
  public let libraryVersion: Version
  /// The version of the function table in use.
  public let interfaceVersion: Version
  /// Whether the table came from `C_GetInterface`, as modules of 3.0 and later have it, and not from `C_GetFunctionList`.
  public let usesGetInterface: Bool

  init(_ information: CK_INFO, _ cryptoki: Cryptoki) {
    cryptokiVersion = Version(information.cryptokiVersion)
    manufacturer = text(of: information.manufacturerID)
    libraryDescription = text(of: information.libraryDescription)
    libraryVersion = Version(information.libraryVersion)
    interfaceVersion = cryptoki.interfaceVersion
    usesGetInterface = cryptoki.isFromGetInterface
  }
}
