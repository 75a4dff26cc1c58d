import PKCS11
import TestSupport
import Testing

@Suite("Calls that do not return")
struct PoolDeadlineTests {
  @Test("CALL-DEADLINE: a token that hangs in C_Sign holds up its caller alone, and that one for the deadline only")
  func hangingSignature() async throws {
    let bench = try PoolBench(sessions: 2, deadlines: PoolBench.short)
    try await bench.makeKey()
    try bench.fault.script(.hang("C_Sign", .on(2)))
    let errors = await bench.many(8) { try await $0.sign() }.compactMap { $0 as? PKCS11Error }
    #expect(errors.map(\.rule) == [.callDeadline])
    #expect(errors.first?.function == "C_Sign")
    #expect(errors.first?.token == "fault")
    #expect(errors.first?.recovery == .newSession)
    // It hangs still, and the others have as many sessions as before.
    #expect(await bench.many(20) { try await $0.sign() }.allSatisfy { $0 == nil })
    #expect(bench.events.filter { $0 == .callGivenUp }.count == 1)
    #expect(!bench.fault.events.contains("RELEASED C_Sign"))
    bench.fault.release()
    try await bench.happened(.callReturned)
    #expect(await bench.many(4) { try await $0.sign() }.allSatisfy { $0 == nil })
    try await bench.pool.close()
    #expect(try bench.sessionCount == 0, "its session was closed as well")
  }

  @Test("Not many calls may hang at once: after that nothing more is begun, until they return")
  func everythingHangs() async throws {
    let bench = try PoolBench([.hang("C_GenerateRandom")], sessions: 1, deadlines: PoolBench.short)
    var rules: [PKCS11Rule] = []
    for _ in 0..<5 { rules.append(try await poolError { try await bench.random() }.rule) }
    #expect(rules == [.callDeadline, .callDeadline, .callDeadline, .poolFull, .poolFull])
    bench.fault.release()
    try await bench.happened(.callReturned, times: 3)
    try await bench.random()
    try await bench.pool.close()
    #expect(try bench.sessionCount == 0)
  }

  @Test("Key generation has a deadline of its own")
  func keyGeneration() async throws {
    let slow = try PoolBench(
      [.delay("C_GenerateKeyPair", .seconds(2))],
      deadlines: CallDeadlines(general: .milliseconds(700), login: .seconds(60), keyGeneration: .seconds(60)))
    try await slow.makeKey()
    #expect(slow.events.isEmpty)

    let hanging = try PoolBench(
      [.hang("C_GenerateKeyPair")],
      deadlines: CallDeadlines(general: .seconds(60), login: .seconds(60), keyGeneration: .milliseconds(700)))
    let error = try await poolError { try await hanging.makeKey() }
    #expect(error.rule == .callDeadline)
    #expect(error.function == "C_GenerateKeyPair")
  }

  @Test(
    "CALL-DEADLINE: whichever call hangs, its caller is told which, and the pool works again when it has returned",
    arguments: ["C_OpenSession", "C_Login", "C_GetTokenInfo", "C_GetSessionInfo", "C_FindObjectsFinal", "C_CloseSession"])
  func anyCall(function: String) async throws {
    let bench = try PoolBench(deadlines: PoolBench.short)
    try bench.fault.script(.hang(function, .on(1)))
    let errors = await bench.many(3) { bench in
      try await bench.pool.perform { lender in try lender.writing { _ = try $0.findObjects(matching: []) } }
    }
    let told = errors.compactMap { $0 as? PKCS11Error }
    #expect(told.contains { $0.rule == .callDeadline && $0.function == function })
    #expect(told.count == errors.count { $0 != nil })
    bench.fault.release()
    _ = try await eventually("work to succeed") { bench.events.filter { $0 == .callReturned }.count >= told.count ? true : nil }
    try await bench.random()
    #expect(bench.fault.pinTries.count == 1, "a login that took long was a login")
    try await bench.pool.close()
    #expect(try bench.sessionCount == 0)
  }

