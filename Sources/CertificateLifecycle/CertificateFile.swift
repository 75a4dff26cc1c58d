import Foundation
import SystemPackage

/// The file that other programs read the current certificate from.
enum CertificateFile {
  /// Replaces the file in one step: written whole beside it, synced, moved into place. Readers see the old file or the new one.
  static func replace(_ path: String, with text: String, operation: String) throws {
    let temporary = "\(path).\(UUID().uuidString).new"
    do {
      let descriptor = try FileDescriptor.open(
        FilePath(temporary), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
      try handle.write(contentsOf: Data(text.utf8))
      try handle.synchronize()
      try handle.close()
      guard unsafe rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw LifecycleError(
        .fileNotWritten, operation: operation, message: "the certificate file \(path) could not be written: \(error)",
        hint: "the certificate is safe (on the token and in the state); mend the path, then run: hsmkey certificate export", underlying: error)
    }
  }
}
