#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A thread of the system's own, for calls that may never return: nobody waits for its end.
enum SystemThread {
  /// Starts a thread that runs the body, and keeps what the body holds alive for as long.
  ///
  /// - Returns: false when the system gives this process no more threads; the body does not run then.
  static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
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
      return false
    }
    pthread_detach(identifier)
    return true
  }

  private final class Boxed: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
