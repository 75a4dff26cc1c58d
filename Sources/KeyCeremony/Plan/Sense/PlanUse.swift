/// Everything that is declared is used: what nobody needs is a mistake, or a step that was forgotten.
extension PlanSense {
  func checkUse() {
    let mentions = draft.steps.flatMap { step in
      step.action.mentions.map(\.mention) + [PlanMention(part: .participants, name: step.actor)]
    }
    var used = Dictionary(grouping: mentions, by: \.part).mapValues { Set($0.map(\.name)) }
    used[.pins, default: []].formUnion(draft.tokens.flatMap { [$0.userPIN, $0.securityOfficerPIN].compactMap(\.self) })
    used[.participants, default: []].formUnion(draft.pins.flatMap(\.custodians))
    if let key = draft.ceremonyKey { used[.tokens, default: []].insert(key.token) }
    for part in PlanDraft.Part.allCases {
      for (name, line) in draft.declared[part] ?? [] where !(used[part]?.contains(name) ?? false) {
        refuse(line: line, "\(part.rawValue).\(name) is used by nothing in the plan", hint: part.unusedHint)
      }
    }
    checkOutputs()
    checkOrders()
    checkBefore()
    checkSecurityOfficers()
  }

  /// Each output is written by one step, under a file name of its own.
  private func checkOutputs() {
    for (index, output) in draft.outputs.enumerated() {
      if let first = draft.outputs[..<index].first(where: { $0.file.lowercased() == output.file.lowercased() }) {
        refuse(
          line: line(.outputs, output.id), "outputs.\(output.id).file is the file of \(first.id) too", hint: "give each a name of its own")
      }
      let writers = draft.steps.indices.filter { draft.steps[$0].action.written == output.id }
      if writers.isEmpty, draft.steps.contains(where: { $0.action.mentions.contains { $0.mention.name == output.id } }) {
        refuse(line: line(.outputs, output.id), "outputs.\(output.id) is written by no step", hint: "name it as output: of a step")
      }
      for again in writers.dropFirst() {
        refuse(
          again, "output", "is written by the step \(draft.steps[writers[0]].id) already",
          hint: "a file is written once; declare another output")
      }
    }
  }

  /// An order of the certificate service is good for one enrolment.
  private func checkOrders() {
    var seen: [String: String] = [:]
    for (index, step) in draft.steps.enumerated() {
      guard case .enrolCertificate(let enrolment) = step.action else { continue }
      if let first = seen[enrolment.order] {
        refuse(
          index, "order", "is used by the step \(first) already", hint: "an order is good for one certificate; declare another")
      }
      seen[enrolment.order] = step.id
    }
  }

  private func checkBefore() {
    let keys = draft.steps.flatMap(\.action.usedKeys) + [draft.ceremonyKey].compactMap(\.self)
    for (index, key) in draft.before.keys.enumerated() {
      let place = "before.keys[\(index)]"
      if draft.before.keys[..<index].contains(where: { $0.key == key.key }) {
        refuse(line: draft.lines[place], "\(place) is there twice", hint: "leave one out")
      } else if !keys.contains(key.key) {
        refuse(line: draft.lines[place], "\(place) is used by no step", hint: "leave it out, or add the step that was forgotten")
      }
    }
    let certificates = draft.steps.flatMap(\.action.usedCertificates)
    for (index, enrolled) in draft.before.enrolled.enumerated() {
      let place = "before.certificates[\(index)]"
      if draft.before.enrolled[..<index].contains(where: { $0.certificate == enrolled.certificate }) {
        refuse(line: draft.lines[place], "\(place) is there twice", hint: "a certificate's name in the configuration is used once")
      } else if !certificates.contains(where: { $0.token == enrolled.token && $0.name == enrolled.certificate }) {
        refuse(line: draft.lines[place], "\(place) is used by no step", hint: "leave it out, or add the step that was forgotten")
      }
    }
  }

  /// A security officer's PIN is brought where a step needs it, and nowhere else.
  private func checkSecurityOfficers() {
    for token in draft.tokens {
      let line = line(.tokens, token.id)
      if let pin = token.securityOfficerPIN, pin == token.userPIN {
        refuse(
          line: line, "tokens.\(token.id).security-officer-pin is the user PIN too", hint: "declare another PIN under pins: for the officer"
        )
      }
      let needing = draft.steps.indices.filter { draft.steps[$0].action.securityOfficerOf == token.id }
      if let step = needing.first, token.securityOfficerPIN == nil {
        refuse(
          step, "needs the security officer's PIN of \(token.id), and the plan names none",
          hint: "add security-officer-pin: to tokens.\(token.id)")
      }
      if needing.isEmpty, token.securityOfficerPIN != nil {
        refuse(
          line: line, "tokens.\(token.id).security-officer-pin is needed by no step",
          hint: "leave it out: initialise-token and set-pin with owner: security-officer need it")
      }
    }
  }
}

extension PlanDraft.Part {
  fileprivate var unusedHint: String {
    self == .participants
      ? "name the person as an actor, a custodian, or at a gate; or leave the person out"
      : "leave it out, or add the step that was forgotten"
  }
}

extension PlanPIN {
  /// Who holds its shares; nobody where the site gives it.
  var custodians: [String] {
    guard case .shared(_, let custodians, _, _) = origin else { return [] }
    return custodians
  }
}

extension StepAction {
  /// The keys, by name, that are there before the step and that it works with.
  var usedKeys: [PlanKey] {
    switch self {
    case .proveKey(.key(let key), _), .makeRequest(let key, _, _), .importCertificate(let key, _), .signFile(let key, _, _, _),
      .destroyKey(let key, _), .verifyCopy(let key, _), .readAloud(.key(let key), _, _, _):
      [key]
    default: []
    }
  }

  /// The certificates that are in use before the step and that it works with.
  var usedCertificates: [(token: String, name: String)] {
    switch self {
    case .proveKey(.certificate(let token, let name), _): [(token, name)]
    case .renewCertificate(let token, let name, _): [(token, name)]
    default: []
    }
  }

  /// The token whose security officer's PIN the step needs.
  var securityOfficerOf: String? {
    switch self {
    case .initialiseToken(let token), .setPIN(let token, .securityOfficer, _): token
    default: nil
    }
  }
}
