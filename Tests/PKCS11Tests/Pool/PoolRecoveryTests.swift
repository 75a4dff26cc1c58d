import PKCS11
import Synchronization
import TestSupport
import Testing

@Suite("What a pool mends")
struct PoolRecoveryTests {
  @Test("Sessions that are gone are opened again, and the login is made once, not once for each", arguments: [1, 8])
  func droppedSessions(tasks: Int) async throws {
    let bench = try PoolBench()
    try await bench.makeKey()
    #expect(await bench.many(8) { try await $0.sign() }.allSatisfy { $0 == nil })
    try bench.meet(.dropSessions(on: "C_GenerateRandom", .once))
    #expect(await bench.many(tasks) { try await $0.sign() }.allSatisfy { $0 == nil })
    #expect(bench.fault.pinTries.count == 2)
    #expect(bench.events.filter { $0 == .loggedInAgain }.count == 1)
    try await bench.pool.close()
    #expect(try bench.sessionCount == 0)
  }

  @Test("LOGIN-KEPT: a login that was dropped is made again once, whatever the token answers then", arguments: [1, 8])
  func droppedLogin(tasks: Int) async throws {
    let bench = try PoolBench()
    try await bench.makeKey()
    #expect(await bench.many(8) { try await $0.sign() }.allSatisfy { $0 == nil })
    try bench.meet(.dropLogin(on: "C_GenerateRandom", .once))
    #expect(await bench.many(tasks) { try await $0.sign() }.allSatisfy { $0 == nil })
    #expect(bench.fault.pinTries.count == 2)
  }

  @Test("Sessions that the token lets expire while nobody uses them are opened again, with the login")
  func idleExpiry() async throws {
    let bench = try PoolBench()
    try await bench.makeKey()
    try await bench.sign()
    try bench.fault.script(.idleExpiry(.milliseconds(20)))
    try await Task.sleep(for: .milliseconds(100))
    // What expires between two calls is lost again; the machine may be slow.
    try bench.fault.script(.idleExpiry(.seconds(60)))
    try await bench.pool.perform(isRepeatable: true) { lender in
      try lender.reading { _ = try $0.generateRandom(count: 1) }
    }
    try await bench.sign()
  }

  @Test("Handles that have become void are looked for again")
  func voidHandles() async throws {
    let bench = try PoolBench()
    try await bench.makeKey()
    let known = Mutex<(epoch: UInt64, key: ObjectHandle)?>(nil)
    func sign() async throws {
      try await bench.pool.perform(isRepeatable: true) { lender in
        try lender.reading { session in
          let epoch = lender.loginEpoch
          var key = known.withLock { $0?.epoch == epoch ? $0?.key : nil }
          if key == nil { key = try session.findObjects(matching: [Attribute(.objectClass, .privateKey)], limit: 1).first }
          let found = try #require(key)
          known.withLock { $0 = (epoch, found) }
          _ = try session.sign([UInt8](repeating: 7, count: 32), with: .ecdsa, key: found, maximumSignatureSize: 64)
        }
      }
    }
    try await sign()
    try bench.fault.script(.dropObjects(on: "C_SignInit", .once))
    try await sign()
    #expect(bench.fault.events.contains("DROP-OBJECTS C_SignInit"))
    #expect(bench.fault.pinTries.count == 1, "the login is not to blame")
  }

  @Test("A module that something else has finalized is initialised again, as often as it happens")
  func deinitialized() async throws {
    let bench = try PoolBench()
    try await bench.makeKey()
    for round in 1...3 {
      try bench.fault.script(.deinitialize(on: "C_GenerateRandom", .once))
      try await bench.random()
      try bench.fault.script()
      #expect(bench.events.filter { $0 == .moduleReinitialized }.count == round)
      try await bench.sign()
    }
    #expect(bench.fault.pinTries.count == 4)
    try await bench.pool.close()
    #expect(try bench.sessionCount == 0)
  }

  @Test("A device error that only a new initialisation mends is mended by one, wherever it shows on the way there")
  func deviceError() async throws {
    let bench = try PoolBench(sessions: 1)
    try await bench.makeKey()
    // At the call itself, each time.
    try bench.fault.script(.fail("C_GenerateRandom", "CKR_DEVICE_ERROR", .times(3)))
    try await bench.random()
    #expect(bench.events == [.sessionReplaced, .loggedInAgain, .moduleReinitialized])
    // A new session cannot be opened, nor one for the login.
    for code: FaultCode in ["CKR_DEVICE_ERROR", "CKR_GENERAL_ERROR", "CKR_DEVICE_REMOVED"] {
      try bench.fault.script(.fail("C_GenerateRandom", code, .once), .fail("C_OpenSession", code, .times(2)))
      let before = bench.events.filter { $0 == .moduleReinitialized }.count
      try await bench.random()
      #expect(bench.events.filter { $0 == .moduleReinitialized }.count == before + 1)
    }
    try await bench.sign()
    try await bench.pool.close()
  }

