import BenchmarkSupport
import CertificateService
import Crypto
import Foundation
import PKCS11
import Secrets
import SwiftASN1
import TokenKeys
import X509

/// What a renewal request costs beside the bare token signature in it: both measured by turns on one SoftHSM token with one RSA-2048 key.
///
/// Building the request means: write the document, canonicalize and digest it, have SignedInfo signed on the token, verify that signature
/// in software, put the signature in, and verify the whole document again with the strict verifier.
@main
struct RequestBenchmark {
  // Short turns, many of them, and the order changing: what else the machine does then falls on both alike.
  static let rounds = 101
  static let signaturesPerRound = 15
  /// A request takes at most so many times what the bare signature in it takes.
  static let target = 1.15

  static func main() async throws {
    let bench = try ScratchSoftHSM()
    defer { bench.remove() }
    let module = try Module(path: bench.modulePath)
    let token = try module.token(matching: PKCS11URI(label: ScratchSoftHSM.label))
    let keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:\(bench.pinFile)"))
    let key = try await keys.generate(.rsa2048, named: "benchmark")
    let certificate = try selfMadeCertificate(for: key)
    let request = try await renewal(key)

    var bare: [Double] = []
    var whole: [Double] = []
    for round in 0...rounds {
      let signature: Double
      let built: Double
      if round.isMultiple(of: 2) {
        signature = try bareSignatures(token, key)
        built = try await wholeRequests(request, key, certificate, on: keys.taskExecutor)
      } else {
        built = try await wholeRequests(request, key, certificate, on: keys.taskExecutor)
        signature = try bareSignatures(token, key)
      }
      // The first round warms caches and is not counted.
      if round > 0 {
        bare.append(signature)
        whole.append(built)
      }
    }
    let anywhere = try await wholeRequests(request, key, certificate)
    let own = try await withoutToken(request, key, certificate)
    let ratios = zip(whole, bare).map(/).sorted()
    let ratio = ratios[ratios.count / 2]
    print("bare token signature (RSA-2048)      \(shown(bare)) µs, median of \(rounds) rounds of \(signaturesPerRound)")
    print("RenewCertificateRequest, built+signed \(shown(whole)) µs")
    print("ratio                                 \(String(format: "%.3f", ratio))  (target: \(target) or less)")
    print("the same in a task that runs anywhere \(String(format: "%7.1f", anywhere * 1e6)) µs (one round)")
    print("of which outside token and threads   \(String(format: "%7.1f", own * 1e6)) µs")
    try module.finalize()
    guard ratio <= target else {
      bench.remove()
      exit(1)
    }
  }

  /// Seconds for one request with a key that gives the same signature at once: what is ours of the whole.
  private static func withoutToken(_ request: RenewCertificateRequest, _ key: TokenKey, _ certificate: Certificate) async throws -> Double {
    let remembering = Certificate.PrivateKey(RememberingKey(key))
    _ = try await request.signed(by: remembering, certificate: certificate)
    let time = try await ContinuousClock().measure {
      for _ in 0..<2_000 { _ = try await request.signed(by: remembering, certificate: certificate) }
    }
    return time / .seconds(1) / 2_000
  }

  /// Seconds for one signature straight through a session.
  private static func bareSignatures(_ token: Token, _ key: TokenKey) throws -> Double {
    var session = try token.openSession(.readOnly)
    let handles = try session.findObjects(
      matching: [.init(.objectClass, ObjectClass.privateKey), .init(.id, key.identifier.bytes)], limit: 2)
    let message = [UInt8](repeating: 0x5A, count: 600)
    let clock = ContinuousClock()
    let time = try clock.measure {
      for _ in 0..<signaturesPerRound {
        _ = try session.sign(message, with: .sha256RSAPKCS, key: handles[0], maximumSignatureSize: 256)
      }
    }
    try session.close()
    return time / .seconds(1) / Double(signaturesPerRound)
  }

  /// The same in a task on the threads that make the token's calls, which spares it the changes of thread.
  private static func wholeRequests(
    _ request: RenewCertificateRequest, _ key: TokenKey, _ certificate: Certificate, on executor: PoolTaskExecutor
  ) async throws -> Double {
    try await withTaskExecutorPreference(executor) { try await wholeRequests(request, key, certificate) }
  }

  /// Seconds for one signed request.
  private static func wholeRequests(
    _ request: RenewCertificateRequest, _ key: TokenKey, _ certificate: Certificate
  ) async throws -> Double {
    let clock = ContinuousClock()
    let privateKey = key.privateKey
    let time = try await clock.measure {
      for _ in 0..<signaturesPerRound {
        _ = try await request.signed(by: privateKey, certificate: certificate)
      }
    }
    return time / .seconds(1) / Double(signaturesPerRound)
  }

  private static func renewal(_ key: TokenKey) async throws -> RenewCertificateRequest {
    let subject = try DistinguishedName {
      CommonName("0123456-7")
      OrganizationName("Ab Benchmark Oy")
      CountryName("FI")
    }
    var serializer = DER.Serializer()
    try serializer.serialize(try await CertificateSigningRequest(for: key, subject: subject))
    return try RenewCertificateRequest(
      environment: .test, customer: Customer(id: "0123456-7", name: "Ab Benchmark Oy"), certificateRequestDER: serializer.serializedBytes)
  }

  /// A certificate for the token's key by a throw-away authority: the request carries one, who issued it does not matter here.
  private static func selfMadeCertificate(for key: TokenKey) throws -> Certificate {
    let authority = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let now = Date()
    return try Certificate(
      version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: now,
      notValidAfter: now.addingTimeInterval(86_400 * 45),
      issuer: DistinguishedName { CommonName("Benchmark CA") }, subject: DistinguishedName { CommonName("0123456-7") },
      signatureAlgorithm: .ecdsaWithSHA256, extensions: .init(), issuerPrivateKey: authority)
  }

  private static func shown(_ seconds: [Double]) -> String {
    String(format: "%7.1f", seconds.sorted()[seconds.count / 2] * 1e6)
  }
}
