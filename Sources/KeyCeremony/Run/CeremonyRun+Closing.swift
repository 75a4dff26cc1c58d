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
    let key = try await ceremonyKey(operation)
    var seal = record.unsignedSeal()
    try await key.sign(&seal.draft, role: "key")
    for person in plan.participants {
      guard case .key(let expected) = person.acknowledgement else { continue }
      // Copied in and out: the key signs a copy of its own.
      let unsigned = seal
      seal = try await withKey(of: person, expected: expected, operation) { key in
        var signed = unsigned
        try await key.sign(&signed.draft, role: "witness")
        return signed
      }
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

  private func ceremonyKey(_ operation: String) async throws -> TokenKey {
    try await keys(on: plan.ceremonyKey.token, operation).key(named: plan.ceremonyKey.name)
  }
}
