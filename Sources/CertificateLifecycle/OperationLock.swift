import Foundation
import SystemPackage

/// An advisory lock (`flock`) beside the state file, held while one process changes one certificate. The kernel drops it when the process
/// ends, however it ends.
final class OperationLock: Sendable {
  private let descriptor: FileDescriptor

  init(statePath: String, name: String, operation: String) throws {
    // Names come from configuration and may hold any character; the file name must not.
    let safeName = name.utf8.map { byte in
      let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 95
      return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
    let path = "\(statePath).\(safeName).lock"
    do {
      descriptor = try FileDescriptor.open(
        FilePath(path), .readWrite, options: [.create, .closeOnExec, .noFollow], permissions: .ownerReadWrite)
    } catch {
      throw LifecycleError(
        .stateUnusable, operation: operation, message: "the lock file \(path) cannot be opened: \(error)",
        hint: "run hsmkey as the user that the state belongs to, and see who owns that file and its folder", underlying: error)
    }
    guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
      let reason = Errno(rawValue: errno)
      try? descriptor.close()
      guard reason == .wouldBlock else {
        throw LifecycleError(
          .stateUnusable, operation: operation, message: "the lock file \(path) cannot be locked: \(reason)",
          hint: "keep the state file on a file system that knows locks", underlying: reason)
      }
      throw LifecycleError(
        .ruleRefused, rule: .oneWriter, operation: operation, message: "another process is working on this certificate right now",
        hint: "wait for it to end, then run this again")
    }
  }

  deinit {
    // Closing alone would leave the lock with a child that was forked meanwhile, until that child runs its program.
    _ = flock(descriptor.rawValue, LOCK_UN)
    try? descriptor.close()
  }
}