  @Test("A module that cannot be initialised again at first is, later")
  func initializeFails() async throws {
    let bench = try PoolBench(sessions: 1)
    try await bench.random()
    try bench.fault.script(.fail("C_GenerateRandom", "CKR_DEVICE_ERROR", .times(3)), .fail("C_Initialize", "CKR_DEVICE_ERROR", .times(2)))
    for _ in 0..<2 { #expect(try await poolError { try await bench.random() }.returnValue == .deviceError) }
    try await bench.random()
    try bench.fault.script()
    try await bench.random()
    try bench.fault.script(.fail("C_GenerateRandom", "CKR_DEVICE_ERROR", .times(3)))
    try await bench.random()
    #expect(bench.events.filter { $0 == .moduleReinitialized }.count == 2)
  }

  @Test("A token that is taken out is missed by name, looked for anew each time, and used again when it is back")
  func vanishing() async throws {
    let bench = try PoolBench(sessions: 2)
    try await bench.makeKey()
    try bench.fault.script(.tokenAbsent)
    for round in 1...3 {
      let error = try await poolError { try await bench.sign() }
      #expect(error.rule == .tokenPresent)
      #expect(error.recovery == .operatorAction)
      #expect(bench.fault.count(of: "C_Finalize") == round, "modules look for tokens when they are initialised")
    }
    try bench.fault.script()
    try await bench.sign()
    #expect(bench.events.last == .moduleReinitialized)
    #expect(bench.fault.pinTries.count == 2)
    try await bench.pool.close()
    #expect(try bench.sessionCount == 0)
  }

  @Test("A wrong PIN is shown once, whoever comes next and however many come at the same time")
  func wrongPIN() async throws {
    let bench = try PoolBench(pin: "654321")
    for _ in 0..<3 {
      let errors = await bench.many(8) { try await $0.random() }.compactMap { $0 as? PKCS11Error }
      #expect(errors.count == 8)
      #expect(errors.allSatisfy { $0.returnValue == .pinIncorrect && $0.recovery == .operatorAction })
    }
    #expect(bench.fault.pinTries.count == 1)
    #expect(bench.fault.count(of: "C_Finalize") == 0)
    #expect(try bench.sessionCount == 0)
  }

  @Test("A PIN that was changed meanwhile is shown once more when the login is lost, and never again")
  func changedPIN() async throws {
    let pins = Mutex(["123456"])
    let fault = try FaultModule(.standAlone)
    let pool = SessionPool(token: try fault.token()) { session in
      _ = try session.login(.user, pin: secret(pins.withLock { $0.popLast() } ?? "wrong1"))
    }
    let sign: @Sendable (SessionLender) throws -> Void = { lender in
      try lender.reading { guard try $0.isUserLoggedIn() else { throw PKCS11Error.notLoggedIn } }
    }
    try await pool.perform(isRepeatable: true, sign)
    try fault.script(.dropLogin(on: "C_GetSessionInfo", .once))
    for _ in 0..<4 {
      let error = try await poolError { try await pool.perform(isRepeatable: true, sign) }
      #expect(error.returnValue == .pinIncorrect)
    }
    #expect(fault.pinTries.map(\.wasWrong) == [false, true])
  }

  @Test("Work that writes is not done twice; what it left broken is mended for the next", arguments: [true, false])
  func notRepeatable(isRepeatable: Bool) async throws {
    let bench = try PoolBench(sessions: 1)
    try await bench.random()
    try bench.fault.script(.fail("C_GenerateRandom", "CKR_SESSION_HANDLE_INVALID", .once))
    let attempts = Atomic<Int>(0)
    let errors = await bench.many(1) { bench in
      try await bench.pool.perform(isRepeatable: isRepeatable) { lender in
        attempts.add(1, ordering: .relaxed)
        try lender.writing { _ = try $0.generateRandom(count: 1) }
      }
    }
    #expect((errors[0] == nil) == isRepeatable)
    #expect(attempts.load(ordering: .relaxed) == (isRepeatable ? 2 : 1))
    try await bench.random()
    // Before anything was written, such work may begin again.
    try bench.fault.script(.fail("C_FindObjectsInit", "CKR_SESSION_HANDLE_INVALID", .once))
    try await bench.pool.perform { lender in try lender.reading { _ = try $0.findObjects(matching: []) } }
  }

  @Test("What asks for something that the token does not do fails once, and nothing is mended")
  func permanent() async throws {
    let bench = try PoolBench([.fail("C_GenerateRandom", "CKR_RANDOM_NO_RNG")])
    let error = try await poolError { try await bench.random() }
    #expect(error.recovery == .permanent)
    #expect(bench.fault.count(of: "C_GenerateRandom") == 1)
    #expect(bench.events.isEmpty)
  }
}

@Suite("The circuit breaker of a pool")
struct PoolCircuitTests {
  private func bench(pause: Duration, sessions: Int = 1, waitingLimit: Duration = .seconds(120)) throws -> PoolBench {
    let bench = try PoolBench(
      sessions: sessions, waitingLimit: waitingLimit,
      breaker: .init(failureLimit: 3, firstPause: pause, longestPause: pause * 4))
    return bench
  }

