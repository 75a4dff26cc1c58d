import BenchmarkSupport
import PKCS11

/// What it costs to take an idle session out of a pool and give it back.
enum Checkout {
  static func measure(_ token: Token) async throws -> Bool {
    let pool = SessionPool(token: token, configuration: .init(maximumSessionCount: 1))
    try await pool.perform(isRepeatable: true) { try $0.reading { _ in } }
    let count = 1000
    var times: [Double] = []
    for round in 0...200 {
      let rate = try await Measuring.rate(count) {
        for _ in 0..<count {
          let lease = try await pool.lease()
          lease.giveBack()
        }
      }
      if round > 0 { times.append(1e9 / rate) }
    }
    try await pool.close()
    let nanoseconds = Measuring.median(times)
    line("Session out of the pool and back, uncontended", ["\(Int(nanoseconds)) ns (target 1000)"])
    return nanoseconds <= 1000
  }
}
