import BenchmarkSupport
import CPlainLoop
import Foundation
import PKCS11
import Secrets
import TokenKeys

/// Signs through the session pool and its async API, and through a plain C loop on as many threads, in turns; then measures what it costs
/// to take a session out of the pool, and to find one key among a thousand.
///
/// Usage: `pool-benchmark [rounds [keys]]`. It makes a token in a folder of its own and removes it afterwards. With
/// `HSMKEY_TEST_PYTHONPATH` python-pkcs11 signs on the same token.
@main
struct PoolBenchmark {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let softHSM = try ScratchSoftHSM()
    defer { softHSM.remove() }
    let module = try Module(path: softHSM.modulePath)
    let token = try module.token(matching: PKCS11URI(label: ScratchSoftHSM.label))
    let rounds = arguments.first ?? 41
    print("\(module.information.libraryDescription) \(module.information.libraryVersion), \(rounds) rounds each, in turns")
    var session = try token.openSession(.readWrite)
    try session.login(.user, pin: SecretBytes(copying: [UInt8](ScratchSoftHSM.pin.utf8)))
    let keys = try SigningKeys(&session)

    var results: [Bool] = []
    for threads in [1, 2] {
      let target = threads == 1 ? (rsa: 0.97, p256: 0.90) : (rsa: 0.95, p256: 0.95)
      let signing = Signing(token: token, threads: threads, rounds: rounds)
      results.append(try await signing.compare("RSA-2048, CKM_SHA256_RSA_PKCS", .sha256RSAPKCS, keys.rsa, 256, 30, atLeast: target.rsa))
      results.append(try await signing.compare("P-256, CKM_ECDSA", .ecdsa, keys.p256, 64, 400, atLeast: target.p256))
      try await signing.close()
    }
    results.append(try await Checkout.measure(token))
    Python.measure(softHSM, token: ScratchSoftHSM.label, pin: ScratchSoftHSM.pin)
    results.append(try await Finding.measure(softHSM, token, &session, keys: arguments.dropFirst().first ?? 1000))
    try session.close()
    try module.finalize()
    guard results.allSatisfy(\.self) else {
      softHSM.remove()
      exit(1)
    }
  }
}

func line(_ title: String, _ parts: [String]) { print("\(title): " + parts.joined(separator: ", ")) }
func decimal(_ value: Double) -> String { String(format: "%.3f", value) }
