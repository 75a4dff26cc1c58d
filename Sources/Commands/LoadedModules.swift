import PKCS11
import Synchronization
import TokenKeys

/// Modules that must be finalized before the process ends: SoftHSM can crash in its exit handlers otherwise. The logins on their tokens are
/// ended before, so that no call is under way then.
enum LoadedModules {
  private static let modules = Mutex<[Module]>([])
  private static let logins = Mutex<[@Sendable () async throws -> Void]>([])

  static func add(_ module: Module) { modules.withLock { $0.append(module) } }
  static func add(_ keys: TokenKeys) { logins.withLock { $0.append { try await keys.close() } } }
  static func add(_ pool: SessionPool) { logins.withLock { $0.append { try await pool.close() } } }

  /// How long ending a login and finalizing a module may take; a token that hangs must not keep the process.
  private static let patience = Duration.seconds(5)

  /// Ends every login and finalizes every module.
  ///
  /// - Parameter saysTrouble: warn of a module that does not end; false after an error, which is the last word.
  static func finalizeAll(saysTrouble: Bool) async {
    var isQuiet = WatchedThread.hangingCount == 0
    for close in logins.withLock({ $0 }) where await !finishes({ try? await close() }) { isQuiet = false }
    for module in modules.withLock({ $0 }) where isQuiet {
      do {
        try await WatchedThread.run("finalize the module", deadlines: CallDeadlines(general: patience)) { try module.finalize() }
      } catch {
        let rule = (error as? PKCS11Error)?.rule
        if rule == .callDeadline || rule == .moduleQuiet { isQuiet = false }
        if saysTrouble { Console.warn("\(error)") }
      }
    }
    logins.withLock { $0 = [] }
    modules.withLock { $0 = [] }
  }

  /// Does the work, and goes on without it when it takes too long.
  private static func finishes(_ work: @escaping @Sendable () async -> Void) async -> Bool {
    await withCheckedContinuation { continuation in
      let first = FirstAnswer(continuation)
      Task {
        await work()
        first.tell(true)
      }
      Task {
        try? await Task.sleep(for: patience)
        first.tell(false)
      }
    }
  }

  /// Whoever tells first is heard.
  private final class FirstAnswer: Sendable {
    private let waiting: Mutex<CheckedContinuation<Bool, Never>?>
    init(_ continuation: CheckedContinuation<Bool, Never>) { waiting = Mutex(continuation) }
    func tell(_ answer: Bool) { waiting.withLock { $0.take() }?.resume(returning: answer) }
  }
}
