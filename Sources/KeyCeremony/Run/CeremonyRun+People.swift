import KeyEvidence
import Secrets
import TokenKeys

extension CeremonyRun {
  /// How often something that people type may be wrong.
  static let maximumTries = 3
  /// How many words of a digest are asked for at a gate.
  static let gateWordCount = 4

  func participant(_ id: String, _ operation: String) throws -> Participant {
    guard let person = plan.participant(id) else {
      throw CeremonyError(.planSense, operation: operation, message: "the plan has no participant \(id)")
    }
    return person
  }

  /// Lets everybody who acknowledges with a PIN choose one. It is kept in this process and nowhere else.
  func choosePINs() async throws {
    for person in plan.participants where person.acknowledgement == .pin {
      let question = CeremonyQuestion(
        id: "start/\(person.id)", participant: person, kind: .newPIN,
        text: "Choose a PIN for this ceremony, 6 to 64 characters; you type it at each gate, and it is kept nowhere")
      chosenPINs[person.id] = try await room.askSecretly(question)
      try record.asked(.start, question, answer: nil, isAttended: room.isAttended)
    }
  }

  /// Has a participant acknowledge a digest, by the means of the plan.
  ///
  /// - Parameters:
  ///   - step: the gate's name, or `end`.
  ///   - digest: what is shown: the plan's digest, or that of the transcript's last line.
  /// - Throws: `CEREMONY-PARTICIPANT` when the person is absent or cannot be who was named; `CEREMONY-WORDS` for wrong words.
  func acknowledge(_ person: Participant, _ digest: [UInt8], step: String, _ operation: String) async throws {
    let means: TranscriptEntry.Means
    switch person.acknowledgement {
    case .words:
      means = .words
      try await words(
        of: digest, count: Self.gateWordCount, from: person, question: "\(step)/\(person.id)", step: step,
        "Type the words that are asked for, from the paper or the screen, or absent", operation)
    case .pin:
      means = .pin
      try await ownPIN(of: person, step: step, operation)
    case .key(let expected):
      let signed = try await signedAcknowledgement(of: person, expected: expected, step: step, operation)
      return try record.acknowledged(signed, isAttended: room.isAttended)
    }
    try record.acknowledged(step: step, person, means: means, over: digest, isAttended: room.isAttended)
  }

  /// Asks for words of a digest, until they are right or were wrong too often.
  func words(
    of digest: [UInt8], count: Int, from person: Participant, question id: String, step: String, _ text: String, _ operation: String
  ) async throws {
    let right = FingerprintWords.words(for: digest)
    for tryNumber in 1...Self.maximumTries {
      let places = Array((1...right.count).shuffled().prefix(count)).sorted()
      let question = CeremonyQuestion(id: id, participant: person, kind: .words(digest: digest, places: places), text: text)
      let answer = try await room.ask(question)
      try record.asked(step: step, question, answer: answer, isAttended: room.isAttended)
      if answer == "absent" { throw Self.absent(person, operation) }
      let typed = answer.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
      if typed == places.map({ right[$0 - 1].lowercased() }) { return }
      let wrong = zip(places, typed).filter { right[$0.0 - 1].lowercased() != $0.1 }.map { "\($0.0)" }
      let message =
        if typed.count != places.count {
          "\(places.count) words are asked for, and there are \(typed.count)"
        } else {
          wrong.count == 1
            ? "word \(wrong[0]) is not that of the digest" : "words \(wrong.joined(separator: ", ")) are not those of the digest"
        }
      guard tryNumber < Self.maximumTries, room.isAttended else {
        throw CeremonyError(
          .words, operation: operation, message: "\(person.name) (\(person.id)) typed other words: \(message)",
          hint: "paper and machine show different digests, or one of you misread: compare all 32 words before you go on")
      }
      try await room.show(CeremonyScene(.trouble, step: step, title: message, lines: ["Look again, and type them once more."]))
    }
  }

  private func ownPIN(of person: Participant, step: String, _ operation: String) async throws {
    guard let chosen = chosenPINs[person.id] else {
      throw CeremonyError(.participant, operation: operation, message: "\(person.name) (\(person.id)) has chosen no PIN")
    }
    let question = CeremonyQuestion(
      id: "\(step)/\(person.id)", participant: person, kind: .pin, text: "Type the PIN that you have chosen, or absent")
    for _ in 0..<Self.maximumTries {
      let typed = try await room.askSecretly(question)
      let isRight = typed.copy().isEqual(to: chosen.copy())
      try record.asked(step: step, question, answer: nil, isAttended: room.isAttended)
      if isRight { return }
      if typed.isAbsent { throw Self.absent(person, operation) }
      try await room.show(CeremonyScene(.trouble, step: step, title: "That is not the PIN that \(person.name) has chosen"))
      if !room.isAttended { break }
    }
    throw CeremonyError(
      .participant, operation: operation, message: "the PIN of \(person.name) (\(person.id)) was wrong too often",
      hint: "the ceremony stops here; when it is gone on with, everybody chooses a new PIN")
  }

  private func signedAcknowledgement(
    of person: Participant, expected: String, step: String, _ operation: String
  ) async throws -> TranscriptAcknowledgement {
    let question = CeremonyQuestion(
      id: "\(step)/\(person.id)", participant: person, kind: .confirmation,
      text: "Your key signs that you have seen this digest; insert your token and type yes, or absent")
    let answer = try await room.ask(question)
    try record.asked(step: step, question, answer: answer, isAttended: room.isAttended)
    if answer == "absent" { throw Self.absent(person, operation) }
    guard answer == "yes" else {
      throw CeremonyError(.participant, operation: operation, message: "\(person.name) (\(person.id)) did not agree to sign")
    }
    let unsigned = record.unsignedAcknowledgement(of: person, at: step)
    return try await withKey(of: person, expected: expected, operation) { key in
      var signed = unsigned
      try await key.sign(&signed.draft, role: "witness")
      return signed
    }
  }

  /// The participant's own key, for as long as it signs.
  func withKey<Result: Sendable>(
    of person: Participant, expected: String, _ operation: String, _ body: (TokenKey) async throws -> Result
  ) async throws -> Result {
    guard let binding = site.participantKeys[person.id], let serial = binding.token.serial else {
      throw CeremonyError(.siteComplete, operation: operation, message: "the site has no key for \(person.id)")
    }
    let token = try await presentToken(serial: serial, of: binding.token, operation)
    let keys = try await logIn(token, pin: binding.pin)
    do {
      let key = try await keys.key(named: binding.key)
      let fingerprint = try key.publicKey.fingerprint
      // A rehearsal signs with keys that it has made itself.
      guard mode == .rehearsal || fingerprint == expected else {
        throw CeremonyError(
          .participant, operation: operation,
          message: "the key \(binding.key) of \(person.name) has the fingerprint \(fingerprint), and the plan names \(expected)",
          hint: "it is another key than the one that was agreed on")
      }
      let result = try await body(key)
      try await keys.close()
      return result
    } catch {
      try? await keys.close()
      throw error
    }
  }

  static func absent(_ person: Participant, _ operation: String) -> CeremonyError {
    CeremonyError(
      .participant, operation: operation, message: "\(person.name) (\(person.id)) is not here",
      hint: "nothing goes on without everybody whom the gate names; begin again by the same command when the person is here")
  }
}
