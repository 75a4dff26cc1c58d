import BenchmarkSupport
import CPlainLoop
import PKCS11
import Secrets
import TokenKeys

/// Finding one key among many, with both of its halves and all that is needed to use it, beside the bare search in C.
enum Finding {
  static func measure(_ softHSM: ScratchSoftHSM, _ token: Token, _ session: inout Session, keys count: Int) async throws -> Bool {
    for number in 0..<count {
      let common = [Attribute(.token, true), Attribute(.label, name(number)), Attribute(.id, identifier(number))]
      _ = try session.generateKeyPair(
        .ecKeyPairGeneration, publicKey: common + [Attribute(.ecParameters, SigningKeys.p256Parameters)],
        privateKey: common + [Attribute(.sensitive, true), Attribute(.extractable, false), Attribute(.sign, true)])
    }
    let loops = try PlainLoops(token, 1)
    let keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:\(softHSM.pinFile)"))
    var number = 0
    func next() -> Int {
      number = (number + 7) % count
      return number
    }
    let byIdentifier = try await compare("One key among \(count) by its CKA_ID, one search", atMost: 1.2) {
      try loops.find(.id, identifier(next()))
    } ours: {
      _ = try await keys.key(identifier: KeyIdentifier(identifier(next())))
    }
    // The name leads to the identifier, and that to both halves: a program in C that wants the public half as well searches twice.
    let byName = try await compare("One key among \(count) by its name, two searches", atMost: 1.2) {
      let number = next()
      try loops.find(.label, Array(name(number).utf8))
      try loops.find(.id, identifier(number))
    } ours: {
      _ = try await keys.key(named: name(next()))
    }
    try await keys.close()
    return byIdentifier && byName
  }

  private static func compare(
    _ title: String, atMost target: Double, plain: () throws -> Void, ours: () async throws -> Void
  ) async throws -> Bool {
    let (plainRate, ourRate, ratio) = try await Measuring.compare(rounds: 41) {
      try await Measuring.rate(1) { try plain() }
    } ours: {
      try await Measuring.rate(1) { try await ours() }
    }
    line(
      title,
      [
        "C \(decimal(1000 / plainRate)) ms", "TokenKeys \(decimal(1000 / ourRate)) ms",
        "takes \(decimal(1 / ratio)) of C (target \(target))",
      ])
    return 1 / ratio <= target
  }

  private static func name(_ number: Int) -> String { "key \(number)" }
  private static func identifier(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF), 1] }
}
