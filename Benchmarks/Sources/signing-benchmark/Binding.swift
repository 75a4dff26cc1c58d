import BenchmarkSupport
import CPlainLoop
import PKCS11

/// `Session.sign` beside the same calls in a plain C loop, on a session of its own.
@safe struct Binding: ~Copyable {
  private let loop: OpaquePointer
  private let rounds: Int

  init(token: Token, rounds: Int) throws {
    guard let loop = unsafe PlainLoopOpen(token.module.path, token.slot.identifier) else { throw BenchmarkFailure("no session for C") }
    unsafe self.loop = unsafe loop
    self.rounds = rounds
  }

  deinit { unsafe PlainLoopClose(loop) }

  /// - Parameter count: how many signatures a turn has.
  /// - Returns: whether the target is met.
  func compare(
    _ title: String, _ mechanism: Mechanism, _ key: ObjectHandle, _ size: Int, _ count: Int, _ session: inout Session,
    atLeast target: Double
  ) async throws -> Bool {
    var data = [UInt8](repeating: 0, count: 32)
    data[0] = 7
    let (plain, ours, ratio) = try await Measuring.compare(rounds: rounds) {
      try await Measuring.rate(count) {
        let answer = unsafe PlainLoopSign(loop, mechanism.type.rawValue, key.rawValue, UInt(count))
        guard answer == 0 else { throw BenchmarkFailure("the C loop failed: \(ReturnValue(rawValue: answer))") }
      }
    } ours: {
      try await Measuring.rate(count) {
        for _ in 0..<count {
          let signature = try session.sign(data, with: mechanism, key: key, maximumSignatureSize: size)
          guard signature.count == size else { throw BenchmarkFailure("a signature of \(signature.count) bytes") }
        }
      }
    }
    print("\(title): C loop \(Int(plain)) /s, Session.sign \(Int(ours)) /s, ratio \(decimal(ratio)) (target \(target))")
    return ratio >= target
  }
}
