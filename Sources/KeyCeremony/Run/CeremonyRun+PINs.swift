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
        try await combine(id, asking: "combine/\(id)", step: TranscriptHistory.Moment.resume.rawValue, operation)
      }
      guard let secret = held[id] else {
        throw CeremonyError(.shareCount, operation: operation, message: "the PIN \(id) was not combined")
      }
      return .held(secret, name: id)
    }
  }

  /// Has a shared PIN from the shares that its custodians brought.
  func combine(_ id: String, asking prefix: String, step: String, _ operation: String) async throws {
    guard case .shared(let threshold, let custodians, _, _)? = plan.pin(id)?.origin else {
      throw CeremonyError(.planSense, operation: operation, message: "the PIN \(id) is not shared")
    }
    let known = record.shareDigests(ofPIN: id)
    var shares: [PINShare] = []
    for custodian in custodians where shares.count < threshold {
      if let share = try await share(of: custodian, ofPIN: id, known: known, asking: prefix, step: step, operation) { shares.append(share) }
    }
    guard shares.count >= threshold else {
      throw CeremonyError(
        .shareCount, operation: operation,
        message: "\(shares.count) of the \(threshold) shares that the PIN \(id) needs are here",
        hint: "the PIN was not put together and not tried; go on when more custodians are here, by the same command")
    }
    held[id] = try SharedPIN.combine(shares)
  }

  /// The share that one custodian types; nil when the person is not here.
  private func share(
    of custodian: String, ofPIN id: String, known: [String: String], asking prefix: String, step: String, _ operation: String
  ) async throws -> PINShare? {
    let person = try participant(custodian, operation)
    let question = CeremonyQuestion(
      id: "\(prefix)/\(custodian)/share", participant: person, kind: .share,
      text: "Type the share of the PIN \(id) from your card; nothing and Enter when you do not have it")
    var last: CeremonyError?
    for _ in 0..<Self.maximumTries {
      let typed = try await room.askSecretly(question)
      if typed.count == 0 {
        try record.asked(step: step, question, answer: "no share", isAttended: room.isAttended)
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
        return share
      } catch {
        guard let error = error as? CeremonyError, error.rule == .shareGenuine else { throw error }
        last = error
        try record.noted(step: nil, "a share of \(custodian) was refused: \(error.message)")
        try await room.show(CeremonyScene(.trouble, step: step, title: error.message, lines: [error.hint].compactMap(\.self)))
        if !room.isAttended { break }
      }
    }
    throw last ?? CeremonyError(.shareGenuine, operation: operation, message: "no share was typed")
  }
}
