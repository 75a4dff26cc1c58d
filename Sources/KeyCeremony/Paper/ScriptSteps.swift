import KeyEvidence

/// The steps of a script: a row each, with room for the time, initials, and what is to be noted.
struct ScriptSteps {
  private let plan: CeremonyPlan
  private let words: PlanWords

  init(_ plan: CeremonyPlan) {
    self.plan = plan
    words = PlanWords(plan)
  }

  var markup: String {
    let rows = plan.steps.enumerated().map { row($0.element, number: $0.offset + 1) }
    return PaperParts.section(
      "Steps", id: "steps",
      """
      <table class="steps">
      <colgroup><col class="c1"><col class="c2"><col class="c3"><col class="c4"><col class="c5"><col class="c6"></colgroup>
      <thead><tr><th scope="col">No.</th><th scope="col">Who</th><th scope="col">What is done</th>\
      <th scope="col">What is seen</th><th scope="col">Time</th><th scope="col">Initials</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table>
      """)
  }

  private func row(_ step: PlanStep, number: Int) -> String {
    let description = StepDescription(step, in: plan)
    let isGate = if case .gate = step.action { true } else { false }
    let title = isGate ? "<span class=\"mark strong\">Gate</span>" : "<span class=\"title\">\(HTMLText.escape(description.title))</span>"
    let note = step.note.map { "<p class=\"note\">\(PaperParts.prose($0))</p>" } ?? ""
    return """
      <tr\(isGate ? " class=\"gate\"" : "")><th scope="row" class="number">\(number)</th>\
      <td data-name="Who">\(HTMLText.isolated(words.person(step.actor)))<span class="small">\(HTMLText.escape(step.id))</span></td>\
      <td>\(title)\(PaperParts.prose(description.action))\(note)\(toFill(step.action))</td>\
      <td data-name="What is seen">\(HTMLText.isolated(description.expected))</td>\
      <td data-name="Time"></td><td data-name="Initials"></td></tr>
      """
  }

  /// What people tick or write in.
  private func toFill(_ action: StepAction) -> String {
    switch action {
    case .gate(_, let participants): list("ticks", participants.map { Self.box + HTMLText.isolated(words.person($0)) })
    case .sharePIN(let pin): list("ticks", custodians(of: pin).map { "\(Self.box)\(HTMLText.isolated($0)) has the own card" })
    case .combinePIN(let pin): list("ticks", custodians(of: pin).map { Self.box + HTMLText.isolated($0) })
    case .human(_, let records):
      list("fill", records.map { "\(HTMLText.isolated($0.question))\($0.question.hasSuffix("?") ? "" : ":")<br>\(CeremonyScript.blank)" })
    case .initialiseToken: list("fill", ["Serial number:<br>\(CeremonyScript.blank)"])
    // More than twelve are ticked off on the list of words.
    case .readAloud(_, _, _, let count) where count <= 12:
      list("fill many", (1...max(count, 1)).map { "\($0) \(CeremonyScript.blank)" })
    default: ""
    }
  }

  private static let box = "<span class=\"box\"></span>"

  private func list(_ style: String, _ items: [String]) -> String {
    items.isEmpty ? "" : "<ul class=\"\(style)\">" + items.map { "<li>\($0)</li>" }.joined() + "</ul>"
  }

  private func custodians(of pin: String) -> [String] {
    guard case .shared(_, let custodians, _, _) = plan.pin(pin)?.origin else { return [] }
    return custodians.map(words.person)
  }
}
