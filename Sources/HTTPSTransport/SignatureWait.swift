import Dispatch
import Synchronization

/// A thread that waits for a signature that a task is making.
///
/// The thread is the exchange's own: none of Swift's cooperative threads waits here, so the task always finds one to run on.
final class SignatureWait: Sendable {
  private let settled = DispatchSemaphore(value: 0)
  private let result = Mutex<Result<[UInt8], any Error>?>(nil)

  /// Starts the work and waits for it, for a cancellation, or for the time to be over. Work that nobody waits for any more is cancelled.
  ///
  /// - Throws: what the work threw; `CancellationError`; ``SigningTookTooLong``.
  func signature(within limit: Duration, _ work: @escaping @Sendable () async throws -> [UInt8]) throws -> [UInt8] {
    let task = Task {
      do { settle(.success(try await work())) } catch { settle(.failure(error)) }
    }
    if settled.wait(timeout: .now() + .nanoseconds(limit.nanoseconds)) == .timedOut { settle(.failure(SigningTookTooLong())) }
    task.cancel()
    return try result.withLock { $0 ?? .failure(CancellationError()) }.get()
  }

  /// Ends the waiting, from any thread.
  func cancel() { settle(.failure(CancellationError())) }

  /// The first result counts.
  private func settle(_ outcome: Result<[UInt8], any Error>) {
    let isFirst = result.withLock { result in
      defer { result = result ?? outcome }
      return result == nil
    }
    if isFirst { settled.signal() }
  }
}

/// The time of the exchange was over before the key had signed.
struct SigningTookTooLong: Error {}

extension Duration {
  fileprivate var nanoseconds: Int {
    let (seconds, attoseconds) = components
    return Int(clamping: min(max(seconds, 0), 1 << 32)) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
  }
}
