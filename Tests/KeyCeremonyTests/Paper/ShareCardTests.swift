import Foundation
import KeyCeremony
import Secrets
import TestSupport
import Testing

@Suite("Share cards", .serialized)
struct ShareCardTests {
  private static func card(_ length: Int = 16) throws -> (page: String, share: PINShare) {
    let plan = try ExamplePlan.plan("root-key")
    let pin = GeneratedPIN.make(length: length, alphabet: .lettersAndDigits)
    let share = try SharedPIN.split(pin, threshold: 2, count: 3)[1]
    let html = try ShareCard(share, plan: plan, pin: "root-user", custodian: "second").html()
    return (html.clear, share)
  }

  @Test("whose it is, of what, how many are wanted, each group with its number; of the PIN nothing but the share")
  func content() throws {
    let (page, share) = try Self.card()
    for text in [
      "Share 2 of 3", "any 2 of the 3 shares", "For <bdi>Cilla Custodian</bdi> only", "user of token <bdi>root</bdi>",
      "<bdi>root-user</bdi>",
      "Do not photograph", String(share.setText.prefix(8)),
    ] {
      #expect(page.contains(text), "\(text)")
    }
    for (number, group) in share.card.split(whereSeparator: \.isWhitespace).enumerated() {
      #expect(page.contains("<li><span>\(number + 1)</span> <b>\(group)</b></li>"))
    }
    #expect(!page.contains("<script") && !page.contains("href=") && !page.contains("src="))
    #expect(page.hasPrefix("<!doctype html>") && page.hasSuffix("</html>\n"))
  }

  @Test(
    "in Chromium: one sheet of A4; what a telephone reads from it is the share",
    .enabled(if: PaperBrowser.isToRun, PaperBrowser.whySkipped), arguments: [16, 64])
  func browser(length: Int) async throws {
    let (page, share) = try Self.card(length)
    let paper = try await PaperBrowser(page, name: "card-\(length)")
    #expect(paper.information.contains("(A4)") && paper.sheets.count == 1)
    let code = try #require(paper.codes.first)
    #expect(paper.codes.count == 1)
    #expect(code == share.text(groupsPerLine: 1000).clear)
    #expect(try PINShare(typed: code).sha256 == share.sha256)
    #expect(paper.overflow == 0)
    #expect(paper.words.contains("Share2of3"))
  }
}
