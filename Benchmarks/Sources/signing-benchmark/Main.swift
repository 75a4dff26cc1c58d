import BenchmarkSupport
import CPlainLoop
import Foundation
import PKCS11
import Secrets

/// Signs with one SoftHSM token, in turns through a plain C loop and through `Session.sign`, and prints what the binding costs.
///
/// Usage: `signing-benchmark [rounds]`. It makes a token in a folder of its own and removes it afterwards.
@main
struct SigningBenchmark {
  static func main() throws {
    let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 101
    let softHSM = try ScratchSoftHSM()
    defer { softHSM.remove() }
    let module = try Module(path: softHSM.modulePath)
    let token = try module.token(matching: PKCS11URI(label: ScratchSoftHSM.label))
    var session = try token.openSession(.readWrite)
    try session.login(.user, pin: SecretBytes(copying: [UInt8](ScratchSoftHSM.pin.utf8)))
    print("\(module.information.libraryDescription) \(module.information.libraryVersion), \(rounds) rounds each, in turns")

    let keys = try Keys(&session)
    let rsa = try compare("RSA-2048, CKM_SHA256_RSA_PKCS", .sha256RSAPKCS, keys.rsa, 256, count: 30, rounds, &session, atLeast: 0.97)
    let p256 = try compare("P-256, CKM_ECDSA", .ecdsa, keys.p256, 64, count: 400, rounds, &session, atLeast: 0.90)
    try session.close()
    try module.finalize()
    guard rsa && p256 else {
      softHSM.remove()
      exit(1)
    }
  }

  /// Measures both ways in short turns, because other programs share the machine, and with the order changing from round to round, because
  /// a processor does not keep its pace; the ratio of each round counts, and their median is told.
  private static func compare(
    _ title: String, _ mechanism: Mechanism, _ key: ObjectHandle, _ size: Int, count: Int, _ rounds: Int, _ session: inout Session,
    atLeast target: Double
  ) throws -> Bool {
    let token = session.token
    guard let loop = unsafe PlainLoopOpen(token.module.path, token.slot.identifier) else { throw BenchmarkFailure("no session for C") }
    defer { unsafe PlainLoopClose(loop) }
    var plainRates: [Double] = []
    var ourRates: [Double] = []
    var data = [UInt8](repeating: 0, count: 32)
    data[0] = 7
    for round in 0...rounds {
      func plainRate() throws -> Double {
        try rate(count) {
          let answer = unsafe PlainLoopSign(loop, mechanism.type.rawValue, key.rawValue, UInt(count))
          guard answer == 0 else { throw BenchmarkFailure("the C loop failed: \(ReturnValue(rawValue: answer))") }
        }
      }
      let plainBefore = try round.isMultiple(of: 2) ? plainRate() : nil
      let ours = try rate(count) {
        for _ in 0..<count {
          let signature = try session.sign(data, with: mechanism, key: key, maximumSignatureSize: size)
          guard signature.count == size else { throw BenchmarkFailure("a signature of \(signature.count) bytes") }
        }
      }
      let plain = try plainBefore ?? plainRate()
      // The first round warms up.
      if round > 0 {
        plainRates.append(plain)
        ourRates.append(ours)
      }
    }
    let ratio = median(zip(ourRates, plainRates).map { $0 / $1 })
    let line = [
      "C loop \(Int(median(plainRates))) /s", "Session.sign \(Int(median(ourRates))) /s",
      "ratio \(String(format: "%.3f", ratio)) (target \(target))",
    ]
    print("\(title): " + line.joined(separator: ", "))
    return ratio >= target
  }

  private static func rate(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return Double(count) / ((ContinuousClock.now - start) / .seconds(1))
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}

/// The two keys that sign.
struct Keys {
  let rsa: ObjectHandle
  let p256: ObjectHandle

  init(_ session: inout Session) throws {
    let common = [Attribute(.token, true), Attribute(.sensitive, true), Attribute(.extractable, false), Attribute(.sign, true)]
    rsa = try session.generateKeyPair(
      .rsaPKCSKeyPairGeneration, publicKey: [Attribute(.modulusBits, 2048), Attribute(.publicExponent, [1, 0, 1])], privateKey: common
    ).privateKey
    let curve: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
    p256 = try session.generateKeyPair(.ecKeyPairGeneration, publicKey: [Attribute(.ecParameters, curve)], privateKey: common).privateKey
  }
}
