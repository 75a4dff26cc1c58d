import Crypto
import Foundation
import KeyEvidence

extension KeyProof.Tool {
  /// This very program.
  static func running() throws -> KeyProof.Tool {
    // Opened through the kernel, so that it is the file that runs, also when another has taken its place meanwhile.
    let handle = try FileHandle(forReadingFrom: URL(filePath: "/proc/self/exe"))
    defer { try? handle.close() }
    var hash = SHA256()
    while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty { hash.update(data: chunk) }
    return KeyProof.Tool(name: "hsmkey", version: toolVersion, sha256: hash.finalize().hexadecimal)
  }
}
