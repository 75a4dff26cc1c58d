import Foundation
import KeyEvidence
import TokenKeys

extension CeremonyRun {
  /// `gate`
  func gate(_ text: String, _ names: [String], _ frame: StepFrame) async throws -> StepOutcome {
    try begin(frame)
    try await room.show(
      CeremonyScene(
        .digest, step: frame.step.id, position: frame.position, title: text,
        lines: ["This is the digest of the plan. It must be the one on your paper."], digest: plan.sha256))
    for name in names {
      try await acknowledge(try participant(name, frame.operation), plan.sha256, step: frame.step.id, frame.operation)
    }
    return StepOutcome(
      result: ["participants": .array(names.map { .string($0) })], comparable: ["participants": .array(names.map { .string($0) })],
      lines: ["acknowledged by \(names.joined(separator: ", "))"])
  }

  /// `human`
  func human(_ text: String, _ fields: [StepAction.RecordField], _ frame: StepFrame) async throws -> StepOutcome {
    try begin(frame)
    let actor = try participant(frame.step.actor, frame.operation)
    var answers: [String: JSONValue] = [:]
    for field in fields {
      let question = CeremonyQuestion(
        id: "\(frame.step.id)/\(actor.id)/\(field.id)", participant: actor, kind: .text, text: field.question)
      let answer = try await room.ask(question)
      try record.asked(step: frame.step.id, question, answer: answer, isAttended: room.isAttended)
      answers[field.id] = .string(answer)
    }
    let question = CeremonyQuestion(
      id: "\(frame.step.id)/\(actor.id)", participant: actor, kind: .confirmation, text: "Is this done? Type yes")
    let answer = try await room.ask(question)
    try record.asked(step: frame.step.id, question, answer: answer, isAttended: room.isAttended)
    guard answer == "yes" else {
      throw frame.refusal(
        .participant, "\(actor.name) (\(actor.id)) did not confirm that it is done", hint: "when it is done, go on by the same command")
    }
    return StepOutcome(
      result: ["done-by": .string(actor.id), "records": .object(answers)],
      comparable: ["records": .array(fields.map { .string($0.id) })],
      lines: fields.compactMap { field in
        if case .string(let text)? = answers[field.id] { "\(field.id): \(text)" } else { nil }
      })
  }

  /// `read-aloud`
  func readAloud(
    _ subject: StepAction.ReadAloudSubject, _ reader: String, _ listener: String, _ count: Int, _ frame: StepFrame
  ) async throws -> StepOutcome {
    try begin(frame)
    let (digest, what) = try await digest(of: subject, frame)
    let (reading, listening) = (try participant(reader, frame.operation), try participant(listener, frame.operation))
    try await room.show(
      CeremonyScene(
        .digest, step: frame.step.id, position: frame.position, title: "\(reading.name) reads aloud the words of \(what)",
        lines: ["\(listening.name) holds them against paper or an own computation, and types those that are asked for."], digest: digest))
    try await words(
      of: digest, count: count, from: listening, question: "\(frame.step.id)/\(listener)", step: frame.step.id,
      "Type these words as you heard them", frame.operation)
    var result: [String: JSONValue] = [
      "of": .string(what), "sha256": .string(digest.hexadecimal), "reader": .string(reader), "listener": .string(listener),
    ]
    if case .key = subject { result["public-key-sha256"] = .string(digest.hexadecimal) }
    return StepOutcome(
      result: result,
      comparable: ["of": .string(what), "reader": .string(reader), "listener": .string(listener), "words": .integer(count)],
      lines: ["\(count) words were read back rightly"])
  }

  private func digest(of subject: StepAction.ReadAloudSubject, _ frame: StepFrame) async throws -> ([UInt8], String) {
    switch subject {
    case .plan: return (plan.sha256, "the plan")
    case .key(let key):
      let found = try await self.key(key, frame.operation)
      return (EvidenceText.digest(try found.publicKey.subjectPublicKeyInfo), "the public key \(key.name)")
    case .output(let id):
      guard let output = plan.output(id) else { throw frame.refusal(.planSense, "the plan has no output \(id)") }
      let bytes = try Self.contents(of: "\(record.folder)/\(output.file)", limit: 64 << 20, frame)
      let digest = EvidenceText.digest(bytes)
      guard record.writtenFiles[id] == digest.hexadecimal else {
        throw frame.refusal(
          .fileDigest, "\(output.file) is not the file that this ceremony wrote",
          hint: "somebody changed it; do not go on before you know why")
      }
      return (digest, "the file \(output.file)")
    }
  }
}
