import Foundation
import SystemPackage

/// Files and folders that nobody but root and the user who runs the tool can change.
enum OwnFile {
  /// - Parameter refusal: makes the error of what is wrong, given a sentence without its end (who could change it) and what to do.
  static func refuseForeign(_ descriptor: FileDescriptor, _ path: String, refusal: (_ message: String, _ hint: String) -> CommandError)
    throws
  {
    let status = try descriptor.stat()
    guard status.userID.rawValue == 0 || status.userID.rawValue == geteuid() else {
      throw refusal(
        "\(path) belongs to user \(status.userID.rawValue), who could change it",
        "look at it; if it is what you want: chown \(geteuid()) \(path)")
    }
    // Writing to a device (`--config /dev/null`) changes nothing for its reader.
    guard status.type == .characterSpecial || status.permissions.isDisjoint(with: [.groupWrite, .otherWrite]) else {
      throw refusal(
        "others can change \(path) (mode \(String(status.permissions.rawValue, radix: 8)))",
        "look at it; then: chmod go-w \(path)")
    }
  }
}
