import PKCS11

/// The attributes that a new key pair is asked for. Every one is set, because what a token assumes when it is not told differs from token
/// to token: SoftHSM, for one, lets an EC key decrypt and unwrap unless it is told not to.
struct KeyTemplate: Hashable {
  private(set) var publicKey: [Attribute]
  private(set) var privateKey: [Attribute]
  let mechanism: Mechanism

  /// The whole template, as the standard allows it.
  ///
  /// - Parameter edwardsParameters: how the curve of an Ed25519 key is named.
  init(algorithm: KeyAlgorithm, name: String, identifier: KeyIdentifier, edwardsParameters: EdwardsParameters = .curveName) {
    publicKey = [
      .init(.objectClass, ObjectClass.publicKey),
      .init(.keyType, algorithm.keyType),
      .init(.token, true),  // kept on the token, not only in this session
      .init(.modifiable, true),  // so that a label can be mended
      .init(.isPrivate, false),  // readable without login: public keys are no secret, and audits need no PIN
      .init(.label, name),
      .init(.id, identifier.bytes),
      .init(.verify, true),
      .init(.encrypt, false),
      .init(.wrap, false),
      .init(.verifyRecover, false),
      .init(.derive, false),
    ]
    privateKey = [
      .init(.objectClass, ObjectClass.privateKey),
      .init(.keyType, algorithm.keyType),
      .init(.token, true),
      .init(.modifiable, true),  // a label only: what keeps the key in can only be tightened
      .init(.alwaysAuthenticate, false),  // a service signs unattended
      .init(.isPrivate, true),  // invisible before login
      .init(.label, name),
      .init(.id, identifier.bytes),
      .init(.sensitive, true),  // never readable in clear
      .init(.extractable, false),  // never wrapped out
      .init(.copyable, false),  // no second copy with other attributes
      .init(.sign, true),
      .init(.decrypt, false),
      .init(.unwrap, false),
      .init(.signRecover, false),
      .init(.derive, false),
    ]
    switch algorithm.kind {
    case .rsa(let bits):
      publicKey.append(.init(.modulusBits, UInt(bits)))
      publicKey.append(.init(.publicExponent, [0x01, 0x00, 0x01]))
    case .elliptic(let curve): publicKey.append(.init(.ecParameters, curve.parameters))
    case .edwards25519: publicKey.append(.init(.ecParameters, edwardsParameters.bytes))
    case .moduleLattice(let set): publicKey.append(.init(.parameterSet, set))
    }
    mechanism = algorithm.generation
  }

  /// This template with changes made to it, in their order.
  func applying(_ changes: [TemplateChange]) -> KeyTemplate {
    var template = self
    for change in changes {
      template.publicKey = change.applied(to: template.publicKey, of: .publicKey)
      template.privateKey = change.applied(to: template.privateKey, of: .privateKey)
    }
    return template
  }
}
