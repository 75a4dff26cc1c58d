internal import Synchronization

/// One piece of work for a pool: what a caller waits for, and what a thread of the pool does.
class PoolJob: @unchecked Sendable {
  // Checked by hand: subclasses hold their own state under a lock; `submittedAt` is set before others see the job.

  /// Whether the work may be done again after it failed half way.
  let isRepeatable: Bool
  /// When it began to wait for a session; nil when one was free.
  var submittedAt: ContinuousClock.Instant?

  init(isRepeatable: Bool) { self.isRepeatable = isRepeatable }

  /// Whether the work needs the login, and whether what is broken is mended for it. The end of the login does not.
  var needsLogin: Bool { true }
  /// Does the work on a thread of the pool and keeps what came of it for ``conclude()``. Throws what the work throws.
  func attempt(_ lender: SessionLender) throws {}
  /// Hands the result of the last attempt to the caller.
  func conclude() {}
  /// Ends the caller's waiting with an error, unless it has ended.
  ///
  /// - Returns: whether the caller was still waiting.
  @discardableResult
  func fail(_ error: any Error) -> Bool { false }
  /// Whether the caller has what it waited for, or has gone.
  var isConcluded: Bool { true }
}

/// Work with a result of one type. The first who has something to tell the caller tells it: the result, a deadline, or the end of a task.
class PoolWork<Value: Sendable>: PoolJob, @unchecked Sendable {
  // Checked by hand: `result` is touched only by the thread that does the work.
  private let body: @Sendable (SessionLender) throws -> Value
  private var result: Value?
  private let waiting = Mutex<Waiting>(.notYet)

  /// How the caller is told.
  typealias Answer = @Sendable (Result<Value, any Error>) -> Void

  private enum Waiting {
    case notYet
    case waits(Answer)
    /// Something came before the caller had begun to wait.
    case came(Result<Value, any Error>)
    case done
  }

  init(isRepeatable: Bool, _ body: @escaping @Sendable (SessionLender) throws -> Value) {
    self.body = body
    super.init(isRepeatable: isRepeatable)
  }

  /// Sets how the caller is told, which happens at once when something has come already.
  func whenConcluded(_ answer: @escaping Answer) {
    let early = waiting.withLock { waiting -> Result<Value, any Error>? in
      if case .came(let result) = waiting {
        waiting = .done
        return result
      }
      waiting = .waits(answer)
      return nil
    }
    if let early { answer(early) }
  }

  override func attempt(_ lender: SessionLender) throws { result = try body(lender) }

  override func conclude() {
    if let value = result.take() { tell(.success(value)) }
  }

  override func fail(_ error: any Error) -> Bool { tell(.failure(error)) }

  override var isConcluded: Bool {
    waiting.withLock { if case .done = $0 { true } else if case .came = $0 { true } else { false } }
  }

  @discardableResult
  private func tell(_ result: Result<Value, any Error>) -> Bool {
    let (answer, isFirst) = waiting.withLock { waiting -> (Answer?, Bool) in
      switch waiting {
      case .notYet:
        waiting = .came(result)
        return (nil, true)
      case .waits(let answer):
        waiting = .done
        return (answer, true)
      case .came, .done: return (nil, false)
      }
    }
    answer?(result)
    return isFirst
  }
}

/// The last work of a pool: closing the session that holds the login.
final class ClosingWork: PoolWork<Void>, @unchecked Sendable {
  // Checked by hand: there is nothing here beyond the superclass.

  init(_ login: PoolLogin) { super.init(isRepeatable: false) { _ in try login.close() } }

  override var needsLogin: Bool { false }
}
