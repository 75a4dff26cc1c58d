import Foundation
import KeyEvidence
import PKCS11
import SwiftASN1
import TokenKeys
import X509

extension CeremonyRun {
  /// `generate-key`
  ///
  /// The identifier is written down before the token is asked, so that a key that was made just before an interruption is known for ours.
  func generateKey(_ planned: PlanKey, _ algorithm: KeyAlgorithm, _ policy: KeyPolicy, _ frame: StepFrame) async throws -> StepOutcome {
    let keys = try await keys(on: planned.token, frame.operation)
    var key: TokenKey?
    for text in frame.earlierTexts("cka-id") {
      guard let identifier = KeyIdentifier(hexadecimal: text) else { continue }
      key = try await keyMadeBefore(identifier, planned.name, algorithm, policy, keys, frame) ?? key
    }
    let made: TokenKey
    if let key {
      try begin(frame, intending: ["cka-id": .string(key.identifier.hexadecimal)])
      try record.noted(
        step: frame.step.id, "the key had been made before the interruption; it has passed every check now, and no other is made")
      made = key
    } else {
      let identifier = KeyIdentifier((0..<KeyIdentifier.length).map { _ in UInt8.random(in: .min ... .max) })
      if frame.attempt == 1, try await keys.isTaken(planned.name) {
        throw TokenKeysError(
          .ruleRefused, rule: .nameTaken, operation: frame.operation, message: "the token already holds a key named \(planned.name)",
          hint: "nothing was made; the plan and the token do not belong together")
      }
      try begin(frame, intending: ["cka-id": .string(identifier.hexadecimal)])
      made = try await keys.generate(algorithm, named: planned.name, policy: policy, identifier: identifier)
    }
    let fingerprint = try made.publicKey.fingerprint
    return StepOutcome(
      result: [
        "key": .string(made.name), "cka-id": .string(made.identifier.hexadecimal), "public-key-sha256": .string(fingerprint),
        "algorithm": .string(algorithm.rawValue), "policy": .string(policy.name),
      ],
      comparable: ["key": .string(made.name), "algorithm": .string(algorithm.rawValue), "policy": .string(policy.name)],
      lines: [
        "\(algorithm) key \(made.name), CKA_ID \(made.identifier)", "policy \(policy.name): met, every probe refused",
        "SHA-256 of its public key:",
      ],
      digest: [UInt8](hexadecimal: fingerprint))
  }

  /// The key that an attempt that was cut off has made, if it is whole and what it should be. What is not is removed: nobody has used it.
  private func keyMadeBefore(
    _ identifier: KeyIdentifier, _ name: String, _ algorithm: KeyAlgorithm, _ policy: KeyPolicy, _ keys: TokenKeys, _ frame: StepFrame
  ) async throws -> TokenKey? {
    let trouble: TokenKeysError
    do {
      let key = try await keys.key(identifier: identifier)
      guard key.name == name else { return nil }
      try await keys.prove(key, is: algorithm, policy: policy)
      return key
    } catch let error as TokenKeysError where [.keyNotFound, .keyUnusable, .ruleRefused].contains(error.code) {
      trouble = error
    }
    let count = try await keys.destroyUnfinished(identifier)
    if count > 0 {
      try record.noted(
        step: nil,
        "step \(frame.step.id): the key \(identifier) that was being made at the interruption is not whole, and destroyed: "
          + trouble.message
      )
    }
    return nil
  }

