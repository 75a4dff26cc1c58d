internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What one thread of a pool is doing: which Cryptoki function it is in, and since when. Others look at it from outside.
///
/// The choke point finds the monitor of its thread by itself, so that no call can be made without it.
final class CallMonitor: Sendable {
  private let startedAt = Atomic<UInt64>(0)
  private let function = Atomic<UInt8>(0)
  private let isGivenUp = Atomic<Bool>(false)
  private let isUndoing = Atomic<Bool>(false)
  /// The thread has entered the module's gate for the work that it does.
  let hasEntered = Atomic<Bool>(false)

  /// A call that is under way.
  struct Call {
    let function: CryptokiFunction
    let elapsed: Duration
  }

  /// The call that is under way now; nil between calls.
  var call: Call? {
    let start = startedAt.load(ordering: .acquiring)
    guard start != 0 else { return nil }
    let name = CryptokiFunction.allCases[Int(function.load(ordering: .acquiring))]
    let now = Self.now
    // The next call may have begun between the two looks: its name does not go with the time of the last one.
    guard startedAt.load(ordering: .relaxed) == start else { return nil }
    return Call(function: name, elapsed: .nanoseconds(now > start ? Int64(now - start) : 0))
  }

  @inline(__always)
  func begin(_ called: CryptokiFunction) {
    function.store(called.rawValue, ordering: .relaxed)
    startedAt.store(Self.now, ordering: .releasing)
  }

  @inline(__always)
  func end() { startedAt.store(0, ordering: .releasing) }

  /// Waits for something that is as good as a call under way.
  func waiting(for called: CryptokiFunction, _ body: () -> Void) {
    begin(called)
    body()
    end()
  }

  borrowing func isSame(as other: CallMonitor) -> Bool { ObjectIdentifier(copy self) == ObjectIdentifier(other) }

  /// Nobody waits for the work of this thread any more.
  func giveUp() { isGivenUp.store(true, ordering: .relaxed) }

  /// A new piece of work begins.
  func reset() {
    isGivenUp.store(false, ordering: .relaxed)
    isUndoing.store(false, ordering: .relaxed)
  }

  /// From here to the end of the work, what it has left on the token is taken away again, whether anybody waits or not.
  func beginUndoing() { isUndoing.store(true, ordering: .relaxed) }

  /// Whether the work was given up, told once: whoever hears it cleans up, and must be able to call the module for that.
  func hearsThatWorkWasGivenUp() -> Bool {
    isGivenUp.load(ordering: .relaxed) && !isUndoing.load(ordering: .relaxed) && isGivenUp.exchange(false, ordering: .relaxed)
  }

  /// Makes this the monitor of the calling thread, which must keep it alive for as long as it lives.
  func watchThisThread() {
    _ = unsafe pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
  }

  /// The calling thread does not belong to a pool any more.
  static func watchThisThreadNoMore() {
    _ = pthread_setspecific(key, nil)
  }

  /// Whether the calling thread does the work of a pool, for which it has entered the module's gate.
  static var hasEnteredOnThisThread: Bool { ofThisThread { $0.hasEntered.load(ordering: .relaxed) } ?? false }

  /// Runs the body with the monitor of the calling thread, when it has one.
  @inline(__always)
  static func ofThisThread<Result>(_ body: (borrowing CallMonitor) -> Result) -> Result? {
    guard let pointer = unsafe pthread_getspecific(key) else { return nil }
    return unsafe Unmanaged<CallMonitor>.fromOpaque(pointer)._withUnsafeGuaranteedRef { body($0) }
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    _ = unsafe pthread_key_create(&key, nil)
    return key
  }()

  /// Nanoseconds of the monotonic clock.
  @inline(__always)
  private static var now: UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
