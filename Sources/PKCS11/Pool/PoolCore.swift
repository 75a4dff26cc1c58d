internal import Dispatch
internal import Synchronization

/// The inside of a pool: its threads, the work that waits, and who does what next.
final class PoolCore: Sendable {
  let configuration: SessionPool.Configuration
  let login: PoolLogin
  let breaker: CircuitBreaker
  let label: String
  private let loginDeadline: Duration
  private let fullLimit: Int
  private let cryptoki: Cryptoki
  let state: Mutex<State>
  let watchdog = PoolWatchdog()

  struct State {
    /// How many threads there may be, not counting those that hang.
    var limit: Int
    /// When the token had no room for that many.
    var shrunkAt = ContinuousClock.Instant.now
    var workers: [PoolWorker] = []
    var idle: [PoolWorker] = []
    var queue = WaitingLine()
    /// Parts of tasks that run on the pool's threads.
    var tasks: [PoolTask] = []
    /// Threads whose call did not return in time.
    var givenUpCount = 0
    /// The worker whose thread has ended last; it is waited for by whoever comes next.
    var ended: [PoolWorker] = []
    var isClosed = false
    /// Resumed when the last thread has ended.
    var closing: [@Sendable () -> Void] = []
    var isWatched = false
  }

  /// What a thread does next.
  enum Step {
    case job(PoolJob)
    case task(PoolTask)
    case wait
    case end
  }

  init(
    token: Token, configuration: SessionPool.Configuration, usesProtectedPath: Bool, logIn: PoolLogin.LogIn?
  ) {
    self.configuration = configuration
    label = token.label
    cryptoki = token.module.cryptoki
    loginDeadline = usesProtectedPath ? configuration.deadlines.protectedPath : configuration.deadlines.login
    breaker = CircuitBreaker(configuration.circuitBreaker)
    var limit = configuration.maximumSessionCount
    var isSingle = false
    // One session more holds the login; a token with room for one lets the working session do that.
    if case .maximum(let maximum) = token.maximumSessionCount {
      limit = max(1, min(limit, maximum - 1))
      isSingle = maximum == 1
    }
    login = PoolLogin(token: token, isSingle: isSingle, logIn: logIn)
    fullLimit = limit
    state = Mutex(State(limit: limit))
  }

  /// How long a call may take.
  func deadline(of function: CryptokiFunction) -> Duration {
    function == .C_Login ? loginDeadline : configuration.deadlines.deadline(of: function)
  }

  func tell(_ kind: SessionPool.Event.Kind, _ description: String) {
    configuration.onEvent?(SessionPool.Event(kind: kind, description: description))
  }

  /// This process is a child, forked after its parent opened the module: the pool's threads stayed behind, and whoever had a lock keeps it.
  var isForked: Bool { cryptoki.isForked }

  /// Refuses what nobody would do in a forked child, before any lock is touched.
  func checkFork() throws(PKCS11Error) {
    if isForked { throw Cryptoki.forked(token: label, operation: "use token \(label)") }
  }

  // MARK: Work comes in

  /// Whether work may be tried; otherwise its waiting is ended with the reason why not.
  func isAdmitted(_ job: PoolJob) -> Bool {
    guard !job.isConcluded else { return false }
    do {
      try checkFork()
      try breaker.check(job, token: label, operation: "use token \(label)")
      return true
    } catch {
      job.fail(error)
      return false
    }
  }

  /// Takes work in, or ends its waiting with the reason why not.
  func submit(_ job: PoolJob) {
    guard isAdmitted(job) else { return }
    var refusal: PKCS11Error?
    let own = PoolWorker.ofThisThread(self)
    let (worker, isNew, wakesWatchdog) = state.withLock { state -> (PoolWorker?, Bool, Bool) in
      guard !state.isClosed else {
        refusal = Self.closed(label)
        return (nil, false, false)
      }
      let wakes = !state.isWatched
      state.isWatched = true
      // A task on one of our threads is about to wait for this: the thread does it itself, without waking another.
      if let own, own.isRunningTask, own.next == nil, !own.isLeased, own.isOfPool {
        own.next = job
        return (nil, false, wakes)
      }
      if let worker = state.idle.popLast() {
        worker.next = job
        return (worker, false, wakes)
      }
      if state.limit < fullLimit, ContinuousClock.now - state.shrunkAt >= configuration.waitingLimit { state.limit = fullLimit }
      if state.workers.count < state.limit {
        guard state.mayStartThread else {
          refusal = stuck(state.givenUpCount)
          return (nil, false, wakes)
        }
        return (state.newWorker(of: self, for: job), true, wakes)
      }
      guard state.queue.count < configuration.maximumWaitingCount else {
        refusal = full()
        return (nil, false, wakes)
      }
      job.submittedAt = .now
      state.queue.append(job)
      return (nil, false, wakes)
    }
    if let refusal { job.fail(refusal) }
    if isNew { worker?.start() } else { worker?.wake() }
    if wakesWatchdog { watchdog.wake(self) }
  }