  /// `prove-key`
  func proveKey(_ choice: StepAction.KeyChoice, _ output: String, _ frame: StepFrame) async throws -> StepOutcome {
    try begin(frame)
    let key = try await key(choice, frame)
    let keys = try await keys(on: choice.token, frame.operation)
    let policy = plan.policy(of: choice)
    let request = KeyProofRequest(policy: policy, challenge: "ceremony \(plan.name), run \(record.run)", tool: surroundings.tool)
    let proof = try await keys.proof(of: key, request)
    guard proof.policy.isMet else {
      let objections = proof.objections.map { "\($0.rule) \($0.outcome)" }.joined(separator: ", ")
      throw TokenKeysError(
        .ruleRefused, operation: frame.operation, message: "the key \(key.name) does not meet the policy \(policy.name): \(objections)",
        hint: "no bundle was written")
    }
    var statement = StatementDraft(format: KeyProof.format, content: proof.content)
    try await key.sign(&statement, role: "key")
    let bundle = statement.encoded()
    // Nobody gets a bundle that could not be checked.
    _ = try VerifiedKeyProof.verify(bundle, at: proof.madeAt)
    return StepOutcome(
      result: ["key": .string(key.name), "public-key-sha256": .string(proof.key.publicKeySHA256), "policy": .string(policy.name)],
      comparable: [
        "policy": .string(policy.name), "algorithm": .string(key.algorithm.rawValue),
        "rules": .array(proof.rules.map { .string($0.rule) }), "probes": .array(proof.probes.map { .string($0.probe) }),
      ],
      files: [(output, bundle)],
      lines: [
        "policy \(policy.name): met; \(proof.rules.count) rules, \(proof.probes.count) probes", "check it with: hsmkey key verify-proof",
      ])
  }

  /// A key of the plan, by its name or as the one that a certificate has in use.
  private func key(_ choice: StepAction.KeyChoice, _ frame: StepFrame) async throws -> TokenKey {
    switch choice {
    case .key(let key): return try await self.key(key, frame.operation)
    case .certificate(_, let name):
      let keys = try await keys(on: choice.token, frame.operation)
      guard let issued = try await certificateDesk(frame).inUse(name, keys: keys) else {
        throw frame.refusal(.planSense, "no certificate \(name) is in use")
      }
      return try await keys.key(identifier: issued.keyIdentifier)
    }
  }

  /// `make-request`
  func makeRequest(_ planned: PlanKey, _ subject: String, _ output: String, _ frame: StepFrame) async throws -> StepOutcome {
    try begin(frame)
    let key = try await key(planned, frame.operation)
    let request = try await CertificateSigningRequest(for: key, subject: try surroundings.subject(subject))
    let pem = try request.serializeAsPEM()
    return StepOutcome(
      result: ["key": .string(key.name), "public-key-sha256": .string(try key.publicKey.fingerprint), "subject": .string(subject)],
      comparable: ["request-without-key": .string(try request.digestWithoutKey())], files: [(output, Array("\(pem.pemString)\n".utf8))],
      lines: ["PKCS#10 request of key \(key.name) for \(subject)"])
  }

  /// `sign-file`
  func signFile(_ planned: PlanKey, _ input: String, _ hash: String, _ output: String, _ frame: StepFrame) async throws -> StepOutcome {
    try begin(frame)
    let message = try await read(input, frame)
    let key = try await key(planned, frame.operation)
    guard let algorithm = key.algorithm.signatureAlgorithms.first(where: { $0.hashName == hash && !$0.usesPSS }) else {
      throw frame.refusal(
        .planSense, "a \(key.algorithm) key does not sign with \(hash)",
        hint: "such a key signs with \(key.algorithm.signatureAlgorithms.map(\.rawValue).joined(separator: ", "))")
    }
    let signature = try await key.sign(message, algorithm: algorithm).encodedRepresentation
    return StepOutcome(
      result: [
        "key": .string(key.name), "public-key-sha256": .string(try key.publicKey.fingerprint), "algorithm": .string(algorithm.rawValue),
      ],
      comparable: ["algorithm": .string(algorithm.rawValue)], files: [(output, signature)],
      lines: ["signed \(input) (\(message.count) octets) with key \(key.name), \(algorithm)"])
  }

