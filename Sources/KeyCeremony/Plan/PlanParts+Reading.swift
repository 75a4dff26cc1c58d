import StrictYAML
import TokenKeys

extension PlanToken {
  init?(_ id: String, _ fields: FieldReader) {
    fields.allow(
      ["label", "user-pin", "security-officer-pin"],
      elsewhere: { name in
        ["module", "serial", "slot", "uri", "pin", "pin-source", "module-sha256"].contains(name)
          ? "belongs to one machine: it stands in the site file, not in the plan" : nil
      })
    let label = fields.text("label")
    if let label, label.utf8.count > 32 { fields.refuse("label", "has more than 32 bytes: no token has room for it") }
    let userPIN = fields.name("user-pin")
    let securityOfficerPIN = fields.optionalName("security-officer-pin")
    guard let label, let userPIN else { return nil }
    self.init(id: id, label: label, userPIN: userPIN, securityOfficerPIN: securityOfficerPIN)
  }
}

extension PlanPIN {
  private enum From: String, CaseIterable { case site, shares }

  /// How many people a PIN is shared among at most.
  static let maximumCustodians = 16
  /// What to do about something that may be a PIN.
  static let secretHint = "a plan never holds a PIN: write { from: site }, or { from: shares, threshold: …, custodians: […] }"

  init?(_ id: String, _ fields: FieldReader) {
    let shared: Set = ["threshold", "custodians", "length", "alphabet"]
    guard let from = fields.choice("from", From.self) else {
      fields.allow(shared.union(["from"]), hint: Self.secretHint)
      return nil
    }
    guard from == .shares else {
      fields.allow(["from"], elsewhere: { shared.contains($0) ? "goes with from: shares only" : nil }, hint: Self.secretHint)
      self.init(id: id, origin: .site)
      return
    }
    fields.allow(shared.union(["from"]), hint: Self.secretHint)
    let threshold = fields.present("threshold") ? fields.number("threshold", in: 2...Self.maximumCustodians) : nil
    let custodians = fields.names("custodians")
    let length = fields.mapping.names.contains("length") ? fields.number("length", in: 6...64) : 16
    let alphabet =
      fields.mapping.names.contains("alphabet") ? fields.choice("alphabet", Alphabet.self) : Alphabet.lettersAndDigits
    guard let threshold, let custodians, let length, let alphabet else { return nil }
    self.init(id: id, origin: .shared(threshold: threshold, custodians: custodians, length: length, alphabet: alphabet))
  }
}

extension PlanKey {
  /// From the fields `token` and `key`.
  init?(_ fields: FieldReader) {
    let token = fields.name("token")
    let name = fields.keyName("key")
    guard let token, let name else { return nil }
    self.init(token: token, name: name)
  }
}

extension PlanBefore.Key {
  init?(_ fields: FieldReader) {
    fields.allow(["token", "key", "algorithm", "policy"])
    let key = PlanKey(fields)
    let algorithm = fields.algorithm("algorithm")
    let policy = fields.policy("policy")
    guard let key, let algorithm, let policy else { return nil }
    self.init(key: key, algorithm: algorithm, policy: policy)
  }
}

extension PlanBefore.Enrolled {
  init?(_ fields: FieldReader) {
    fields.allow(["token", "certificate", "customer-id", "customer-name"])
    let token = fields.name("token")
    let certificate = fields.text("certificate")
    let customerID = fields.text("customer-id")
    let customerName = fields.text("customer-name")
    guard let token, let certificate, let customerID, let customerName else { return nil }
    self.init(token: token, certificate: certificate, customerID: customerID, customerName: customerName)
  }
}

extension PlanInput {
  init?(_ id: String, _ fields: FieldReader) {
    fields.allow(["description", "sha256"], elsewhere: { $0 == "file" ? "is the site's: the site file says where an input is" : nil })
    let description = fields.text("description")
    let sha256 = fields.optionalDigest("sha256")
    guard let description else { return nil }
    self.init(id: id, description: description, sha256: sha256)
  }
}

extension PlanOutput {
  /// Files that a ceremony's folder has besides the outputs.
  static let reservedFiles: Set<String> = [TranscriptWriter.fileName, Approval.spentFileName]

  init?(_ id: String, _ fields: FieldReader) {
    fields.allow(["file"])
    guard let file = fields.text("file") else { return nil }
    guard PlanText.isName(file), !file.hasPrefix(".") else {
      fields.refuse(
        "file", "must be the plain name of a file: 1 to 64 letters A to Z, digits, '-', '_' and '.', not beginning with a dot",
        hint: "a plan holds no path and no pkcs11: URI; the folder is the site's output-folder")
      return nil
    }
    guard !Self.reservedFiles.contains(file.lowercased()) else {
      fields.refuse("file", "is the name of a file that every ceremony writes", hint: "choose another name")
      return nil
    }
    self.init(id: id, file: file)
  }
}

extension Participant {
  private enum Means: String, CaseIterable { case words, pin, key }

  init?(_ id: String, _ fields: FieldReader) {
    fields.allow(
      ["name", "role", "acknowledges-with", "public-key-sha256"],
      elsewhere: { $0 == "pin" ? "has no place in a plan: the person chooses a PIN when the ceremony begins" : nil })
    let name = fields.text("name")
    let role = fields.choice("role", Role.self)
    let means = fields.choice("acknowledges-with", Means.self)
    let digest = means == .key ? fields.digest("public-key-sha256") : nil
    if let means, means != .key, fields.mapping.names.contains("public-key-sha256") {
      fields.refuse("public-key-sha256", "goes with acknowledges-with: key only")
    }
    guard let name, let role, let means else { return nil }
    switch means {
    case .words: self.init(id: id, name: name, role: role, acknowledgement: .words)
    case .pin: self.init(id: id, name: name, role: role, acknowledgement: .pin)
    case .key:
      guard let digest else { return nil }
      self.init(id: id, name: name, role: role, acknowledgement: .key(publicKeySHA256: digest))
    }
  }
}

extension FieldReader {
  /// The name of a key on a token.
  func keyName(_ key: String) -> String? {
    guard let name = text(key, upTo: 255) else { return nil }
    guard !name.lowercased().hasPrefix("pkcs11:") else {
      refuse(key, "must be the key's name on the token, not a pkcs11: URI", hint: "write its label; the token is named by token:")
      return nil
    }
    return name
  }

  /// An algorithm of which keys can be made.
  func algorithm(_ key: String) -> KeyAlgorithm? {
    guard let text = text(key) else { return nil }
    let known = KeyAlgorithm.allCases.filter { $0 != .mlDSA65 && $0 != .mlDSA87 }
    guard let algorithm = known.first(where: { $0.rawValue == text }) else {
      refuse(key, "is no algorithm that keys are made with", hint: "known: \(known.map(\.rawValue).joined(separator: ", "))")
      return nil
    }
    return algorithm
  }

  /// A policy by its name; the default where there is none.
  func policy(_ key: String) -> KeyPolicy? {
    guard mapping.names.contains(key) else { return .nonExportableSigning }
    guard let text = text(key) else { return nil }
    guard let policy = KeyPolicy(named: text) else {
      refuse(key, "is no policy", hint: "policies: \(KeyPolicy.profiles.map(\.name).joined(separator: ", "))")
      return nil
    }
    return policy
  }
}
