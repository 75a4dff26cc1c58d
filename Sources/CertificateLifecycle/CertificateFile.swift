import Foundation
import SystemPackage

/// The file that other programs read the current certificate from.
enum CertificateFile {
  /// Replaces the file in one step: written whole beside it, synced, moved into place. Readers see the old file or the new one.
  ///
  /// A regular file that is there hands on its permissions, owner and group; a new one, or one in the place of a symbolic link, can be read
  /// by everybody, as far as the umask lets.
  ///
  /// - Parameter command: what writes the file again after a failure: `certificate fetch` or `certificate probe`.
  /// - Returns: a warning, when the owner or group could not be kept.
  static func replace(
    _ path: String, with text: String, name: String, operation: String, goOnWith command: String = "fetch"
  ) throws -> String? {
    var warning: String?
    // Of the certificate's own, so that what a run leaves that is cut off here is found, and replaced, by the next one.
    let temporary = "\(path).\(DigestText.sha256(name).prefix(16)).new"
    do {
      if unsafe unlink(temporary) != 0, errno != ENOENT { throw Errno(rawValue: errno) }
      let descriptor = try FileDescriptor.open(
        FilePath(temporary), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
      try handle.write(contentsOf: Data(text.utf8))
      var old = stat()
      if unsafe lstat(path, &old) == 0, old.st_mode & S_IFMT == S_IFREG {
        guard fchmod(descriptor.rawValue, old.st_mode & 0o666) == 0 else { throw Errno(rawValue: errno) }
        warning = keepOwner(old, on: descriptor).map { "\($0); see that the readers of \(path) can still read it" }
      }
      try handle.synchronize()
      try handle.close()
      guard unsafe rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
      try syncFolder(of: path)
      return warning
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw LifecycleError(
        .fileNotWritten, operation: operation, message: "the certificate file \(path) could not be written: \(error)",
        hint: "the certificate is safe (on the token and in the state); mend the path, then run: hsmkey certificate \(command) \(name)",
        underlying: error)
    }
  }

  /// Hands owner and group on, or the group alone: only root gives files away, but whoever is in a group may give it theirs.
  ///
  /// - Returns: what could not be kept, and why.
  private static func keepOwner(_ old: stat, on descriptor: FileDescriptor) -> String? {
    guard fchown(descriptor.rawValue, old.st_uid, old.st_gid) != 0 else { return nil }
    let reason = Errno(rawValue: errno)
    let isGroupKept = fchown(descriptor.rawValue, uid_t.max, old.st_gid) == 0
    return "its owner\(isGroupKept ? "" : " and group") could not be kept (\(reason))"
  }

  /// The move itself must survive a loss of power.
  private static func syncFolder(of path: String) throws {
    let folder = try FileDescriptor.open(FilePath(path).removingLastComponent().pathOrHere, .readOnly, options: [.directory, .closeOnExec])
    defer { try? folder.close() }
    guard fsync(folder.rawValue) == 0 else { throw Errno(rawValue: errno) }
  }
}

extension FilePath {
  fileprivate var pathOrHere: FilePath { isEmpty ? "." : self }
}
