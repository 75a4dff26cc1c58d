import PKCS11

/// The templates that a token is asked with, one after the other, until it takes one: the whole one in the token's dialect, then smaller
/// ones.
///
/// A smaller template asks for less; it never makes less do. Whatever comes of it is held against the same policy, and destroyed if it does
/// not meet it: a token whose keys are extractable unless told otherwise fails there, not here.
struct TemplateLadder {
  /// One template and what it leaves out.
  struct Rung: Equatable {
    let leftOut: String?
    let template: KeyTemplate
  }

  let rungs: [Rung]

  init(algorithm: KeyAlgorithm, name: String, identifier: KeyIdentifier, dialect: TokenDialect, wishes: [TemplateChange] = []) {
    let encodings: [EdwardsParameters] = algorithm.kind == .edwards25519 ? EdwardsParameters.all : [.curveName]
    var changes = wishes + dialect.changes
    var rungs: [Rung] = []
    for step in Self.steps {
      changes += step.changes
      for encoding in encodings {
        let whole = KeyTemplate(algorithm: algorithm, name: name, identifier: identifier, edwardsParameters: encoding)
        let template = whole.applying(changes)
        if !rungs.contains(where: { $0.template == template }) { rungs.append(Rung(leftOut: step.leftOut, template: template)) }
      }
    }
    self.rungs = rungs
  }

  /// Each step leaves out what the ones before it left out, and more.
  private static let steps: [(leftOut: String?, changes: [TemplateChange])] = [
    (nil, []),
    // CKA_COPYABLE came with 2.40, CKA_ALWAYS_AUTHENTICATE with 2.20; some tokens set CKA_MODIFIABLE themselves.
    ("CKA_COPYABLE, CKA_MODIFIABLE and CKA_ALWAYS_AUTHENTICATE", [.leaveOut([.copyable, .modifiable, .alwaysAuthenticate], nil)]),
    // Some tokens refuse the name of a use that they do not have, even to deny it.
    (
      "also the uses that are denied",
      [.leaveOut([.encrypt, .decrypt, .wrap, .unwrap, .signRecover, .verifyRecover, .derive], nil)]
    ),
    // And some set what keeps a key in, and what is seen without login, by a rule of their own.
    ("also CKA_EXTRACTABLE, and CKA_PRIVATE of the public key", [.leaveOut([.extractable], nil), .leaveOut([.isPrivate], .publicKey)]),
  ]

  /// Whether an answer to `C_GenerateKeyPair` says that the template is the matter, so that nothing was made and another one may do.
  ///
  /// `CKR_GENERAL_ERROR` and `CKR_FUNCTION_FAILED` are not among them: they can mean anything, also a device in trouble.
  static func isRefusal(_ error: any Error, of mechanism: Mechanism) -> Bool {
    guard let error = error as? PKCS11Error, error.function == "C_GenerateKeyPair", let answer = error.returnValue else { return false }
    return templateRefusals.contains(answer) || (mechanism == .ecEdwardsKeyPairGeneration && curveRefusals.contains(answer))
  }

  private static let templateRefusals: Set<ReturnValue> = [
    .attributeTypeInvalid, .attributeValueInvalid, .attributeReadOnly, .templateInconsistent,
  ]
  private static let curveRefusals: Set<ReturnValue> = [.domainParametersInvalid, .curveNotSupported, .mechanismParameterInvalid]
}
