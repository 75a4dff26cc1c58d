/// A session of a pool and its thread, for one caller alone. It goes back to the pool when it is given back or dropped.
public struct SessionLease: ~Copyable, Sendable {
  private let held: LeasedWorker

  init(_ held: LeasedWorker) { self.held = held }

  /// Does a piece of work in the session: see ``SessionPool/perform(isRepeatable:_:)``.
  public borrowing func perform<Value: Sendable>(
    isRepeatable: Bool = false, _ body: @escaping @Sendable (SessionLender) throws -> Value
  ) async throws -> Value {
    let held = held
    return try await SessionPool.wait(for: PoolWork(isRepeatable: isRepeatable, body), held.core) { held.core.submit($0, to: held.worker) }
  }

  /// Gives the session back.
  public consuming func giveBack() {}
}

/// A thread that was taken out of its pool. It goes back when nobody holds this any more, also when the one who waited for it has gone.
final class LeasedWorker: Sendable {
  let core: PoolCore
  let worker: PoolWorker

  init(_ core: PoolCore, _ worker: PoolWorker) {
    self.core = core
    self.worker = worker
  }

  deinit { core.giveBack(worker) }
}

/// The work of waiting for a lease: the thread that does it is the one that is leased.
final class LeaseWork: PoolWork<LeasedWorker>, @unchecked Sendable {
  // Checked by hand: there is nothing here beyond the superclass.

  init(_ core: PoolCore) {
    super.init(isRepeatable: true) { _ in
      guard let worker = core.leaseThisThread() else { throw CancellationError() }
      return LeasedWorker(core, worker)
    }
  }
}
