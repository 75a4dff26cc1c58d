import Crypto
import CryptoExtras
import Foundation
import PKCS11
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import TokenKeys

@Suite("Algorithms on SoftHSM", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct AlgorithmTests {
  static let messages: [[UInt8]] = [[], [0], Array("payroll".utf8), [UInt8](repeating: 0xAB, count: 100_000)]

  /// What openssl says of a signature; it has a command of its own for Ed25519.
  private func opensslVerifies(_ signature: KeySignature, _ message: [UInt8], _ key: TokenKey) async throws -> Bool {
    let folder = try TemporaryFolder()
    let publicKey = try folder.write(key.publicKey.serializeAsPEM().pemString.utf8, to: "key.pem")
    let signatureFile = try folder.write(signature.encodedRepresentation, to: "signature")
    let messageFile = try folder.write(message, to: "message")
    guard let hash = signature.algorithm.hashName else {
      return try await run(
        "openssl", ["pkeyutl", "-verify", "-pubin", "-inkey", publicKey, "-rawin", "-in", messageFile, "-sigfile", signatureFile]
      ).succeeded
    }
    // A salt of any length verifies with "auto"; "digest" is what is promised.
    let padding = signature.algorithm.usesPSS ? ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] : []
    return try await run(
      "openssl", ["dgst", "-\(hash)"] + padding + ["-verify", publicKey, "-signature", signatureFile, messageFile]
    ).succeeded
  }

  @Test("Every algorithm of every kind of key is verified by openssl, and refused over another message")
  func everyAlgorithm() async throws {
    let keys = try await TokenKeysBench().keys()
    var made = [try await SharedKeys.rsa, try await SharedKeys.p256]
    for algorithm in [KeyAlgorithm.ecdsaP384, .ecdsaP521, .ed25519] {
      made.append(try await keys.generate(algorithm, named: "\(algorithm)"))
    }
    var used: Set<KeySignatureAlgorithm> = []
    for key in made {
      for algorithm in key.algorithm.signatureAlgorithms {
        for message in Self.messages {
          let signature = try await key.sign(message, algorithm: algorithm)
          #expect(signature.rawRepresentation.count == key.algorithm.signatureSize)
          if !(message.isEmpty && algorithm == .ed25519) {  // `openssl pkeyutl -rawin` reads no empty file
            #expect(try await opensslVerifies(signature, message, key), "\(algorithm) over \(message.count) bytes")
          }
          #expect(try await !opensslVerifies(signature, message + [1], key), "\(algorithm)")
          used.insert(algorithm)
        }
      }
    }
    #expect(used == Set(KeySignatureAlgorithm.allCases).subtracting([.mlDSA]))
  }

  @Test("X.509's algorithms make the same signatures, which its own public keys verify")
  func throughX509() async throws {
    let keys = try await TokenKeysBench().keys()
    let message = Array("payroll".utf8)
    for algorithm in [KeyAlgorithm.ecdsaP256, .ecdsaP384, .ecdsaP521, .ed25519] {
      let key = try await keys.generate(algorithm, named: "\(algorithm)")
      #expect(key.supportedSignatureAlgorithms.count == 1)
      let signature = try await key.privateKey.signAsynchronously(bytes: message, signatureAlgorithm: key.defaultSignatureAlgorithm)
      #expect(
        key.publicKey.isValidSignature(
          signature.rawRepresentation, for: message, signatureAlgorithm: key.defaultSignatureAlgorithm), "\(algorithm)")
    }
    let rsa = try await SharedKeys.rsa
    #expect(rsa.supportedSignatureAlgorithms == [.sha256WithRSAEncryption, .sha384WithRSAEncryption, .sha512WithRSAEncryption])
  }

  @Test("A certificate request of each kind of key is verified by openssl", arguments: [KeyAlgorithm.ecdsaP521, .ed25519])
  func certificateRequest(algorithm: KeyAlgorithm) async throws {
    let key = try await TokenKeysBench().keys().generate(algorithm, named: "key")
    let request = try await CertificateSigningRequest(for: key, subject: DistinguishedName { CommonName("0123456-7") })
    let folder = try TemporaryFolder()
    let file = try folder.write(request.serializeAsPEM().pemString.utf8, to: "request.pem")
    let result = try await run("openssl", ["req", "-in", file, "-verify", "-noout"])
    #expect((result.standardOutput + result.standardError).contains("verify OK"), "\(result.standardError)")
  }

  @Test("ECDSA: the raw form is r and s, the encoded form the DER of the same numbers")
  func forms() async throws {
    let signature = try await SharedKeys.p256.sign(Array("payroll".utf8))
    let decoded = try P256.Signing.ECDSASignature(derRepresentation: signature.encodedRepresentation)
    #expect(Array(decoded.rawRepresentation) == signature.rawRepresentation)
    #expect(signature.algorithm == .ecdsaSHA256)
    let rsa = try await SharedKeys.rsa.sign(Array("payroll".utf8), algorithm: .rsaPSSSHA512)
    #expect(rsa.rawRepresentation == rsa.encodedRepresentation)
  }

  @Test("A token that has only the raw mechanism gets what we have digested, and the signature is as good")
  func rawOnly() async throws {
    let key = try await SharedKeys.rsa
    let message = Array("the same message".utf8)
    let parts = key.parts
    for algorithm in key.algorithm.signatureAlgorithms {
      let signatures = try await key.keys.perform(isRepeatable: true) { connection in
        let all = try connection.mechanisms()
        let raw = all.filter { [.rsaPKCS, .rsaPKCSPSS].contains($0.key) }
        return try [all, raw].map { offered in
          let scheme = try SignatureScheme(algorithm, for: .rsa2048, offered: offered)
          return (scheme.mechanism.type, try connection.withPrivateKey(parts.identifier) { try scheme.sign(message, key: $1, in: &$0) })
        }
      }
      #expect(signatures[0].0 != signatures[1].0)
      #expect(signatures[1].0 == (algorithm.usesPSS ? .rsaPKCSPSS : .rsaPKCS))
      // PKCS #1 v1.5 has nothing random in it.
      if !algorithm.usesPSS { #expect(signatures[0].1 == signatures[1].1) }
      for (_, raw) in signatures { _ = try parts.verified(raw, of: message, algorithm: algorithm) }
    }
  }

  @Test("A token that does not offer ML-DSA makes no such key, and is left as it was", arguments: [KeyAlgorithm.mlDSA65, .mlDSA87])
  func postQuantum(algorithm: KeyAlgorithm) async throws {
    let bench = try TokenKeysBench()
    let error = try await tokenKeysError { try await bench.keys().generate(algorithm, named: "future") }
    #expect(error.code == .mechanismMissing)
    #expect(error.message == "the token does not offer CKM_ML_DSA_KEY_PAIR_GEN")
    #expect(try bench.count([]) == 0)
  }

  @Test("A key that wants its PIN for each use signs, generated by us or by pkcs11-tool, and with many signatures")
  func alwaysAuthenticate() async throws {
    let bench = try TokenKeysBench()
    try bench.makeKey(named: "ours", changes: [Attribute(.alwaysAuthenticate, true)])
    let made = try await bench.tool([
      "--keypairgen", "--key-type", "rsa:2048", "--label", "theirs", "--id", "0808", "--always-auth",
    ])
    #expect(made.succeeded, "\(made.standardError)")
    let keys = try await bench.keys()
    let plain = try await keys.generate(.ecdsaP256, named: "plain")
    #expect(!plain.wantsPINEachTime)
    for name in ["ours", "theirs"] {
      let key = try await keys.key(named: name)
      #expect(key.wantsPINEachTime)
      for algorithm in key.algorithm.signatureAlgorithms { _ = try await key.sign([1, 2, 3] as [UInt8], algorithm: algorithm) }
      _ = try await plain.sign([1] as [UInt8])
      _ = try await key.privateKey.signAsynchronously(bytes: [1] as [UInt8], signatureAlgorithm: key.defaultSignatureAlgorithm)
    }
  }
}
