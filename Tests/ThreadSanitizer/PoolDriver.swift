import PKCS11
import Secrets

/// Work for a pool from many tasks at once, with leases and cancellations, for the thread sanitizer to look at.
///
/// Usage: `pool-driver MODULE SECONDS`, with the stand-alone fault module.
@main
struct PoolDriver {
  static func main() async throws {
    let module = try Module(path: CommandLine.arguments[1])
    let end = ContinuousClock.now + .seconds(Int(CommandLine.arguments[2]) ?? 8)
    let token = try module.tokens()[0]
    let pool = SessionPool(token: token, configuration: .init(maximumSessionCount: 4, waitingLimit: .seconds(60))) { session in
      _ = try session.login(.user, pin: SecretBytes(copying: Array("123456".utf8)))
    }
    let done = await withTaskGroup(of: Int.self) { group in
      for number in 0..<32 {
        group.addTask { await Self.work(number, pool, until: end) }
      }
      var done = 0
      for await count in group { done += count }
      return done
    }
    try await pool.close()
    try module.finalize()
    print("\(done) pieces of work done")
  }

  /// What each task does until the end; most ask for random bytes, one is cancelled again and again, one takes leases.
  private static func work(_ number: Int, _ pool: SessionPool, until end: ContinuousClock.Instant) async -> Int {
    var done = 0
    while ContinuousClock.now < end {
      switch number {
      case 5:
        let task = Task { try? await pool.perform(isRepeatable: true, random) }
        task.cancel()
        _ = await task.value
      case 6:
        if let lease = try? await pool.lease() { _ = try? await lease.perform(isRepeatable: true, random) }
      default:
        if (try? await pool.perform(isRepeatable: true, random)) != nil { done += 1 }
      }
    }
    return done
  }

  @Sendable private static func random(_ lender: SessionLender) throws -> Int {
    try lender.reading { try $0.generateRandom(count: 4).count }
  }
}
