import BenchmarkSupport
import Foundation
import PKCS11
import Secrets

/// Signs with one SoftHSM token, in turns through a plain C loop and through `Session.sign`, and prints what the binding costs; then in
/// turns through `Session.sign` and `TokenKey.sign`, which verifies every signature, and prints what that costs.
///
/// Usage: `signing-benchmark [rounds]`. It makes a token in a folder of its own and removes it afterwards.
@main
struct SigningBenchmark {
  static func main() async throws {
    let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 101
    let softHSM = try ScratchSoftHSM()
    defer { softHSM.remove() }
    let module = try Module(path: softHSM.modulePath)
    let token = try module.token(matching: PKCS11URI(label: ScratchSoftHSM.label))
    var session = try token.openSession(.readWrite)
    try session.login(.user, pin: SecretBytes(copying: [UInt8](ScratchSoftHSM.pin.utf8)))
    print("\(module.information.libraryDescription) \(module.information.libraryVersion), \(rounds) rounds each, in turns")

    let keys = try SigningKeys(&session)
    let binding = try Binding(token: token, rounds: rounds)
    let rsa = try await binding.compare("RSA-2048, CKM_SHA256_RSA_PKCS", .sha256RSAPKCS, keys.rsa, 256, 30, &session, atLeast: 0.97)
    let p256 = try await binding.compare("P-256, CKM_ECDSA", .ecdsa, keys.p256, 64, 400, &session, atLeast: 0.90)
    try session.close()
    try await Verification.measure(token, pinFile: softHSM.pinFile, rounds: rounds)
    try module.finalize()
    guard rsa && p256 else {
      softHSM.remove()
      exit(1)
    }
  }
}

func decimal(_ value: Double) -> String { String(format: "%.3f", value) }