  @Test("MODULE-QUIET: under a call that hangs the module is not finalized, and others are told what is wrong with their own work")
  func noReinitialization() async throws {
    let bench = try PoolBench([.hang("C_GenerateRandom", .on(1))], sessions: 2, deadlines: PoolBench.short)
    #expect(try await poolError { try await bench.random() }.rule == .callDeadline)
    try bench.fault.add(.fail("C_FindObjectsInit", "CKR_DEVICE_ERROR"))
    let error = try await poolError {
      try await bench.pool.perform(isRepeatable: true) { lender in try lender.reading { _ = try $0.findObjects(matching: []) } }
    }
    #expect(error.returnValue == .deviceError)
    #expect(bench.fault.count(of: "C_Finalize") == 0)
    try await bench.random()
    bench.fault.release()
    try await bench.happened(.callReturned)
  }

  @Test("CALL-DEADLINE: also C_Finalize may hang: nobody waits for longer than the deadline, and afterwards the pool goes on")
  func hangingFinalize() async throws {
    let bench = try PoolBench(sessions: 2, deadlines: PoolBench.short)
    try await bench.random()
    try bench.fault.script(.hang("C_Finalize"), .fail("C_GenerateRandom", "CKR_DEVICE_ERROR", .times(3)))
    let first = try await poolError { try await bench.random() }
    #expect(first.rule == .callDeadline)
    #expect(first.function == "C_Finalize")
    #expect(try await poolError { try await bench.random() }.rule == .callDeadline)
    bench.fault.release()
    try await bench.happened(.callReturned, times: 2)
    try await bench.random()
    try await bench.pool.close()
  }

  @Test("Closing a pool does not wait once more for a login that hangs")
  func closingAfterHangingLogin() async throws {
    let bench = try PoolBench([.hang("C_Login")], sessions: 2, deadlines: PoolBench.short)
    #expect(try await poolError { try await bench.random() }.rule == .callDeadline)
    try await bench.pool.close()
    #expect(bench.events == [.callGivenUp])
    bench.fault.release()
  }

  @Test("CALL-DEADLINE: a pool that is dropped on a token that hangs takes no other pool's deadlines along", .timeLimit(.minutes(1)))
  func dropped() async throws {
    let fault = try FaultModule()
    var pool: SessionPool? = SessionPool(
      token: try fault.token(), configuration: .init(maximumSessionCount: 1, deadlines: PoolBench.short)
    ) { session in _ = try session.login(.user, pin: secret("123456")) }
    try await pool?.perform(isRepeatable: true) { lender in try lender.reading { _ = try $0.generateRandom(count: 1) } }
    // The session that holds the login is closed last.
    try fault.script(.hang("C_CloseSession", .on(2)))
    pool = nil
    #expect(try await fault.happened("HANG C_CloseSession"))
    let other = try PoolBench([.hang("C_GenerateRandom")], sessions: 1, deadlines: PoolBench.short)
    #expect(try await poolError { try await other.random() }.rule == .callDeadline)
    other.fault.release()
    fault.release()
    try await other.pool.close()
  }

  @Test(
    "A pool is closed although a call hangs, after the deadline",
    arguments: ["C_GenerateRandom", "C_Login", "C_OpenSession", "C_CloseSession"])
  func closing(function: String) async throws {
    let bench = try PoolBench(sessions: 2, deadlines: PoolBench.short)
    if function == "C_CloseSession" { try await bench.random() }
    try bench.fault.script(.hang(function))
    let work = Task { try await bench.random() }
    if function != "C_CloseSession" { #expect(try await bench.fault.happened("HANG \(function)")) } else { _ = try await work.value }
    do {
      try await bench.pool.close()
    } catch let error as PKCS11Error {
      #expect(error.rule == .callDeadline)
    }
    #expect(!bench.fault.events.contains("RELEASED \(function)"))
    if function != "C_CloseSession" { await #expect(throws: PKCS11Error.self) { try await work.value } }
    bench.fault.release()
  }
}
