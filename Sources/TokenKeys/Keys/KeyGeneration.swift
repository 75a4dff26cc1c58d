import Crypto
import PKCS11
import X509

extension TokenKeys {
  /// Generates a key pair on the token (`C_GenerateKeyPair`), reads back what the token made of it, and destroys it if that does not meet
  /// the policy.
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
    try await generate(algorithm, named: name, policy: policy, dialect: token.dialect)
  }

  /// The same with a dialect that is told and not found out.
  func generate(_ algorithm: KeyAlgorithm, named name: String, policy: KeyPolicy, dialect: TokenDialect) async throws -> TokenKey {
    let operation = "generate key \(name) on token \(token.label)"
    guard (1...255).contains(name.utf8.count), !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw TokenKeysError(.keyUnusable, operation: operation, message: "a key's name has 1 to 255 bytes and no control characters")
    }
    let parts = try await perform(isRepeatable: false) { connection in
      try connection.generate(algorithm, named: name, policy: policy, dialect: dialect, operation: operation)
    }
    return TokenKey(parts, keys: self)
  }

  /// What the token says of a key, held against a policy.
  ///
  /// - Parameter algorithm: what the key should be; nil to take its public half's word for it.
  public func verdict(
    of key: TokenKey, algorithm: KeyAlgorithm? = nil, policy: KeyPolicy = .nonExportableSigning
  ) async throws -> KeyVerdict {
    let parts = key.parts
    return try await perform(isRepeatable: true) { connection in
      try connection.withPrivateKey(parts.identifier) { session, handle in
        try connection.judge(handle, parts: parts, asked: algorithm, policy: policy, in: &session)
      }
    }
  }

  /// Puts a key that is there already through every check that a generated one has to pass: policy, algorithm, and that its halves belong
  /// together. For a key whose generation was cut off before it could be checked. The key is left as it is.
  ///
  /// - Throws: ``TokenKeysError`` with the rule that refused.
  public func prove(_ key: TokenKey, is algorithm: KeyAlgorithm, policy: KeyPolicy = .nonExportableSigning) async throws {
    let operation = "check key \(key.name) on token \(token.label)"
    let parts = key.parts
    try await perform(isRepeatable: true) { connection in
      try connection.withPrivateKey(parts.identifier) { session, handle in
        try connection.prove(
          handle, parts: parts, asked: algorithm, policy: policy, operation: operation,
          hint: "destroy it if nobody needs it, or use another name", in: &session)
      }
    }
  }

  /// Whether a key, or one half of one, has this name (`CKA_LABEL`).
  public func isTaken(_ name: String) async throws -> Bool {
    try await perform(isRepeatable: true) { try !$0.halves(named: name, limit: 1).isEmpty }
  }
}

extension TokenConnection {
  fileprivate func generate(
    _ algorithm: KeyAlgorithm, named name: String, policy: KeyPolicy, dialect: TokenDialect, operation: String
  ) throws -> KeyParts {
    if let objection = try MechanismOffer(offered: mechanisms()).objection(to: algorithm.generation.type, for: .generateKeyPair, algorithm)
    {
      throw TokenKeysError(
        .mechanismMissing, operation: operation, message: objection, hint: "nothing was made; choose an algorithm that the token offers")
    }
    if case .moduleLattice = algorithm.kind {
      throw TokenKeysError(
        .algorithmUnsupported, operation: operation,
        message: "the token offers \(algorithm.generation.type), but X.509's public keys cannot hold a key of kind \(algorithm) yet",
        hint: "nothing was made; the binding itself (PKCS11.Session) makes and uses such keys")
    }
    // Labels are for people, so nothing on the token stops a second key from having one; we do.
    guard try halves(named: name, limit: 1).isEmpty else { throw nameTaken(name, operation: operation) }
    let identifier = KeyIdentifier(try reading { try $0.generateRandom(count: KeyIdentifier.length) })
    var making = KeyPairMaking(name: name, identifier: identifier, dialect: dialect)
    do {
      return try writing { session in
        let privateKey = try making.make(algorithm, operation: operation, in: &session)
        try making.settleIdentifier(in: &session)
        // Found by identifier, as it will be from now on, and not by the handle that we happen to have.
        let (publicKey, observedAlgorithm) = try Self.publicHalf(of: making.identifier, label: name, in: &session)
        let wantsPINEachTime = try session.attributes([.alwaysAuthenticate], of: privateKey).bool(.alwaysAuthenticate) ?? false
        let parts = KeyParts(
          name: name, identifier: making.identifier, algorithm: observedAlgorithm, publicKey: publicKey, wantsPINEachTime: wantsPINEachTime)
        try prove(
          privateKey, parts: parts, asked: algorithm, policy: policy, operation: operation, hint: "the key has been destroyed", in: &session
        )
        // Somebody else may have taken the name since we looked.
        guard try KeyPairMaking.halves(named: name, in: &session).count == 2 else { throw nameTaken(name, operation: operation) }
        return parts
      }
    } catch {
      // Where the token was never asked, there is nothing to remove.
      if making.isBegun { try remove(making, after: error, operation: operation) }
      throw error
    }
  }

