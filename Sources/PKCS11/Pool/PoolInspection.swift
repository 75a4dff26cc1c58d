internal import Synchronization

/// What the watchdog looks for.
extension PoolCore {
  /// What has gone on for too long, and what follows from it.
  private struct Findings {
    /// Calls that have passed their deadline, each with the work that waits for it.
    var overdue: [(call: CallMonitor.Call, jobs: [PoolJob])] = []
    var impatient: [PoolJob] = []
    /// Work that nobody is left to do.
    var orphans: [PoolJob] = []
    var started: [PoolWorker] = []
    var stranded: [PoolTask] = []
    var closing: [@Sendable () -> Void] = []
    var isBusy = false
  }

  /// Gives up what has passed its deadline.
  ///
  /// - Returns: how long until the next look; nil when there is nothing to watch.
  func inspect() -> Duration? {
    let findings = state.withLock { state -> Findings in
      var findings = Findings()
      for worker in state.workers {
        guard let call = worker.monitor.call, call.elapsed >= deadline(of: call.function) else { continue }
        var jobs = [worker.current].compactMap(\.self)
        while let job = worker.takeNext() { jobs.append(job) }
        findings.overdue.append((call, jobs))
        worker.isGivenUp = true
        worker.monitor.giveUp()
        state.givenUpCount += 1
      }
      state.workers.removeAll(where: \.isGivenUp)
      // Parts of tasks are not left lying for threads that may never come back.
      if !findings.overdue.isEmpty || state.workers.isEmpty { findings.stranded = state.takeTasks() }
      let now = ContinuousClock.now
      while let job = state.queue.first, job.isConcluded || now - (job.submittedAt ?? now) >= configuration.waitingLimit {
        _ = state.queue.popFirst()
        findings.impatient.append(job)
      }
      // Those who wait get threads in the place of those that hang.
      while state.queue.count > 0, state.workers.count < state.limit, state.mayStartThread, let job = state.queue.popFirst() {
        findings.started.append(state.newWorker(of: self, for: job))
      }
      if state.isClosed, state.workers.isEmpty {
        while let job = state.queue.popFirst() { findings.orphans.append(job) }
      }
      findings.closing = state.takeClosing()
      findings.isBusy = state.isBusy
      state.isWatched = findings.isBusy
      return findings
    }
    for worker in findings.started { worker.start() }
    for task in findings.stranded { enqueueSomewhere(task) }
    for (call, jobs) in findings.overdue {
      let error = overdueError(call)
      report(breaker.failed(error.message, of: jobs.first))
      tell(.callGivenUp, error.description)
      for job in jobs { job.fail(error) }
    }
    for job in findings.impatient { job.fail(waitedTooLong()) }
    for job in findings.orphans { job.fail(Self.closed(label)) }
    for resume in findings.closing { resume() }
    return findings.isBusy ? configuration.deadlines.tick : nil
  }

  /// Whether a call hangs that was given up.
  var hasGivenUpCalls: Bool { state.withLock { $0.givenUpCount > 0 } }

  func report(_ change: CircuitBreaker.Change) {
    switch change {
    case .none: break
    case .opened(let pause):
      tell(.circuitOpened, "token \(label) failed again and again; it is left alone for \(pause)")
    case .closed: tell(.circuitClosed, "token \(label) works again")
    }
  }
}
