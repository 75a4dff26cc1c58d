import PKCS11

/// All that is known of whether a key can leave its token: what the token says of it, held against a policy, and what the token did when
/// it was asked to give the key away.
public struct KeyExamination: Sendable, Hashable {
  /// Rule by rule: outcome, grade, and what was observed.
  public let verdict: KeyVerdict
  /// Every probe that was made, in the order in which they were made.
  public let probes: [ProbeResult]

  /// Whether the key may be used under the policy.
  public var isMet: Bool { verdict.isMet }
}

extension TokenKeys {
  /// Reads what the token says of a key, tries what the key must refuse, and holds both against a policy. The key is left as it is.
  ///
  /// Safe on a token in use: see ``KeyProbe``. Work that was cut short is not done again by itself.
  ///
  /// - Parameters:
  ///   - algorithm: what the key should be; nil to take its public half's word for it.
  ///   - policy: what the key must be.
  ///   - probes: what to try; none for the token's word alone.
  ///   - willProbe: is told of each probe before it is made, on the token's own thread. See ``KeyProbe/action``.
  /// - Throws: ``TokenKeysError`` or `PKCS11Error` when the examination could not be made. A key that does not meet the policy is no error.
  public func examine(
    _ key: TokenKey, is algorithm: KeyAlgorithm? = nil, policy: KeyPolicy = .nonExportableSigning, probes: Set<KeyProbe> = .all,
    willProbe: @escaping @Sendable (KeyProbe) -> Void = { _ in }
  ) async throws -> KeyExamination {
    let parts = key.parts
    return try await perform(isRepeatable: false) { connection in
      try connection.examine(parts, asked: algorithm, policy: policy, probes: probes, willProbe: willProbe)
    }
  }
}

extension TokenConnection {
  /// What the token says of a key and what it did, held against a policy.
  func examine(
    _ parts: KeyParts, asked: KeyAlgorithm?, policy: KeyPolicy, probes: Set<KeyProbe>, willProbe: @escaping (KeyProbe) -> Void = { _ in }
  ) throws -> KeyExamination {
    let (key, values, sharing) = try withPrivateKey(parts.identifier) { session, key in
      let values = try session.attributes(KeyPolicy.attributesToRead, of: key)
      let sharing = try session.findObjects(
        matching: [.init(.objectClass, ObjectClass.privateKey), .init(.id, parts.identifier.bytes)], limit: 3)
      return (key, values, sharing.count)
    }
    let results = probes.isEmpty ? [] : try KeyProber(parts, key, self).run(probes, willProbe: willProbe)
    let verdict = try policy.judge(
      values, algorithm: asked ?? parts.algorithm, observedAlgorithm: parts.algorithm, keysWithSameID: sharing, probes: results)
    return KeyExamination(verdict: verdict, probes: results)
  }
}
