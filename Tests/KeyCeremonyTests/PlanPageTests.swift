import Foundation
import KeyCeremony
import TestSupport
import Testing

@Suite("docs/ceremony-plan.md: what it shows is so")
struct PlanPageTests {
  /// The YAML examples of the page.
  private func examples() throws -> [String] {
    let page = OfficialMaterial.projectFolder.appending(path: "docs/ceremony-plan.md")
    return try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```yaml\n").dropFirst()
      .compactMap { $0.components(separatedBy: "```").first }
  }

  @Test("the whole plan at its beginning is one")
  func whole() throws {
    let text = try #require(try examples().first)
    #expect(PlanFixture.mistakes(in: text).map(\.description) == [])
  }

  @Test("each action has an example, and each example has the form that the tool reads")
  func steps() throws {
    let steps = try examples().filter { $0.hasPrefix("- { id:") }.flatMap { $0.split(separator: "\n") }
    let actions = Set(steps.compactMap { $0.firstMatch(of: /action: ([a-z-]+)/).map { String($0.1) } })
    #expect(actions == Set(try PlanFixture.plan().steps.map(\.action.name)))
    let head = PlanFixture.text.components(separatedBy: "steps:\n")[0]
    let text = head + "steps:\n" + steps.map { "  \($0)\n" }.joined()
    let mistakes = PlanFixture.mistakes(in: text).filter { $0.rule == .planFile }
    #expect(mistakes.map(\.description) == [])
  }
}
