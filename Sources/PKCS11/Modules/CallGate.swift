internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Lets calls into a module pass, and keeps `C_Finalize` out while one is under way: modules do not survive a call that is in another
/// thread's hands then.
///
/// Passing costs two atomic additions. Who waits, waits by looking again every so often: it happens when a module ends, not in between.
final class CallGate: Sendable {
  private let passing = Atomic<Int>(0)
  private let isClosed = Atomic<Bool>(false)

  /// Marks the beginning of calls; waits while the gate is closed. Each `enter` needs a `leave`.
  func enter() {
    while !tryToEnter() { Self.rest() }
  }

  /// The same for a thread of a pool: who waits for the end of `C_Finalize` is given up when that takes too long, as if it had called it.
  func enter(_ monitor: CallMonitor) {
    if !tryToEnter() { monitor.waiting(for: .C_Finalize, enter) }
    monitor.hasEntered.store(true, ordering: .relaxed)
  }

  func leave(_ monitor: CallMonitor) {
    monitor.hasEntered.store(false, ordering: .relaxed)
    leave()
  }

  private func tryToEnter() -> Bool {
    passing.add(1, ordering: .sequentiallyConsistent)
    guard isClosed.load(ordering: .sequentiallyConsistent) else { return true }
    passing.subtract(1, ordering: .sequentiallyConsistent)
    return false
  }

  /// Makes calls between an entrance and a leave. Threads of a pool have entered for the whole of their work.
  func passing<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    guard !CallMonitor.hasEnteredOnThisThread else { return try body() }
    enter()
    defer { leave() }
    return try body()
  }

  func leave() { passing.subtract(1, ordering: .sequentiallyConsistent) }

  /// Closes the gate, waits until at most `own` of those who entered are left, runs the body, and opens the gate.
  ///
  /// - Parameters:
  ///   - own: how often the caller itself has entered.
  ///   - patience: how long to wait for the others.
  /// - Returns: nil when somebody did not come out in time, or another thread has the gate closed; the body did not run then.
  func close<Result>(own: Int, patience: Duration, _ body: () -> Result) -> Result? {
    guard !isClosed.exchange(true, ordering: .sequentiallyConsistent) else { return nil }
    defer { isClosed.store(false, ordering: .sequentiallyConsistent) }
    let start = ContinuousClock.now
    while passing.load(ordering: .sequentiallyConsistent) > own {
      if ContinuousClock.now - start >= patience { return nil }
      Self.rest()
    }
    return body()
  }

  /// Closes the gate for good, after waiting a while for those who have entered. Whoever comes now waits for the end of the process.
  func shut(patience: Duration) {
    isClosed.store(true, ordering: .sequentiallyConsistent)
    let start = ContinuousClock.now
    while passing.load(ordering: .sequentiallyConsistent) > 0, ContinuousClock.now - start < patience { Self.rest() }
  }

  private static func rest() { usleep(200) }
}
