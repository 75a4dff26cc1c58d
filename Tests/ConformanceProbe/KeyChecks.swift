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
      keys = try await TokenKeys(token: token, pin: SecretSource(parsing: "file:\(settings.pinFile)"))
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

  /// Generates a key by the usual policy; where that refuses what the token makes, by the one that is meant for such tokens. The other
  /// checks get a key all the same.
  private func checkGeneration(_ kind: KeyKind, _ keys: TokenKeys) async {
    await recorder.check(kind.checkName) { try await generate(kind, by: .nonExportableSigning, keys) }
    if self.keys[kind] == nil, offers(kind.generation.type, .generateKeyPair), let policy {
      let waivers = policy.waivers.isEmpty ? "" : ", with waivers"
      await recorder.check("\(kind.checkName) by the policy \(policy.name)\(waivers)") { try await generate(kind, by: policy, keys) }
    }
    if self.keys[kind] == nil { self.keys[kind] = try? generateWithoutPolicy(kind) }
  }

  /// The policy for tokens of this make.
  private var policy: KeyPolicy? {
    settings.policy.flatMap { name in
      var policy = KeyPolicy(named: name)
      for (rule, reason) in settings.waivers ?? [:] { policy = try? policy?.waiving(KeyRule(rawValue: rule), because: reason) }
      return policy
    }
  }

  private func generate(_ kind: KeyKind, by policy: KeyPolicy, _ keys: TokenKeys) async throws -> String? {
    try need(kind.generation.type, .generateKeyPair)
    guard let algorithm = kind.algorithm else { throw Wrong("the library does not know such keys") }
    do {
      let (key, examination) = try await keys.generateExamined(algorithm, named: kind.rawValue, policy: policy)
      self.keys[kind] = TestKey(kind: kind, label: key.name, identifier: key.identifier.bytes)
      guard examination.isMet else { throw Wrong("a generated key does not meet the policy: \(examination.verdict.summary)") }
      return describe(examination.verdict)
    } catch let error as TokenKeysError {
      if try await keys.isTaken(kind.rawValue) { throw Wrong("what was refused is still there: \(error)") }
      throw Finding(
        rule: error.rule?.rawValue ?? error.code.rawValue,
        detail: error.message.replacing("the key does not meet the policy \(policy.name): ", with: ""))
    }
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
