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
  /// What a careful template says beyond the plain one. Each token has its own idea of which of them may be said.
  private static let wishes: [(half: String, attribute: Attribute)] = [
    ("public", .init(.objectClass, ObjectClass.publicKey)), ("public", .init(.modifiable, true)), ("public", .init(.encrypt, false)),
    ("public", .init(.wrap, false)), ("public", .init(.verifyRecover, false)), ("public", .init(.derive, false)),
    ("private", .init(.objectClass, ObjectClass.privateKey)), ("private", .init(.modifiable, true)),
    ("private", .init(.alwaysAuthenticate, false)), ("private", .init(.copyable, false)), ("private", .init(.decrypt, false)),
    ("private", .init(.unwrap, false)), ("private", .init(.signRecover, false)), ("private", .init(.derive, false)),
  ]

  /// Which attributes a template must not name: tried one by one, each with the plain template.
  func checkTemplates() async {
    for kind in [KeyKind.rsa2048, .ecdsaP256] {
      await recorder.check("what a template for \(kind.rawValue) may say") {
        try need(kind.generation.type, .generateKeyPair)
        var refused: [String] = []
        for (half, attribute) in Self.wishes + [("public", .init(.keyType, kind.type)), ("private", .init(.keyType, kind.type))] {
          let template = PlainTemplate(kind, label: "template")
          let refusal = try withLogin(.readWrite) { session in
            let refusal = try answer {
              _ = try session.generateKeyPair(
                kind.generation, publicKey: template.publicKey + (half == "public" ? [attribute] : []),
                privateKey: template.privateKey + (half == "private" ? [attribute] : []))
            }
            for object in try session.findObjects(matching: [.init(.id, template.identifier)]) { try session.destroyObject(object) }
            return refusal
          }
          if let refusal { refused.append("\(attribute.type) (\(half)): \(refusal.name ?? "\(refusal)")") }
        }
        return refused.isEmpty ? "everything" : "not: " + refused.joined(separator: ", ")
      }
    }
  }
}
