import Foundation

/// One thread of our own on which blocking Cryptoki calls run, one after the other.
///
/// A Cryptoki call can hang for minutes and cannot be cancelled, so it must never run on Swift's cooperative threads. Work is queued, and
/// the caller is suspended (or, for X.509's synchronous signing, blocked) until its turn is over.
final class TokenThread<State: AnyObject>: @unchecked Sendable {
  // Checked by hand: `jobs` and `isStopped` are touched only under `condition`; `state` only on the thread.
  private let condition = NSCondition()
  private var jobs: [@Sendable (State) -> Void] = []
  private var isStopped = false

  /// - Parameter makeState: runs on the new thread, so that what it makes never leaves it.
  init(name: String, makeState: @escaping @Sendable () -> State) {
    let thread = Thread { [self] in
      Thread.current.name = name  // takes effect only from the thread itself
      let state = makeState()
      while let job = next() { job(state) }
    }
    thread.start()
  }

  /// Runs `body` on the thread and suspends the caller until it has ended.
  func perform<Result: Sendable>(_ body: @escaping @Sendable (State) throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      let isQueued = enqueue { state in continuation.resume(with: Swift.Result { try body(state) }) }
      if !isQueued { continuation.resume(throwing: Self.closed) }
    }
  }

  /// Runs `body` on the thread and blocks the caller until it has ended. Only for callers that cannot suspend.
  func performBlocking<Result: Sendable>(_ body: @escaping @Sendable (State) throws -> Result) throws -> Result {
    let box = ResultBox<Result>()
    guard enqueue({ state in box.set(Swift.Result { try body(state) }) }) else { throw Self.closed }
    return try box.wait().get()
  }

  /// Runs `body` as the last work on the thread, after what is already queued, and suspends the caller until it has ended.
  func performLast<Result: Sendable>(_ body: @escaping @Sendable (State) throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      let isQueued = enqueue(isLast: true) { state in continuation.resume(with: Swift.Result { try body(state) }) }
      if !isQueued { continuation.resume(throwing: Self.closed) }
    }
  }

  /// Ends the thread after the work that is already queued.
  func stop() {
    condition.withLock {
      isStopped = true
      condition.signal()
    }
  }

  private static var closed: TokenKeysError {
    TokenKeysError(.keyUnusable, operation: "use the token", message: "the connection to the token has been closed")
  }

  /// Returns false, and drops the job, when the thread has been stopped.
  private func enqueue(isLast: Bool = false, _ job: @escaping @Sendable (State) -> Void) -> Bool {
    condition.withLock {
      guard !isStopped else { return false }
      isStopped = isLast
      jobs.append(job)
      condition.signal()
      return true
    }
  }

  private func next() -> (@Sendable (State) -> Void)? {
    condition.withLock {
      while jobs.isEmpty && !isStopped { condition.wait() }
      return jobs.isEmpty ? nil : jobs.removeFirst()
    }
  }
}

/// Carries one result from one thread to another that waits for it.
private final class ResultBox<Value: Sendable>: @unchecked Sendable {
  // Checked by hand: `result` is touched only under `condition`.
  private let condition = NSCondition()
  private var result: Result<Value, any Error>?

  func set(_ newValue: Result<Value, any Error>) {
    condition.withLock {
      result = newValue
      condition.signal()
    }
  }

  func wait() -> Result<Value, any Error> {
    condition.withLock {
      while true {
        if let result { return result }
        condition.wait()
      }
    }
  }
}
