import Foundation
import Secrets
import TestSupport
import Testing

@testable import Campaign
@testable import KeyCeremony

/// What a ceremony writes, prints and logs at its most talkative holds no PIN, no share and no password, in no form.
@Suite(
  "No secret in what a ceremony leaves", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct CeremonySecrecyTests {
  @Test(
    "plan, site, transcripts, outputs, pages, traces and events: PINs, shares, chosen PINs, transfer passwords",
    arguments: [CeremonyExample.rootKey, .firstKey])
  func secrets(example: CeremonyExample) async throws {
    try await CeremonyGround.with(example) { ground in
      let place = try await ground.place()
      var secrets = CeremonyPlace.secrets
      try place.edit("cards.yaml") { $0.replacing("\"135791\"", with: "\"chosen-4711-pin\"") }
      secrets += try place.text("cards.yaml").contains("chosen-4711-pin") ? ["chosen-4711-pin"] : []
      let first = try await place.tool(place.performance + ["--log-level", "trace"])
      var shown = [first]
      if example == .rootKey {
        // The copy is not there yet, and by and by a share is wrong.
        try #require(first.standardError.contains("CEREMONY-TOKEN-SERIAL"), "\(first.standardError.suffix(800))")
        let cards = try ["first", "second", "third"].map { try place.text("card-\($0)") }
        try await place.replicate(cards: [cards[0], cards[1]])
        secrets.append(try place.text("root-pin"))
        for card in cards { secrets += try Self.forms(of: card) }
        // Somebody else's card: it is whole, of this set, and not the one that this person was given.
        try place.write(cards[2], to: "card-first")
        let wrong = try await place.tool(place.performance + ["--json", "--log-level", "trace"])
        #expect(wrong.exitCode == 2 && wrong.standardError.contains("\"CEREMONY-SHARE-GENUINE\""), "\(wrong.standardError.suffix(800))")
        #expect(!wrong.standardError.contains("C_Login"), "nothing was tried on the token")
        try place.write(cards[0], to: "card-first")
        shown.append(wrong)
        shown.append(try await place.tool(place.performance + ["--json", "--log-level", "trace"]))
      }
      #expect(shown.last?.exitCode == 0, "\(shown.last?.standardError.suffix(800) ?? "")")
      #expect(shown.allSatisfy { $0.standardError.contains("C_GetTokenInfo") })
      try await place.succeeds(["ceremony", "print", "plan.yaml", "--out", "script.html"])
      try await place.succeeds([
        "ceremony", "print", "plan.yaml", "--transcript", "performance", "--rehearsal", "rehearsal", "--out", "page.html",
      ])

      let forms = SecretForms(secrets)
      for result in shown {
        #expect(forms.found(in: result.standardOutput) == nil && forms.found(in: result.standardError) == nil)
      }
      var files = ["plan.yaml", "site.yaml", "script.html", "page.html"]
      for folder in ["rehearsal", "performance", "pins"] where place.exists(folder) {
        files += try FileManager.default.contentsOfDirectory(atPath: place.path(folder)).map { "\(folder)/\($0)" }
      }
      #expect(files.count > 6)
      for file in files { #expect(forms.found(in: try Data(contentsOf: URL(filePath: place.path(file)))) == nil, "\(file)") }
    }
  }

  /// A card as it stands there, in one piece, its groups in a row, and the octets behind it.
  private static func forms(of card: String) throws -> [String] {
    let groups = card.split(whereSeparator: \.isWhitespace).map(String.init)
    // The first groups tell the numbers and the set, which are no secret.
    let share = try PINShare(typed: HeldSecret(SecretBytes(copying: Array(card.utf8)))).octets
    let octets = share.withBytes { bytes in (PINShare.headerLength..<bytes.count).map { bytes[$0] } }
    return [card, groups.joined(), groups.joined(separator: " "), Data(octets).base64EncodedString()]
      + [octets.map { String(format: "%02x", $0) }.joined()] + (6..<groups.count - 1).map { "\(groups[$0]) \(groups[$0 + 1])" }
  }
}
