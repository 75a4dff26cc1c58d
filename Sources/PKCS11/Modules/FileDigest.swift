internal import Crypto

/// The SHA-256 of a file that is read piece by piece. The one place of this room that knows where SHA-256 comes from.
struct FileDigest {
  private var hash = SHA256()

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    unsafe hash.update(bufferPointer: bytes)
  }

  /// The 32 bytes.
  func finish() -> [UInt8] { Array(hash.finalize()) }
}
