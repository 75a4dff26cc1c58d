import KeyCeremony
import TestSupport
import Testing

@Suite("CEREMONY-ANSWERS-FILE: prepared answers")
struct PreparedAnswersTests {
  private func read(_ text: String, for plan: CeremonyPlan) throws -> PreparedAnswers {
    try PreparedAnswers(reading: Array(text.utf8), file: "answers.yaml", for: plan)
  }

  @Test("the template of each example answers every question that every run asks", arguments: ExamplePlan.names)
  func template(name: String) throws {
    let plan = try ExamplePlan.plan(name)
    let answers = try read(PreparedAnswers.template(for: plan), for: plan)
    for question in plan.questions where question.isCertain {
      #expect(answers.answer(to: question.id)?.isEmpty == false, "\(question.id)")
    }
    let chosen = plan.questions.filter { [.newPIN, .pin].contains($0.kind) }
    for person in Set(chosen.map(\.participant)) {
      #expect(Set(chosen.filter { $0.participant == person }.map { answers.answer(to: $0.id) }).count == 1)
    }
    #expect(answers.answer(to: "no/such") == nil)
  }

  @Test("only as many custodians bring a share as must; all of them can when a run is gone on with")
  func shares() throws {
    let plan = try CeremonyPlan(
      reading: Array(PlanFixture.changed([("custodians: [leader, officer]", "custodians: [leader, officer, auditor]")]).utf8), file: "p")
    let answers = try read(PreparedAnswers.template(for: plan), for: plan)
    #expect(answers.answer(to: "have-pin/officer/share") == "as-shown" && answers.answer(to: "have-pin/auditor/share") == nil)
    #expect(answers.answer(to: "combine/second-user/auditor") == "as-shown")
  }

  @Test(
    "mistakes, with the line",
    arguments: [
      ("format: hsmkey-ceremony-answers/1", "format: x", "line 3: format is not"),
      ("plan-sha256: ", "plan-sha256: 0", "plan-sha256 must be a SHA-256"),
      ("answers:\n", "colour: red\nanswers:\n", "line 5: unknown key colour"),
      ("\"agree/leader\"", "\"agree/nobody\"", "answers.agree/nobody is no question of the plan"),
      ("\"start/officer\": \"", "\"start/officer\": \"1234\" #", "line 7: answers.start/officer is no PIN that can be chosen"),
      ("\"agree/leader\": as-shown", "\"agree/leader\": [a]", "answers.agree/leader must be a text"),
      ("\"agree/leader\": as-shown", "\"my PIN 73519284\": x", "answers.(it is no name and not repeated here) is no question"),
    ])
  func mistakes(from: String, to: String, message: String) throws {
    let plan = try PlanFixture.plan()
    let text = PreparedAnswers.template(for: plan).replacing(from, with: to, maxReplacements: 1)
    let error = #expect(throws: CeremonyError.self) { try read(text, for: plan) }
    #expect(error?.rule == .answersFile && error?.message.contains(message) == true && error?.hint != nil, "\(String(describing: error))")
  }

  @Test("answers are for one plan: another's are refused, and tell no answer")
  func otherPlan() throws {
    let answers = PreparedAnswers.template(for: try ExamplePlan.plan("renewal"))
    let error = #expect(throws: CeremonyError.self) { try read(answers, for: try ExamplePlan.plan("destruction")) }
    #expect(error?.message.contains("plan-sha256 is another plan's") == true)
    let plan = try PlanFixture.plan()
    #expect(!"\(try read(PreparedAnswers.template(for: plan), for: plan))".contains("13579"))
  }
}