  /// Ends the waiting of a caller that has gone. Work that runs already goes on without it, and is told so.
  func cancel(_ job: PoolJob) {
    guard job.fail(CancellationError()) else { return }
    state.withLock { state in
      if !state.queue.remove(job) { state.workers.first { $0.current === job }?.monitor.giveUp() }
    }
  }

  // MARK: What threads ask

  func nextStep(of worker: PoolWorker) -> Step {
    // Let go of outside of the lock: the last reference to what uses this pool may go with it.
    var done: PoolJob?
    defer { withExtendedLifetime(done) {} }
    return state.withLock { state in
      done = worker.current.take()
      worker.isRunningTask = false
      if let job = worker.takeNext() {
        worker.current = job
        return .job(job)
      }
      if worker.isGivenUp || worker.isRetired { return .end }
      if !state.tasks.isEmpty {
        worker.isRunningTask = true
        return .task(state.tasks.removeFirst())
      }
      if worker.isLeased, !state.isClosed { return .wait }
      if let job = state.queue.popFirst() {
        worker.current = job
        return .job(job)
      }
      if state.isClosed { return .end }
      if !state.idle.contains(where: { $0 === worker }) { state.idle.append(worker) }
      return .wait
    }
  }

  /// Takes in a part of a task; false when there is no thread for it.
  func enqueue(_ task: PoolTask) -> Bool {
    let own = PoolWorker.ofThisThread(self)
    let (isTaken, worker, isNew) = state.withLock { state -> (Bool, PoolWorker?, Bool) in
      guard !state.isClosed else { return (false, nil, false) }
      // The thread that tells a task its result takes up the task again itself.
      if let own, own.current != nil, own.isOfPool {
        state.tasks.append(task)
        return (true, nil, false)
      }
      if let worker = state.idle.popLast() {
        state.tasks.append(task)
        return (true, worker, false)
      }
      if state.workers.count < state.limit, state.mayStartThread {
        let worker = state.newWorker(of: self)
        state.tasks.append(task)
        return (true, worker, true)
      }
      guard !state.workers.isEmpty else { return (false, nil, false) }
      state.tasks.append(task)
      // Threads that work take it up when they are done; one that only belongs to a lease sleeps, and would not hear of it.
      return (true, state.workers.first(where: \.isResting), false)
    }
    if isNew { worker?.start() } else { worker?.wake() }
    return isTaken
  }

  /// Has a part of a task run on a thread of ours, or where there is none on one of the system's: a task is never left lying.
  func enqueueSomewhere(_ task: PoolTask) {
    if !enqueue(task) { DispatchQueue.global().async { task.run() } }
  }

  /// Does work on the calling thread, where that is one of ours which runs a part of a task. A caller that blocks the thread would wait for
  /// itself otherwise.
  ///
  /// - Returns: whether it was done.
  func performHere(_ job: PoolJob) -> Bool {
    guard let own = PoolWorker.ofThisThread(self), let lender = own.lender else { return false }
    let isOurs = state.withLock { state in
      guard own.isRunningTask, own.current == nil, own.isOfPool, !state.isClosed else { return false }
      own.current = job
      defer { state.isWatched = true }
      return true
    }
    guard isOurs else { return false }
    watchdog.wake(self)
    if isAdmitted(job) { perform(job, lender, on: own) }
    state.withLock { _ in own.current = nil }
    return true
  }

