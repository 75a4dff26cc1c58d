import PKCS11
import Synchronization
import TestSupport
import Testing

@Suite("The sessions of a pool")
struct SessionPoolTests {
  @Test(
    "No more sessions than the configuration and the token allow, and one that holds the login",
    arguments: [(4, nil, 4), (1, nil, 1), (16, 16, 15), (4, 3, 2), (4, 2, 1), (3, 0, 3)] as [(Int, Int?, Int)])
  func bounds(configured: Int, allowed: Int?, expected: Int) async throws {
    // 0 is what tokens without a limit tell.
    let limit: [FaultLine] = allowed.map { $0 == 0 ? [.claimSessions(0)] : [.maxSessions($0)] } ?? []
    let bench = try PoolBench(limit, sessions: configured)
    let blocker = Blocker()
    async let errors = bench.many(expected + 5) { try await $0.block(blocker) }
    try await blocker.waits(for: expected)
    #expect(try bench.sessionCount == expected + 1)
    blocker.letGo(expected + 5)
    #expect(await errors.allSatisfy { $0 == nil })
    #expect(bench.openedCount == expected + 1, "sessions are used again")
    #expect(try bench.sessionCount == expected + 1)
    #expect(bench.fault.count(of: "C_Login") == 1)
    try await bench.pool.close()
    #expect(bench.fault.events.isEmpty)
    #expect(bench.fault.count(of: "C_CloseSession") == expected + 1)
  }

  @Test("A token with room for one session is logged in to in the session that works, which writes as well", arguments: [true, false])
  func oneSession(isTold: Bool) async throws {
    let bench = try PoolBench([.maxSessions(1)] + (isTold ? [] : [.claimSessions(nil)]))
    try await bench.pool.perform(isRepeatable: true) { _ in }
    #expect(bench.fault.count(of: "C_Login") == 1, "the login comes before any work")
    for name in ["one", "two"] {
      try await bench.makeKey(name)
      try await bench.sign()
    }
    #expect(await bench.many(8) { try await $0.sign() }.allSatisfy { $0 == nil })
    #expect(try bench.sessionCount == 1)
    #expect(bench.openedCount == (isTold ? 1 : 2), "for a token that does not tell, one was opened for the login first")
    #expect(bench.fault.pinTries.count == bench.openedCount)
    try await bench.pool.close()
  }

  @Test("A login that is refused is told before any work, also by a token with room for one session")
  func oneSessionWrongPIN() async throws {
    let bench = try PoolBench([.maxSessions(1)], pin: "654321")
    for _ in 0..<3 {
      let error = try await poolError { try await bench.pool.perform(isRepeatable: true) { _ in } }
      #expect(error.returnValue == .pinIncorrect)
    }
    #expect(bench.fault.pinTries.count == 1)
    #expect(try bench.sessionCount == 0)
  }

  @Test("Sessions are read-only until something is written, and afterwards again")
  func readOnlyFirst() async throws {
    let bench = try PoolBench(sessions: 1)
    let accesses = try await bench.pool.perform { lender in
      try [lender.reading { $0.access }, lender.writing { $0.access }, lender.reading { $0.access }]
    }
    #expect(accesses == [.readOnly, .readWrite, .readOnly])
    #expect(try bench.sessionCount == 2)
  }

  @Test(
    "A module without read-only sessions is asked for one once, and gets read-write ones from then on",
    arguments: ["CKR_SESSION_READ_ONLY", "CKR_SESSION_READ_WRITE_SO_EXISTS", "CKR_ARGUMENTS_BAD", "CKR_FUNCTION_NOT_SUPPORTED"])
  func noReadOnly(code: String) async throws {
    let bench = try PoolBench([.noReadOnlySessions(FaultCode(stringLiteral: code))], sessions: 2)
    let access = try await bench.pool.perform(isRepeatable: true) { lender in try lender.reading { $0.access } }
    #expect(access == .readWrite)
    try await bench.makeKey()
    #expect(await bench.many(8) { try await $0.sign() }.allSatisfy { $0 == nil })
    #expect(bench.fault.calls.count { $0.function == "C_OpenSession" && $0.returnValue != 0 } == 1)
  }

  @Test("Where the token has no room for another session, the pool becomes smaller and nobody fails; later it tries again")
  func sessionCount() async throws {
    let bench = try PoolBench([.maxSessions(2), .claimSessions(nil)], sessions: 3, waitingLimit: .seconds(3))
    let blocker = Blocker()
    async let errors = bench.many(3) { try await $0.block(blocker) }
    try await bench.happened(.sessionLimitReached, times: 2)
    blocker.letGo(3)
    #expect(await errors.allSatisfy { $0 == nil })
    #expect(try bench.sessionCount == 2)
    let refused = bench.fault.calls.count { $0.returnValue == 0xB1 }
    #expect(await bench.many(8) { try await $0.random() }.allSatisfy { $0 == nil })
    #expect(bench.fault.calls.count { $0.returnValue == 0xB1 } == refused, "it is not asked again at once")

    try bench.fault.script()
    try await Task.sleep(for: .seconds(3))
    async let later = bench.many(3) { try await $0.block(blocker) }
    try await blocker.waits(for: 6)
    #expect(try bench.sessionCount == 4)
    blocker.letGo(3)
    #expect(await later.allSatisfy { $0 == nil })
  }

  @Test("Who finds no room for a session to write with waits for the one who has it")
  func noRoomToWrite() async throws {
    let bench = try PoolBench([.maxReadWriteSessions(1), "claim-rw-sessions unavailable"], sessions: 2)
    let blocker = Blocker()
    async let writing: Void = bench.pool.perform { lender in try lender.writing { _ in blocker.pass() } }
    try await blocker.waits(for: 1)
    async let second: Void = bench.makeKey()
    try await bench.happened(.sessionLimitReached)
    blocker.letGo()
    try await writing
    try await second
    try await bench.sign()
  }

  @Test("A session that was left half way is closed and not used again")
  func poisoned() async throws {
    let bench = try PoolBench(sessions: 1)
    try await bench.makeKey()
    try await bench.sign()
    try bench.fault.forgetCalls()
    try bench.fault.script(.fail("C_Sign", "CKR_BUFFER_TOO_SMALL", .once))
    let error = try await poolError { try await bench.sign() }
    #expect(error.returnValue == .bufferTooSmall)
    try await bench.sign()
    let calls = bench.fault.calls.map(\.function)
    let signed = try #require(calls.firstIndex(of: "C_Sign"))
    #expect(calls[signed + 1] == "C_CloseSession", "nothing else happened in it")
    #expect(calls[signed + 2] == "C_OpenSession")
    #expect(try bench.sessionCount == 2)
  }

  @Test("POOL-OPEN: a pool that was closed refuses everything; what was queued before is done, and the login is gone with the last session")
  func closed() async throws {
    let bench = try PoolBench(sessions: 1)
    let blocker = Blocker()
    async let first: Void = bench.block(blocker)
    try await blocker.waits(for: 1)
    async let queued = bench.many(5) { try await $0.random() }
    async let end: Void = bench.pool.close()
    blocker.letGo()
    try await first
    try await end
    let rules = await queued.map { ($0 as? PKCS11Error)?.rule }
    #expect(rules.allSatisfy { $0 == nil || $0 == .poolOpen })
    #expect(try bench.sessionCount == 0)
    #expect(try await poolError { try await bench.random() }.rule == .poolOpen)
    #expect(try await poolError { try await bench.pool.lease().giveBack() }.rule == .poolOpen)
    try await bench.pool.close()
  }
}
