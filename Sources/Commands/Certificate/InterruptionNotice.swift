import CertificateLifecycle
import Foundation
import Synchronization

/// While this is there, Ctrl-C and SIGTERM end the process as ever, after a line about what is kept and how to go on.
///
/// Nothing is tidied up: every step is on disk before the next begins, and the state itself is asked what it holds.
final class InterruptionNotice: Sendable {
  private let context: CommandContext
  private let names: [String]
  private let interruption = Mutex<Interruption?>(nil)

  /// - Parameters:
  ///   - names: the certificates that are worked on.
  ///   - begins: at once; otherwise with ``begin()``.
  init(_ context: CommandContext, _ names: [String], begins: Bool = true) {
    self.context = context
    self.names = names
    if begins { begin() }
  }

  /// Does nothing where it has begun already.
  func begin() {
    let (context, names) = (context, names)
    interruption.withLock {
      guard $0 == nil else { return }
      $0 = Interruption { signal in
        for line in Self.lines(context, names) { Console.warn("interrupted: \(line)") }
        Interruption.endProcess(signal)
      }
    }
  }

  func end() { interruption.withLock { $0.take()?.end() } }

  private static func lines(_ context: CommandContext, _ names: [String]) -> [String] {
    do {
      let store = try context.existingStore()
      let lines = try names.compactMap { name in
        try store?.record(named: name).flatMap { line(CertificateSummary($0, at: Date(), schedule: context.renewalSchedule)) }
      }
      return lines.isEmpty ? ["nothing is under way for \(names.joined(separator: ", ")); see: hsmkey certificate status"] : lines
    } catch {
      return ["what was saved is kept; see: hsmkey certificate status"]
    }
  }

  /// - Returns: nil for a certificate that nothing is under way for.
  static func line(_ summary: CertificateSummary) -> String? {
    guard let kind = summary.pendingKind else { return nil }
    let name = summary.name
    switch summary.state {
    case .aboutToSend, .sent, .uncertain:
      return "\(name): a request that works once was on its way, and its outcome is unknown; "
        + "how to go on says: hsmkey certificate \(kind == .renewal ? "renew" : "enrol") \(name)"
    default: return "\(name): what was done is kept; go on with: \(summary.nextStep)"
    }
  }
}
