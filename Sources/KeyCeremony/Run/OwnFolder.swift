import Foundation
import SystemPackage

/// A folder whose content nobody but this user can change: what a ceremony goes on from, and what it hands out, lies in such a one.
enum OwnFolder {
  /// Why another user could change what is in a folder.
  ///
  /// - Parameter isToBeClosed: its permissions are set afterwards, so only its owner counts.
  /// - Returns: nil where nobody could.
  static func objection(to path: String, isToBeClosed: Bool = false) throws -> String? {
    let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.directory, .closeOnExec])
    return try descriptor.closeAfter { try objection(to: descriptor, isToBeClosed: isToBeClosed) }
  }

  /// Why another user could change a file or folder that is open.
  static func objection(to descriptor: FileDescriptor, isToBeClosed: Bool = false) throws -> String? {
    let status = try descriptor.stat()
    guard status.userID.rawValue == geteuid() else {
      return "it belongs to user \(status.userID.rawValue), and this program runs as user \(geteuid())"
    }
    guard !isToBeClosed, !status.permissions.isDisjoint(with: [.groupWrite, .otherWrite]) else { return nil }
    return "others can change it (mode \(String(status.permissions.rawValue, radix: 8)))"
  }
}
