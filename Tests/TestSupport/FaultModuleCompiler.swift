/// Compiles `Tests/Modules/fault`.
enum FaultModuleCompiler {
  static func file(_ interface: FaultModule.Interface) throws -> String {
    try CompiledC.file(
      .library, from: "fault", options: interface == .version3 ? ["-DFAULT_INTERFACE"] : [], includes: ["Sources/CCryptoki/include"])
  }
}

/// Why a fault module could not be made.
public struct FaultModuleError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
