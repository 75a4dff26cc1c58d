import Foundation
import SwiftASN1
import SystemPackage
import X509

/// The test bench's private keys as files, for those who are to sign renewals at the bench. The agency publishes its bench's keys likewise.
public struct TestBenchFiles: Hashable, Sendable {
  /// The key that signs renewals, and that the bench's first certificate is for.
  public let signNewKey: String
  /// The key that the bench's renewed certificate is for.
  public let renewKey: String

  init(folder: String) {
    signNewKey = URL(filePath: folder).appending(path: "bench-sign-new-key.pem").path
    renewKey = URL(filePath: folder).appending(path: "bench-renew-key.pem").path
  }

  /// What a file of ours begins with; readers of PEM skip it.
  private static let mark = "SIMULATOR: a key of the test bench, good for nothing else\n"

  /// Writes both, readable by their owner only. A file that a simulator did not write is left alone.
  func write(_ keys: TestBenchKeys) throws {
    let operation = "write the test bench's keys"
    for path in [signNewKey, renewKey] where FileManager.default.fileExists(atPath: path) {
      guard let text = try? String(contentsOf: URL(filePath: path), encoding: .utf8), text.hasPrefix(Self.mark) else {
        throw SimulatorError(
          .foreignFile, operation, "\(path) exists and was not written by a simulator", hint: "name an empty folder")
      }
      try FileManager.default.removeItem(atPath: path)
    }
    for (path, key) in [(signNewKey, keys.signNew), (renewKey, keys.renew)] {
      let text = Self.mark + (try key.serializeAsPEM().pemString) + "\n"
      do {
        let file = try FileDescriptor.open(
          FilePath(path), .writeOnly, options: [.create, .exclusiveCreate, .noFollow, .closeOnExec], permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
      } catch {
        throw SimulatorError(.foreignFile, operation, "\(path) cannot be written", underlying: error)
      }
    }
  }
}