  private func nameTaken(_ name: String, operation: String) -> TokenKeysError {
    TokenKeysError(
      .ruleRefused, rule: .nameTaken, operation: operation, message: "the token already holds a key with this name",
      hint: "choose another name, or look at it with: hsmkey key show \(name)")
  }

  /// Private and public keys with a label.
  fileprivate func halves(named name: String, limit: Int) throws -> [ObjectHandle] {
    try reading { try KeyPairMaking.halves(named: name, limit: limit, in: &$0) }
  }

  fileprivate func judge(
    _ privateKey: ObjectHandle, parts: KeyParts, asked: KeyAlgorithm?, policy: KeyPolicy, in session: inout Session
  ) throws -> KeyVerdict {
    let values = try session.attributes(KeyPolicy.attributesToRead, of: privateKey)
    let sharing = try session.findObjects(
      matching: [.init(.objectClass, ObjectClass.privateKey), .init(.id, parts.identifier.bytes)], limit: 3)
    return try policy.judge(values, algorithm: asked ?? parts.algorithm, observedAlgorithm: parts.algorithm, keysWithSameID: sharing.count)
  }

  /// The policy, rule by rule, and then a signature over fresh random bytes, verified with the public half.
  fileprivate func prove(
    _ privateKey: ObjectHandle, parts: KeyParts, asked: KeyAlgorithm, policy: KeyPolicy, operation: String, hint: String,
    in session: inout Session
  ) throws {
    let verdict = try judge(privateKey, parts: parts, asked: asked, policy: policy, in: &session)
    guard verdict.isMet else {
      let rule = verdict.objections[0].rule
      let reasons = token.dialect.explanations.filter { $0.contains(rule.rawValue) }.map {
        "; of \(token.dialect) tokens it is known that \($0)"
      }
      throw TokenKeysError(
        .ruleRefused, rule: rule, operation: operation,
        message: "the key does not meet the policy \(policy.name): \(verdict.summary)", hint: hint + reasons.joined())
    }
    let challenge = try session.generateRandom(count: 32)
    let scheme = try SignatureScheme(parts.algorithm.signatureAlgorithms[0], for: parts.algorithm, offered: mechanisms())
    let authentication = parts.wantsPINEachTime ? login : nil
    let signature = try scheme.sign(challenge, key: privateKey, authentication: authentication, in: &session)
    guard KeySignature(verifying: signature, of: challenge, by: parts.publicKey, algorithm: scheme.algorithm) != nil else {
      throw TokenKeysError(
        .ruleRefused, rule: .pair, operation: operation, message: "a signature by the private key does not verify with its public key",
        hint: hint)
    }
  }

  /// Destroys all that a generation has left.
  private func remove(_ making: KeyPairMaking, after cause: any Error, operation: String) throws {
    // The session may be the thing that failed, so destroying gets one of its own.
    let trouble: String?
    do {
      trouble = try undoing { session in
        // Without the login a private key is not seen, which must not pass for its being gone.
        try checkLogin(in: &session)
        return making.remove(in: &session)
      }
    } catch { trouble = "\(error)" }
    guard let trouble else { return }
    throw TokenKeysError(
      .keyUnusable, operation: operation, message: "the key was refused (\(cause)) and may still be on the token: \(trouble)",
      hint: "remove the objects with the label \(making.name) and CKA_ID \(making.identifier) from the token yourself", underlying: cause)
  }
}
