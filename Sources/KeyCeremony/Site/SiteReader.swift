import PKCS11
import Secrets
import StrictYAML

/// Reads a site file for a plan.
struct SiteReader {
  let root: FieldReader
  let plan: CeremonyPlan
  let folder: SitePaths

  /// - Returns: nil when a part could not be read, which is noted.
  func read(sha256: [UInt8]) -> SiteBinding? {
    guard FileText.checkFormat(root, SiteBinding.format) else { return nil }
    root.allow([
      "format", "output-folder", "share-card-folder", "configuration", "tokens", "pins", "inputs", "orders", "participants",
    ])
    let outputFolder = root.present("output-folder") ? path(root, "output-folder") : nil
    let cards = path(root, "share-card-folder")
    if let outputFolder, let cards, SitePaths.isInside(cards, outputFolder) {
      root.refuse(
        "share-card-folder", "is in the output folder, whose files are kept and handed on",
        hint: "choose a folder outside, in memory (/run)")
    }
    let configuration = path(root, "configuration")
    checkConfiguration()
    let participants = plan.participants.filter { if case .key = $0.acknowledgement { true } else { false } }.map(\.id)
    let sitePINs = plan.pins.filter { $0.origin == .site }.map(\.id)
    let tokens = entries("tokens", plan.tokens.map(\.id), other: "the plan has no such token") { token($0, $1) }
    let pins = sources("pins", sitePINs, other: "the plan wants no such PIN of the site")
    let inputs = texts("inputs", plan.inputs.map(\.id), other: "the plan has no such input") { path($0, $1) }
    let orders = entries("orders", plan.orders, other: "the plan has no such order") { order($1) }
    let keys = entries("participants", participants, other: "the plan has no such participant who acknowledges with a key") {
      participantKey($1)
    }
    checkDifferent(tokens)
    guard let outputFolder else { return nil }
    return SiteBinding(
      outputFolder: outputFolder, shareCardFolder: cards, configuration: configuration, tokens: tokens, pins: pins, inputs: inputs,
      orders: orders, participantKeys: keys, sha256: sha256)
  }

  // MARK: Parts

  /// The mappings of a part, by name: one for each name that the plan wants.
  private func entries<Entry>(
    _ part: String, _ wanted: [String], other: String, _ read: (String, FieldReader) -> Entry?
  ) -> [String: Entry] {
    texts(part, wanted, other: other) { section, name in section.section(name).flatMap { read(name, $0) } }
  }

  private func texts<Entry>(
    _ part: String, _ wanted: [String], other: String, _ read: (FieldReader, String) -> Entry?
  ) -> [String: Entry] {
    guard let section = root.section(part) else {
      if !wanted.isEmpty, !root.mapping.names.contains(part) {
        incomplete(root.line, "\(part) is missing; the plan wants \(wanted.joined(separator: ", "))", "add \(part): with these names")
      }
      return [:]
    }
    for name in section.mapping.names where !wanted.contains(name) {
      incomplete(
        section.line(of: name), "\(part).\(PlanText.shown(name)) is superfluous: \(other)",
        wanted.isEmpty ? "leave \(part): out" : "the plan wants: \(wanted.joined(separator: ", "))")
    }
    var entries: [String: Entry] = [:]
    for name in wanted {
      guard section.mapping.names.contains(name) else {
        incomplete(section.line ?? root.line(of: part), "\(part).\(name) is missing", "the plan wants it: add it")
        continue
      }
      entries[name] = read(section, name)
    }
    return entries
  }

  private func sources(_ part: String, _ wanted: [String], other: String) -> [String: SecretSource] {
    texts(part, wanted, other: other) { section, name in source(section, name) }
  }

  private func token(_ name: String, _ fields: FieldReader) -> SiteBinding.Token? {
    fields.allow(["module", "module-sha256", "serial"])
    guard let token = token(fields) else { return nil }
    if token.serial == nil, !plan.steps.contains(where: { $0.action == .initialiseToken(token: name) }) {
      fields.refuse(
        "serial", "is blank, and the plan does not initialise the token",
        hint: "write the token's serial number, as `hsmkey token list` shows it", rule: .siteComplete)
    }
    return token
  }

