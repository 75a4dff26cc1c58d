import Crypto

extension CeremonyPlan {
  /// Reads a plan, and makes every check that can be made without a token.
  ///
  /// - Parameters:
  ///   - bytes: the file's content, as it was reviewed.
  ///   - file: its name, for messages.
  /// - Throws: `CEREMONY-PLAN-FILE` or `CEREMONY-PLAN-SENSE` for the first mistake; ``examine(bytes:file:)`` tells all.
  public init(reading bytes: [UInt8], file: String) throws(CeremonyError) {
    let (plan, mistakes) = Self.examine(bytes: bytes, file: file)
    if let first = mistakes.first { throw first }
    guard let plan else {
      throw CeremonyError(.planFile, operation: "read the plan \(file)", message: "it is not whole")
    }
    self = plan
  }

  /// Reads a plan, and tells every mistake in the order of its lines.
  ///
  /// What does not fit together is looked for among what could be read; where a part could not be read, what builds on it is not judged.
  ///
  /// - Returns: the plan, where there is no mistake.
  public static func examine(bytes: [UInt8], file: String) -> (plan: CeremonyPlan?, mistakes: [CeremonyError]) {
    let mistakes = Mistakes(
      file: file, rule: .planFile, operation: "read the plan \(file)", hint: "docs/ceremony-plan.md tells each field of a plan")
    guard let root = FileText.root(bytes, limit: maximumSize, mistakes) else { return (nil, mistakes.inOrder) }
    let draft = PlanDraft(root)
    let isWhole = mistakes.isEmpty
    let sense = PlanSense(draft: draft, mistakes: mistakes)
    sense.checkReferences()
    if isWhole {
      sense.checkPeople()
      sense.checkUse()
      sense.checkOrder()
    }
    guard mistakes.isEmpty, let plan = CeremonyPlan(draft, bytes: bytes) else { return (nil, mistakes.inOrder) }
    return (plan, [])
  }

  private init?(_ draft: PlanDraft, bytes: [UInt8]) {
    guard let name = draft.name, let title = draft.title, let ceremonyKey = draft.ceremonyKey else { return nil }
    self.init(
      name: name, title: title, purpose: draft.purpose, participants: draft.participants, tokens: draft.tokens, pins: draft.pins,
      before: draft.before, inputs: draft.inputs, outputs: draft.outputs, orders: draft.orders, ceremonyKey: ceremonyKey,
      steps: draft.steps, bytes: bytes, sha256: Array(SHA256.hash(data: bytes)))
  }
}
