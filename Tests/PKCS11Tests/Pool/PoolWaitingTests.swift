import PKCS11
import Synchronization
import TestSupport
import Testing

@Suite("Waiting for a session")
struct PoolWaitingTests {
  @Test("POOL-FULL: one caller more than may wait is refused at once")
  func full() async throws {
    let bench = try PoolBench(sessions: 1, waiting: 2)
    let blocker = Blocker()
    async let errors = bench.many(6) { try await $0.block(blocker) }
    try await blocker.waits(for: 1)
    // Three of them are refused while the first is still at work.
    var rule: PKCS11Rule?
    while rule == nil { rule = await bench.many(1) { try await $0.random() }.compactMap { ($0 as? PKCS11Error)?.rule }.first }
    #expect(rule == .poolFull)
    blocker.letGo(6)
    let refused = await errors.compactMap { $0 as? PKCS11Error }
    #expect(refused.allSatisfy { $0.rule == .poolFull && $0.recovery == .retry })
    #expect(refused.count <= 3)
  }

  @Test("POOL-WAIT: who has waited for too long is refused, and the others go on")
  func waitedTooLong() async throws {
    let bench = try PoolBench(sessions: 1, waitingLimit: .milliseconds(200))
    let blocker = Blocker()
    async let first: Void = bench.block(blocker)
    try await blocker.waits(for: 1)
    let error = try await poolError { try await bench.random() }
    #expect(error.rule == .poolWait)
    #expect(error.recovery == .retry)
    blocker.letGo()
    try await first
    #expect(bench.fault.count(of: "C_GenerateRandom") == 0, "work that nobody waits for is not begun")
  }

  @Test("A task that is cancelled ends its waiting at once: in the queue, and also in a call that hangs; the session goes on being used")
  func cancelled() async throws {
    let bench = try PoolBench([.hang("C_GenerateRandom", .on(2))], sessions: 1)
    try await bench.random()
    let running = Task { try await bench.random() }
    #expect(try await bench.fault.happened("HANG C_GenerateRandom"))
    let waiting = Task { try await bench.random() }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    running.cancel()
    await #expect(throws: CancellationError.self) { try await running.value }
    #expect(!bench.fault.events.contains("RELEASED C_GenerateRandom"))
    bench.fault.release()
    try await bench.random()
    #expect(bench.openedCount == 2)
    #expect(bench.events.isEmpty)
    #expect(bench.fault.count(of: "C_GenerateRandom") == 3, "the one that waited was not begun")
  }

  @Test("A task that was cancelled before does not touch the token")
  func cancelledBefore() async throws {
    let bench = try PoolBench()
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      try await bench.random()
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    try await bench.random()
    #expect(bench.fault.count(of: "C_GenerateRandom") == 1)
  }

  @Test("Work whose caller has gone hears of it once, at the next use of a session, and can undo what it has done")
  func undone() async throws {
    let bench = try PoolBench(sessions: 1)
    let blocker = Blocker()
    let heard = Mutex<[String]>([])
    let task = Task {
      try await bench.pool.perform { lender in
        _ = try lender.writing { try makeP256Key(&$0) }
        blocker.pass()
        do {
          try lender.reading { _ = try $0.generateRandom(count: 1) }
        } catch let error as PKCS11Error {
          heard.withLock { $0.append("\(error.rule)") }
          let left = try lender.undoing { session in
            for object in try session.findObjects(matching: []) { try session.destroyObject(object) }
            return try session.findObjects(matching: []).count
          }
          heard.withLock { $0.append("\(left) left") }
        }
      }
    }
    try await blocker.waits(for: 1)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    blocker.letGo()
    try await bench.random()
    #expect(heard.withLock { $0 } == ["CALL-DEADLINE", "0 left"])
  }

  @Test("Work that undoes is not interrupted when its caller goes")
  func undoingGoesOn() async throws {
    let bench = try PoolBench(sessions: 1)
    let blocker = Blocker()
    let count = Atomic<Int>(0)
    let task = Task {
      try await bench.pool.perform { lender in
        try lender.undoing { session in
          _ = try session.generateRandom(count: 1)
          blocker.pass()
          for _ in 0..<3 {
            _ = try session.generateRandom(count: 1)
            count.add(1, ordering: .relaxed)
          }
        }
      }
    }
    try await blocker.waits(for: 1)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    blocker.letGo()
    try await bench.random()
    #expect(count.load(ordering: .relaxed) == 3)
  }

  @Test("What blocks a thread gets the same answers")
  func blocking() async throws {
    let bench = try PoolBench([.fail("C_GenerateRandom", "CKR_DATA_INVALID", .on(2))])
    let bytes = try bench.pool.performBlocking(isRepeatable: true) { lender in try lender.reading { try $0.generateRandom(count: 4) } }
    #expect(bytes.count == 4)
    let error = try pkcs11Error {
      _ = try bench.pool.performBlocking(isRepeatable: true) { lender in try lender.reading { try $0.generateRandom(count: 4) } }
    }
    #expect(error.returnValue?.rawValue == 0x20)
  }
}

