import KeyEvidence

/// Holds the entries of a transcript against its plan: the steps in their order, and of each what the plan demands.
struct TranscriptStepCheck {
  let plan: CeremonyPlan
  let history: TranscriptHistory

  /// - Throws: `CEREMONY-TRANSCRIPT-STEPS`, with the line.
  func check(_ lines: [TranscriptLine]) throws(CeremonyError) {
    var begun: [String] = []
    var entries: [TranscriptEntry.Body] = []
    var keys: [PlanKey: String] = [:]
    for line in lines {
      let number = line.entry.number + 1
      try checkNames(line.entry.body, number)
      switch line.entry.body {
      case .stepBegun(let body):
        if begun.last == body.step {
          // What people said to an attempt that came to nothing is not what they said to this one; files may be there from then.
          entries.removeAll { !$0.isFile }
          continue
        }
        guard begun.count < plan.steps.count, plan.steps[begun.count].id == body.step else {
          let expected =
            begun.count < plan.steps.count ? "the step \(plan.steps[begun.count].id) comes next in the plan" : "the plan has no more"
          throw refusal(number, "the step \(EvidenceText.shown(body.step)) begins, and \(expected)")
        }
        guard plan.steps[begun.count].action.name == body.action else {
          throw refusal(number, "the step \(body.step) is \(plan.steps[begun.count].action.name) in the plan, and \(body.action) here")
        }
        begun.append(body.step)
        entries = []
      case .stepDone(let body):
        guard let step = plan.steps.first(where: { $0.id == body.step }) else { continue }
        try checkDone(step, entries, number)
        try checkKey(step, body, &keys, number)
      case .finished:
        guard begun.count == plan.steps.count else {
          throw refusal(number, "the run is finished after \(begun.count) steps, and the plan has \(plan.steps.count)")
        }
      default: entries.append(line.entry.body)
      }
    }
    for participant in plan.participants where !history.hasAcknowledged(participant.id, at: TranscriptHistory.Moment.end.rawValue) {
      throw refusal(lines.count, "it is sealed, and \(participant.id) has not acknowledged it")
    }
  }

  func refusal(_ line: Int, _ message: String) -> CeremonyError {
    VerifiedTranscript.refusal(
      .transcriptSteps, "line \(line): \(message)", hint: "it does not tell what its plan says; do not go by it")
  }
}

extension TranscriptStepCheck {
  /// That everything it names is in the plan, and is there what it is here.
  private func checkNames(_ body: TranscriptEntry.Body, _ line: Int) throws(CeremonyError) {
    let action = body.step.flatMap { id in plan.steps.first { $0.id == id }?.action }
    switch body {
    case .asked(let body):
      guard plan.participant(body.participant) != nil else { throw unknown("participant", body.participant, line) }
    case .fileRead(let file):
      guard let input = plan.input(file.name) else { throw unknown("input", file.name, line) }
      // In a rehearsal something else stands in for it.
      if history.opened.mode == .performance, let digest = input.sha256, digest != file.sha256 {
        throw refusal(line, "the input \(file.name) has another SHA-256 than the plan names")
      }
    case .fileWritten(let file):
      guard let output = plan.output(file.name) else { throw unknown("output", file.name, line) }
      guard output.file == file.file else {
        throw refusal(line, "the output \(file.name) is the file \(output.file) in the plan, and \(EvidenceText.shown(file.file)) here")
      }
      guard action?.outputName == file.name else { throw refusal(line, "the step \(file.step) does not write the output \(file.name)") }
    case .serial(let body):
      guard plan.token(body.token) != nil else { throw unknown("token", body.token, line) }
    case .pinShared(let body):
      guard case .sharePIN(body.pin)? = action, case .shared(let threshold, let custodians, _, _)? = plan.pin(body.pin)?.origin,
        threshold == body.threshold, Set(custodians) == Set(body.shares.keys)
      else { throw refusal(line, "the PIN \(EvidenceText.shown(body.pin)) is not shared as the plan says") }
    case .acknowledged(let body): try checkAcknowledged(body, action, line)
    default: break
    }
  }

