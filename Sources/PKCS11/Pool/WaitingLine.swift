/// Work that waits, in the order in which it came.
struct WaitingLine {
  private var jobs: [PoolJob?] = []
  private var head = 0
  private(set) var count = 0

  /// The first that waits.
  var first: PoolJob? {
    mutating get {
      skip()
      return head < jobs.count ? jobs[head] : nil
    }
  }

  mutating func append(_ job: PoolJob) {
    jobs.append(job)
    count += 1
  }

  /// Puts work back to where it was taken from.
  mutating func putBack(_ job: PoolJob) {
    skip()
    if head > 0 {
      head -= 1
      jobs[head] = job
    } else {
      jobs.insert(job, at: 0)
    }
    count += 1
  }

  mutating func popFirst() -> PoolJob? {
    skip()
    guard head < jobs.count, let job = jobs[head] else { return nil }
    jobs[head] = nil
    head += 1
    count -= 1
    if head == jobs.count {
      jobs.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 64, head * 2 > jobs.count {
      jobs.removeFirst(head)
      head = 0
    }
    return job
  }

  /// - Returns: whether it was waiting.
  mutating func remove(_ job: PoolJob) -> Bool {
    guard let index = jobs[head...].firstIndex(where: { $0 === job }) else { return false }
    jobs[index] = nil
    count -= 1
    return true
  }

  private mutating func skip() {
    while head < jobs.count, jobs[head] == nil { head += 1 }
  }
}
