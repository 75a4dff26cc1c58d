import Crypto
import PKCS11
import X509

extension TokenKeys {
  /// Generates a key pair on the token (`C_GenerateKeyPair`), reads back what the token made of it, tries what it must refuse, and destroys
  /// it if it does not meet the policy. That it is gone then is proved by a search.
  ///
  /// Takes from milliseconds (P-256) to minutes (RSA-4096 on small devices).
  ///
  /// - Parameters:
  ///   - algorithm: kind and size.
  ///   - name: becomes `CKA_LABEL` of both halves; 1 to 255 bytes of UTF-8. A name that is taken is refused.
  ///   - policy: what the key must be.
  ///   - probes: what to try on the key before anybody gets it.
  ///   - identifier: becomes `CKA_ID`, where the caller has written it down before; nil for one from the token's random numbers. A token
  ///     that chooses by itself gives another one.
  /// - Returns: the key, which met the policy.
  /// - Throws: ``TokenKeysError`` with the rule that refused; `PKCS11Error` from the token.
  public func generate(
    _ algorithm: KeyAlgorithm, named name: String, policy: KeyPolicy = .nonExportableSigning, probes: Set<KeyProbe> = .all,
    identifier: KeyIdentifier? = nil
  ) async throws -> TokenKey {
    try await generateExamined(algorithm, named: name, policy: policy, probes: probes, identifier: identifier).key
  }

  /// As ``generate(_:named:policy:probes:identifier:)``, with the examination that the key has passed.
  ///
  /// - Parameter willProbe: is told of each probe before it is made, on the token's own thread.
  public func generateExamined(
    _ algorithm: KeyAlgorithm, named name: String, policy: KeyPolicy = .nonExportableSigning, probes: Set<KeyProbe> = .all,
    identifier: KeyIdentifier? = nil, willProbe: @escaping @Sendable (KeyProbe) -> Void = { _ in }
  ) async throws -> (key: TokenKey, examination: KeyExamination) {
    try await generate(
      KeyWish(
        algorithm: algorithm, name: name, policy: policy, probes: probes, identifier: identifier, dialect: token.dialect,
        willProbe: willProbe))
  }

  /// The same with a dialect that is told and not found out.
  func generate(
    _ algorithm: KeyAlgorithm, named name: String, policy: KeyPolicy, probes: Set<KeyProbe> = .all, dialect: TokenDialect
  ) async throws -> TokenKey {
    try await generate(KeyWish(algorithm: algorithm, name: name, policy: policy, probes: probes, dialect: dialect) { _ in }).key
  }

  private func generate(_ wish: KeyWish) async throws -> (key: TokenKey, examination: KeyExamination) {
    let operation = "generate key \(wish.name) on token \(token.label)"
    let name = wish.name
    guard (1...255).contains(name.utf8.count), !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw TokenKeysError(.keyUnusable, operation: operation, message: "a key's name has 1 to 255 bytes and no control characters")
    }
    let (parts, examination) = try await perform(isRepeatable: false) { try $0.generate(wish, operation: operation) }
    return (TokenKey(parts, keys: self), examination)
  }

  /// What the token says of a key, held against a policy. Nothing is tried: see ``examine(_:is:policy:probes:willProbe:)``.
  ///
  /// - Parameter algorithm: what the key should be; nil to take its public half's word for it.
  public func verdict(
    of key: TokenKey, algorithm: KeyAlgorithm? = nil, policy: KeyPolicy = .nonExportableSigning
  ) async throws -> KeyVerdict {
    let parts = key.parts
    return try await perform(isRepeatable: true) { try $0.examine(parts, asked: algorithm, policy: policy, probes: []).verdict }
  }

  /// Puts a key that is there already through every check that a generated one has to pass: policy, probes, algorithm, and that its halves
  /// belong together. For a key whose generation was cut off before it could be checked. The key is left as it is.
  ///
  /// - Returns: the examination that the key has passed.
  /// - Throws: ``TokenKeysError`` with the rule that refused.
  @discardableResult
  public func prove(
    _ key: TokenKey, is algorithm: KeyAlgorithm, policy: KeyPolicy = .nonExportableSigning, probes: Set<KeyProbe> = .all
  ) async throws -> KeyExamination {
    let operation = "check key \(key.name) on token \(token.label)"
    let parts = key.parts
    let examination = try await perform(isRepeatable: false) { connection in
      try connection.prove(
        parts, asked: algorithm, policy: policy, probes: probes, operation: operation,
        hint: "destroy it if nobody needs it, or use another name")
    }
    return examination
  }

  /// Whether a key, or one half of one, has this name (`CKA_LABEL`).
  public func isTaken(_ name: String) async throws -> Bool {
    try await perform(isRepeatable: true) { try !$0.halves(named: name).isEmpty }
  }
}