  private func checkAcknowledged(_ body: TranscriptEntry.Acknowledged, _ action: StepAction?, _ line: Int) throws(CeremonyError) {
    guard let participant = plan.participant(body.participant) else { throw unknown("participant", body.participant, line) }
    guard participant.acknowledgement.means == body.means else {
      throw refusal(
        line,
        "\(body.participant) acknowledges with \(participant.acknowledgement.means.rawValue) in the plan, and \(body.means.rawValue) here")
    }
    if body.step != TranscriptHistory.Moment.end.rawValue {
      guard case .gate(_, let participants)? = action, participants.contains(body.participant) else {
        throw refusal(line, "\(body.participant) is not asked to acknowledge at the step \(body.step)")
      }
    }
    guard body.over == TranscriptAcknowledgement.digest(at: body.step, in: history) else {
      throw refusal(line, "\(body.participant) has acknowledged another digest than the one that counts at \(body.step)")
    }
  }

  /// That one name of a key stands for one key, until it is destroyed.
  private func checkKey(
    _ step: PlanStep, _ done: TranscriptEntry.StepDone, _ keys: inout [PlanKey: String], _ line: Int
  ) throws(CeremonyError) {
    guard let key = step.action.subjectKey, let digest = done.publicKeySHA256 else { return }
    if let known = keys[key], known != digest {
      throw refusal(
        line,
        "the key \(key.name) has the public key \(EvidenceText.shown(digest)) here, and \(EvidenceText.shown(known)) in a step before")
    }
    if case .destroyKey = step.action { keys[key] = nil } else { keys[key] = digest }
  }

  private func unknown(_ kind: String, _ name: String, _ line: Int) -> CeremonyError {
    refusal(line, "the plan has no \(kind) called \(EvidenceText.shown(name))")
  }

  /// That a step which is done has everything that the plan demands of it.
  private func checkDone(_ step: PlanStep, _ entries: [TranscriptEntry.Body], _ line: Int) throws(CeremonyError) {
    func answer(_ question: String, by participant: String) -> String? {
      for case .asked(let asked) in entries.reversed() where asked.question == question && asked.participant == participant {
        return asked.answer
      }
      return nil
    }
    func has(_ isIt: (TranscriptEntry.Body) -> Bool) -> Bool { entries.contains(where: isIt) }
    if let output = step.action.outputName, !has({ if case .fileWritten(let file) = $0 { file.name == output } else { false } }) {
      throw refusal(line, "the step \(step.id) is done, and did not write the output \(output)")
    }
    if let input = step.action.inputName, !has({ if case .fileRead(let file) = $0 { file.name == input } else { false } }) {
      throw refusal(line, "the step \(step.id) is done, and did not read the input \(input)")
    }
    switch step.action {
    case .gate(_, let participants):
      for participant in participants
      where !has({ if case .acknowledged(let body) = $0 { body.participant == participant } else { false } }) {
        throw refusal(line, "the gate \(step.id) is passed, and \(participant) has not acknowledged")
      }
    case .human(_, let records):
      guard answer("\(step.id)/\(step.actor)", by: step.actor) == "yes" else {
        throw refusal(line, "the step \(step.id) is done, and \(step.actor) has not confirmed it")
      }
      for record in records where answer("\(step.id)/\(step.actor)/\(record.id)", by: step.actor)?.isEmpty ?? true {
        throw refusal(line, "the step \(step.id) is done, and \(record.id) was not written down")
      }
    case .readAloud(_, _, let listener, _):
      guard let words = answer("\(step.id)/\(listener)", by: listener), !words.isEmpty else {
        throw refusal(line, "the step \(step.id) is done, and \(listener) has not typed what was read")
      }
    case .sharePIN:
      guard has({ if case .pinShared = $0 { true } else { false } }) else {
        throw refusal(line, "the step \(step.id) is done, and nothing was shared")
      }
    default: break
    }
  }
}

extension TranscriptEntry.Body {
  fileprivate var isFile: Bool {
    switch self {
    case .fileRead, .fileWritten: true
    default: false
    }
  }
}

extension Participant.Acknowledgement {
  /// How an entry of a transcript calls it.
  public var means: TranscriptEntry.Means {
    switch self {
    case .words: .words
    case .pin: .pin
    case .key: .key
    }
  }
}

extension StepAction {
  /// The output that it writes, by its name in the plan.
  var outputName: String? {
    switch self {
    case .proveKey(_, let output), .makeRequest(_, _, let output), .signFile(_, _, _, let output): output
    case .enrolCertificate(let enrolment): enrolment.output
    case .renewCertificate(_, _, let output): output
    default: nil
    }
  }

  /// The input that it reads, by its name in the plan.
  var inputName: String? {
    switch self {
    case .importCertificate(_, let input), .signFile(_, let input, _, _): input
    default: nil
    }
  }
}
