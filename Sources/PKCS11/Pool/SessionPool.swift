internal import Dispatch
internal import Synchronization

/// Sessions with one token, shared by many callers.
///
/// A pool runs every call on threads of its own, so that a token that takes its time holds up nobody else: the caller's task is suspended,
/// and ends its waiting when it is cancelled or when a call passes its deadline. Sessions are opened when they are first needed, read-only
/// unless something is to be written, replaced when an operation has left them in an unknown state, and no more than the token allows. One
/// more session is kept open for the login. What can be mended is mended: see ``Recovery``. A token that fails again and again is left
/// alone for a while.
public final class SessionPool: Sendable {
  private let core: PoolCore

  /// Runs tasks on the pool's threads.
  public let taskExecutor: PoolTaskExecutor

  /// A pool of sessions with a token. Nothing is opened yet.
  ///
  /// - Parameters:
  ///   - token: the token, as `Module.token(matching:)` found it.
  ///   - usesProtectedPath: a person types the PIN at the device, which takes time.
  ///   - logIn: logs in on a session; nil to work without a login. It is called on a thread of the pool, before the first work, and again
  ///     whenever the login was lost. When it fails with something that only a person can mend, it is never called again, and everybody
  ///     gets that error.
  public init(
    token: Token, configuration: Configuration = Configuration(), usesProtectedPath: Bool = false,
    logIn: (@Sendable (inout Session) throws -> Void)? = nil
  ) {
    core = PoolCore(token: token, configuration: configuration, usesProtectedPath: usesProtectedPath, logIn: logIn)
    taskExecutor = PoolTaskExecutor(core)
  }

  deinit {
    let core = core
    if core.isForked { return }
    // The session that holds the login is closed on a thread of the pool as well: that of the watchdog must not wait for a module.
    core.close { if core.login.holdsSession { _ = core.finish(ClosingWork(core.login)) } }
  }

  /// The token, as it was when the module was last initialised.
  public var token: Token { core.login.snapshot.token }

  /// Does a piece of work on a thread of the pool.
  ///
  /// - Parameters:
  ///   - isRepeatable: whether the work may be done again when it failed half way. Leave it false for what makes or changes objects.
  ///   - body: the work. It must not wait for other work of this pool. When the caller is cancelled or a deadline passes, the next use of a
  ///     session in it throws, once, so that it can undo what it has begun.
  /// - Throws: what the body throws; ``PKCS11Rule/callDeadline``, ``PKCS11Rule/poolWait``, ``PKCS11Rule/poolFull``,
  ///   ``PKCS11Rule/circuitOpen``, ``PKCS11Rule/poolOpen``; `CancellationError` at once when the task is cancelled.
  public func perform<Value: Sendable>(
    isRepeatable: Bool = false, _ body: @escaping @Sendable (SessionLender) throws -> Value
  ) async throws -> Value {
    try await Self.wait(for: PoolWork(isRepeatable: isRepeatable, body), core) { core.submit($0) }
  }

  /// Does a piece of work on a thread of the pool and blocks the calling thread meanwhile. Only for callers that cannot suspend.
  public func performBlocking<Value: Sendable>(
    isRepeatable: Bool = false, _ body: @escaping @Sendable (SessionLender) throws -> Value
  ) throws -> Value {
    let work = PoolWork(isRepeatable: isRepeatable, body)
    let done = DispatchSemaphore(value: 0)
    let result = Mutex<Result<Value, any Error>?>(nil)
    work.whenConcluded { answer in
      result.withLock { $0 = answer }
      done.signal()
    }
    if !core.performHere(work) { core.submit(work) }
    done.wait()
    return try (result.withLock { $0 } ?? .failure(CancellationError())).get()
  }

  /// Takes a session and its thread out of the pool, for several pieces of work that belong together.
  ///
  /// It costs a fraction of a microsecond when a session is idle; otherwise it waits for one like any work. The lease goes back when it is
  /// given back or dropped.
  public func lease() async throws -> SessionLease {
    try core.checkFork()
    if let worker = core.leaseIdle() { return SessionLease(LeasedWorker(core, worker)) }
    return SessionLease(try await Self.wait(for: LeaseWork(core), core) { core.submit($0) })
  }

  /// Ends the work that is queued, closes every session, and with the last one the login.
  ///
  /// Call it before `Module.finalize()`: when it returns, no call of the pool is under way in the module but those that had been given up.
  public func close() async throws {
    try core.checkFork()
    await withCheckedContinuation { continuation in core.close { continuation.resume() } }
    let work = ClosingWork(core.login)
    let worker = Mutex<PoolWorker?>(nil)
    let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<Void, any Error>, Never>) in
      work.whenConcluded { continuation.resume(returning: $0) }
      worker.withLock { $0 = core.finish(work) }
    }
    if let worker = worker.withLock({ $0 }) { core.join(worker) }
    core.joinEnded()
    try result.get()
  }

  static func wait<Value: Sendable>(
    for work: PoolWork<Value>, _ core: PoolCore, _ submit: (PoolWork<Value>) -> Void
  ) async throws -> Value {
    try await withTaskCancellationHandler {
      // Resumed exactly once: work tells its first outcome and no other.
      try await unsafe withUnsafeThrowingContinuation { continuation in
        work.whenConcluded { unsafe continuation.resume(with: $0) }
        submit(work)
      }
    } onCancel: {
      core.cancel(work)
    }
  }
}