@Suite("Leases of a session")
struct SessionLeaseTests {
  @Test("An idle session is leased without waiting, is nobody else's meanwhile, and goes back when it is given back or dropped")
  func idle() async throws {
    let bench = try PoolBench(sessions: 1)
    try await bench.random()
    let lease = try await bench.pool.lease()
    let waiting = Task { try await bench.random() }
    for _ in 0..<3 { try await lease.perform { lender in try lender.reading { _ = try $0.generateRandom(count: 4) } } }
    #expect(bench.fault.count(of: "C_GenerateRandom") == 4)
    lease.giveBack()
    _ = try await waiting.value
    do { _ = try await bench.pool.lease() }
    try await bench.random()
    #expect(bench.openedCount == 2)
  }

  @Test("A lease waits for its turn; one whose task was cancelled, or that nobody takes, goes back")
  func waiting() async throws {
    let bench = try PoolBench(sessions: 1)
    let blocker = Blocker()
    async let first: Void = bench.block(blocker)
    try await blocker.waits(for: 1)
    let cancelled = Task { try await bench.pool.lease().giveBack() }
    let taken = Task {
      let lease = try await bench.pool.lease()
      try await lease.perform { lender in try lender.reading { _ = try $0.generateRandom(count: 4) } }
    }
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    blocker.letGo()
    try await first
    try await taken.value
    // Tasks that come and go while leases are handed out.
    for round in 0..<50 {
      let task = Task { try await bench.pool.lease().giveBack() }
      if round.isMultiple(of: 2) { task.cancel() }
      _ = await task.result
    }
    try await bench.random()
  }

  @Test("Everybody who asks a lease for something at the same time gets an answer")
  func shared() async throws {
    let bench = try PoolBench(sessions: 1)
    let holder = LeaseHolder(try await bench.pool.lease())
    let answers = await bench.many(20) { _ in try await holder.random() }
    #expect(answers.allSatisfy { $0 == nil })
    #expect(bench.fault.count(of: "C_GenerateRandom") == 20)
  }

  @Test("CALL-DEADLINE: a lease whose session hangs says so to whoever asks for more; the pool has another")
  func hanging() async throws {
    let bench = try PoolBench([.hang("C_GenerateRandom", .on(1))], sessions: 1, deadlines: PoolBench.short)
    let holder = LeaseHolder(try await bench.pool.lease())
    let errors = await bench.many(3) { _ in try await holder.random() }.map { ($0 as? PKCS11Error)?.rule }
    #expect(errors == [.callDeadline, .callDeadline, .callDeadline])
    #expect(try await poolError { try await holder.random() }.rule == .callDeadline)
    try await bench.random()
    bench.fault.release()
    try await bench.happened(.callReturned)
    #expect(bench.fault.count(of: "C_GenerateRandom") == 2)
  }

  @Test("A lease that is out does not keep a pool from being closed")
  func closing() async throws {
    let bench = try PoolBench(sessions: 1)
    let lease = try await bench.pool.lease()
    try await lease.perform { _ in }
    try await bench.pool.close()
    #expect(try bench.sessionCount == 0)
    #expect(try await poolError { try await lease.perform { _ in } }.rule == .poolOpen)
  }

  private actor LeaseHolder {
    let lease: SessionLease
    init(_ lease: consuming SessionLease) { self.lease = lease }
    func random() async throws {
      try await lease.perform(isRepeatable: true) { lender in try lender.reading { _ = try $0.generateRandom(count: 4) } }
    }
  }
}

@Suite("Tasks on a pool's threads")
struct PoolOwnThreadTests {
  @Test("Signatures and blocking calls come to their end on the pool's own threads, also when there is only one", arguments: [1, 3])
  func onOwnThreads(sessions: Int) async throws {
    let bench = try PoolBench(sessions: sessions)
    try await bench.makeKey()
    let errors = await withTaskExecutorPreference(bench.pool.taskExecutor) {
      await bench.many(12) { bench in
        for _ in 0..<5 {
          try await bench.sign()
          _ = try bench.pool.performBlocking(isRepeatable: true) { lender in try lender.reading { try $0.generateRandom(count: 4) } }
        }
      }
    }
    #expect(errors.allSatisfy { $0 == nil }, "\(errors)")
    try await bench.pool.close()
    #expect(bench.fault.count(of: "C_Sign") == 60)
    #expect(bench.fault.events.isEmpty)
  }

  @Test("A task whose thread hangs in a call goes on elsewhere, and so do all others; after the pool's end they still run")
  func hanging() async throws {
    let bench = try PoolBench([.hang("C_GenerateRandom", .on(3))], sessions: 1, deadlines: PoolBench.short)
    let rules = await withTaskExecutorPreference(bench.pool.taskExecutor) {
      await bench.many(8) { try await $0.random() }.map { ($0 as? PKCS11Error)?.rule }
    }
    #expect(rules.compactMap(\.self) == [.callDeadline])
    bench.fault.release()
    try await bench.pool.close()
    let late = await withTaskExecutorPreference(bench.pool.taskExecutor) {
      await bench.many(3) { try await $0.random() }.map { ($0 as? PKCS11Error)?.rule }
    }
    #expect(late == [.poolOpen, .poolOpen, .poolOpen])
  }
}