/// What somebody wants a new key to be.
private struct KeyWish: Sendable {
  let algorithm: KeyAlgorithm
  let name: String
  let policy: KeyPolicy
  let probes: Set<KeyProbe>
  var identifier: KeyIdentifier?
  let dialect: TokenDialect
  let willProbe: @Sendable (KeyProbe) -> Void
}

extension TokenConnection {
  fileprivate func generate(_ wish: KeyWish, operation: String) throws -> (KeyParts, KeyExamination) {
    let (algorithm, name) = (wish.algorithm, wish.name)
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
    guard try halves(named: name).isEmpty else { throw nameTaken(name, operation: operation) }
    let identifier = try wish.identifier ?? KeyIdentifier(reading { try $0.generateRandom(count: KeyIdentifier.length) })
    if wish.identifier != nil, try reading({ try !KeyPairMaking.halves(of: identifier, in: &$0).isEmpty }) {
      throw TokenKeysError(
        .keyAmbiguous, operation: operation, message: "the token holds a key with CKA_ID \(identifier) already",
        hint: "nothing was made")
    }
    var making = KeyPairMaking(
      name: name, identifier: identifier, dialect: wish.dialect,
      wishes: wish.policy.templateChanges(algorithm, offered: try mechanisms()))
    // The token was told to keep the key for good, and may do so.
    var isPermanent = false
    do {
      let parts = try writing { session in
        making.loginEpoch = loginEpoch
        let privateKey = try making.make(algorithm, operation: operation, in: &session)
        try making.settleIdentifier(in: &session)
        // Found by identifier, as it will be from now on, and not by the handle that we happen to have.
        let halves = try halves(withIdentifier: making.identifier, in: &session)
        let (publicKey, observedAlgorithm) = try Self.publicHalf(
          of: making.identifier, label: name, known: halves.publicKeys[making.identifier] ?? [], in: &session)
        let wantsPINEachTime = try session.attributes([.alwaysAuthenticate], of: privateKey).bool(.alwaysAuthenticate) ?? false
        return KeyParts(
          name: name, identifier: making.identifier, algorithm: observedAlgorithm, publicKey: publicKey, wantsPINEachTime: wantsPINEachTime)
      }
      var examination = try prove(
        parts, asked: algorithm, policy: wish.policy.beforeFinalAttributes, probes: wish.probes, operation: operation, hint: "",
        willProbe: wish.willProbe)
      // Before the key is made to stay for good: nothing but what the token made of that can go wrong any more then.
      try checkName(name, operation: operation)
      if !wish.policy.finalAttributes.isEmpty {
        examination = try finish(parts, examination, wish, isPermanent: &isPermanent, operation: operation)
      }
      return (parts, examination)
    } catch {
      // Where the token was never asked, there is nothing to remove.
      guard making.isBegun else { throw error }
      let destruction = try remove(making, isPermanent: isPermanent, after: error, operation: operation)
      throw (error as? TokenKeysError)?.adding(hint: destruction.description) ?? error
    }
  }

  /// That nobody else has taken the name since we looked.
  private func checkName(_ name: String, operation: String) throws {
    var count = try halves(named: name).count
    if count < 2 {
      // A login that was dropped hides the private half, which must not pass for somebody else's doing.
      try checkLogin()
      count = try halves(named: name).count
    }
    guard count >= 2 else {
      throw TokenKeysError(
        .keyNotFound, operation: operation, message: "the key was made and examined, and then it was not there any more",
        hint: "somebody else may have destroyed it; look who else uses the token")
    }
    guard count == 2 else { throw nameTaken(name, operation: operation) }
  }

  /// Asks the token to keep the key for good, once it has passed everything else.
  private func finish(
    _ parts: KeyParts, _ passed: KeyExamination, _ wish: KeyWish, isPermanent: inout Bool, operation: String
  ) throws -> KeyExamination {
    let identifier = parts.identifier
    do {
      try writing { session in
        let key = try only(identifier, in: &session)
        isPermanent = true
        try session.setAttributes(wish.policy.finalAttributes, of: key)
      }
    } catch let error as PKCS11Error where error.recovery == .permanent {
      isPermanent = false
      let answer = error.returnValue.map { "\($0)" } ?? error.message
      throw TokenKeysError(
        .ruleRefused, rule: .notDestroyable, operation: operation,
        message:
          "the token does not let a key be made undestroyable after it was examined (\(answer)), "
          + "and one that was not examined is not made",
        hint: "use the policy \(KeyPolicy.nonExportableSigningFixed.name)", underlying: error)
    }
    let (values, sharing) = try writing { session in
      let key = try only(identifier, in: &session)
      return (try session.attributes(KeyPolicy.attributesToRead, of: key), 1)
    }
    let verdict = try wish.policy.judge(
      values, algorithm: wish.algorithm, observedAlgorithm: parts.algorithm, keysWithSameID: sharing, probes: passed.probes)
    guard verdict.isMet else { throw refusal(verdict, operation: operation, hint: "") }
    return KeyExamination(verdict: verdict, probes: passed.probes)
  }

