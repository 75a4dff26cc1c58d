internal import Dispatch
internal import Synchronization

/// The inside of a pool: its threads, the work that waits, and who does what next.
final class PoolCore: Sendable {
  let configuration: SessionPool.Configuration
  let login: PoolLogin
  let breaker: CircuitBreaker
  let label: String
  private let loginDeadline: Duration
  private let state: Mutex<State>
  private let watchdog = PoolWatchdog()

  struct State {
    /// How many threads there may be, not counting those that hang.
    var limit: Int
    var workers: [PoolWorker] = []
    var idle: [PoolWorker] = []
    var queue = WaitingLine()
    /// Parts of tasks that run on the pool's threads.
    var tasks: [PoolTask] = []
    /// Threads whose call did not return in time.
    var givenUpCount = 0
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
    state = Mutex(State(limit: limit))
  }

  /// How long a call may take.
  func deadline(of function: CryptokiFunction) -> Duration {
    function == .C_Login ? loginDeadline : configuration.deadlines.deadline(of: function)
  }

  func tell(_ kind: SessionPool.Event.Kind, _ description: String) {
    configuration.onEvent?(SessionPool.Event(kind: kind, description: description))
  }

  // MARK: Work comes in

  /// Takes work in, or ends its waiting with the reason why not.
  func submit(_ job: PoolJob) {
    do {
      try breaker.check(token: label, operation: "use token \(label)")
    } catch {
      job.fail(error)
      return
    }
    job.submittedAt = .now
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
      if let own, own.isRunningTask, own.next == nil, !own.isLeased {
        own.next = job
        return (nil, false, wakes)
      }
      if let worker = state.idle.popLast() {
        worker.next = job
        return (worker, false, wakes)
      }
      if state.workers.count < state.limit {
        guard state.givenUpCount <= 2 * state.limit else {
          refusal = stuck(state.givenUpCount)
          return (nil, false, wakes)
        }
        let worker = PoolWorker(self)
        worker.next = job
        state.workers.append(worker)
        return (worker, true, wakes)
      }
      guard state.queue.count < configuration.maximumWaitingCount else {
        refusal = full()
        return (nil, false, wakes)
      }
      state.queue.append(job)
      return (nil, false, wakes)
    }
    if let refusal {
      breaker.learnedNothing()
      job.fail(refusal)
    }
    if isNew { worker?.start() } else { worker?.wake() }
    if wakesWatchdog { watchdog.wake(self) }
  }

  /// Ends the waiting of a caller that has gone. Work that runs already goes on without it, and is told so.
  func cancel(_ job: PoolJob) {
    guard job.fail(CancellationError()) else { return }
    state.withLock { state in
      if !state.queue.remove(job) { state.workers.first { $0.current === job }?.monitor.giveUp() }
    }
    breaker.learnedNothing()
  }

  // MARK: What threads ask

  func nextStep(of worker: PoolWorker) -> Step {
    state.withLock { state in
      worker.current = nil
      worker.isRunningTask = false
      if let job = worker.next.take() {
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
      if let own, own.current != nil, !own.isGivenUp, !own.isRetired {
        state.tasks.append(task)
        return (true, nil, false)
      }
      if let worker = state.idle.popLast() {
        state.tasks.append(task)
        return (true, worker, false)
      }
      if state.workers.count < state.limit, state.givenUpCount <= 2 * state.limit {
        let worker = PoolWorker(self)
        state.workers.append(worker)
        state.tasks.append(task)
        return (true, worker, true)
      }
      guard !state.workers.isEmpty else { return (false, nil, false) }
      state.tasks.append(task)
      return (true, nil, false)
    }
    if isNew { worker?.start() } else { worker?.wake() }
    return isTaken
  }

  func ended(_ worker: PoolWorker) {
    let (returned, closing) = state.withLock { state -> (Bool, [@Sendable () -> Void]) in
      state.workers.removeAll { $0 === worker }
      state.idle.removeAll { $0 === worker }
      if worker.isGivenUp { state.givenUpCount -= 1 }
      guard state.isClosed, state.workers.isEmpty else { return (worker.isGivenUp, []) }
      defer { state.closing = [] }
      return (worker.isGivenUp, state.closing)
    }
    if returned { tell(.callReturned, "a call on token \(label) that had been given up has returned") }
    for resume in closing { resume() }
  }

  func couldNotStart(_ worker: PoolWorker) {
    let job = state.withLock { state -> PoolJob? in
      state.workers.removeAll { $0 === worker }
      return worker.next.take()
    }
    job?.fail(
      PKCS11Error(
        rule: .poolFull, token: label, operation: "use token \(label)", message: "the system gives this process no more threads",
        hint: "look at the limits of the process"))
    ended(worker)
  }

  /// The token has no room for one more session: this thread gives its work back and ends, unless it is the only one.
  func retire(_ worker: PoolWorker, returning job: PoolJob) -> Bool {
    let didRetire = state.withLock { state -> Bool in
      guard state.workers.count > 1, !worker.isLeased else { return false }
      state.limit = state.workers.count - 1
      worker.isRetired = true
      state.workers.removeAll { $0 === worker }
      if let other = state.idle.popLast() {
        other.next = job
        other.wake()
      } else {
        state.queue.putBack(job)
      }
      return true
    }
    if didRetire { tell(.sessionLimitReached, "token \(label) has no room for more sessions than are open") }
    return didRetire
  }

  // MARK: Leases

  /// An idle thread, if there is one, for the caller alone.
  func leaseIdle() -> PoolWorker? {
    state.withLock { state in
      guard !state.isClosed, let worker = state.idle.popLast() else { return nil }
      worker.isLeased = true
      return worker
    }
  }

  /// Makes the calling thread belong to a lease from now on.
  func leaseThisThread() -> PoolWorker? {
    state.withLock { state in
      let worker = state.workers.first { $0.isThisThread }
      worker?.isLeased = true
      return worker
    }
  }

  func giveBack(_ worker: PoolWorker) {
    let hasToDo = state.withLock { state in
      worker.isLeased = false
      guard state.workers.contains(where: { $0 === worker }), worker.current == nil, worker.next == nil else { return state.isClosed }
      if state.isClosed { return true }
      // The thread sleeps; it is woken only when there is work for it.
      guard let job = state.queue.popFirst() else {
        state.idle.append(worker)
        return false
      }
      worker.next = job
      return true
    }
    if hasToDo { worker.wake() }
  }

  func submit(_ job: PoolJob, to worker: PoolWorker) {
    do {
      try breaker.check(token: label, operation: "use token \(label)")
    } catch {
      job.fail(error)
      return
    }
    let (accepted, wakesWatchdog) = state.withLock { state -> (Bool, Bool) in
      guard !state.isClosed, !worker.isGivenUp else { return (false, false) }
      worker.next = job
      defer { state.isWatched = true }
      return (true, !state.isWatched)
    }
    guard accepted else {
      breaker.learnedNothing()
      job.fail(Self.closed(label))
      return
    }
    worker.wake()
    if wakesWatchdog { watchdog.wake(self) }
  }

  // MARK: What the watchdog does

  /// Gives up what has passed its deadline.
  ///
  /// - Returns: how long until the next look; nil when there is nothing to watch.
  func inspect() -> Duration? {
    var overdue: [(job: PoolJob, worker: PoolWorker, call: CallMonitor.Call)] = []
    var impatient: [PoolJob] = []
    var replacements: [PoolWorker] = []
    var strandedTasks: [PoolTask] = []
    let isBusy = state.withLock { state -> Bool in
      for worker in state.workers {
        guard let job = worker.current, let call = worker.monitor.call, call.elapsed >= deadline(of: call.function) else { continue }
        overdue.append((job, worker, call))
        worker.isGivenUp = true
        worker.monitor.giveUp()
        state.givenUpCount += 1
      }
      state.workers.removeAll(where: \.isGivenUp)
      // Parts of tasks are not left lying for threads that may never come back.
      if !overdue.isEmpty {
        strandedTasks = state.tasks
        state.tasks = []
      }
      let now = ContinuousClock.now
      while let job = state.queue.first, job.isConcluded || now - job.submittedAt >= configuration.waitingLimit {
        _ = state.queue.popFirst()
        impatient.append(job)
      }
      // Those who wait get threads in the place of those that hang.
      while !overdue.isEmpty, state.workers.count < state.limit, state.givenUpCount <= 2 * state.limit, let job = state.queue.popFirst() {
        let worker = PoolWorker(self)
        worker.next = job
        state.workers.append(worker)
        replacements.append(worker)
      }
      let isBusy = state.queue.count > 0 || state.workers.count > state.idle.count
      state.isWatched = isBusy
      return isBusy
    }
    for worker in replacements { worker.start() }
    for task in strandedTasks where !enqueue(task) { DispatchQueue.global().async { task.run() } }
    for (job, _, call) in overdue {
      let error = overdueError(call)
      job.fail(error)
      tell(.callGivenUp, error.description)
      report(breaker.failed(error.message))
    }
    for job in impatient { job.fail(waitedTooLong()) }
    return isBusy ? configuration.deadlines.tick : nil
  }

  func report(_ change: CircuitBreaker.Change) {
    switch change {
    case .none: break
    case .opened(let pause):
      tell(.circuitOpened, "token \(label) failed again and again; it is left alone for \(pause)")
    case .closed: tell(.circuitClosed, "token \(label) works again")
    }
  }

  // MARK: The end

  /// Takes no more work; threads end after what is queued. The closure is called when the last one has ended.
  func close(_ whenClosed: @escaping @Sendable () -> Void) {
    let (idle, isOver) = state.withLock { state -> ([PoolWorker], Bool) in
      state.isClosed = true
      defer { state.idle = [] }
      guard !state.workers.isEmpty else { return ([], true) }
      state.closing.append(whenClosed)
      return (state.workers, false)
    }
    for worker in idle { worker.wake() }
    if isOver { whenClosed() }
  }

  /// Whether anybody works or waits.
  var isBusy: Bool { state.withLock { $0.queue.count > 0 || $0.workers.count > $0.idle.count } }

  // MARK: Errors

  private static func closed(_ label: String) -> PKCS11Error {
    PKCS11Error(
      rule: .poolOpen, token: label, operation: "use token \(label)", message: "the connection to the token has been closed", hint: nil)
  }

  private func full() -> PKCS11Error {
    PKCS11Error(
      rule: .poolFull, token: label, operation: "use token \(label)",
      message: "\(configuration.maximumWaitingCount) callers wait for a session already", hint: "try again later, or ask for less at once")
  }

  private func stuck(_ count: Int) -> PKCS11Error {
    PKCS11Error(
      rule: .poolFull, token: label, operation: "use token \(label)", message: "\(count) calls hang in the module, and no more are begun",
      hint: "the device hangs: look after it, then start the program again")
  }

  private func waitedTooLong() -> PKCS11Error {
    PKCS11Error(
      rule: .poolWait, token: label, operation: "use token \(label)",
      message: "no session was free within \(configuration.waitingLimit)", hint: "try again later, or allow the pool more sessions")
  }

  private func overdueError(_ call: CallMonitor.Call) -> PKCS11Error {
    PKCS11Error(
      rule: .callDeadline, function: call.function.name, token: label, operation: "use token \(label)",
      message: "\(call.function.name) has not returned within \(deadline(of: call.function))",
      hint: "the token hangs; its session was given up. Whether the token has done what was asked is not known: look before asking again")
  }
}