  /// From the fields `module`, `module-sha256` and `serial`.
  private func token(_ fields: FieldReader) -> SiteBinding.Token? {
    let module = fields.text("module", upTo: 4_096)
    if let module, !module.hasPrefix("/") {
      fields.refuse("module", "must be an absolute path", hint: "a module's code is run: it is named by its whole path")
    }
    let digest = fields.digest("module-sha256")
    let serial = fields.text("serial")
    if let serial, serial != "blank", serial.utf8.count > 16 {
      fields.refuse("serial", "has more than 16 bytes: it is no token's serial number")
    }
    guard let module, let digest, let serial else { return nil }
    return SiteBinding.Token(module: module, moduleSHA256: digest, serial: serial == "blank" ? nil : serial)
  }

  private func order(_ fields: FieldReader) -> SiteBinding.Order? {
    fields.allow(
      ["transfer-id", "transfer-password-source"],
      elsewhere: { $0 == "transfer-password" ? "is a secret; name its source with transfer-password-source" : nil })
    let transferID = fields.text("transfer-id")
    let source = fields.present("transfer-password-source") ? source(fields, "transfer-password-source") : nil
    if source?.isProtectedPath == true {
      fields.refuse("transfer-password-source", "is the device's own pad, which asks for PINs only", hint: "use prompt, file:PATH or fd:N")
    }
    guard let transferID, let source else { return nil }
    return SiteBinding.Order(transferID: transferID, transferPassword: source)
  }

  private func participantKey(_ fields: FieldReader) -> SiteBinding.ParticipantKey? {
    fields.allow(["module", "module-sha256", "serial", "key", "pin-source"])
    let token = token(fields)
    if let token, token.serial == nil {
      fields.refuse("serial", "is blank: a participant's key is on a token that is there", hint: "write the token's serial number")
    }
    let key = fields.keyName("key")
    let pin = fields.present("pin-source") ? source(fields, "pin-source") : nil
    guard let token, let key, let pin else { return nil }
    return SiteBinding.ParticipantKey(token: token, key: key, pin: pin)
  }

  // MARK: Values

  private func path(_ fields: FieldReader, _ key: String) -> String? {
    guard let path = fields.optionalText(key, upTo: 4_096) else { return nil }
    guard !PKCS11URI.begins(path) else {
      fields.refuse(key, "must be a file; a pkcs11: URI does not belong there", hint: "write the path of a file or folder")
      return nil
    }
    return folder.resolve(path)
  }

  /// The source of a secret. What is no source may be the secret itself and is repeated nowhere.
  private func source(_ fields: FieldReader, _ key: String) -> SecretSource? {
    guard var text = fields.optionalText(key, upTo: 4_096) else { return nil }
    if text.hasPrefix("file:"), text.count > "file:".count, !PKCS11URI.begins(String(text.dropFirst("file:".count))) {
      text = "file:" + folder.resolve(String(text.dropFirst("file:".count)))
    }
    do {
      return try SecretSource(parsing: text)
    } catch {
      fields.refuse(key, "is not used: \(error.message)", hint: error.hint)
      return nil
    }
  }

  // MARK: Completeness

  private func incomplete(_ line: Int?, _ message: String, _ hint: String) {
    root.mistakes.add(line: line, message, hint: hint, rule: .siteComplete)
  }

  private func checkConfiguration() {
    let isThere = root.mapping.names.contains("configuration")
    if plan.needsCertificateService, !isThere {
      incomplete(
        root.line, "configuration is missing; the plan works with certificates of the service",
        "name the configuration file of hsmkey, which says how the service is reached")
    } else if !plan.needsCertificateService, isThere {
      incomplete(root.line(of: "configuration"), "configuration is superfluous: no step asks the certificate service", "leave it out")
    }
  }

  /// Two tokens of the plan are two tokens here.
  private func checkDifferent(_ tokens: [String: SiteBinding.Token]) {
    let section = root.section("tokens")
    for (index, first) in plan.tokens.enumerated() {
      for second in plan.tokens.dropFirst(index + 1) {
        guard let one = tokens[first.id], let other = tokens[second.id], one.serial != nil, one == other else { continue }
        incomplete(
          section?.line(of: second.id), "tokens.\(second.id) is the token of \(first.id) too",
          "the plan wants two tokens: write the serial number of another one")
      }
    }
  }
}

extension CeremonyPlan {
  /// Whether a step works with a certificate of the configuration.
  public var needsCertificateService: Bool {
    !before.enrolled.isEmpty
      || steps.contains { step in
        switch step.action {
        case .enrolCertificate, .renewCertificate, .proveKey(.certificate, _): true
        default: false
        }
      }
  }
}
