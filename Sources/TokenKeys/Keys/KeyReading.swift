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
  /// Tokens search by going through all of their objects, so searches are what costs: one finds both halves of a key that is named, and two
  /// find all keys, however many there are.
  func readKeys(matching attributes: [Attribute]) throws -> [FoundKey] {
    let found = try reading { session in
      let halves = try Self.halves(matching: attributes, in: &session)
      return halves.privateKeys.map { privateKey in
        let parts = Result {
          let (publicKey, algorithm) = try Self.publicHalf(
            of: privateKey.identifier, label: privateKey.label, known: halves.publicKeys[privateKey.identifier] ?? [], in: &session)
          return KeyParts(
            name: privateKey.label, identifier: privateKey.identifier, algorithm: algorithm, publicKey: publicKey,
            wantsPINEachTime: privateKey.wantsPINEachTime)
        }
        return FoundKey(label: privateKey.label, identifier: privateKey.identifier, parts: parts)
      }
    }
    if found.isEmpty { try checkLogin() }
    return found
  }

  private struct PrivateHalf {
    let label: String
    let identifier: KeyIdentifier
    let wantsPINEachTime: Bool
  }

  private static func halves(
    matching attributes: [Attribute], in session: inout Session
  ) throws -> (privateKeys: [PrivateHalf], publicKeys: [KeyIdentifier: [ObjectHandle]]) {
    var privateKeys: [PrivateHalf] = []
    var publicKeys: [KeyIdentifier: [ObjectHandle]] = [:]
    let searches = attributes.isEmpty ? ObjectClass.keyHalves.map { [Attribute(.objectClass, $0)] } : [attributes]
    for search in searches {
      for handle in try session.findObjects(matching: search) {
        let values = try session.attributes([.objectClass, .id], of: handle)
        let identifier = KeyIdentifier(values.bytes(.id) ?? [])
        switch try values.unsignedLong(.objectClass).map(ObjectClass.init(rawValue:)) {
        case .some(.privateKey):
          let more = try session.attributes([.label, .alwaysAuthenticate], of: handle)
          privateKeys.append(
            PrivateHalf(
              label: more.string(.label) ?? "", identifier: identifier, wantsPINEachTime: try more.bool(.alwaysAuthenticate) ?? false))
        case .some(.publicKey): publicKeys[identifier, default: []].append(handle)
        default: break
        }
      }
    }
    return (privateKeys, publicKeys)
  }
}
