import Secrets

extension CeremonyRun {
  /// Where a PIN of the plan comes from. A shared one is combined from its shares when this process does not hold it.
  func source(ofPIN id: String, _ operation: String) async throws -> SecretSource {
    guard let pin = plan.pin(id) else {
      throw CeremonyError(.planSense, operation: operation, message: "the plan has no PIN \(id)")
    }
    switch pin.origin {
    case .site:
      guard let source = site.pins[id] else {
        throw CeremonyError(.siteComplete, operation: operation, message: "the site has no source for the PIN \(id)")
      }
      return source
    case .shared:
      if held[id] == nil {
        try await room.show(
          CeremonyScene(.note, title: "The PIN \(id) is needed, and this run does not hold it: its shares are combined again"))
        try await combine(id, step: TranscriptHistory.Moment.resume.rawValue, operation) { "combine/\(id)/\($0)" }
      }
      guard let secret = held[id] else {
        throw CeremonyError(.shareCount, operation: operation, message: "the PIN \(id) was not combined")
      }
      return .held(secret, name: id)
    }
  }

  /// Has a shared PIN from the shares that its custodians brought.
  ///
  /// - Parameter question: the name of the question to a custodian.
  func combine(_ id: String, step: String, _ operation: String, question: (String) -> String) async throws {
    guard case .shared(let threshold, let custodians, _, _)? = plan.pin(id)?.origin else {
      throw CeremonyError(.planSense, operation: operation, message: "the PIN \(id) is not shared")
    }
    if let stage, record.set(ofPIN: id) == nil, let pin = await stage.sharedPIN(id) {
      try await dealForRehearsal(pin, threshold, custodians, id, operation, question: question)
    }
    let known = record.shareDigests(ofPIN: id)
    var shares: [PINShare] = []
    for custodian in custodians where shares.count < threshold {
      let share = try await share(
        of: custodian, ofPIN: id, known: known, joining: shares, question: question(custodian), step: step, operation)
      if let share { shares.append(share) }
    }
    guard shares.count >= threshold else {
      throw CeremonyError(
        .shareCount, operation: operation,
        message: "\(shares.count) of the \(threshold) shares that the PIN \(id) needs are here",
        hint: "the PIN was not put together and not tried; go on when more custodians are here, by the same command")
    }
    held[id] = try SharedPIN.combine(shares)
  }

  /// Gives custodians cards of a throw-away token's PIN: those of the real one they bring to the performance.
  private func dealForRehearsal(
    _ pin: HeldSecret, _ threshold: Int, _ custodians: [String], _ id: String, _ operation: String, question: (String) -> String
  ) async throws {
    let shares = try SharedPIN.split(pin, threshold: threshold, count: custodians.count)
    for (custodian, share) in zip(custodians, shares).prefix(threshold) {
      let card = CeremonyQuestion(
        id: question(custodian), participant: try participant(custodian, operation), kind: .shareCard,
        text: "REHEARSAL: a card of the PIN \(id) for this rehearsal only; to the performance you bring your own")
      try await room.showSecretly(share.text(), card)
    }
  }

  /// The share that one custodian types; nil when the person is not here.
  private func share(
    of custodian: String, ofPIN pin: String, known: [String: String], joining others: [PINShare], question id: String, step: String,
    _ operation: String
  ) async throws -> PINShare? {
    let person = try participant(custodian, operation)
    let question = CeremonyQuestion(
      id: id, participant: person, kind: .share, text: "Type the share of the PIN \(pin) from your card, or absent")
    var last: CeremonyError?
    for _ in 0..<Self.maximumTries {
      let typed = try await room.askSecretly(question)
      if typed.isAbsent {
        try record.asked(step: step, question, answer: "absent", isAttended: room.isAttended)
        return nil
      }
      try record.asked(step: step, question, answer: nil, isAttended: room.isAttended)
      do {
        let share = try PINShare(typed: typed)
        if let digest = known[custodian], digest != share.sha256.hexadecimal {
          throw CeremonyError(
            .shareGenuine, operation: operation, message: "this is a whole share, and not the one that \(person.name) was given",
            hint: "cards of an earlier set are void; nothing was tried on the token")
        }
        try share.check(joins: others)
        return share
      } catch {
        guard let error = error as? CeremonyError, [.shareGenuine, .shareCount].contains(error.rule) else { throw error }
        last = error
        try record.noted(step: nil, "a share of \(custodian) was refused: \(error.message)")
        try await room.show(CeremonyScene(.trouble, step: step, title: error.message, lines: [error.hint].compactMap(\.self)))
        if !room.isAttended { break }
      }
    }
    throw last ?? CeremonyError(.shareGenuine, operation: operation, message: "no share was typed")
  }
}

extension HeldSecret {
  /// Whether nothing was given, or somebody typed that a person is not here.
  var isAbsent: Bool { count == 0 || copy().isEqual(to: SecretBytes(copying: Array("absent".utf8))) }
}
