import PKCS11

/// The least that every token understands: a key pair on the token, whose private half signs and does not come out.
struct PlainTemplate {
  let label: String
  let identifier = (0..<20).map { _ in UInt8.random(in: 1...255) }
  let publicKey: [Attribute]
  let privateKey: [Attribute]

  init(_ kind: KeyKind, label: String) {
    self.label = label
    let common: [Attribute] = [.init(.token, true), .init(.label, label), .init(.id, identifier)]
    publicKey = common + [.init(.isPrivate, false), .init(.verify, true)] + kind.parameters
    privateKey = common + [.init(.isPrivate, true), .init(.sensitive, true), .init(.extractable, false), .init(.sign, true)]
  }
}

extension Bench {
  /// What a careful template says beyond the plain one, in both halves at once where they belong together. Each token has its own idea of
  /// what may be said.
  private static let wishes: [(publicKey: Attribute?, privateKey: Attribute?)] = [
    (.init(.objectClass, ObjectClass.publicKey), .init(.objectClass, ObjectClass.privateKey)),
    (.init(.modifiable, true), .init(.modifiable, true)), (.init(.encrypt, false), .init(.decrypt, false)),
    (.init(.wrap, false), .init(.unwrap, false)), (.init(.verifyRecover, false), .init(.signRecover, false)),
    (.init(.derive, false), .init(.derive, false)), (nil, .init(.alwaysAuthenticate, false)), (nil, .init(.copyable, false)),
  ]

  /// Which attributes a template must not name: tried one by one, each with the plain template.
  func checkTemplates() async {
    for kind in [KeyKind.rsa2048, .ecdsaP256] {
      await recorder.check("what a template for \(kind.rawValue) may say") {
        try need(kind.generation.type, .generateKeyPair)
        var refused: [String] = []
        for wish in Self.wishes + [(.init(.keyType, kind.type), .init(.keyType, kind.type))] {
          let template = PlainTemplate(kind, label: "template")
          let refusal = try withLogin(.readWrite) { session in
            try answer {
              _ = try session.generateKeyPair(
                kind.generation, publicKey: template.publicKey + [wish.publicKey].compactMap(\.self),
                privateKey: template.privateKey + [wish.privateKey].compactMap(\.self))
            }
          }
          // In a session of its own: one in which something failed may be good for nothing any more.
          try withLogin(.readWrite) { session in
            for object in try session.findObjects(matching: [.init(.id, template.identifier)]) { try session.destroyObject(object) }
          }
          let names = Set([wish.publicKey?.type, wish.privateKey?.type].compactMap { $0?.description }).sorted()
          if let refusal { refused.append("\(names.joined(separator: " and ")) (\(refusal.name ?? "\(refusal)"))") }
        }
        return refused.isEmpty ? "everything" : "not: " + refused.joined(separator: ", ")
      }
    }
  }
}
