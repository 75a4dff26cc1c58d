import PKCS11
import TestSupport
import Testing

@Suite("Tasks on the threads of a pool")
struct PoolTaskExecutorTests {
  @Test("tasks that prefer the pool run there, and their work for the token on the same thread")
  func sameThread() async throws {
    let module = try FaultModule()
    let pool = try Self.pool(module, sessions: 4)
    let answers = try await withTaskExecutorPreference(pool.taskExecutor) {
      var answers: [Int] = []
      for number in 0..<50 { answers.append(try await Self.random(pool, number)) }
      return answers
    }
    #expect(answers == Array(0..<50))
    let threads = Set(module.calls.filter { $0.function == "C_GenerateRandom" }.map(\.thread))
    #expect(threads.count == 1)
    try await pool.close()
  }

  @Test("CALL-DEADLINE: a task on a thread that hangs goes on with another")
  func deadline() async throws {
    let module = try FaultModule(.standAlone, .hang("C_GenerateRandom", .on(2)))
    let pool = try Self.pool(module, sessions: 1, deadline: .milliseconds(300))
    let rules = await withTaskExecutorPreference(pool.taskExecutor) {
      var rules: [PKCS11Rule?] = []
      for number in 0..<4 {
        do {
          _ = try await Self.random(pool, number)
          rules.append(nil)
        } catch { rules.append((error as? PKCS11Error)?.rule) }
      }
      return rules
    }
    #expect(rules == [nil, PKCS11Rule.callDeadline, nil, nil])
    module.release()
    try await pool.close()
  }

  @Test("a task is run although every thread belongs to a lease that rests", .timeLimit(.minutes(1)))
  func leased() async throws {
    let module = try FaultModule()
    let pool = try Self.pool(module, sessions: 1)
    let lease = try await pool.lease()
    let answer = await withTaskExecutorPreference(pool.taskExecutor) { await Task { 7 }.value }
    #expect(answer == 7)
    lease.giveBack()
    #expect(try await Self.random(pool, 1) == 1)
    try await pool.close()
  }

  @Test("many tasks at once all come to their end, also when the pool is closed under them")
  func closing() async throws {
    let module = try FaultModule()
    let pool = try Self.pool(module, sessions: 2)
    let (done, refused) = await withTaskExecutorPreference(pool.taskExecutor) {
      await withTaskGroup(of: Bool.self) { group in
        for number in 0..<100 {
          group.addTask {
            if number == 50 { try? await pool.close() }
            do {
              _ = try await Self.random(pool, number)
              return true
            } catch { return false }
          }
        }
        return await group.reduce(into: (0, 0)) { counts, isDone in if isDone { counts.0 += 1 } else { counts.1 += 1 } }
      }
    }
    #expect(done + refused == 100)
    #expect(refused >= 1)
  }

  private static func pool(_ module: FaultModule, sessions: Int, deadline: Duration = .seconds(20)) throws -> SessionPool {
    let token = try #require(try Module(path: module.path).tokens().first)
    return SessionPool(
      token: token, configuration: .init(maximumSessionCount: sessions, deadlines: CallDeadlines(general: deadline, login: deadline)))
  }

  /// Asks the token for something, and gives back what it was called with.
  private static func random(_ pool: SessionPool, _ number: Int) async throws -> Int {
    _ = try await pool.perform(isRepeatable: true) { lender in try lender.reading { try $0.generateRandom(count: 8) } }
    return number
  }
}
