import BenchmarkSupport
import CPlainLoop
import PKCS11
import Secrets
import TokenKeys

/// Finding one key by its name among many, both halves of it, beside one bare search in C for the private half.
enum Finding {
  static func measure(_ softHSM: ScratchSoftHSM, _ token: Token, _ session: inout Session, keys count: Int) async throws -> Bool {
    for number in 0..<count {
      let common = [
        Attribute(.token, true), Attribute(.label, "key \(number)"), Attribute(.id, [UInt8(number >> 8), UInt8(number & 0xFF), 1]),
      ]
      _ = try session.generateKeyPair(
        .ecKeyPairGeneration, publicKey: common + [Attribute(.ecParameters, p256Parameters)],
        privateKey: common + [Attribute(.sensitive, true), Attribute(.extractable, false), Attribute(.sign, true)])
    }
    let loops = try PlainLoops(token, 1)
    let keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:\(softHSM.pinFile)"))
    var number = 0
    let (plain, ours, ratio) = try await Measuring.compare(rounds: 21) {
      try await Measuring.rate(3) {
        try loops.find(.privateKey, "key \(number * 7 % count)", 3)
      }
    } ours: {
      number += 1
      return try await Measuring.rate(3) {
        for _ in 0..<3 { _ = try await keys.key(named: "key \(number * 7 % count)") }
      }
    }
    try await keys.close()
    line(
      "One key among \(count)",
      ["C \(decimal(1000 / plain)) ms", "TokenKeys.key(named:) \(decimal(1000 / ours)) ms", "takes \(decimal(1 / ratio)) of C (target 1.2)"])
    return 1 / ratio <= 1.2
  }
}
