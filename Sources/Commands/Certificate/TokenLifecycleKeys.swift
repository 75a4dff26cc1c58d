import CertificateLifecycle
import SwiftASN1
import Synchronization
import TokenKeys
import X509

/// The lifecycle's keys, on a token.
struct TokenLifecycleKeys: LifecycleKeys {
  let keys: TokenKeys
  /// What new keys must be.
  let policy: KeyPolicy
  private let read = ReadKeys()

  init(keys: TokenKeys, policy: KeyPolicy) {
    self.keys = keys
    self.policy = policy
  }

  func isFree(_ name: String) async throws -> Bool { try await !keys.isTaken(name) }

  func generateKey(named name: String, algorithm: String) async throws -> LifecycleKey {
    lifecycleKey(try await keys.generate(try known(algorithm, for: name), named: name, policy: policy))
  }

  func keyLeftBehind(named name: String, algorithm: String) async throws -> LifecycleKey? {
    do {
      let key = try await keys.key(named: name)
      // One that has a certificate is in use: somebody else's, by another state file on the same token.
      guard try await keys.certificates(of: key).isEmpty else { return nil }
      try await keys.prove(key, is: try known(algorithm, for: name), policy: policy)
      return lifecycleKey(key)
    } catch let error as TokenKeysError where [.keyNotFound, .keyUnusable, .keyAmbiguous, .ruleRefused].contains(error.code) {
      // Half a key, two of them, or one that is not what it should be: not one to build on.
      return nil
    }
  }

  func key(identifier: String) async throws -> LifecycleKey { lifecycleKey(try await tokenKey(identifier)) }

  func certificateRequest(for key: LifecycleKey, subject: DistinguishedName) async throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.serialize(try await CertificateSigningRequest(for: tokenKey(key.identifier), subject: subject))
    return serializer.serializedBytes
  }

  func store(_ certificate: Certificate, for key: LifecycleKey) async throws {
    try await keys.store(certificate, for: tokenKey(key.identifier))
  }

  func destroyKey(identifier: String) async throws {
    do {
      let key = try await tokenKey(identifier)
      read[identifier] = nil
      _ = try await keys.destroy(key)
    } catch let error as TokenKeysError where error.code == .keyNotFound {
      // An earlier run was cut off after the private half was gone, or after everything was.
      if let parsed = KeyIdentifier(hexadecimal: identifier) { try await keys.destroyRemains(of: parsed) }
    }
  }

  private func known(_ algorithm: String, for name: String) throws -> KeyAlgorithm {
    guard let known = KeyAlgorithm(rawValue: algorithm) else {
      throw CommandError.configuration(
        "\(algorithm) is no key algorithm", operation: "generate key \(name)",
        hint: "algorithms: \(KeyAlgorithm.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return known
  }

  private func tokenKey(_ identifier: String) async throws -> TokenKey {
    guard let parsed = KeyIdentifier(hexadecimal: identifier) else {
      throw CommandError.input("\(identifier) is no CKA_ID", operation: "find a key of the state file on the token")
    }
    if let known = read[identifier] { return known }
    let key = try await keys.key(identifier: parsed)
    read[identifier] = key
    return key
  }

  private func lifecycleKey(_ key: TokenKey) -> LifecycleKey {
    read[key.identifier.hexadecimal] = key
    return LifecycleKey(name: key.name, identifier: key.identifier.hexadecimal, privateKey: key.privateKey)
  }
}

/// The keys that were read from the token or made there so far, by `CKA_ID`. What a key is does not change, and reading it means searches
/// through all objects of the token.
private final class ReadKeys: Sendable {
  private let keys = Mutex<[String: TokenKey]>([:])

  subscript(identifier: String) -> TokenKey? {
    get { keys.withLock { $0[identifier] } }
    set { keys.withLock { $0[identifier] = newValue } }
  }
}
