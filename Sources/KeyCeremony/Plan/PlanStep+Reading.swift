import StrictYAML
import TokenKeys

extension PlanStep {
  /// Names that question ids and entries of the transcript have for themselves.
  static let reservedNames: Set<String> = ["start", "end", "resume", "combine"]

  init?(_ fields: FieldReader) {
    let id = fields.name("id")
    if let id, Self.reservedNames.contains(id) {
      fields.refuse("id", "is a word that the ceremony has for itself", hint: "choose another name for the step")
    }
    let actor = fields.name("actor")
    let note = fields.optionalProse("note")
    guard let name = fields.text("action") else { return nil }
    guard StepAction.fields[name] != nil else {
      let known = StepAction.fields.keys.sorted().joined(separator: ", ")
      fields.refuse("action", "is no action", hint: "actions: \(known)")
      return nil
    }
    let action = StepAction(named: name, fields)
    guard let id, let actor, let action else { return nil }
    self.init(id: id, actor: actor, note: note, action: action, line: fields.line ?? 1)
  }
}

extension StepAction {
  /// The fields of each action, besides those that every step has.
  static let fields: [String: Set<String>] = [
    "check-token": ["token", "expects"],
    "initialise-token": ["token"],
    "set-pin": ["token", "owner", "to"],
    "share-pin": ["pin"],
    "combine-pin": ["pin"],
    "generate-key": ["token", "key", "algorithm", "policy"],
    "prove-key": ["token", "key", "certificate", "output"],
    "make-request": ["token", "key", "subject", "output"],
    "enrol-certificate": ["token", "certificate", "customer-id", "customer-name", "order", "output"],
    "renew-certificate": ["token", "certificate", "output"],
    "import-certificate": ["token", "key", "input"],
    "sign-file": ["token", "key", "input", "hash", "output"],
    "destroy-key": ["token", "key", "even-if-certified"],
    "verify-copy": ["token", "key", "on"],
    "human": ["text", "records"],
    "read-aloud": ["of", "output", "token", "key", "reader", "listener", "words"],
    "gate": ["text", "participants"],
  ]

  /// The fields that every step has.
  static let commonFields: Set<String> = ["id", "action", "actor", "note"]

  private enum Hash: String, CaseIterable { case sha256, sha384, sha512 }

  /// Reads the fields of an action.
  init?(named name: String, _ fields: FieldReader) {
    fields.allow(Self.commonFields.union(Self.fields[name] ?? [])) { field in
      let others = Self.fields.filter { $0.value.contains(field) }.keys.sorted()
      return others.isEmpty ? nil : "is a field of \(others.joined(separator: ", ")), and not of \(name)"
    }
    let action: StepAction? =
      switch name {
      case "check-token": Self.checkToken(fields)
      case "initialise-token": fields.name("token").map { .initialiseToken(token: $0) }
      case "set-pin": Self.setPIN(fields)
      case "share-pin": fields.name("pin").map { .sharePIN(pin: $0) }
      case "combine-pin": fields.name("pin").map { .combinePIN(pin: $0) }
      case "generate-key": Self.generateKey(fields)
      case "prove-key": Self.proveKey(fields)
      case "make-request": Self.makeRequest(fields)
      case "enrol-certificate": Self.enrolCertificate(fields)
      case "renew-certificate": Self.renewCertificate(fields)
      case "import-certificate": Self.importCertificate(fields)
      case "sign-file": Self.signFile(fields)
      case "destroy-key": Self.destroyKey(fields)
      case "verify-copy": Self.verifyCopy(fields)
      case "human": Self.human(fields)
      case "read-aloud": Self.readAloud(fields)
      case "gate": Self.gate(fields)
      default: nil
      }
    guard let action else { return nil }
    self = action
  }

  private static func checkToken(_ fields: FieldReader) -> StepAction? {
    let token = fields.name("token")
    let expects = fields.choice("expects", TokenState.self)
    guard let token, let expects else { return nil }
    return .checkToken(token: token, expects: expects)
  }

  private static func setPIN(_ fields: FieldReader) -> StepAction? {
    let token = fields.name("token")
    let owner = fields.choice("owner", PINHolder.self)
    let to = fields.name("to")
    guard let token, let owner, let to else { return nil }
    return .setPIN(token: token, owner: owner, to: to)
  }

  private static func generateKey(_ fields: FieldReader) -> StepAction? {
    let key = PlanKey(fields)
    let algorithm = fields.algorithm("algorithm")
    let policy = fields.policy("policy")
    guard let key, let algorithm, let policy else { return nil }
    return .generateKey(key, algorithm: algorithm, policy: policy)
  }

  private static func proveKey(_ fields: FieldReader) -> StepAction? {
    let output = fields.name("output")
    guard fields.mapping.names.contains("certificate") else {
      guard let key = PlanKey(fields), let output else { return nil }
      return .proveKey(.key(key), output: output)
    }
    if fields.mapping.names.contains("key") {
      fields.refuse("certificate", "and key are both there; one says which key it is")
      return nil
    }
    let token = fields.name("token")
    let certificate = fields.text("certificate")
    guard let token, let certificate, let output else { return nil }
    return .proveKey(.certificate(token: token, name: certificate), output: output)
  }

  private static func makeRequest(_ fields: FieldReader) -> StepAction? {
    let key = PlanKey(fields)
    let subject = fields.text("subject", upTo: 1_024)
    let output = fields.name("output")
    guard let key, let subject, let output else { return nil }
    return .makeRequest(key, subject: subject, output: output)
  }

  private static func enrolCertificate(_ fields: FieldReader) -> StepAction? {
    let token = fields.name("token")
    let certificate = fields.text("certificate")
    let customerID = fields.text("customer-id")
    let customerName = fields.text("customer-name")
    let order = fields.name("order")
    let output = fields.optionalName("output")
    guard let token, let certificate, let customerID, let customerName, let order else { return nil }
    return .enrolCertificate(
      Enrolment(token: token, certificate: certificate, customerID: customerID, customerName: customerName, order: order, output: output))
  }

  private static func renewCertificate(_ fields: FieldReader) -> StepAction? {
    let token = fields.name("token")
    let certificate = fields.text("certificate")
    let output = fields.optionalName("output")
    guard let token, let certificate else { return nil }
    return .renewCertificate(token: token, certificate: certificate, output: output)
  }

  private static func importCertificate(_ fields: FieldReader) -> StepAction? {
    let key = PlanKey(fields)
    let input = fields.name("input")
    guard let key, let input else { return nil }
    return .importCertificate(key, input: input)
  }

  private static func signFile(_ fields: FieldReader) -> StepAction? {
    let key = PlanKey(fields)
    let input = fields.name("input")
    let hash = fields.choice("hash", Hash.self)
    let output = fields.name("output")
    guard let key, let input, let hash, let output else { return nil }
    return .signFile(key, input: input, hash: hash.rawValue, output: output)
  }

  private static func destroyKey(_ fields: FieldReader) -> StepAction? {
    let evenIfCertified = fields.bool("even-if-certified")
    return PlanKey(fields).map { .destroyKey($0, evenIfCertified: evenIfCertified ?? false) }
  }

  private static func verifyCopy(_ fields: FieldReader) -> StepAction? {
    let key = PlanKey(fields)
    let on = fields.name("on")
    guard let key, let on else { return nil }
    return .verifyCopy(key, on: on)
  }

  private static func gate(_ fields: FieldReader) -> StepAction? {
    let text = fields.prose("text")
    let participants = fields.names("participants")
    guard let text, let participants else { return nil }
    return .gate(text: text, participants: participants)
  }
}
