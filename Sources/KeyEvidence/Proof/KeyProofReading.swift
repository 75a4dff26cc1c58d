import X509

extension KeyProofParts {
  /// Reads the parts, strictly.
  init(content: JSONValue) throws(EvidenceError) {
    let object = try EvidenceObject(
      content, at: "/content",
      required: [
        "attestations", "certificates", "key", "library", "made-at", "mechanisms", "module", "policy", "probes", "rules", "token", "tool",
      ], optional: ["challenge"], operation: Self.operation)
    func member(_ name: String, _ required: Set<String>, _ optional: Set<String> = []) throws(EvidenceError) -> EvidenceObject {
      try EvidenceObject(
        try object.required(name), at: object.pointer(name), required: required, optional: optional, operation: Self.operation)
    }
    key = try Self.key(
      try member("key", ["algorithm", "id", "name", "public-key", "public-key-sha256", "public-key-words", "uri"]))
    policy = try Self.policy(try member("policy", ["is-met", "must-be-claimed", "name", "tolerated", "waivers"]))
    token = try Self.token(
      try member(
        "token",
        ["firmware-version", "flags", "hardware-version", "is-software", "label", "manufacturer", "model", "serial"]))
    library = try Self.library(try member("library", ["cryptoki-version", "description", "manufacturer", "version"]))
    module = try Self.module(try member("module", ["group", "mode", "owner", "path", "real-path", "sha256", "size"]))
    tool = try Self.tool(try member("tool", ["name", "sha256", "version"]))
    rules = try Self.list(object, "rules", ["grade", "observed", "outcome", "rule"], ["waived"], Self.rule)
    probes = try Self.list(object, "probes", ["action", "calls", "outcome", "probe", "rule"], ["detail"], Self.probe)
    mechanisms = try Self.list(object, "mechanisms", ["maximum", "minimum", "name", "uses"], [], Self.mechanism)
    attestations = try Self.list(object, "attestations", ["data", "sha256", "type"], [], Self.attestation)
    madeAt = try object.text("made-at")
    challenge = try object.optionalText("challenge", 1...1024)
    var certificates: [[UInt8]] = []
    for (pointer, value) in try object.elements("certificates", maximum: 16) {
      certificates.append(try EvidenceObject.bytes(value, at: pointer, maximum: 1 << 16, operation: Self.operation))
    }
    self.certificates = certificates
  }

  private static func list<Part>(
    _ object: EvidenceObject, _ name: String, _ required: Set<String>, _ optional: Set<String>,
    _ read: (EvidenceObject) throws(EvidenceError) -> Part
  ) throws(EvidenceError) -> [Part] {
    var parts: [Part] = []
    for (pointer, value) in try object.elements(name) {
      parts.append(try read(try EvidenceObject(value, at: pointer, required: required, optional: optional, operation: operation)))
    }
    return parts
  }

  private static func key(_ object: EvidenceObject) throws(EvidenceError) -> KeyProof.Key {
    let der = try object.bytes("public-key", maximum: 16_384)
    guard let publicKey = Certificate.PublicKey(canonicalSubjectPublicKeyInfo: der) else {
      throw object.failure(
        "public-key", "it is no DER SubjectPublicKeyInfo of an RSA, P-256, P-384, P-521 or Ed25519 key", rule: .publicKey)
    }
    let key = KeyProof.Key(
      name: try object.text("name"), identifier: try object.text("id", 0...512), algorithm: try object.text("algorithm", 1...64),
      uri: try object.text("uri", 0...4096), publicKey: publicKey)
    guard EvidenceText.isHexadecimal(key.identifier) else { throw object.failure("id", "it is not written in lower-case hexadecimal") }
    guard try object.sha256("public-key-sha256") == key.publicKeySHA256 else {
      throw object.failure(
        "public-key-sha256", "it is not the SHA-256 of the public key, which is \(key.publicKeySHA256)", rule: .publicKey)
    }
    guard try object.text("public-key-words") == key.publicKeyWords.joined(separator: " ") else {
      throw object.failure("public-key-words", "they are not the words of the public key's SHA-256", rule: .publicKey)
    }
    return key
  }

  private static func policy(_ object: EvidenceObject) throws(EvidenceError) -> KeyProof.Policy {
    let waivers = try list(object, "waivers", ["reason", "rule"], []) { waiver throws(EvidenceError) in
      KeyProof.Waiver(rule: try ruleName(waiver, "rule"), reason: try waiver.text("reason", 1...1024))
    }
    return KeyProof.Policy(
      name: try object.text("name", 1...128), isMet: try object.bool("is-met"), mustBeClaimed: try object.texts("must-be-claimed"),
      tolerated: try object.texts("tolerated"), waivers: waivers)
  }

