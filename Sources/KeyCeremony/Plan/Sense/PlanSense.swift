/// Whether what a plan says fits together. One extension a family of checks; each notes what it finds as `CEREMONY-PLAN-SENSE`.
struct PlanSense {
  let draft: PlanDraft
  let mistakes: Mistakes

  func refuse(line: Int?, _ message: String, hint: String) {
    mistakes.add(line: line, message, hint: hint, rule: .planSense)
  }

  /// Notes something about a field of a step.
  func refuse(_ step: Int, _ field: String, _ message: String, hint: String) {
    refuse(line: line(step, field), "steps.\(draft.steps[step].id).\(field) \(message)", hint: hint)
  }

  /// Notes something about a step as a whole.
  func refuse(_ step: Int, _ message: String, hint: String) {
    refuse(line: draft.steps[step].line, "steps.\(draft.steps[step].id) \(message)", hint: hint)
  }

  func line(_ step: Int, _ field: String) -> Int {
    draft.stepLines[step][field] ?? draft.steps[step].line
  }

  /// The line where a name is declared.
  func line(_ part: PlanDraft.Part, _ name: String) -> Int? {
    draft.declared[part]?.first { $0.name == name }?.line
  }
}
