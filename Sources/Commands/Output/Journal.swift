import Secrets
import SystemPackage

/// How urgent a line is, for the journal (sd-daemon(3)): `<3>` and the others, which journald takes off again.
enum Journal {
  /// The levels of syslog(3) that are in use.
  enum Priority: Int { case error = 3, warning = 4, information = 6 }

  /// Whether standard error is the journal itself: systemd names it by device and inode (`JOURNAL_STREAM`, systemd.exec(5)), so that a
  /// program whose standard error was led elsewhere knows it.
  private static let isStandardError: Bool = {
    guard let named = ProcessEnvironment.values(of: ["JOURNAL_STREAM"])["JOURNAL_STREAM"],
      let status = try? FileDescriptor.standardError.stat()
    else { return false }
    return named == "\(status.deviceID.rawValue):\(status.inode.rawValue)"
  }()

  /// What a line of this urgency begins with; empty where nobody would take it off again.
  static func prefix(_ priority: Priority) -> String { isStandardError ? "<\(priority.rawValue)>" : "" }
}
