import KeyEvidence
import TokenKeys

extension CeremonyRun {
  /// Has everybody acknowledge the transcript, and seals it with the ceremony key.
  func close() async throws -> RunSummary {
    let operation = "seal the transcript"
    let head = try record.finish(steps: plan.steps.count)
    try await room.show(
      CeremonyScene(
        .digest, title: "All \(plan.steps.count) steps are done. This is the digest of the transcript up to here", digest: head))
    for person in plan.participants where !record.hasAcknowledgedEnd(person.id) {
      try await acknowledge(person, head, step: "end", operation)
    }
    let key = try await key(plan.ceremonyKey, operation)
    var seal = record.unsignedSeal()
    try await key.sign(&seal.draft, role: "key")
    for person in plan.participants {
      guard case .key(let expected) = person.acknowledgement else { continue }
      seal = try await witnessed(seal, by: person, expected: expected, operation)
    }
    let digest = try record.seal(seal)
    let summary = RunSummary(
      run: record.run, mode: mode, folder: record.folder, sealSHA256: digest.hexadecimal, keySHA256: try key.publicKey.fingerprint,
      files: record.writtenFiles)
    try await room.show(
      CeremonyScene(
        .ceremony, title: mode == .rehearsal ? "The rehearsal is complete and sealed" : "The ceremony is complete and sealed",
        lines: ["Folder \(record.folder)", "The digest below is that of the sealed transcript; write it down."], digest: digest))
    return summary
  }

  /// The seal with the signature of a participant's own key. Several people may have one reader for their tokens, so a token that is not
  /// there is asked for; that is not written down, because the seal is over the record as it stands.
  private func witnessed(
    _ unsigned: TranscriptSeal, by person: Participant, expected: String, _ operation: String
  ) async throws -> TranscriptSeal {
    while true {
      do {
        return try await withKey(of: person, expected: expected, operation) { key in
          var signed = unsigned
          try await key.sign(&signed.draft, role: "witness")
          return signed
        }
      } catch let error as CeremonyError where error.rule == .tokenSerial && room.isAttended {
        try await room.show(CeremonyScene(.trouble, title: error.message))
        let question = CeremonyQuestion(
          id: "end/\(person.id)", participant: person, kind: .confirmation,
          text: "Your key signs the seal of the transcript as well; insert your token once more and type yes")
        guard try await room.ask(question) == "yes" else { throw Self.absent(person, operation) }
      }
    }
  }
}
