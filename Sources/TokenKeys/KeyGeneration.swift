import Crypto
import PKCS11
import X509

extension TokenKeys {
  /// Generates a key pair on the token (`C_GenerateKeyPair`), reads back what the token made of it, and destroys it if that does not meet the
  /// policy.
  ///
  /// Takes from milliseconds (P-256) to minutes (RSA-4096 on small devices).
  ///
  /// - Parameters:
  ///   - algorithm: kind and size.
  ///   - name: becomes `CKA_LABEL` of both halves; 1 to 255 bytes of UTF-8. A name that is taken is refused.
  ///   - policy: what the key must be.
  /// - Returns: the key, which met the policy.
  /// - Throws: ``TokenKeysError`` with the rule that refused; `PKCS11Error` from the token.
  public func generate(_ algorithm: KeyAlgorithm, named name: String, policy: KeyPolicy = .nonExportableSigning) async throws -> TokenKey {
    let operation = "generate key \(name) on token \(token.label)"
    guard (1...255).contains(name.utf8.count), !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw TokenKeysError(.keyUnusable, operation: operation, message: "a key's name has 1 to 255 bytes and no control characters")
    }
    let parts = try await thread.perform { connection in
      try connection.generate(algorithm, named: name, policy: policy, operation: operation)
    }
    return TokenKey(parts, keys: self)
  }

  /// What the token says of a key, held against a policy.
  public func verdict(of key: TokenKey, policy: KeyPolicy = .nonExportableSigning) async throws -> KeyVerdict {
    let parts = key.parts
    return try await thread.perform { connection in
      try connection.withPrivateKey(parts.identifier) { session, handle in
        try connection.judge(handle, parts: parts, policy: policy, in: &session)
      }
    }
  }
}

extension TokenConnection {
  fileprivate func generate(_ algorithm: KeyAlgorithm, named name: String, policy: KeyPolicy, operation: String) throws -> KeyParts {
    try refuseTakenName(name, operation: operation)
    return try writing { session in
      let identifier = KeyIdentifier(try session.generateRandom(count: KeyIdentifier.length))
      let template = KeyTemplate(algorithm: algorithm, name: name, identifier: identifier)
      let pair = try session.generateKeyPair(template.mechanism, publicKey: template.publicKey, privateKey: template.privateKey)
      do {
        let values = try session.attributes([.keyType, .modulus, .publicExponent, .ecParameters, .ecPoint], of: pair.publicKey)
        let (publicKey, observedAlgorithm) = try Self.publicKey(from: values, operation: operation)
        let parts = KeyParts(name: name, identifier: identifier, algorithm: observedAlgorithm, publicKey: publicKey)
        let verdict = try judge(pair.privateKey, parts: parts, asked: algorithm, policy: policy, in: &session)
        guard verdict.isMet else {
          throw TokenKeysError(
            .ruleRefused, rule: verdict.objections[0].rule, operation: operation,
            message: "the token made a key that does not meet the policy \(policy.name): \(verdict.summary)",
            hint: "the key has been destroyed; use a token that can hold non-exportable signing keys")
        }
        try provePair(parts, privateKey: pair.privateKey, operation: operation, in: &session)
        return parts
      } catch {
        try destroy([pair.privateKey, pair.publicKey], identifier: identifier, after: error, operation: operation, in: &session)
        throw error
      }
    }
  }

  /// Labels are for people, so nothing on the token stops a second key from having one; we do.
  private func refuseTakenName(_ name: String, operation: String) throws {
    let taken = try reading { session in
      try ObjectClass.keyHalves.contains { half in
        try !session.findObjects(matching: [.init(.objectClass, half), .init(.label, name)], limit: 1).isEmpty
      }
    }
    if taken {
      throw TokenKeysError(
        .ruleRefused, rule: .nameTaken, operation: operation, message: "the token already holds a key with this name",
        hint: "choose another name, or look at it with: hsmkey key show \(name)")
    }
  }

  fileprivate func judge(
    _ privateKey: ObjectHandle, parts: KeyParts, asked: KeyAlgorithm? = nil, policy: KeyPolicy, in session: inout Session
  ) throws -> KeyVerdict {
    let values = try session.attributes(KeyPolicy.attributesToRead, of: privateKey)
    let sharing = try session.findObjects(
      matching: [.init(.objectClass, ObjectClass.privateKey), .init(.id, parts.identifier.bytes)], limit: 3)
    return try policy.judge(values, algorithm: asked ?? parts.algorithm, observedAlgorithm: parts.algorithm, keysWithSameID: sharing.count)
  }

  /// A signature over fresh random bytes, verified with the public half.
  private func provePair(_ parts: KeyParts, privateKey: ObjectHandle, operation: String, in session: inout Session) throws {
    let challenge = try session.generateRandom(count: 32)
    let scheme = try SignatureScheme(parts.algorithm.defaultSignatureAlgorithm, for: parts.algorithm, offered: mechanisms())
    let signature = try scheme.sign(challenge, key: privateKey, in: &session)
    guard parts.publicKey.isValidSignature(signature, for: challenge, signatureAlgorithm: scheme.algorithm) else {
      throw TokenKeysError(
        .ruleRefused, rule: .pair, operation: operation, message: "a signature by the new private key does not verify with its public key",
        hint: "the key has been destroyed; the token or its module is faulty")
    }
  }

  /// Destroys both halves (`C_DestroyObject`) and makes sure by a search that they are gone.
  private func destroy(
    _ handles: [ObjectHandle], identifier: KeyIdentifier, after cause: any Error, operation: String, in session: inout Session
  ) throws {
    // The session may be the thing that failed, so destroying gets one of its own.
    try writing { fresh in
      for handle in handles { try? fresh.destroyObject(handle) }
      for half in ObjectClass.keyHalves {
        let left = try fresh.findObjects(matching: [.init(.objectClass, half), .init(.id, identifier.bytes)], limit: 1)
        guard left.isEmpty else {
          throw TokenKeysError(
            .keyUnusable, operation: operation, message: "the key was refused (\(cause)) and could not be destroyed",
            hint: "remove the objects with CKA_ID \(identifier) from the token yourself", underlying: cause)
        }
      }
    }
  }
}

extension ObjectClass {
  /// The two objects that make a key pair.
  static let keyHalves: [ObjectClass] = [.privateKey, .publicKey]
}
