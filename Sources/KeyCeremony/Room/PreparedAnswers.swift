import KeyEvidence
import StrictYAML

/// Answers to a plan's questions, written down before: for rehearsals and tests. What they answer is marked in the transcript.
///
/// A file of answers may hold PINs that participants choose for one run. It shows none of them in messages or descriptions.
public struct PreparedAnswers: Sendable, CustomStringConvertible {
  /// The first line of every file of answers: `format: hsmkey-ceremony-answers/1`.
  public static let format = "hsmkey-ceremony-answers/1"
  /// The largest file of answers, in bytes.
  public static let maximumSize = 256 << 10
  /// The answer that stands for what the machine shows: the words that are asked for, or the share that this participant was shown.
  public static let asShown = "as-shown"

  private let answers: [String: String]

  /// The answer to a question.
  ///
  /// - Returns: nil where none is prepared.
  public func answer(to id: String) -> String? { answers[id] }

  public var description: String { "\(answers.count) prepared answers" }
}

extension PreparedAnswers {
  /// Reads prepared answers for one plan.
  ///
  /// - Throws: `CEREMONY-ANSWERS-FILE` for the first mistake: a file for another plan, an answer to what the plan does not ask.
  public init(reading bytes: [UInt8], file: String, for plan: CeremonyPlan) throws(CeremonyError) {
    let mistakes = Mistakes(
      file: file, rule: .answersFile, operation: "read the prepared answers \(file)",
      hint: "`hsmkey ceremony check PLAN --print-answers` writes a file of answers to begin with")
    let answers = FileText.root(bytes, limit: Self.maximumSize, mistakes).flatMap { Self.read($0, plan) }
    if let first = mistakes.inOrder.first { throw first }
    self.init(answers: answers ?? [:])
  }

  private static func read(_ root: FieldReader, _ plan: CeremonyPlan) -> [String: String]? {
    guard FileText.checkFormat(root, format) else { return nil }
    root.allow(["format", "plan-sha256", "answers"])
    if let digest = root.digest("plan-sha256"), digest != EvidenceText.hexadecimal(plan.sha256) {
      root.refuse(
        "plan-sha256", "is another plan's: this one is \(EvidenceText.hexadecimal(plan.sha256))",
        hint: "see whether the answers still fit the plan, then write its SHA-256 into the file")
    }
    guard root.present("answers"), let section = root.section("answers") else { return nil }
    let known = Dictionary(plan.questions.map { ($0.id, $0.kind) }) { first, _ in first }
    var answers: [String: String] = [:]
    for id in section.mapping.names {
      guard let kind = known[id] else {
        root.mistakes.add(
          line: section.line(of: id), "answers.\(PlanText.shownQuestion(id)) is no question of the plan",
          hint: "`hsmkey ceremony check PLAN --print-answers` lists the questions")
        continue
      }
      guard let answer = section.text(id, upTo: 2_000) else { continue }
      if kind == .newPIN, answer != "stop", !answer.hasPrefix("file:"), !(6...64).contains(answer.utf8.count) {
        section.mistakes.add(
          line: section.line(of: id), "answers.\(id) is no PIN that can be chosen: it has 6 to 64 characters",
          hint: "write another, in quotes")
      }
      answers[id] = answer
    }
    return answers
  }

  /// A file of answers to begin with: every question of the plan, with an answer that a rehearsal can do with.
  public static func template(for plan: CeremonyPlan) -> String {
    var lines = [
      "# Answers for a rehearsal of \(plan.name). What a performance asks is answered by people.",
      "# as-shown stands for the words or the share that the machine shows.",
      "format: \(format)", "plan-sha256: \(EvidenceText.hexadecimal(plan.sha256))", "answers:",
    ]
    var isCertain = true
    for question in plan.questions {
      // Shares beyond the threshold stay out: who wants others to come puts them in.
      if !question.isCertain, question.kind == .share, !question.id.hasPrefix("combine/") { continue }
      if isCertain, !question.isCertain {
        lines.append("  # Asked only when a run that was cut off is gone on with:")
        isCertain = false
      }
      let name = plan.participant(question.participant)?.name ?? question.participant
      lines.append("  # \(name): \(question.text)")
      lines.append("  \"\(question.id)\": \(answer(to: question, plan))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func answer(to question: PlanQuestion, _ plan: CeremonyPlan) -> String {
    switch question.kind {
    case .words, .share: return asShown
    case .confirmation, .shareCard: return "yes"
    case .text: return "Example"
    case .newPIN, .pin:
      // One PIN a person, the same at the start and at the gates.
      let place = plan.participants.firstIndex { $0.id == question.participant } ?? 0
      return "\"\(135_790 + place)\""
    }
  }
}
