#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

internal import Synchronization

/// A thread of the system's own, for calls that may never return.
///
/// A thread that has said that it is done is not gone: the thread-local data of libraries (OpenSSL's, under many modules) is taken down
/// after its last line. A process that ends meanwhile can crash in that. So whoever was told that the work is done waits for the thread's
/// end too.
final class SystemThread: Sendable {
  /// Nil once somebody has waited for the thread.
  private let identifier: Mutex<pthread_t?>

  private init(_ identifier: pthread_t) { self.identifier = Mutex(identifier) }

  deinit {
    if let left = identifier.withLock({ $0 }) { pthread_detach(left) }
  }

  /// Starts a thread that runs the body, and keeps what the body holds alive for as long.
  ///
  /// - Returns: nil when the system gives this process no more threads; the body does not run then.
  static func start(_ body: @escaping @Sendable () -> Void) -> SystemThread? {
    let context = unsafe Unmanaged.passRetained(Boxed(body)).toOpaque()
    var identifier = pthread_t()
    let answer = unsafe pthread_create(
      &identifier, nil,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<Boxed>.fromOpaque(context).takeRetainedValue().body()
        return nil
      }, context)
    guard answer == 0 else {
      unsafe Unmanaged<Boxed>.fromOpaque(context).release()
      return nil
    }
    return SystemThread(identifier)
  }

  /// Blocks until the thread is gone. Only for threads that are at the end of their work. Whoever asks again, or from the thread itself,
  /// does not wait.
  func join() {
    let mine = identifier.withLock { identifier -> pthread_t? in
      guard let known = identifier, pthread_equal(known, pthread_self()) == 0 else { return nil }
      identifier = nil
      return known
    }
    if let mine { pthread_join(mine, nil) }
  }

  private final class Boxed: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