  /// Fails until the circuit is open.
  private func open(_ bench: PoolBench) async throws {
    try await bench.random()
    try bench.fault.script(.fail("C_GenerateRandom", "CKR_FUNCTION_FAILED"))
    for _ in 0..<3 { #expect(try await poolError { try await bench.random() }.returnValue == .functionFailed) }
  }

  @Test("TOKEN-CIRCUIT: a token that fails again and again is left alone, with one alarm, and everybody is told until when")
  func opens() async throws {
    let bench = try bench(pause: .seconds(3600), sessions: 4)
    try await open(bench)
    try bench.fault.forgetCalls()
    let errors = await bench.many(30) { try await $0.random() }.compactMap { $0 as? PKCS11Error }
    #expect(errors.count == 30)
    #expect(errors.allSatisfy { $0.rule == .circuitOpen && $0.recovery == .retry && $0.token == "fault" })
    #expect(errors[0].message.contains("CKR_FUNCTION_FAILED"), "the last failure is told: \(errors[0].message)")
    #expect(errors[0].message.contains("3 times"))
    #expect(errors[0].hint?.contains("tried again in 3600 s") == true || errors[0].hint?.contains("tried again in 35") == true)
    #expect(bench.fault.calls.isEmpty)
    #expect(bench.events.filter { $0 == .circuitOpened }.count == 1)
  }

  @Test("TOKEN-CIRCUIT: after the pause one may try; when that fails the pause doubles, and when it succeeds the circuit closes")
  func trial() async throws {
    let bench = try bench(pause: .milliseconds(50))
    try await open(bench)
    try await Task.sleep(for: .milliseconds(60))
    #expect(try await poolError { try await bench.random() }.returnValue == .functionFailed)
    #expect(bench.events.filter { $0 == .circuitOpened }.count == 1)
    try bench.fault.script()
    _ = try await eventually("the circuit to close") { () -> Bool? in
      (try? bench.pool.performBlocking(isRepeatable: true) { lender in try lender.reading { _ = try $0.generateRandom(count: 1) } })
        .map { true }
    }
    #expect(bench.events.filter { $0 == .circuitClosed }.count == 1)
    #expect(await bench.many(8) { try await $0.random() }.allSatisfy { $0 == nil })
  }

  @Test("One at a time may try; one whose caller goes away, or never gets a session, does not keep others from trying")
  func trialsThatComeToNothing() async throws {
    let bench = try bench(pause: .milliseconds(1), sessions: 1, waitingLimit: .milliseconds(200))
    try await open(bench)
    try bench.fault.script()
    try await Task.sleep(for: .milliseconds(50))
    // The first has the only thread; nobody else may try meanwhile.
    let blocker = Blocker()
    let first = Task { try await bench.block(blocker) }
    try await blocker.waits(for: 1)
    #expect(try await poolError { try await bench.random() }.rule == .circuitOpen)
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    // The next may try, and waits in vain for the thread.
    #expect(try await poolError { try await bench.random() }.rule == .poolWait)
    #expect(try await poolError { try await bench.random() }.rule == .poolWait)
    // One that was cancelled before it began.
    let cancelled = Task {
      while !Task.isCancelled { await Task.yield() }
      try await bench.random()
    }
    cancelled.cancel()
    _ = await cancelled.result
    blocker.letGo()
    _ = try await eventually("a session") { () -> Bool? in
      (try? bench.pool.performBlocking(isRepeatable: true) { lender in try lender.reading { _ = try $0.generateRandom(count: 1) } })
        .map { true }
    }
    #expect(bench.events.contains(.circuitClosed))
  }

  @Test("What is not the token's fault does not count")
  func blameless() async throws {
    let bench = try bench(pause: .seconds(3600))
    try await bench.random()
    try bench.fault.script(.fail("C_GenerateRandom", "CKR_DATA_INVALID"))
    for _ in 0..<6 { #expect(try await poolError { try await bench.random() }.recovery == .permanent) }
    #expect(bench.events.isEmpty)
  }

  @Test("Calls that hang count: the circuit opens for a token that hangs again and again")
  func hanging() async throws {
    let bench = try PoolBench(
      sessions: 4, deadlines: PoolBench.short, breaker: .init(failureLimit: 2, firstPause: .seconds(3600)))
    try await bench.random()
    try bench.fault.script(.hang("C_GenerateRandom"))
    let errors = await bench.many(4) { try await $0.random() }.compactMap { ($0 as? PKCS11Error)?.rule }
    #expect(errors.allSatisfy { $0 == .callDeadline || $0 == .circuitOpen })
    #expect(try await poolError { try await bench.random() }.rule == .circuitOpen)
    #expect(bench.events.filter { $0 == .circuitOpened }.count == 1)
    bench.fault.release()
  }
}
