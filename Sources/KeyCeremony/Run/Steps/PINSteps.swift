import KeyEvidence
import Secrets

extension CeremonyRun {
  /// `share-pin`
  ///
  /// The PIN of an attempt that was cut off is lost, and nothing can have used it: the steps that do come later. So is its set of shares.
  func sharePIN(_ id: String, _ frame: StepFrame) async throws -> StepOutcome {
    guard case .shared(let threshold, let custodians, let length, let alphabet)? = plan.pin(id)?.origin else {
      throw frame.refusal(.planSense, "the PIN \(id) is not shared")
    }
    try begin(frame)
    if frame.isRepeated {
      let message = "cards of the PIN \(id) that were handed out before the interruption are void"
      try record.noted(step: frame.step.id, message)
      try await room.show(
        CeremonyScene(.note, step: frame.step.id, title: message, lines: ["Destroy them; new ones are handed out now."]))
      if let folder = site.shareCardFolder { ShareCardFile.destroyLeftovers(custodians.map { cardName(id, $0) }, in: folder) }
    }
    let pin = GeneratedPIN.make(length: length, alphabet: alphabet)
    let shares = try SharedPIN.split(pin, threshold: threshold, count: custodians.count)
    try record.pinShared(
      step: frame.step.id, pin: id, set: shares[0].setText, threshold: threshold,
      shares: zip(custodians, shares).map { ($0, $1.index, $1.sha256.hexadecimal) })
    for (custodian, share) in zip(custodians, shares) {
      try await handOut(share, to: try participant(custodian, frame.operation), ofPIN: id, frame)
    }
    held[id] = pin
    return StepOutcome(
      result: ["pin": .string(id), "set": .string(shares[0].setText)],
      comparable: [
        "pin": .string(id), "threshold": .integer(threshold), "custodians": .array(custodians.map { .string($0) }),
        "length": .integer(length), "alphabet": .string(alphabet.rawValue),
      ],
      lines: ["the PIN \(id) is shared: any \(threshold) of \(custodians.count) cards give it back", "set \(shares[0].setText)"])
  }

  /// Shows one custodian the card, and has it read back.
  private func handOut(_ share: PINShare, to person: Participant, ofPIN id: String, _ frame: StepFrame) async throws {
    let file = try shareCard(share, for: person, ofPIN: id)
    let page = file.map { " A page to print it from is \($0.path), until it is typed back." } ?? ""
    let card = CeremonyQuestion(
      id: "\(frame.step.id)/\(person.id)/card", participant: person, kind: .shareCard,
      text: "Your share of the PIN \(id): write it on your card, and nowhere else.\(page) Everybody else looks away")
    do {
      try await readBack(share, card, person, frame)
    } catch {
      // Whoever stopped here has no use of the card: the next attempt makes new ones.
      try? file?.destroy()
      throw error
    }
    try file?.destroy()
  }

  /// Shows the share, and has it typed from the card.
  private func readBack(_ share: PINShare, _ card: CeremonyQuestion, _ person: Participant, _ frame: StepFrame) async throws {
    try await room.showSecretly(share.text(), card)
    try record.asked(step: frame.step.id, card, answer: "seen", isAttended: room.isAttended)
    let question = CeremonyQuestion(
      id: "\(frame.step.id)/\(person.id)/share", participant: person, kind: .share,
      text: "Type the share from your card, so that it is known to be right")
    for tryNumber in 1...Self.maximumTries {
      let typed = try await room.askSecretly(question)
      try record.asked(step: frame.step.id, question, answer: nil, isAttended: room.isAttended)
      do {
        guard try PINShare(typed: typed).sha256 == share.sha256 else {
          throw frame.refusal(
            .shareGenuine, "this is a whole share, and not the one that was handed out",
            hint: "type it from the card that was written just now")
        }
        return
      } catch let error as CeremonyError where error.rule == .shareGenuine {
        guard tryNumber < Self.maximumTries, room.isAttended else { throw error }
        try await room.show(
          CeremonyScene(.trouble, step: frame.step.id, title: error.message, lines: ["Look at the card, and type it again."]))
      }
    }
  }

  /// The card as a page to print, where the site has a folder for it.
  private func shareCard(_ share: PINShare, for person: Participant, ofPIN id: String) throws -> ShareCardFile? {
    guard let folder = site.shareCardFolder else { return nil }
    return try ShareCardFile(
      ShareCard(share, plan: plan, pin: id, custodian: person.id).html(), in: folder, named: cardName(id, person.id))
  }

  private func cardName(_ pin: String, _ custodian: String) -> String { "\(plan.name)-\(pin)-\(custodian).html" }

  /// `combine-pin`
  func combinePIN(_ id: String, _ frame: StepFrame) async throws -> StepOutcome {
    try begin(frame)
    held[id] = nil
    try await combine(id, step: frame.step.id, frame.operation) { "\(frame.step.id)/\($0)/share" }
    return StepOutcome(
      result: ["pin": .string(id)], comparable: ["pin": .string(id)], lines: ["the PIN \(id) is together again, in memory only"])
  }
}
