/// A name of a plan's part that something else of the plan uses.
struct PlanMention {
  let part: PlanDraft.Part
  let name: String
}

extension StepAction {
  /// The names that a step uses, by the fields where they stand.
  var mentions: [(field: String, mention: PlanMention)] {
    switch self {
    case .checkToken(let token, _), .initialiseToken(let token): [Self.token(token)]
    case .setPIN(let token, _, let to): [Self.token(token), Self.mention("to", .pins, to)]
    case .sharePIN(let pin), .combinePIN(let pin): [Self.mention("pin", .pins, pin)]
    case .generateKey(let key, _, _), .destroyKey(let key, _): [Self.token(key.token)]
    case .proveKey(let choice, let output): [Self.token(choice.token), Self.mention("output", .outputs, output)]
    case .makeRequest(let key, _, let output): [Self.token(key.token), Self.mention("output", .outputs, output)]
    case .enrolCertificate(let enrolment):
      [Self.token(enrolment.token), Self.mention("order", .orders, enrolment.order)]
        + (enrolment.output.map { [Self.mention("output", .outputs, $0)] } ?? [])
    case .renewCertificate(let token, _, let output):
      [Self.token(token)] + (output.map { [Self.mention("output", .outputs, $0)] } ?? [])
    case .importCertificate(let key, let input): [Self.token(key.token), Self.mention("input", .inputs, input)]
    case .signFile(let key, let input, _, let output):
      [Self.token(key.token), Self.mention("input", .inputs, input), Self.mention("output", .outputs, output)]
    case .verifyCopy(let key, let on): [Self.token(key.token), Self.mention("on", .tokens, on)]
    case .human: []
    case .readAloud(let subject, let reader, let listener, _):
      [Self.mention("reader", .participants, reader), Self.mention("listener", .participants, listener)] + subject.mentions
    case .gate(_, let participants): participants.map { Self.mention("participants", .participants, $0) }
    }
  }

  /// The output that a step writes.
  var written: String? {
    switch self {
    case .proveKey(_, let output), .makeRequest(_, _, let output), .signFile(_, _, _, let output): output
    case .enrolCertificate(let enrolment): enrolment.output
    case .renewCertificate(_, _, let output): output
    default: nil
    }
  }

  /// Whether a token is another one after the step.
  var changesToken: Bool {
    switch self {
    case .initialiseToken, .setPIN, .generateKey, .enrolCertificate, .renewCertificate, .importCertificate, .destroyKey: true
    default: false
    }
  }

  fileprivate static func token(_ name: String) -> (field: String, mention: PlanMention) { mention("token", .tokens, name) }

  fileprivate static func mention(_ field: String, _ part: PlanDraft.Part, _ name: String) -> (field: String, mention: PlanMention) {
    (field, PlanMention(part: part, name: name))
  }
}

extension StepAction.ReadAloudSubject {
  fileprivate var mentions: [(field: String, mention: PlanMention)] {
    switch self {
    case .plan: []
    case .output(let name): [StepAction.mention("output", .outputs, name)]
    case .key(let key): [StepAction.token(key.token)]
    }
  }
}
