import BenchmarkSupport
import PKCS11
import Secrets
import TokenKeys

/// What it costs that every signature is verified before anybody gets it: `TokenKey.sign` beside the same signatures that nobody verifies.
///
/// One caller, one signature after the other, both ways on the pool's threads. With several callers the verification of one signature goes
/// on beside the making of the next, so this is the most that it can cost.
enum Verification {
  static func measure(_ token: Token, pinFile: String, rounds: Int) async throws {
    let keys = try await TokenKeys(token: token, pin: try SecretSource(parsing: "file:\(pinFile)"))
    let pool = SessionPool(token: token, configuration: .init(maximumSessionCount: 1))
    for (algorithm, mechanism, count) in [(KeyAlgorithm.rsa2048, Mechanism.sha256RSAPKCS, 30), (.ecdsaP256, .ecdsa, 300)] {
      let key = try await keys.generate(algorithm, named: "verified-\(algorithm)")
      let identifier = key.identifier.bytes
      let handle = try await pool.perform(isRepeatable: true) { lender in
        try lender.reading {
          try $0.findObjects(matching: [.init(.objectClass, ObjectClass.privateKey), .init(.id, identifier)])[0]
        }
      }
      let size = algorithm == .rsa2048 ? 256 : 64
      let data = [UInt8](repeating: 7, count: 32)
      let (bare, verified, ratio) = try await Measuring.compare(rounds: rounds) {
        try await withTaskExecutorPreference(pool.taskExecutor) {
          try await Measuring.rate(count) {
            for _ in 0..<count {
              let signature = try await pool.perform(isRepeatable: true) { lender in
                try lender.reading { try $0.sign(data, with: mechanism, key: handle, maximumSignatureSize: size) }
              }
              guard signature.count == size else { throw BenchmarkFailure("a signature of \(signature.count) bytes") }
            }
          }
        }
      } ours: {
        try await withTaskExecutorPreference(keys.taskExecutor) {
          try await Measuring.rate(count) {
            for _ in 0..<count { _ = try await key.sign(data) }
          }
        }
      }
      let cost = (1 / verified - 1 / bare) * 1_000_000
      print(
        "\(algorithm), every signature verified: unverified \(Int(bare)) /s, TokenKey.sign \(Int(verified)) /s, ratio \(decimal(ratio)), "
          + "\(Int(cost.rounded())) µs a signature")
    }
    try await pool.close()
    try await keys.close()
  }
}