  private static func rule(_ object: EvidenceObject) throws(EvidenceError) -> KeyProof.RuleFinding {
    let outcomes = ["met", "not claimed", "violated"]
    let isWaived = object.value("waived") == nil ? false : try object.bool("waived")
    guard isWaived || object.value("waived") == nil else { throw object.failure("waived", "it is true, or it is not there") }
    return KeyProof.RuleFinding(
      rule: try ruleName(object, "rule"), outcome: try oneOf(outcomes, object, "outcome"),
      grade: try oneOf(["probed", "token-asserted", "vendor-attested"], object, "grade"), observed: try object.text("observed", 0...4096),
      isWaived: isWaived)
  }

  private static func probe(_ object: EvidenceObject) throws(EvidenceError) -> KeyProof.Probe {
    KeyProof.Probe(
      probe: try object.text("probe", 1...64), rule: try ruleName(object, "rule"), action: try object.text("action", 1...1024),
      outcome: try oneOf(["inconclusive", "not possible", "refused", "succeeded"], object, "outcome"),
      calls: try list(object, "calls", ["function", "returned"], ["mechanism"], call), detail: try object.optionalText("detail", 1...4096))
  }

  private static func call(_ object: EvidenceObject) throws(EvidenceError) -> KeyProof.Call {
    let function = try object.text("function", 1...64)
    guard function.wholeMatch(of: /C_[A-Za-z]+/) != nil else { throw object.failure("function", "it is no name of a Cryptoki function") }
    let returned = try object.text("returned", 1...64)
    guard returned.wholeMatch(of: /CKR_[A-Z0-9_]+|0x[0-9A-F]+/) != nil else {
      throw object.failure("returned", "it is no name of a return value, and no number in hexadecimal")
    }
    return KeyProof.Call(function: function, mechanism: try object.optionalText("mechanism", 1...64), returned: returned)
  }

  private static func token(_ object: EvidenceObject) throws(EvidenceError) -> KeyProof.Token {
    KeyProof.Token(
      label: try object.text("label"), manufacturer: try object.text("manufacturer"), model: try object.text("model"),
      serial: try object.text("serial"), hardwareVersion: try object.text("hardware-version"),
      firmwareVersion: try object.text("firmware-version"), isSoftware: try object.bool("is-software"), flags: try object.texts("flags"))
  }

  private static func library(_ object: EvidenceObject) throws(EvidenceError) -> KeyProof.Library {
    KeyProof.Library(
      description: try object.text("description"), manufacturer: try object.text("manufacturer"), version: try object.text("version"),
      cryptokiVersion: try object.text("cryptoki-version"))
  }

  private static func module(_ object: EvidenceObject) throws(EvidenceError) -> KeyProof.ModuleFile {
    let mode = try object.text("mode")
    guard mode.wholeMatch(of: /[0-7]{3,5}/) != nil else { throw object.failure("mode", "it is no permissions in octal") }
    return KeyProof.ModuleFile(
      path: try object.text("path", 1...4096), realPath: try object.text("real-path", 1...4096), sha256: try object.sha256("sha256"),
      size: try object.count("size"), owner: try object.count("owner"), group: try object.count("group"), mode: mode)
  }

  private static func mechanism(_ object: EvidenceObject) throws(EvidenceError) -> KeyProof.Mechanism {
    KeyProof.Mechanism(
      name: try object.text("name", 1...64), minimum: UInt(try object.count("minimum")), maximum: UInt(try object.count("maximum")),
      uses: try object.texts("uses"))
  }

  private static func tool(_ object: EvidenceObject) throws(EvidenceError) -> KeyProof.Tool {
    KeyProof.Tool(name: try object.text("name", 1...128), version: try object.text("version", 1...128), sha256: try object.sha256("sha256"))
  }

  private static func attestation(_ object: EvidenceObject) throws(EvidenceError) -> KeyProof.Attestation {
    let attestation = KeyProof.Attestation(type: try object.text("type", 1...128), data: try object.bytes("data"))
    guard try object.sha256("sha256") == attestation.sha256 else {
      throw object.failure("sha256", "it is not the SHA-256 of the data beside it", rule: .attestation)
    }
    return attestation
  }

  private static func ruleName(_ object: EvidenceObject, _ name: String) throws(EvidenceError) -> String {
    let rule = try object.text(name, 1...64)
    guard rule.wholeMatch(of: /[A-Z][A-Z0-9]*(-[A-Z0-9]+)+/) != nil else { throw object.failure(name, "it is no name of a rule") }
    return rule
  }

  private static func oneOf(_ words: [String], _ object: EvidenceObject, _ name: String) throws(EvidenceError) -> String {
    let word = try object.text(name, 1...64)
    guard words.contains(word) else { throw object.failure(name, "it is none of: \(words.joined(separator: ", "))") }
    return word
  }
}
