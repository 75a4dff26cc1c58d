import Foundation

/// SoftHSM with one token, in a folder of its own.
public struct ScratchSoftHSM {
  /// The token's label.
  public static let label = "benchmark"
  /// The user PIN.
  public static let pin = "123456"

  /// The module's path.
  public let modulePath: String
  /// A file with the user PIN, for its owner only.
  public var pinFile: String { folder.appending(path: "pin").path }
  private let folder: URL

  /// Makes the token and points `SOFTHSM2_CONF` of this process at it, before the module is loaded.
  public init() throws {
    modulePath = try Self.findModule()
    folder = FileManager.default.temporaryDirectory.appending(path: "hsmkey-benchmark-\(UUID().uuidString)")
    let tokens = folder.appending(path: "tokens")
    try FileManager.default.createDirectory(at: tokens, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let configuration = folder.appending(path: "softhsm2.conf")
    try "directories.tokendir = \(tokens.path)\nobjectstore.backend = file\nlog.level = ERROR\n".write(
      to: configuration, atomically: true, encoding: .utf8)
    guard unsafe setenv("SOFTHSM2_CONF", configuration.path, 1) == 0 else { throw BenchmarkFailure("setenv failed") }
    guard unsafe setenv("HSMKEY_PIN_MEMORY", configuration.path + ".pins", 1) == 0 else { throw BenchmarkFailure("setenv failed") }
    guard FileManager.default.createFile(atPath: pinFile, contents: Data(Self.pin.utf8), attributes: [.posixPermissions: 0o600]) else {
      throw BenchmarkFailure("the PIN file cannot be written")
    }
    let tool = Process()
    tool.executableURL = URL(filePath: "/usr/bin/env")
    tool.arguments = ["softhsm2-util", "--init-token", "--free", "--label", Self.label, "--pin", Self.pin, "--so-pin", "87654321"]
    tool.standardOutput = FileHandle.nullDevice
    tool.environment = ProcessInfo.processInfo.environment.merging(["SOFTHSM2_CONF": configuration.path]) { $1 }
    try tool.run()
    tool.waitUntilExit()
    guard tool.terminationStatus == 0 else { throw BenchmarkFailure("softhsm2-util failed") }
  }

  /// Where SoftHSM's module is on this machine.
  public static func findModule() throws -> String {
    let candidates = [
      "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
      "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so",
    ]
    guard let path = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw BenchmarkFailure("SoftHSM is not installed (Debian: apt install softhsm2)")
    }
    return path
  }

  /// Removes the folder and the token in it.
  public func remove() {
    try? FileManager.default.removeItem(at: folder)
  }
}
