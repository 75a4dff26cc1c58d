import Foundation
import PKCS11
import Secrets
import TestSupport
import TokenKeys
import X509

extension Bench {
  /// What the library makes of the token: generate by policy, find, sign, certificates.
  func checkKeys() async {
    await checkTemplates()
    let keys: TokenKeys
    do {
      // A token that does not do what it is asked is asked for more all the same: that is what this is about.
      keys = try await TokenKeys(
        token: token, pin: SecretSource(parsing: "file:\(settings.pinFile)"), sessions: .init(circuitBreaker: .init(failureLimit: 1000)))
    } catch {
      return await recorder.check("TokenKeys logs in") { throw error }
    }
    await recorder.check("TokenKeys logs in") { nil }
    for kind in KeyKind.allCases { await checkGeneration(kind, keys) }
    for kind in KeyKind.allCases {
      await recorder.check("find \(kind.rawValue) by name, identifier and public key") {
        let expected = try key(kind)
        guard kind.algorithm != nil else { throw Lacking.check(kind.checkName) }
        let named = try await keys.key(named: expected.label)
        guard named.identifier.bytes == expected.identifier else { throw Wrong("found by name: \(named)") }
        guard try await keys.key(identifier: KeyIdentifier(expected.identifier)) == named,
          try await keys.key(matching: named.publicKey) == named
        else { throw Wrong("identifier or public key finds another key") }
        guard try await keys.key(named: named.name).algorithm == kind.algorithm else { throw Wrong("it is taken for \(named.algorithm)") }
        return nil
      }
      await recorder.check("a certificate request signed by \(kind.rawValue)") {
        let key = try await tokenKey(kind, keys)
        let request = try await CertificateSigningRequest(for: key, subject: DistinguishedName { CommonName("conformance") })
        guard key.publicKey.isValidSignature(request.signature, for: request) else { throw Wrong("its signature does not verify") }
        return "\(request.signatureAlgorithm)".replacing("SignatureAlgorithm.", with: "")
      }
      for algorithm in kind.algorithm?.signatureAlgorithms ?? [] {
        await recorder.check("\(kind.rawValue) signs \(algorithm)") {
          let key = try await tokenKey(kind, keys)
          do {
            // Verified by the library before it is returned.
            _ = try await key.sign(Data("conformance".utf8), algorithm: algorithm)
            return nil
          } catch let error as TokenKeysError where error.code == .mechanismMissing {
            throw Lacking.mechanisms(algorithm.mechanisms, .sign)
          }
        }
      }
    }
    await recorder.check("a certificate is stored beside its key and read back") {
      let key = try await tokenKey(anyKey().kind, keys)
      let name = try DistinguishedName { CommonName("conformance") }
      let certificate = try Certificate(
        version: .v3, serialNumber: .init(bytes: [0x7F, 1, 2, 3]), publicKey: key.publicKey, notValidBefore: Date(),
        notValidAfter: Date(timeIntervalSinceNow: 3600), issuer: name, subject: name,
        signatureAlgorithm: key.defaultSignatureAlgorithm, extensions: .init(), issuerPrivateKey: key.privateKey)
      try await keys.store(certificate, for: key)
      try await keys.store(certificate, for: key)
      let found = try await keys.certificates(of: key)
      guard found == [certificate] else { throw Wrong("\(found.count) certificates came back, and not the one") }
      return nil
    }
    await recorder.check("a key that another program destroyed is not found, and said to be so") { try await useDestroyedKey(keys) }
    await recorder.check("TokenKeys closes") {
      try await keys.close()
      return nil
    }
  }

  private func tokenKey(_ kind: KeyKind, _ keys: TokenKeys) async throws -> TokenKey {
    let known = try key(kind)
    guard kind.algorithm != nil else { throw Lacking.check(kind.checkName) }
    return try await keys.key(identifier: KeyIdentifier(known.identifier))
  }

  private func checkGeneration(_ kind: KeyKind, _ keys: TokenKeys) async {
    await recorder.check(kind.checkName) {
      try need(kind.generation.type, .generateKeyPair)
      guard let algorithm = kind.algorithm else {
        self.keys[kind] = try generateWithoutPolicy(kind)
        throw Finding(rule: "NOT-SUPPORTED-BY-US", detail: "the library does not know such keys")
      }
      do {
        let key = try await keys.generate(algorithm, named: kind.rawValue)
        self.keys[kind] = TestKey(kind: kind, label: key.name, identifier: key.identifier.bytes)
        let verdict = try await keys.verdict(of: key, algorithm: algorithm)
        let silent = verdict.findings.filter { $0.outcome == .notClaimed }.map(\.rule.rawValue)
        let against = verdict.findings.filter { $0.outcome == .violated }.map(\.rule.rawValue)
        guard verdict.isMet, against.isEmpty else { throw Wrong("a generated key does not meet the policy: \(verdict.summary)") }
        return silent.isEmpty ? "every rule is met" : "not claimed: \(silent.joined(separator: ", "))"
      } catch let error as TokenKeysError where error.rule != nil {
        // The policy has refused what the token made. The other checks get a key all the same.
        let left = try await keys.isTaken(kind.rawValue)
        self.keys[kind] = try generateWithoutPolicy(kind)
        if left { throw Wrong("the refused key is still there: \(error)") }
        throw Finding(rule: error.rule?.rawValue ?? "", detail: Self.withoutToken(error.message))
      } catch let error as PKCS11Error where error.function == "C_GenerateKeyPair" {
        guard let key = try? generateWithoutPolicy(kind) else { throw error }
        self.keys[kind] = key
        throw Finding(
          rule: error.returnValue?.name ?? "", detail: "the token does not take our template, and makes such a key with a smaller one")
      }
    }
  }

  private static func withoutToken(_ message: String) -> String {
    message.replacing("the key does not meet the policy non-exportable-signing: ", with: "")
  }

  /// Makes a key pair with the least that every token understands, for the checks of mechanisms.
  func generateWithoutPolicy(_ kind: KeyKind, label: String? = nil) throws -> TestKey {
    let template = PlainTemplate(kind, label: label ?? kind.rawValue)
    try withLogin(.readWrite) { session in
      _ = try session.generateKeyPair(kind.generation, publicKey: template.publicKey, privateKey: template.privateKey)
    }
    return TestKey(kind: kind, label: template.label, identifier: template.identifier)
  }

  /// Destroys a key behind the library's back.
  private func useDestroyedKey(_ keys: TokenKeys) async throws -> String? {
    let kind = try anyKey().kind
    guard kind.algorithm != nil else { throw Lacking.check(kind.checkName) }
    let doomed = try generateWithoutPolicy(kind, label: "doomed")
    let key = try await keys.key(named: "doomed")
    _ = try await key.signAsynchronously(bytes: Data([1]), signatureAlgorithm: key.defaultSignatureAlgorithm)
    try withLogin(.readWrite) { session in
      for handle in try session.findObjects(matching: [.init(.id, doomed.identifier)]) { try session.destroyObject(handle) }
    }
    do {
      _ = try await key.signAsynchronously(bytes: Data([1]), signatureAlgorithm: key.defaultSignatureAlgorithm)
      throw Wrong("it still signs")
    } catch let error as TokenKeysError where error.code == .keyNotFound {
      return nil
    }
  }
}
