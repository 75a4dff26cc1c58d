import StrictYAML

/// The steps that are people's alone.
extension StepAction {
  private enum Aloud: String, CaseIterable { case plan, output, key }

  /// How many words are read aloud where the plan does not say it.
  static let usualWordCount = 4

  static func human(_ fields: FieldReader) -> StepAction? {
    let text = fields.prose("text")
    var records: [RecordField] = []
    if let section = fields.section("records") {
      if section.mapping.names.isEmpty { fields.refuse("records", "is empty", hint: "leave it out") }
      for name in section.mapping.names {
        guard PlanText.isName(name) else {
          fields.refuse("records", "has a key that is no name: \(PlanText.nameForm)")
          continue
        }
        if let question = section.text(name) { records.append(RecordField(id: name, question: question)) }
      }
    }
    return text.map { .human(text: $0, records: records) }
  }

  static func readAloud(_ fields: FieldReader) -> StepAction? {
    let reader = fields.name("reader")
    let listener = fields.name("listener")
    let words = fields.mapping.names.contains("words") ? fields.number("words", in: 1...32) : usualWordCount
    guard let of = fields.choice("of", Aloud.self) else { return nil }
    let own: Set<String> =
      switch of {
      case .plan: []
      case .output: ["output"]
      case .key: ["token", "key"]
      }
    for field in ["output", "token", "key"] where !own.contains(field) && fields.mapping.names.contains(field) {
      fields.refuse(field, "does not go with of: \(of.rawValue)")
    }
    let subject: ReadAloudSubject? =
      switch of {
      case .plan: .plan
      case .output: fields.name("output").map { .output($0) }
      case .key: PlanKey(fields).map { .key($0) }
      }
    guard let reader, let listener, let words, let subject else { return nil }
    return .readAloud(of: subject, reader: reader, listener: listener, wordCount: words)
  }
}
