import KeyCeremony
import KeyEvidence

/// What a plan does.
struct CeremonyCheckReport: Answer {
  struct Person: Encodable, Sendable {
    let id: String
    let name: String
    let role: String
    let acknowledgesWith: String
  }

  struct Token: Encodable, Sendable {
    let id: String
    let label: String
  }

  struct Step: Encodable, Sendable {
    let number: Int
    let id: String
    let action: String
    let actor: String
    let summary: String
    let line: Int
  }

  struct Question: Encodable, Sendable {
    let id: String
    let kind: String
    let isCertain: Bool
  }

  struct Site: Encodable, Sendable {
    let file: String
    let sha256: String
  }

  let file: String
  let name: String
  let title: String
  let sha256: String
  let words: [String]
  let participants: [Person]
  let tokens: [Token]
  let ceremonyKey: String
  let steps: [Step]
  let questions: [Question]
  let site: Site?

  enum CodingKeys: CodingKey {
    case file, name, title, sha256, words, participants, tokens, ceremonyKey, steps, questions, site
  }

  init(file: String, plan: CeremonyPlan, site: (file: String, binding: SiteBinding)?) {
    self.file = file
    name = plan.name
    title = plan.title
    sha256 = EvidenceText.hexadecimal(plan.sha256)
    words = FingerprintWords.words(for: plan.sha256)
    participants = plan.participants.map {
      Person(id: $0.id, name: $0.name, role: $0.role.rawValue, acknowledgesWith: $0.acknowledgement.name)
    }
    tokens = plan.tokens.map { Token(id: $0.id, label: $0.label) }
    ceremonyKey = "\(plan.ceremonyKey.name) on \(plan.ceremonyKey.token)"
    steps = plan.steps.enumerated().map { index, step in
      Step(
        number: index + 1, id: step.id, action: step.action.name, actor: step.actor, summary: Self.summary(of: step, in: plan),
        line: step.line)
    }
    questions = plan.questions.map { Question(id: $0.id, kind: $0.kind.rawValue, isCertain: $0.isCertain) }
    self.site = site.map { Site(file: $0.file, sha256: EvidenceText.hexadecimal($0.binding.sha256)) }
  }

  /// In the words that stand on paper, on one line.
  private static func summary(of step: PlanStep, in plan: CeremonyPlan) -> String {
    let description = StepDescription(step, in: plan)
    var text = "\(description.title): \(description.action)"
    if case .gate(_, let participants) = step.action {
      text = "\(description.title) (\(participants.joined(separator: ", "))): \(description.action)"
    }
    return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  // Every field is always there, `null` when it has nothing to say.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(file, forKey: .file)
    try container.encode(name, forKey: .name)
    try container.encode(title, forKey: .title)
    try container.encode(sha256, forKey: .sha256)
    try container.encode(words, forKey: .words)
    try container.encode(participants, forKey: .participants)
    try container.encode(tokens, forKey: .tokens)
    try container.encode(ceremonyKey, forKey: .ceremonyKey)
    try container.encode(steps, forKey: .steps)
    try container.encode(questions, forKey: .questions)
    try container.encode(site, forKey: .site)
  }

  var text: String {
    let width = Console.answerWidth
    let facts = Console.facts(
      [("plan", "\(name): \(title)"), ("sha-256", sha256)]
        + stride(from: 0, to: words.count, by: 8).map { start in
          (start == 0 ? "in words" : "", words[start..<min(start + 8, words.count)].joined(separator: " "))
        }
        + participants.enumerated().map { place, person in
          (place == 0 ? "people" : "", "\(person.id): \(person.name), \(person.role), acknowledges with \(person.acknowledgesWith)")
        }
        + tokens.enumerated().map { ($0.offset == 0 ? "tokens" : "", "\($0.element.id): \($0.element.label)") }
        + [("signed by", ceremonyKey)] + (site.map { [("site file", "\($0.file): complete, sha-256 \($0.sha256)")] } ?? []),
      wrappingAt: width)
    let column = String(steps.count).count
    let lines = steps.flatMap { step in
      let number = String(repeating: " ", count: column - String(step.number).count) + String(step.number)
      return Console.wrapped(
        Console.forTerminal("\(number)  \(step.id), \(step.actor): \(step.summary)"), to: width,
        hanging: String(repeating: " ", count: column + 2))
    }
    return ([facts, ""] + lines).joined(separator: "\n")
  }
}

extension Participant.Acknowledgement {
  /// The word that a plan has for it.
  var name: String {
    switch self {
    case .words: "words"
    case .pin: "pin"
    case .key: "key"
    }
  }
}
