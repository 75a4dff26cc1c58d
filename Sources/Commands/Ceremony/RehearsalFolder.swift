import Foundation
import Subprocess
import SystemPackage

/// The folder that a rehearsal happens in: this user's only, and gone when the process is, however it ends.
///
/// A shell beside us waits for the end of a pipe that only this process holds, and removes the folder then: after an error and after
/// Ctrl-C, and also when the process is killed.
final class RehearsalFolder: Sendable {
  let path: String
  private let lifeline: Lifeline

  init() throws {
    let parent = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
    path = "\(parent)/hsmkey-rehearsal-\(UUID().uuidString.lowercased())"
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } catch {
      throw CommandError(
        .configuration, code: "folder", operation: "make the ground for the rehearsal",
        message: "\(path) cannot be made: \(error.localizedDescription)", hints: ["point TMPDIR to a folder that this user can write to"])
    }
    lifeline = Lifeline("/bin/sh", ["-c", "trap '' INT TERM HUP QUIT; cat >/dev/null; rm -rf -- \"$1\"", "sh", path])
  }

  /// Removes the folder, and waits until it is gone.
  func remove() async {
    try? FileManager.default.removeItem(atPath: path)
    await lifeline.end()
  }
}
