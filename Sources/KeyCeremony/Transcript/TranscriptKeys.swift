import KeyEvidence

extension TranscriptHistory {
  /// The public key that the steps so far have met under a key's name: SHA-256 in hexadecimal. Nil for a key that none has met, and after
  /// one that was destroyed.
  func publicKeySHA256(of key: PlanKey, in plan: CeremonyPlan) -> String? {
    var known: String?
    for step in plan.steps where step.action.subjectKey == key {
      guard let done = self.step(step.id)?.done else { continue }
      if case .destroyKey = step.action { known = nil } else { known = done.publicKeySHA256 ?? known }
    }
    return known
  }
}

extension TranscriptEntry.StepDone {
  /// The public key that the step says that it worked with.
  var publicKeySHA256: String? { if case .string(let digest)? = result["public-key-sha256"] { digest } else { nil } }
}

extension StepAction {
  /// The one key, by name, that the step makes or works with.
  var subjectKey: PlanKey? {
    if case .generateKey(let key, _, _) = self { return key }
    return usedKeys.first
  }
}
