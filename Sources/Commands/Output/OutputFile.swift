import Foundation
import PKCS11
import SystemPackage

/// Files that a command reads and writes.
enum InputOutput {
  /// The largest file that any command reads, in bytes.
  static let maximumInputSize = 16 << 20

  /// Reads a file, or standard input for `-`.
  ///
  /// - Parameters:
  ///   - limit: the largest that is taken, in bytes.
  ///   - check: looks at what was opened, before anything is read.
  static func read(
    _ path: String, operation: String, limit: Int = maximumInputSize, check: (FileDescriptor) throws -> Void = { _ in }
  ) throws -> [UInt8] {
    try refuseURI(path, operation: operation)
    do {
      let descriptor = path == "-" ? .standardInput : try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
      let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: path != "-")
      try check(descriptor)
      let data = try handle.read(upToCount: limit + 1) ?? Data()
      guard data.count <= limit else {
        throw CommandError.input(
          "\(path) is larger than \(limit >> 20) MiB", operation: operation,
          hint: "this command reads no more than \(limit >> 20) MiB")
      }
      return Array(data)
    } catch let error as CommandError {
      throw error
    } catch {
      throw CommandError.input(
        "\(path) cannot be read: \(reason(error))", operation: operation, hint: "name a file that user \(geteuid()) can read")
    }
  }

  /// Writes a new file whole; one that exists is never overwritten. `-` is standard output.
  ///
  /// - Parameter isSecret: only its owner can open the file; otherwise everybody can read it.
  static func write(_ bytes: [UInt8], to path: String, operation: String, isSecret: Bool = false) throws {
    try refuseURI(path, operation: operation)
    if path == "-" { return try Console.writeAnswer(bytes) }
    do {
      let descriptor = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: isSecret ? .ownerReadWrite : [.ownerReadWrite, .groupRead, .otherRead])
      do {
        let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
        try handle.write(contentsOf: bytes)
        try handle.synchronize()
        try handle.close()
      } catch {
        // A file that is not whole is not left behind.
        try? FileManager.default.removeItem(atPath: path)
        throw CommandError.input(
          "\(path) could not be written: \(reason(error))", operation: operation,
          hint: "nothing of it is left; see whether its disk has room")
      }
    } catch Errno.fileExists {
      throw CommandError.input(
        "\(path) exists already and is not overwritten", operation: operation, hint: "name a new file, or remove that one first")
    } catch let error as Errno {
      throw CommandError.input(
        "\(path) cannot be written: \(error)", operation: operation,
        hint: "name a file in a folder that is there and that user \(geteuid()) can write to")
    }
  }

  /// Refuses a file that exists before any work is done for it.
  static func refuseExisting(_ path: String, operation: String) throws {
    try refuseURI(path, operation: operation)
    guard FileManager.default.fileExists(atPath: path) else { return }
    throw CommandError.input(
      "\(path) exists already and is not overwritten", operation: operation, hint: "name a new file, or remove that one first")
  }

  /// The system's own words, where Foundation has wrapped them.
  private static func reason(_ error: any Error) -> String {
    if let error = error as? Errno { return "\(error)" }
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    return underlying.map { "\(Errno(rawValue: CInt($0.code)))" } ?? error.localizedDescription
  }

  /// Refuses a `pkcs11:` text where a file belongs: it is a mistake, never a file's name. The text is not repeated; it may hold a PIN.
  static func refuseURI(_ path: String, operation: String) throws {
    if PKCS11URI.begins(path) {
      throw CommandError(
        .usage, code: "usage", rule: CommandRule.fileNotURI.rawValue, operation: operation,
        message: "a file is expected where a pkcs11: URI was given", hints: ["keys are named by NAME, tokens by --token"])
    }
  }
}