  /// `destroy-key`
  func destroyKey(_ planned: PlanKey, _ evenIfCertified: Bool, _ frame: StepFrame) async throws -> StepOutcome {
    let keys = try await keys(on: planned.token, frame.operation)
    let known = frame.earlierTexts("cka-id").last.flatMap(KeyIdentifier.init(hexadecimal:))
    var fingerprint = ""
    var destroyed = 0
    do {
      let key = if let known { try await keys.key(identifier: known) } else { try await self.key(planned, frame.operation) }
      fingerprint = try key.publicKey.fingerprint
      let valid = try await keys.certificates(of: key).first { $0.notValidAfter > Date() }
      if let valid, !evenIfCertified {
        throw frame.refusal(
          .planSense, "the certificate of the key \(key.name) is valid until \(valid.notValidAfter.ISO8601Format())",
          hint: "nothing was destroyed; if it is not needed any more, the plan says so with even-if-certified: true")
      }
      try begin(
        frame, intending: ["cka-id": .string(key.identifier.hexadecimal), "public-key-sha256": .string(fingerprint)])
      destroyed = try await keys.destroy(key).destroyedKeyObjects
    } catch let error as TokenKeysError where error.code == .keyNotFound && known != nil {
      fingerprint = frame.earlierTexts("public-key-sha256").last ?? ""
      try begin(frame, intending: frame.earlier[frame.earlier.count - 1])
      if let known { destroyed = try await keys.destroyRemains(of: known) }
      try record.noted(step: frame.step.id, "the private key was gone already: the attempt before the interruption has destroyed it")
    }
    return StepOutcome(
      result: [
        "key": .string(planned.name), "public-key-sha256": .string(fingerprint), "objects-destroyed": .integer(destroyed),
        "objects-left": 0,
      ],
      comparable: ["key": .string(planned.name)],
      lines: ["the key \(planned.name) is destroyed; a search finds nothing of it", "SHA-256 of its public key was:"],
      digest: [UInt8](hexadecimal: fingerprint))
  }

  /// `verify-copy`
  func verifyCopy(_ planned: PlanKey, _ second: String, _ frame: StepFrame) async throws -> StepOutcome {
    try begin(frame)
    if let stage {
      let original = try await presentToken(planned.token, frame.operation)
      let pins = try await (userPIN(on: planned.token, frame.operation), userPIN(on: second, frame.operation))
      // The copy is seen only by those who come to the module after it was made.
      try await reload(try siteToken(planned.token))
      try await stage.replicate(serial: original.serialNumber, pin: pins.0, as: second, pin: pins.1)
      if let serial = try await stage.serial(of: second) { serials[second] = serial }
    }
    let first = try await keys(on: planned.token, frame.operation)
    let key = try await key(planned, frame.operation)
    let other = try await keys(on: second, frame.operation)
    guard other.token.serialNumber != first.token.serialNumber else {
      throw frame.refusal(
        .copy, "both tokens have the serial number \(first.token.serialNumber): this is the same token twice",
        hint: "insert the second token")
    }
    let policy = plan.policy(of: .key(planned))
    do {
      let copy = try await other.key(matching: key.publicKey)
      try await other.prove(copy, is: key.algorithm, policy: policy)
    } catch let error as TokenKeysError where error.code == .keyNotFound || error.code == .ruleRefused {
      throw CeremonyError(
        .copy, operation: frame.operation,
        message:
          """
          the token \(second) (serial number \(other.token.serialNumber)) does not hold the same key under the same policy: \
          \(error.message)
          """,
        hint: "copy the key again with the vendor's tool, and go on by the same command", underlying: error)
    }
    let fingerprint = try key.publicKey.fingerprint
    return StepOutcome(
      result: [
        "key": .string(key.name), "public-key-sha256": .string(fingerprint), "serial": .string(first.token.serialNumber),
        "serial-of-copy": .string(other.token.serialNumber), "policy": .string(policy.name),
      ],
      comparable: ["key": .string(key.name), "policy": .string(policy.name)],
      lines: [
        "the same key, under the policy \(policy.name), on \(first.token.serialNumber) and \(other.token.serialNumber)",
        "SHA-256 of its public key:",
      ], digest: [UInt8](hexadecimal: fingerprint))
  }
}

extension CeremonyPlan {
  /// The policy that a key was made under, as the plan tells.
  func policy(of choice: StepAction.KeyChoice) -> KeyPolicy {
    guard case .key(let wanted) = choice else { return .nonExportableSigning }
    for step in steps {
      if case .generateKey(let key, _, let policy) = step.action, key == wanted { return policy }
    }
    return before.keys.first { $0.key == wanted }?.policy ?? .nonExportableSigning
  }
}
