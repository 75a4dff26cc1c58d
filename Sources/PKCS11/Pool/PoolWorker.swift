internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// One thread of a pool, with at most one session of its own.
///
/// Blocking calls run here and never on the threads that Swift's tasks share: a call can hang for minutes and cannot be cancelled.
final class PoolWorker: @unchecked Sendable {
  // Checked by hand: the variables are touched only under the pool's lock, but for `lender`, which is only the worker's own thread's.

  /// What the thread is doing now.
  let monitor = CallMonitor()
  /// What the thread does next.
  var next: PoolJob?
  /// What the holders of a lease want after that.
  var later = WaitingLine()
  /// What the thread does now.
  var current: PoolJob?
  /// The thread runs a part of a task now.
  var isRunningTask = false
  /// Somebody has the worker for more than one piece of work.
  var isLeased = false
  /// The thread is to come to its end.
  var isRetired = false
  /// What the thread lends to its work; nil before it runs, and after.
  private(set) var lender: SessionLender?
  /// A call on this thread did not return in time.
  var isGivenUp = false

  /// The thread has nothing to do, and sleeps unless it was woken.
  var isResting: Bool { current == nil && next == nil && !isRunningTask }

  /// The thread is one of those that the pool counts and watches.
  var isOfPool: Bool { !isGivenUp && !isRetired }

  /// Takes what the thread was to do next.
  func takeNext() -> PoolJob? { next.take() ?? later.popFirst() }

  /// Whether the calling thread is this one.
  var isThisThread: Bool { CallMonitor.ofThisThread { $0.isSame(as: monitor) } == true }

  /// The worker of this pool that the calling thread is; nil on other threads.
  static func ofThisThread(_ core: PoolCore) -> PoolWorker? {
    guard let pointer = unsafe pthread_getspecific(key) else { return nil }
    let worker = unsafe Unmanaged<PoolWorker>.fromOpaque(pointer).takeUnretainedValue()
    return worker.core === core ? worker : nil
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    _ = unsafe pthread_key_create(&key, nil)
    return key
  }()

  /// The pool. It lets go of the worker when the thread ends.
  private let core: PoolCore

  init(_ core: PoolCore) { self.core = core }

  private let wakeUp = DispatchSemaphore(value: 0)

  /// Wakes the thread, which looks for what there is to do.
  func wake() { wakeUp.signal() }

  /// Starts the thread. It keeps the worker, and with it the pool, alive for as long as it runs.
  func start() {
    let isStarted = thread.withLock { thread in
      thread = SystemThread.start { self.run() }
      return thread != nil
    }
    if !isStarted { core.couldNotStart(self) }
  }

  private let thread = Mutex<SystemThread?>(nil)

  /// Blocks until the thread is gone, which has let go of the pool before.
  func join() { thread.withLock { $0.take() }?.join() }

  /// For those who look at threads from outside. Where the system has no such file, the thread has no name.
  private static func nameThisThread(_ name: String) {
    let file = unsafe open("/proc/thread-self/comm", O_WRONLY)
    guard file >= 0 else { return }
    var name = name
    name.withUTF8 { bytes in _ = unsafe write(file, bytes.baseAddress, bytes.count) }
    close(file)
  }

  private func run() {
    Self.nameThisThread("hsmkey token")
    monitor.watchThisThread()
    _ = unsafe pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
    let lender = SessionLender(core)
    self.lender = lender
    loop: while true {
      switch core.nextStep(of: self) {
      case .job(let job): core.perform(job, lender, on: self)
      case .task(let task): task.run()
      case .wait: wakeUp.wait()
      case .end: break loop
      }
    }
    lender.gate.enter(monitor)
    lender.close()
    lender.gate.leave(monitor)
    self.lender = nil
    // What is let go of from here on passes the gate by itself.
    CallMonitor.watchThisThreadNoMore()
    core.ended(self)
  }
}
