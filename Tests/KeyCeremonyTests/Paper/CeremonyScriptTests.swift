import Foundation
import KeyCeremony
import KeyEvidence
import TestSupport
import Testing

@Suite("The script of a ceremony on paper", .serialized)
struct CeremonyScriptTests {
  @Test("every step, participant, token and file of the plan is on it; nothing fetched, no script", arguments: ExamplePlan.names)
  func content(name: String) throws {
    let plan = try ExamplePlan.plan(name)
    let page = try CeremonyScript(plan).html()
    for participant in plan.participants { #expect(page.contains("<bdi>\(participant.name)</bdi>")) }
    for step in plan.steps {
      #expect(page.contains("<span class=\"small\">\(step.id)</span>"))
      let description = StepDescription(step, in: plan)
      let shown = Self.escaped(description.expected)
      #expect(page.contains(shown), "\(step.id)")
    }
    for token in plan.tokens { #expect(page.contains("<bdi>\(token.label)</bdi>")) }
    for output in plan.outputs { #expect(page.contains("<bdi>\(output.file)</bdi>")) }
    #expect(
      !page.contains("<script") && !page.contains("href=") && !page.contains("src=") && !page.contains("url(") && !page.contains("@import"))
    #expect(page.contains("default-src 'none'; style-src 'sha256-"))
    for (number, word) in FingerprintWords.words(for: plan.sha256).enumerated() {
      #expect(page.contains("<li><span>\(number + 1)</span> \(word)</li>"))
    }
  }

  @Test("a question keeps its question mark, and nothing is put behind it")
  func questionMark() throws {
    let text = PlanFixture.changed([("Number of the bag", "Is the bag whole?")])
    let page = try CeremonyScript(try CeremonyPlan(reading: Array(text.utf8), file: "plan.yaml")).html()
    #expect(page.contains("Is the bag whole?") && !page.contains("whole?.") && !page.contains("whole?</bdi>:"))
  }

  @Test("texts of the plan are texts: no markup, no direction; letters of Finnish and German are there")
  func escaping() throws {
    let hostile = "<script>alert(1)</script> \\\"&amp; ÄÖÜß åäö"
    let text = try ExamplePlan.text("first-key.yaml")
      .replacing("First key and certificate of Ab Demo Oy", with: "\"\(hostile)\"").replacing(
        "Leena Leader", with: "\"Päivi <b>Öhman</b>\""
      )
      .replacing("Place of the token", with: "\"\(hostile)\"").replacing("The officer types both PINs.", with: "</style><img src=x>")
    let page = try CeremonyScript(try CeremonyPlan(reading: Array(text.utf8), file: "hostile.yaml")).html()
    #expect(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>Öhman"))
    #expect(page.components(separatedBy: "<style").count == 2 && page.components(separatedBy: "</style").count == 2)
    #expect(page.contains("Päivi &lt;b&gt;Öhman&lt;/b&gt;") && page.contains("&amp;amp; ÄÖÜß åäö"))
  }

  @Test(
    "in Chromium: A4, pages counted, the plan's digest in a QR code, no row broken, nothing wider than a telephone",
    .enabled(if: PaperBrowser.isToRun, PaperBrowser.whySkipped), arguments: ExamplePlan.names)
  func browser(name: String) async throws {
    let plan = try ExamplePlan.plan(name)
    let paper = try await PaperBrowser(try CeremonyScript(plan).html(), name: "script-\(name)")
    #expect(paper.information.contains("(A4)"))
    #expect((2...6).contains(paper.sheets.count))
    let digest = plan.sha256.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(paper.codes == ["hsmkey-ceremony-plan/1 sha256 \(digest)"])
    #expect(paper.overflow == 0)
    for (number, sheet) in paper.sheets.enumerated() {
      #expect(
        sheet.filter { !$0.isWhitespace }.hasSuffix("\(number + 1)/\(paper.sheets.count)") && sheet.contains("plan \(digest.prefix(16))"))
    }
    #expect(paper.words.contains(digest))
    for step in plan.steps { #expect(paper.sheets.filter { $0.contains(step.id) }.count >= 1) }
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
  }
}
