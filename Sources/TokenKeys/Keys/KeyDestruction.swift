import PKCS11
public import X509

/// The proof that a key is gone: its objects were destroyed (`C_DestroyObject`), and a search that would find them finds nothing. Only that
/// search makes one.
public struct KeyDestruction: Sendable, Hashable, CustomStringConvertible {
  /// `CKA_LABEL` of the key.
  public let name: String
  /// `CKA_ID` of the key, which nothing carries any more.
  public let identifier: KeyIdentifier
  /// How many objects of the key were destroyed: two for a whole pair.
  public let destroyedKeyObjects: Int
  /// The certificates of the key that were stored beside it and were destroyed with it.
  public let destroyedCertificates: [Certificate]

  init(name: String, identifier: KeyIdentifier, destroyedKeyObjects: Int, destroyedCertificates: [Certificate] = []) {
    self.name = name
    self.identifier = identifier
    self.destroyedKeyObjects = destroyedKeyObjects
    self.destroyedCertificates = destroyedCertificates
  }

  /// For people: `the key has been destroyed, and a search finds nothing of it`.
  public var description: String {
    destroyedKeyObjects == 0
      ? "no key was left, and a search finds nothing of it" : "the key has been destroyed, and a search finds nothing of it"
  }
}

extension TokenKeys {
  /// Destroys a key, both halves, and the certificates that are stored beside it. There is no way back.
  ///
  /// The private half goes first: where the token refuses that, nothing is lost.
  ///
  /// - Throws: ``TokenKeysError`` with ``KeyRule/destroyProved`` when a search still finds something; `PKCS11Error` from the token.
  public func destroy(_ key: TokenKey) async throws -> KeyDestruction {
    let parts = key.parts
    let operation = "destroy key \(key.name) on token \(token.label)"
    let certificates = try await certificates(of: key)
    return try await perform(isRepeatable: false) { connection in
      try connection.writing { session in
        try connection.checkLogin(in: &session)
        let found = try session.findObjects(
          matching: [.init(.objectClass, ObjectClass.privateKey), .init(.id, parts.identifier.bytes)], limit: 2)
        guard let privateKey = found.first, found.count == 1 else {
          throw TokenKeysError(
            found.isEmpty ? .keyNotFound : .keyAmbiguous, operation: operation,
            message: found.isEmpty ? "the token holds it no more" : "several private keys carry CKA_ID \(parts.identifier)",
            hint: "nothing was destroyed; list the keys with: hsmkey key list")
        }
        // What carries the identifier now must be what was meant.
        guard try TokenConnection.publicHalf(of: parts.identifier, label: parts.name, in: &session).0 == parts.publicKey else {
          throw TokenKeysError(
            .keyUnusable, operation: operation, message: "another key has its CKA_ID now", hint: "nothing was destroyed")
        }
        try session.destroyObject(privateKey)
        return try TokenConnection.destroyRest(of: parts, certificates, operation: operation, in: &session)
      }
    }
  }
}

extension TokenKeys {
  /// Destroys what a destruction that was cut off has left: the public half and the certificates with an identifier that no private key
  /// carries.
  ///
  /// - Returns: how many objects were destroyed.
  /// - Throws: ``TokenKeysError`` with ``TokenKeysError/Code/keyAmbiguous`` when a private key carries the identifier: nothing is destroyed
  ///   then.
  @discardableResult
  public func destroyRemains(of identifier: KeyIdentifier) async throws -> Int {
    let operation = "remove what is left of key \(identifier) on token \(token.label)"
    return try await perform(isRepeatable: false) { connection in
      try connection.writing { session in
        // Without a login private keys cannot be seen, and their public halves would look like remains.
        try connection.checkLogin(in: &session)
        func objects(_ kind: ObjectClass) throws -> [ObjectHandle] {
          try session.findObjects(matching: [.init(.objectClass, kind), .init(.id, identifier.bytes)], limit: 100)
        }
        guard try objects(.privateKey).isEmpty else {
          throw TokenKeysError(.keyAmbiguous, operation: operation, message: "a private key has this CKA_ID", hint: "nothing was destroyed")
        }
        let remains = try objects(.publicKey) + objects(.certificate)
        for handle in remains { try session.destroyObject(handle) }
        return remains.count
      }
    }
  }
}

extension TokenKeys {
  /// Destroys what a generation that was cut off has made so far: both halves, as far as they are there. For an identifier that was written
  /// down for that very generation, and that nobody else can have.
  ///
  /// - Returns: how many objects were destroyed.
  /// - Throws: ``TokenKeysError`` with ``TokenKeysError/Code/keyAmbiguous`` when a certificate carries the identifier: then the key is in
  ///   use, and nothing is destroyed; with ``KeyRule/destroyProved`` when a search still finds something.
  @discardableResult
  public func destroyUnfinished(_ identifier: KeyIdentifier) async throws -> Int {
    let operation = "remove the unfinished key \(identifier) on token \(token.label)"
    return try await perform(isRepeatable: false) { connection in
      try connection.writing { session in
        try connection.checkLogin(in: &session)
        let certificates = try session.findObjects(
          matching: [.init(.objectClass, ObjectClass.certificate), .init(.id, identifier.bytes)], limit: 1)
        guard certificates.isEmpty else {
          throw TokenKeysError(.keyAmbiguous, operation: operation, message: "a certificate has its CKA_ID", hint: "nothing was destroyed")
        }
        let halves = try KeyPairMaking.halves(of: identifier, in: &session)
        for handle in halves { try session.destroyObject(handle) }
        guard try KeyPairMaking.halves(of: identifier, in: &session).isEmpty else {
          throw TokenKeysError(
            .keyUnusable, rule: .destroyProved, operation: operation,
            message: "the token says that it destroyed the key, and shows it still")
        }
        return halves.count
      }
    }
  }
}

extension TokenConnection {
  /// Destroys what is left of a key without its private half, and proves that nothing is left.
  fileprivate static func destroyRest(
    of parts: KeyParts, _ certificates: [Certificate], operation: String, in session: inout Session
  ) throws -> KeyDestruction {
    var count = 1
    for handle in try session.findObjects(matching: [.init(.objectClass, ObjectClass.publicKey), .init(.id, parts.identifier.bytes)]) {
      try session.destroyObject(handle)
      count += 1
    }
    var destroyed: [Certificate] = []
    for certificate in certificates {
      let search = try certificate.objectSearch(parts.identifier)
      for handle in try session.findObjects(matching: search) { try session.destroyObject(handle) }
      guard try session.findObjects(matching: search, limit: 1).isEmpty else { throw stillThere("a certificate", operation) }
      destroyed.append(certificate)
    }
    guard try KeyPairMaking.halves(of: parts.identifier, in: &session).isEmpty else { throw stillThere("the key", operation) }
    return KeyDestruction(
      name: parts.name, identifier: parts.identifier, destroyedKeyObjects: count, destroyedCertificates: destroyed)
  }

  private static func stillThere(_ what: String, _ operation: String) -> TokenKeysError {
    TokenKeysError(
      .keyUnusable, rule: .destroyProved, operation: operation, message: "the token says that it destroyed \(what), and shows it still")
  }
}
