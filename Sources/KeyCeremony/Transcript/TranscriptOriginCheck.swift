import KeyEvidence

/// Checks what a transcript rests on: people, the site, and the rehearsal that approves of a performance.
struct TranscriptOriginCheck {
  let plan: CeremonyPlan
  let history: TranscriptHistory
  let demands: VerifiedTranscript.Demands

  /// - Throws: `CEREMONY-PEOPLE`, `CEREMONY-REHEARSED`, `CEREMONY-PLAN-CHANGED`, `CEREMONY-TOOL-UNCHANGED` or
  ///   `CEREMONY-TRANSCRIPT-STEPS`.
  func check(_ lines: [TranscriptLine]) throws(CeremonyError) {
    guard history.opened.mode == .performance else {
      guard history.opened.site == nil, history.opened.approval == nil else {
        throw VerifiedTranscript.refusal(.transcriptSteps, "line 1: a rehearsal has neither site nor approval")
      }
      guard demands.rehearsal == nil else {
        throw VerifiedTranscript.refusal(
          .rehearsed, "it is a rehearsal itself, and has none", hint: "name the performance, and the rehearsal with --rehearsal")
      }
      return
    }
    try checkSite()
    if !demands.acceptsPreparedAnswers, let line = lines.first(where: { $0.entry.body.isPrepared }) {
      throw VerifiedTranscript.refusal(
        .people, "line \(line.entry.number + 1): a file answered, and no people did",
        hint: "that is for trying things out; if it is what you want, say --accept-prepared-answers")
    }
    guard let approval = history.opened.approval else {
      throw VerifiedTranscript.refusal(
        .rehearsed, "line 1: no rehearsal has approved of this performance",
        hint: "hsmkey ceremony perform writes no such transcript; do not go by it")
    }
    if let rehearsal = demands.rehearsal { try check(approval, against: rehearsal) }
  }

  private func checkSite() throws(CeremonyError) {
    guard let site = history.opened.site else {
      throw VerifiedTranscript.refusal(.transcriptSteps, "line 1: a performance has a site, and none is named")
    }
    guard Set(site.tokens.keys) == Set(plan.tokens.map(\.id)) else {
      throw VerifiedTranscript.refusal(.transcriptSteps, "line 1: the tokens of the site are not those of the plan")
    }
    for participant in plan.participants {
      guard case .key(let expected) = participant.acknowledgement else { continue }
      guard site.participantKeys[participant.id] == expected else {
        throw VerifiedTranscript.refusal(.transcriptSteps, "line 1: the key of \(participant.id) at the site is not the plan's")
      }
    }
  }

  private func check(_ approval: TranscriptEntry.Opened.Approval, against rehearsal: VerifiedTranscript) throws(CeremonyError) {
    let rehearsed = rehearsal.history.opened
    guard rehearsed.mode == .rehearsal else {
      throw VerifiedTranscript.refusal(
        .rehearsed, "what was named as the rehearsal is a performance", hint: "name the folder that hsmkey ceremony rehearse has written")
    }
    guard rehearsed.plan == history.opened.plan, rehearsed.planSHA256 == history.opened.planSHA256 else {
      throw VerifiedTranscript.refusal(
        .planChanged,
        "the plan that was performed is not the one that was rehearsed: \(history.opened.planSHA256), and \(rehearsed.planSHA256)",
        hint: "hold the two plans against each other, and ask who changed it")
    }
    guard approval.run == rehearsed.run else {
      throw VerifiedTranscript.refusal(
        .rehearsed, "another rehearsal approved of it: run \(approval.run), and not \(rehearsed.run)",
        hint: "name the folder of the rehearsal that approved of it")
    }
    guard approval.sealSHA256 == rehearsal.sealSHA256 else {
      throw VerifiedTranscript.refusal(
        .rehearsed, "the transcript of the rehearsal is not the one that approved of it: its last line is another",
        hint: "name it as it was when the performance began; ask who changed it")
    }
    guard rehearsed.tool == history.opened.tool else {
      throw VerifiedTranscript.refusal(
        .toolUnchanged, "it was performed with hsmkey \(history.opened.tool.version), and rehearsed with another program",
        hint: "ask who changed the program between the two, and why")
    }
  }
}

extension TranscriptEntry.Body {
  /// Whether a file answered instead of people.
  var isPrepared: Bool {
    switch self {
    case .opened(let body): body.answers == .prepared
    case .resumed(let body): body.answers == .prepared
    case .asked(let body): body.by == .prepared
    case .acknowledged(let body): body.by == .prepared
    default: false
    }
  }
}

/// Finds what a reader should know although nothing is wrong.
enum TranscriptObserver {
  static func observations(_ lines: [TranscriptLine]) -> [VerifiedTranscript.Observation] {
    var found: [VerifiedTranscript.Observation] = []
    var tool: TranscriptEntry.Tool?
    var site: String?
    var step: String?
    for (index, line) in lines.enumerated() {
      func note(_ kind: VerifiedTranscript.Observation.Kind, _ text: String) {
        found.append(.init(kind: kind, line: index + 1, time: line.entry.time, text: text))
      }
      if index > 0, line.entry.time < lines[index - 1].entry.time { note(.clock, "the clock went back since the line before") }
      switch line.entry.body {
      case .opened(let body): (tool, site) = (body.tool, body.site?.sha256)
      case .stepBegun(let body): step = body.step
      case .stepDone: step = nil
      case .stepFailed(let body):
        note(.failure, "the step \(body.step) failed: \(body.message)" + (body.rule.map { " [\($0)]" } ?? ""))
      case .resumed(let body):
        let place = step.map { "in the step \($0)" } ?? "between steps"
        let torn = body.removedOctets == 0 ? "" : "; \(body.removedOctets) bytes of a line that was not written to its end were cut off"
        note(.interruption, "the run was interrupted \(place) and resumed\(torn)")
        if body.tool != tool { note(.tool, "another program went on with it: version \(body.tool.version)") }
        if body.siteSHA256 != site { note(.site, "it went on with another site file") }
        (tool, site) = (body.tool, body.siteSHA256)
      default: break
      }
    }
    return found
  }
}