  private func only(_ identifier: KeyIdentifier, in session: inout Session) throws -> ObjectHandle {
    let found = try session.findObjects(matching: [.init(.objectClass, ObjectClass.privateKey), .init(.id, identifier.bytes)], limit: 2)
    guard let only = found.first, found.count == 1 else {
      throw TokenKeysError(
        found.isEmpty ? .keyNotFound : .keyAmbiguous, operation: "find the private key \(identifier)",
        message: "\(found.count) private keys have this CKA_ID")
    }
    return only
  }

  private func nameTaken(_ name: String, operation: String) -> TokenKeysError {
    TokenKeysError(
      .ruleRefused, rule: .nameTaken, operation: operation, message: "the token already holds a key with this name",
      hint: "choose another name, or look at it with: hsmkey key show \(name)")
  }

  /// Private and public keys with a label.
  fileprivate func halves(named name: String) throws -> [ObjectHandle] {
    try reading { try KeyPairMaking.halves(named: name, in: &$0) }
  }

  /// The policy, rule by rule, with probes, and then a signature over fresh random bytes, verified with the public half.
  fileprivate func prove(
    _ parts: KeyParts, asked: KeyAlgorithm, policy: KeyPolicy, probes: Set<KeyProbe>, operation: String, hint: String,
    willProbe: @escaping (KeyProbe) -> Void = { _ in }
  ) throws -> KeyExamination {
    let examination = try examine(parts, asked: asked, policy: policy, probes: probes, willProbe: willProbe)
    guard examination.isMet else { throw refusal(examination.verdict, operation: operation, hint: hint) }
    let scheme = try SignatureScheme(parts.algorithm.signatureAlgorithms[0], for: parts.algorithm, offered: mechanisms())
    let authentication = parts.wantsPINEachTime ? login : nil
    let isPair = try withPrivateKey(parts.identifier) { session, privateKey in
      let challenge = try session.generateRandom(count: 32)
      let signature = try scheme.sign(challenge, key: privateKey, authentication: authentication, in: &session)
      return KeySignature(verifying: signature, of: challenge, by: parts.publicKey, algorithm: scheme.algorithm) != nil
    }
    guard isPair else {
      throw TokenKeysError(
        .ruleRefused, rule: .pair, operation: operation, message: "a signature by the private key does not verify with its public key",
        hint: hint.isEmpty ? nil : hint)
    }
    return examination
  }

  /// The error for a key that does not meet its policy.
  private func refusal(_ verdict: KeyVerdict, operation: String, hint: String) -> TokenKeysError {
    let rule = verdict.objections[0].rule
    let reasons = token.dialect.explanations.filter { $0.contains(rule.rawValue) }.map {
      "of \(token.dialect) tokens it is known that \($0)"
    }
    let hints = [hint].filter { !$0.isEmpty } + reasons
    return TokenKeysError(
      .ruleRefused, rule: rule, operation: operation,
      message: "the key does not meet the policy \(verdict.policy): \(verdict.summary)",
      hint: hints.isEmpty ? nil : hints.joined(separator: "; "))
  }

  /// Destroys all that a generation has left, and proves it.
  private func remove(
    _ making: KeyPairMaking, isPermanent: Bool, after cause: any Error, operation: String
  ) throws -> KeyDestruction {
    do {
      // The session may be the thing that failed, so destroying gets one of its own.
      return try undoing { session in
        // Without the login a private key is not seen, which must not pass for its being gone.
        try checkLogin(in: &session)
        return try making.remove(in: &session, loginEpoch: loginEpoch)
      }
    } catch {
      let trouble = (error as? TokenKeysError)?.message ?? "\(error)"
      guard !isPermanent else {
        throw TokenKeysError(
          .keyUnusable, rule: (cause as? TokenKeysError)?.rule, operation: operation,
          message: "the key was made permanent and then refused (\(cause)), and stays on the token: \(trouble)",
          hint: "do not use the key \(making.name) with CKA_ID \(making.identifier); it may go only with the whole token", underlying: cause
        )
      }
      throw TokenKeysError(
        .keyUnusable, rule: (cause as? TokenKeysError)?.rule, operation: operation,
        message: "the key was refused (\(cause)) and may still be on the token: \(trouble)",
        hint: "remove the objects with the label \(making.name) and CKA_ID \(making.identifier) from the token yourself", underlying: cause)
    }
  }
}

extension TokenKeysError {
  /// The same error with another sentence in front of its hint.
  fileprivate func adding(hint more: String) -> TokenKeysError {
    TokenKeysError(
      code, rule: rule, operation: operation, message: message, hint: [more, hint].compactMap(\.self).joined(separator: "; "),
      underlying: underlying)
  }
}