  func ended(_ worker: PoolWorker) {
    let (returned, closing, before) = state.withLock { state -> (Bool, [@Sendable () -> Void], [PoolWorker]) in
      state.workers.removeAll { $0 === worker }
      state.idle.removeAll { $0 === worker }
      if worker.isGivenUp { state.givenUpCount -= 1 }
      defer { state.ended = [worker] }
      return (worker.isGivenUp, state.takeClosing(), state.ended)
    }
    // Long gone, most likely: who runs for months keeps no more than one such thread.
    for worker in before { worker.join() }
    if returned { tell(.callReturned, "a call on token \(label) that had been given up has returned") }
    for resume in closing { resume() }
  }

  func couldNotStart(_ worker: PoolWorker) {
    let (job, tasks) = state.withLock { state -> (PoolJob?, [PoolTask]) in
      state.workers.removeAll { $0 === worker }
      return (worker.next.take(), state.takeTasks())
    }
    for task in tasks { DispatchQueue.global().async { task.run() } }
    job?.fail(
      PKCS11Error(
        rule: .poolFull, token: label, operation: "use token \(label)", message: "the system gives this process no more threads",
        hint: "look at the limits of the process"))
    ended(worker)
  }

  /// The token has no room for one more session: this thread gives its work back and ends, unless it is the only one.
  func retire(_ worker: PoolWorker, returning job: PoolJob) -> Bool {
    let didRetire = state.withLock { state -> Bool in
      guard state.workers.count > 1, !worker.isLeased, !worker.isGivenUp else { return false }
      state.limit = state.workers.count - 1
      state.shrunkAt = .now
      worker.isRetired = true
      state.workers.removeAll { $0 === worker }
      if let other = state.idle.popLast() {
        other.next = job
        other.wake()
      } else {
        job.submittedAt = job.submittedAt ?? .now
        state.queue.putBack(job)
      }
      return true
    }
    if didRetire { tell(.sessionLimitReached, "token \(label) has no room for more sessions than are open") }
    return didRetire
  }

  // MARK: The end

  /// Takes no more work; threads end after what is queued. The closure is called when the last one has ended, but for those that hang.
  func close(_ whenClosed: @escaping @Sendable () -> Void) {
    let (workers, isOver) = state.withLock { state -> ([PoolWorker], Bool) in
      state.isClosed = true
      state.idle = []
      guard !state.workers.isEmpty else { return ([], true) }
      state.closing.append(whenClosed)
      state.isWatched = true
      return (state.workers, false)
    }
    for worker in workers { worker.wake() }
    if isOver { whenClosed() } else { watchdog.wake(self) }
  }

  /// Does the very last work, on a thread of its own, when all others have ended.
  func finish(_ job: ClosingWork) -> PoolWorker {
    let worker = state.withLock { state in
      state.isWatched = true
      return state.newWorker(of: self, for: job)
    }
    worker.start()
    watchdog.wake(self)
    return worker
  }

  /// Waits until a thread that has done its work is gone; one that hangs is left alone.
  func join(_ worker: PoolWorker) {
    if !state.withLock({ _ in worker.isGivenUp }) { worker.join() }
  }

  /// Waits until the threads that have ended are gone.
  func joinEnded() {
    for worker in state.withLock({ state in
      defer { state.ended = [] }
      return state.ended
    }) { worker.join() }
  }

  /// Whether anybody works or waits.
  var isBusy: Bool { state.withLock { $0.isBusy } }
}

extension PoolCore.State {
  /// Not so many threads hang that one more would be wasted on the token.
  var mayStartThread: Bool { givenUpCount <= 2 * limit }

  /// Whether anybody works or waits.
  var isBusy: Bool { queue.count > 0 || workers.count > idle.count }

  /// Adds a thread, which is started outside of the lock.
  mutating func newWorker(of core: PoolCore, for job: PoolJob? = nil) -> PoolWorker {
    let worker = PoolWorker(core)
    worker.next = job
    workers.append(worker)
    return worker
  }

  /// Takes the parts of tasks that wait for a thread.
  mutating func takeTasks() -> [PoolTask] {
    defer { tasks = [] }
    return tasks
  }

  /// Those who wait for the end, when it has come.
  mutating func takeClosing() -> [@Sendable () -> Void] {
    guard isClosed, workers.isEmpty else { return [] }
    defer { closing = [] }
    return closing
  }
}
