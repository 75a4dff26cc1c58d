import KeyEvidence
import X509

/// Checks the signatures of a transcript: the seal, and what participants acknowledged with a key.
struct TranscriptSealCheck {
  struct Outcome {
    let key: Certificate.PublicKey
    let keySHA256: String
    let ground: VerifiedTranscript.KeyGround
    let participantKeys: [String: String]
  }

  let plan: CeremonyPlan
  let history: TranscriptHistory
  /// The SHA-256 of the key that must have sealed it, if somebody said.
  let demandedKey: String?

  /// - Throws: `CEREMONY-SEAL`; `CEREMONY-TRANSCRIPT-STEPS` for an acknowledgement that is not the participant's.
  func check(_ lines: [TranscriptLine]) throws(CeremonyError) -> Outcome {
    var participantKeys: [String: String] = [:]
    for line in lines {
      guard case .acknowledged(let body) = line.entry.body, let statement = body.statement else { continue }
      let key = try signer(of: body, statement, line.entry.number + 1)
      guard participantKeys[body.participant] ?? key == key else {
        throw refusal(.transcriptSteps, line.entry.number + 1, "\(body.participant) has acknowledged with another key before")
      }
      participantKeys[body.participant] = key
    }
    guard let last = lines.last, case .sealed(let sealed) = last.entry.body else {
      throw refusal(.seal, lines.count, "there is no seal")
    }
    let number = lines.count
    let statement = try verify(sealed.statement, TranscriptSeal.format, .seal, number)
    let head = last.entry.previous
    guard statement.content == TranscriptSeal.content(history.opened, entries: number - 1, head: head, at: last.entry.time) else {
      throw refusal(.seal, number, difference(statement.content, entries: number - 1, head: head, last.entry))
    }
    let keys = statement.signatures.filter { $0.role == "key" }
    guard keys.count == 1, let key = keys.first else {
      throw refusal(.seal, number, "\(keys.count) keys have signed it as the ceremony key, and there is one")
    }
    let others = Set(statement.signatures.filter { $0.role != "key" }.map(\.publicKeySHA256))
    for (participant, key) in participantKeys where !others.contains(key) {
      throw refusal(.seal, number, "\(participant) acknowledges with a key, and has not signed the seal with it")
    }
    guard others == Set(participantKeys.values) else {
      throw refusal(.seal, number, "a key has signed it that is no participant's")
    }
    let ground = try ground(of: key.publicKeySHA256, number)
    return Outcome(key: key.publicKey, keySHA256: key.publicKeySHA256, ground: ground, participantKeys: participantKeys)
  }

  private func ground(of key: String, _ line: Int) throws(CeremonyError) -> VerifiedTranscript.KeyGround {
    let told = history.publicKeySHA256(of: plan.ceremonyKey, in: plan)
    if let told, told != key {
      throw refusal(.seal, line, "it is signed by \(key), and the ceremony key that the steps tell of is \(EvidenceText.shown(told))")
    }
    if let demandedKey {
      guard demandedKey == key else { throw refusal(.seal, line, "it is signed by \(key), and not by the key that was named") }
      return .named
    }
    return told == nil || !isGenerated ? .signature : .transcript
  }

  /// Whether a step of this run has generated the ceremony key.
  private var isGenerated: Bool {
    plan.steps.contains { step in if case .generateKey(plan.ceremonyKey, _, _) = step.action { true } else { false } }
  }

  /// The key that a participant acknowledged with.
  private func signer(
    of body: TranscriptEntry.Acknowledged, _ value: JSONValue, _ line: Int
  ) throws(CeremonyError) -> String {
    let statement = try verify(value, TranscriptAcknowledgement.format, .transcriptSteps, line)
    let content = TranscriptAcknowledgement.content(
      run: history.opened.run, step: body.step, participant: body.participant, over: body.over)
    guard statement.content == content else {
      throw refusal(.transcriptSteps, line, "what \(body.participant) has signed is about another run, step or digest")
    }
    guard statement.signatures.count == 1, let signature = statement.signatures.first, signature.role == "witness" else {
      throw refusal(.transcriptSteps, line, "an acknowledgement has one signature, as a witness")
    }
    // A rehearsal is signed with throw-away keys.
    if history.opened.mode == .performance, case .key(let expected)? = plan.participant(body.participant)?.acknowledgement,
      expected != signature.publicKeySHA256
    {
      throw refusal(
        .transcriptSteps, line, "\(body.participant) has signed with the key \(signature.publicKeySHA256), and the plan names \(expected)")
    }
    return signature.publicKeySHA256
  }

  private func difference(_ content: JSONValue, entries: Int, head: String, _ entry: TranscriptEntry) -> String {
    guard case .object(let stated) = content,
      case .object(let expected) = TranscriptSeal.content(history.opened, entries: entries, head: head, at: entry.time)
    else { return "it says nothing" }
    let names = Set(stated.keys).union(expected.keys).filter { stated[$0] != expected[$0] }.sorted()
    return names == ["run"] || names.contains("run")
      ? "the seal is of another run: the end of another transcript was put here"
      : "the seal is of another transcript: \(names.map(EvidenceText.shown).joined(separator: ", ")) differ"
  }

  private func verify(
    _ statement: JSONValue, _ format: String, _ rule: CeremonyRule, _ line: Int
  ) throws(CeremonyError) -> VerifiedStatement {
    do throws(EvidenceError) {
      return try VerifiedStatement.verify(CanonicalJSON.encode(statement), format: format)
    } catch {
      throw VerifiedTranscript.refusal(
        rule, "line \(line): at /statement\(error.where.hasPrefix("/") ? "" : " ")\(error.where): \(error.message)", hint: error.hint,
        underlying: error)
    }
  }

  private func refusal(_ rule: CeremonyRule, _ line: Int, _ message: String) -> CeremonyError {
    VerifiedTranscript.refusal(rule, "line \(line): \(message)", hint: "this transcript is not to be trusted")
  }
}
