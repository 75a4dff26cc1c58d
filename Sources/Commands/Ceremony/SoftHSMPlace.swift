import Foundation
import Secrets

/// SoftHSM, where a rehearsal's tokens are.
enum SoftHSMPlace {
  /// Where distributions put the module.
  private static let paths =
    ["x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "riscv64-linux-gnu"].map { "/usr/lib/\($0)/softhsm/libsofthsm2.so" }
    + [
      "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib64/libsofthsm2.so",
      "/usr/lib/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so",
    ]

  /// The module's absolute path.
  ///
  /// - Parameter named: what a person named; then it is that one or none.
  static func module(named: String?) throws -> String {
    if let named {
      guard named.hasPrefix("/"), FileManager.default.fileExists(atPath: named) else {
        throw CommandError.usage("--softhsm \(named): no such file", hint: "name SoftHSM's module by its absolute path")
      }
      return named
    }
    if let found = (["/usr/lib/softhsm/libsofthsm2.so"] + paths).first(where: { FileManager.default.fileExists(atPath: $0) }) {
      return found
    }
    throw CommandError(
      .configuration, code: "softhsm-not-found", operation: "make the ground for the rehearsal",
      message: "SoftHSM is not installed, and a rehearsal happens on its tokens",
      hints: ["Debian: apt install softhsm2; elsewhere name its module: --softhsm /path/to/libsofthsm2.so"])
  }

  /// Makes a token folder with a configuration, and has this process use it. The module must not be loaded yet: it looks once.
  ///
  /// - Returns: the token folder.
  static func prepare(in folder: String) throws -> String {
    let tokens = folder + "/tokens"
    try FileManager.default.createDirectory(atPath: tokens, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    let configuration = "directories.tokendir = \(tokens)\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n"
    try Data(configuration.utf8).write(to: URL(filePath: folder + "/softhsm2.conf"))
    ProcessEnvironment.set("SOFTHSM2_CONF", to: folder + "/softhsm2.conf")
    return tokens
  }
}
