/// A question that a plan leads to, and the name that prepared answers have it by.
public struct PlanQuestion: Sendable, Hashable {
  /// What kind of answer is wanted.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// Words of a digest.
    case words
    /// A PIN that the participant chooses when the run begins; asked twice.
    case newPIN = "new-pin"
    /// The PIN that the participant chose.
    case pin
    /// The word `yes`.
    case confirmation
    /// A line of text.
    case text
    /// A share is shown to one person alone, who confirms with `yes` that it was written down.
    case shareCard = "share-card"
    /// A share, typed from its card.
    case share
  }

  /// `STEP/PARTICIPANT`, or `STEP/PARTICIPANT/FIELD`.
  public let id: String
  /// The participant's name in the plan.
  public let participant: String
  /// What kind of answer is wanted.
  public let kind: Kind
  /// What is asked, on one line.
  public let text: String
  /// Whether every run asks it. Shares beyond the threshold, and what is asked when a run is gone on with, may not be asked.
  public let isCertain: Bool
}

extension CeremonyPlan {
  /// Every question that a run of the plan may ask, in the order in which they come; those of a run that is gone on with come last.
  public var questions: [PlanQuestion] {
    let start = participants.filter { $0.acknowledgement == .pin }.map {
      PlanQuestion(
        id: "start/\($0.id)", participant: $0.id, kind: .newPIN, text: "a PIN of 6 characters or more, for this ceremony only",
        isCertain: true)
    }
    let end = participants.map { acknowledgement("end", $0.id, "the ceremony was as the transcript tells") }
    return start + steps.flatMap(questions(of:)) + end + resuming
  }

  private func questions(of step: PlanStep) -> [PlanQuestion] {
    switch step.action {
    case .gate(let text, let participants): participants.map { acknowledgement(step.id, $0, text.onOneLine) }
    case .human(let text, let records):
      records.map {
        PlanQuestion(id: "\(step.id)/\(step.actor)/\($0.id)", participant: step.actor, kind: .text, text: $0.question, isCertain: true)
      } + [
        PlanQuestion(id: "\(step.id)/\(step.actor)", participant: step.actor, kind: .confirmation, text: text.onOneLine, isCertain: true)
      ]
    case .readAloud(_, _, let listener, let count):
      [
        PlanQuestion(
          id: "\(step.id)/\(listener)", participant: listener, kind: .words, text: "the \(count) words that were heard", isCertain: true)
      ]
    case .sharePIN(let pin):
      custodians(of: pin).flatMap { custodian in
        [
          PlanQuestion(
            id: "\(step.id)/\(custodian)/card", participant: custodian, kind: .shareCard, text: "the share of \(pin), to be written down",
            isCertain: true),
          PlanQuestion(
            id: "\(step.id)/\(custodian)/share", participant: custodian, kind: .share, text: "the share of \(pin), from the card",
            isCertain: true),
        ]
      }
    case .combinePIN(let pin):
      custodians(of: pin).enumerated().map { place, custodian in
        PlanQuestion(
          id: "\(step.id)/\(custodian)/share", participant: custodian, kind: .share, text: "the share of \(pin), from the card",
          isCertain: place < threshold(of: pin))
      }
    default: []
    }
  }

  /// What a run that was cut off asks when it is gone on with.
  private var resuming: [PlanQuestion] {
    let leader = participants.prefix(1).map {
      PlanQuestion(
        id: "resume/\($0.id)", participant: $0.id, kind: .confirmation, text: "the run that was cut off goes on", isCertain: false)
    }
    let shares = pins.flatMap { pin in
      custodians(of: pin.id).map {
        PlanQuestion(
          id: "combine/\(pin.id)/\($0)", participant: $0, kind: .share, text: "the share of \(pin.id), from the card",
          isCertain: false)
      }
    }
    return leader + shares
  }

  private func acknowledgement(_ step: String, _ participant: String, _ text: String) -> PlanQuestion {
    let kind: PlanQuestion.Kind =
      switch self.participant(participant)?.acknowledgement {
      case .pin: .pin
      case .key: .confirmation
      case .words, nil: .words
      }
    return PlanQuestion(id: "\(step)/\(participant)", participant: participant, kind: kind, text: text, isCertain: true)
  }

  private func custodians(of pin: String) -> [String] { self.pin(pin)?.custodians ?? [] }

  private func threshold(of pin: String) -> Int {
    guard case .shared(let threshold, _, _, _) = self.pin(pin)?.origin else { return 0 }
    return threshold
  }
}

extension String {
  /// Line ends as spaces.
  var onOneLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
