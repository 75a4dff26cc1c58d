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
  /// Private keys with these attributes, each with its public half.
  func readKeys(matching attributes: [Attribute]) throws -> [FoundKey] {
    let found = try reading { session in
      let handles = try session.findObjects(matching: [.init(.objectClass, ObjectClass.privateKey)] + attributes)
      return try handles.map { handle in
        let values = try session.attributes([.label, .id, .alwaysAuthenticate], of: handle)
        let label = values.string(.label) ?? ""
        let identifier = KeyIdentifier(values.bytes(.id) ?? [])
        let parts = Result {
          let (publicKey, algorithm) = try Self.publicHalf(of: identifier, label: label, in: &session)
          return KeyParts(
            name: label, identifier: identifier, algorithm: algorithm, publicKey: publicKey,
            wantsPINEachTime: try values.bool(.alwaysAuthenticate) ?? false)
        }
        return FoundKey(label: label, identifier: identifier, parts: parts)
      }
    }
    if found.isEmpty { try checkLogin() }
    return found
  }
}
