internal import Dispatch
internal import Synchronization

/// A thread for one piece of work that calls modules outside of a ``SessionPool``: loading one, looking at its slots and tokens.
///
/// The caller's task is suspended meanwhile. A call that does not return in time is given up: the caller gets ``PKCS11Rule/callDeadline``,
/// and the thread stays where it is, because nothing can get it out. A process that has such threads must end by `_exit`.
public enum WatchedThread {
  /// How many pieces of work were given up and have not returned yet.
  public static var hangingCount: Int { hanging.load(ordering: .relaxed) }

  private static let hanging = Atomic<Int>(0)
  private static let clock = DispatchQueue(label: "hsmkey watched threads", qos: .userInitiated)

  /// Does the work on a thread of its own.
  ///
  /// - Parameters:
  ///   - operation: what is being done, for the error.
  ///   - deadlines: how long each call into a module may take.
  ///   - limit: how long the work may take as a whole, where nobody is asked anything in it: code of a module also runs while it is loaded,
  ///     outside of any call.
  ///   - body: the work. Sessions that it opens must not leave it.
  /// - Throws: what the body throws; ``PKCS11Rule/callDeadline``.
  public static func run<Value: Sendable>(
    _ operation: String, deadlines: CallDeadlines = CallDeadlines(), limit: Duration? = nil, _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    let thread = Mutex<SystemThread?>(nil)
    let result = await withCheckedContinuation { continuation in
      let work = WatchedWork(operation, deadlines, limit, body) { result, isHanging in
        continuation.resume(returning: (result: result, isHanging: isHanging))
      }
      thread.withLock { thread in
        thread = SystemThread.start { work.run() }
        if thread == nil { work.couldNotStart() }
      }
      watch(work)
    }
    if !result.isHanging { thread.withLock { $0 }?.join() }
    return try result.result.get()
  }

  private static func watch<Value>(_ work: WatchedWork<Value>) {
    let tick = Int(work.deadlines.tick / .nanoseconds(1))
    clock.asyncAfter(deadline: .now() + .nanoseconds(tick)) { if work.isUnderWay() { watch(work) } }
  }

  static func givenUp() { hanging.add(1, ordering: .relaxed) }
  static func returned() { hanging.subtract(1, ordering: .relaxed) }
}

/// The work of one such thread. Who has something to tell the caller first, tells it: the work, or the watch.
private final class WatchedWork<Value: Sendable>: Sendable {
  let deadlines: CallDeadlines
  private let operation: String
  private let limit: Duration?
  private let body: @Sendable () throws -> Value
  private let monitor = CallMonitor()
  private let start = ContinuousClock.now
  private let answer: Mutex<Answer?>
  private let wasGivenUp = Atomic<Bool>(false)

  /// Is told the outcome, and whether the thread has not come to its end.
  typealias Answer = @Sendable (Result<Value, any Error>, _ isHanging: Bool) -> Void

  init(
    _ operation: String, _ deadlines: CallDeadlines, _ limit: Duration?, _ body: @escaping @Sendable () throws -> Value,
    _ answer: @escaping Answer
  ) {
    self.operation = operation
    self.deadlines = deadlines
    self.limit = limit
    self.body = body
    self.answer = Mutex(answer)
  }

  func run() {
    monitor.watchThisThread()
    let result = Result { try body() }
    CallMonitor.watchThisThreadNoMore()
    if let answer = takeAnswer() { answer(result, false) } else if wasGivenUp.load(ordering: .acquiring) { WatchedThread.returned() }
  }

  func couldNotStart() {
    takeAnswer()?(
      .failure(
        PKCS11Error(
          rule: .poolFull, operation: operation, message: "the system gives this process no more threads",
          hint: "look at the limits of the process")), false)
  }

  /// Gives the work up when it is overdue.
  ///
  /// - Returns: whether to look again.
  func isUnderWay() -> Bool {
    guard answer.withLock({ $0 != nil }) else { return false }
    guard let error = overdue() else { return true }
    // Counted before the thread can see that nobody waits for it.
    WatchedThread.givenUp()
    wasGivenUp.store(true, ordering: .releasing)
    guard let answer = takeAnswer() else {
      WatchedThread.returned()
      return false
    }
    monitor.giveUp()
    answer(.failure(error), true)
    return false
  }

  private func takeAnswer() -> Answer? { answer.withLock { $0.take() } }

  private func overdue() -> PKCS11Error? {
    if let call = monitor.call, call.elapsed >= deadlines.deadline(of: call.function) {
      return error(call.function.name, "\(call.function.name) has not returned within \(deadlines.deadline(of: call.function))")
    }
    guard let limit, ContinuousClock.now - start >= limit else { return nil }
    return error(nil, "the module has not come to an end within \(limit)")
  }

  private func error(_ function: String?, _ message: String) -> PKCS11Error {
    PKCS11Error(
      rule: .callDeadline, function: function, operation: operation, message: message,
      hint: "the device or the way to it hangs: look after it; where it is only slow, give it more time")
  }
}
