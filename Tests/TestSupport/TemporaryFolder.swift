public import Foundation

/// A folder of one test's own, removed with everything in it when the last reference goes.
public final class TemporaryFolder: Sendable {
  public let url: URL
  public var path: String { url.path }

  /// - Parameter inMemory: in memory where the system offers that (`/dev/shm`): for what syncs files thousands of times.
  public init(inMemory: Bool = false) throws {
    let memory = URL(filePath: "/dev/shm")
    let parent = inMemory && FileManager.default.isWritableFile(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
    url = parent.appending(path: "hsmkey-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of a file or folder inside.
  public func path(_ name: String) -> String { url.appending(path: name).path }

  /// Writes a file inside, owner-only, and returns its path.
  @discardableResult
  public func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    let target = url.appending(path: name)
    try Data(bytes).write(to: target)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: target.path)
    return target.path
  }
}
