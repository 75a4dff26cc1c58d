internal import Synchronization

/// Threads that belong to one caller for a while.
extension PoolCore {
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
      // A thread that has something to do looks for more by itself when that is done.
      guard state.workers.contains(where: { $0 === worker }), worker.isResting else { return state.isClosed }
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
    guard isAdmitted(job) else { return }
    let (refusal, wakesWatchdog) = state.withLock { state -> (PKCS11Error?, Bool) in
      guard !state.isClosed else { return (Self.closed(label), false) }
      guard !worker.isGivenUp else { return (lost(), false) }
      if worker.next == nil { worker.next = job } else { worker.later.append(job) }
      defer { state.isWatched = true }
      return (nil, !state.isWatched)
    }
    if let refusal {
      job.fail(refusal)
      return
    }
    worker.wake()
    if wakesWatchdog { watchdog.wake(self) }
  }
}
