import BenchmarkSupport
import CPlainLoop
import Dispatch
import PKCS11

/// Signatures through a pool with some sessions, beside plain C on as many threads.
struct Signing {
  let token: Token
  let threads: Int
  let rounds: Int
  private let pool: SessionPool
  /// As many callers for each session, so that a session has the next signature at hand when one is done.
  private let callersPerThread = 4

  init(token: Token, threads: Int, rounds: Int) {
    self.token = token
    self.threads = threads
    self.rounds = rounds
    pool = SessionPool(token: token, configuration: .init(maximumSessionCount: threads))
  }

  func close() async throws { try await pool.close() }

  /// Tasks that run where Swift runs tasks, and tasks that prefer the pool's threads. The target is for the latter; it spares a signature
  /// two changes of thread, which cost more than the library does.
  ///
  /// - Parameter count: how many signatures each thread makes in a round.
  func compare(
    _ title: String, _ mechanism: Mechanism, _ key: ObjectHandle, _ size: Int, _ count: Int, atLeast target: Double
  ) async throws -> Bool {
    let (title, count) = ("\(title), \(threads) thread\(threads == 1 ? "" : "s")", count)
    _ = try await measure("\(title), tasks anywhere", mechanism, key, size, count, target: nil)
    return try await withTaskExecutorPreference(pool.taskExecutor) {
      try await measure("\(title), tasks on the pool's threads", mechanism, key, size, count, target: target)
    }
  }

  private func measure(
    _ title: String, _ mechanism: Mechanism, _ key: ObjectHandle, _ size: Int, _ count: Int, target: Double?
  ) async throws -> Bool {
    let loops = try PlainLoops(token, threads)
    let total = count * threads
    let (plain, ours, ratio) = try await Measuring.compare(rounds: rounds) {
      try await Measuring.rate(total) { try loops.sign(mechanism, key, count) }
    } ours: {
      try await Measuring.rate(total) { try await sign(mechanism, key, size, total) }
    }
    let told = target.map { " (target \($0))" } ?? ""
    line(title, ["C \(Int(plain)) /s", "pool \(Int(ours)) /s", "ratio \(decimal(ratio))\(told)"])
    return ratio >= target ?? 0
  }

  private func sign(_ mechanism: Mechanism, _ key: ObjectHandle, _ size: Int, _ total: Int) async throws {
    var data = [UInt8](repeating: 0, count: 32)
    data[0] = 7
    let digest = data
    let callers = callersPerThread * threads
    try await withThrowingTaskGroup(of: Void.self) { group in
      for caller in 0..<callers {
        let share = total / callers + (caller < total % callers ? 1 : 0)
        group.addTask {
          for _ in 0..<share {
            let signature = try await pool.perform(isRepeatable: true) { lender in
              try lender.reading { try $0.sign(digest, with: mechanism, key: key, maximumSignatureSize: size) }
            }
            guard signature.count == size else { throw BenchmarkFailure("a signature of \(signature.count) bytes") }
          }
        }
      }
      try await group.waitForAll()
    }
  }
}

/// Plain C loops, each with a session of its own.
@safe final class PlainLoops: @unchecked Sendable {
  // Checked by hand: each thread uses one of the loops.
  private let loops: [OpaquePointer]

  init(_ token: Token, _ count: Int) throws {
    unsafe loops = try (0..<count).map { _ in
      guard let loop = unsafe PlainLoopOpen(token.module.path, token.slot.identifier) else { throw BenchmarkFailure("no session for C") }
      return unsafe loop
    }
  }

  deinit { unsafe loops.forEach { unsafe PlainLoopClose($0) } }

  func sign(_ mechanism: Mechanism, _ key: ObjectHandle, _ count: Int) throws {
    let answers = Answers()
    DispatchQueue.concurrentPerform(iterations: unsafe loops.count) { index in
      let answer = unsafe PlainLoopSign(loops[index], mechanism.type.rawValue, key.rawValue, UInt(count))
      if answer != 0 { answers.add(answer) }
    }
    if let answer = answers.first { throw BenchmarkFailure("the C loop failed: \(ReturnValue(rawValue: answer))") }
  }

  func find(_ objectClass: ObjectClass, _ label: String, _ count: Int) throws {
    let answer = unsafe PlainLoopFind(loops[0], objectClass.rawValue, label, UInt(label.utf8.count), UInt(count))
    guard answer == 0 else { throw BenchmarkFailure("the C search failed: \(ReturnValue(rawValue: answer))") }
  }
}
