import Foundation
import SystemPackage

/// A file that is put in place whole, under a name that nothing had.
enum NewFile {
  /// Writes the file beside its place, synchronizes it, and gives it its name.
  ///
  /// - Parameter writer: names the draft where several may write at once: no writer may put another's draft in place. It is hidden, so
  ///   that no file of a plan can have its name.
  /// - Throws: `Errno.fileExists` when the name is taken.
  static func place(
    _ bytes: [UInt8], at path: FilePath, permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead], writer: String? = nil
  ) throws {
    let name = [path.lastComponent?.string, writer].compactMap(\.self).joined(separator: ".")
    let temporary = path.removingLastComponent().appending(".\(name).part")
    // What an attempt that was cut off has left.
    try? FileManager.default.removeItem(atPath: temporary.string)
    let descriptor = try FileDescriptor.open(
      temporary, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: permissions)
    let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
    try handle.write(contentsOf: bytes)
    try handle.synchronize()
    try handle.close()
    // A hard link is refused where a name is taken; a renaming would replace what is there.
    do {
      try FileManager.default.linkItem(atPath: temporary.string, toPath: path.string)
    } catch let error as CocoaError where error.code == .fileWriteFileExists {
      try? FileManager.default.removeItem(atPath: temporary.string)
      throw Errno.fileExists
    }
    try FileManager.default.removeItem(atPath: temporary.string)
    let folder = FileHandle(
      fileDescriptor: try FileDescriptor.open(path.removingLastComponent(), .readOnly, options: [.directory, .closeOnExec]).rawValue,
      closeOnDealloc: true)
    try folder.synchronize()
    try folder.close()
  }
}
