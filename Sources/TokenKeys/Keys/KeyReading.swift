import PKCS11
import X509

/// What is known of a usable key pair on a token.
struct KeyParts: Sendable, Hashable {
  let name: String
  let identifier: KeyIdentifier
  let algorithm: KeyAlgorithm
  let publicKey: Certificate.PublicKey
  /// Whether the token wants the PIN again for each signature (`CKA_ALWAYS_AUTHENTICATE`). One that does not know the attribute does not.
  let wantsPINEachTime: Bool
}

/// One private key as found on the token; `parts` tells why it cannot be used, if it cannot.
struct FoundKey: Sendable {
  let label: String
  let identifier: KeyIdentifier
  let parts: Result<KeyParts, any Error>
}

extension TokenConnection {
  /// Private keys with these attributes, each with its public half; all of them when there are none.
  ///
  /// Tokens search by going through all of their objects, so searches are what costs: two find all keys, however many there are.
  func readKeys(matching attributes: [Attribute]) throws -> [FoundKey] {
    try readKeys { session in
      let searches = attributes.isEmpty ? ObjectClass.keyHalves.map { [Attribute(.objectClass, $0)] } : [attributes]
      return try Self.halves(searches, in: &session)
    }
  }

  /// The one private key with an identifier, with its public half.
  func readKeys(identifier: KeyIdentifier) throws -> [FoundKey] {
    try readKeys { session in try halves(withIdentifier: identifier, in: &session) }
  }

  /// Everything that carries an identifier, by one search. The number of the private key among them is remembered, if it is the only one.
  func halves(withIdentifier identifier: KeyIdentifier, in session: inout Session) throws -> Halves {
    let halves = try Self.halves([[Attribute(.id, identifier.bytes)]], in: &session)
    if let only = halves.privateKeys.first, halves.privateKeys.count == 1 { remember(only.handle, of: identifier) }
    return halves
  }

  /// Private keys with this name, each with its public half.
  ///
  /// The name leads to the identifier, and only that to the halves: a label is for people, and whoever else has it says nothing.
  func readKeys(named name: String) throws -> [FoundKey] {
    try readKeys { session in
      let named = try session.findObjects(matching: [.init(.objectClass, ObjectClass.privateKey), .init(.label, name)])
      var halves = Halves()
      var searched: Set<KeyIdentifier> = []
      for handle in named {
        let identifier = KeyIdentifier(try session.attributes([.id], of: handle).bytes(.id) ?? [])
        guard !identifier.bytes.isEmpty else {
          halves.privateKeys.append(try Self.privateHalf(handle, identifier, in: &session))
          continue
        }
        guard searched.insert(identifier).inserted else { continue }
        let both = try self.halves(withIdentifier: identifier, in: &session)
        halves.privateKeys += both.privateKeys.filter { $0.label == name }
        halves.publicKeys[identifier] = both.publicKeys[identifier]
      }
      return halves
    }
  }

  private func readKeys(_ search: (inout Session) throws -> Halves) throws -> [FoundKey] {
    let found = try readKeysOnce(search)
    guard found.isEmpty else { return found }
    try checkLogin()
    // The login is there, and perhaps only since the search: another session may have brought it back.
    return try readKeysOnce(search)
  }

  private func readKeysOnce(_ search: (inout Session) throws -> Halves) throws -> [FoundKey] {
    try reading { session in
      let halves = try search(&session)
      return try halves.privateKeys.map { privateKey in
        let parts = Result {
          let (publicKey, algorithm) = try Self.publicHalf(
            of: privateKey.identifier, label: privateKey.label, known: halves.publicKeys[privateKey.identifier] ?? [], in: &session)
          return KeyParts(
            name: privateKey.label, identifier: privateKey.identifier, algorithm: algorithm, publicKey: publicKey,
            wantsPINEachTime: privateKey.wantsPINEachTime)
        }
        // What the module answers is about the token most of the time, and no reason to take the key for unusable.
        if case .failure(let error as PKCS11Error) = parts, error.recovery != .permanent { throw error }
        return FoundKey(label: privateKey.label, identifier: privateKey.identifier, parts: parts)
      }
    }
  }

  struct PrivateHalf {
    let handle: ObjectHandle
    let label: String
    let identifier: KeyIdentifier
    let wantsPINEachTime: Bool
  }

  /// What searches have found of key pairs.
  struct Halves {
    var privateKeys: [PrivateHalf] = []
    var publicKeys: [KeyIdentifier: [ObjectHandle]] = [:]
  }

  private static func halves(_ searches: [[Attribute]], in session: inout Session) throws -> Halves {
    var halves = Halves()
    for search in searches {
      for handle in try session.findObjects(matching: search) {
        let values = try session.attributes([.objectClass, .id], of: handle)
        let identifier = KeyIdentifier(values.bytes(.id) ?? [])
        switch try values.unsignedLong(.objectClass).map(ObjectClass.init(rawValue:)) {
        case .some(.privateKey): halves.privateKeys.append(try privateHalf(handle, identifier, in: &session))
        case .some(.publicKey): halves.publicKeys[identifier, default: []].append(handle)
        default: break
        }
      }
    }
    return halves
  }

  private static func privateHalf(
    _ handle: ObjectHandle, _ identifier: KeyIdentifier, in session: inout Session
  ) throws -> PrivateHalf {
    let values = try session.attributes([.label, .alwaysAuthenticate], of: handle)
    return PrivateHalf(
      handle: handle, label: values.string(.label) ?? "", identifier: identifier,
      wantsPINEachTime: try values.bool(.alwaysAuthenticate) ?? false)
  }
}
