import Foundation
import KeyCeremony
import Secrets
import TestSupport
import Testing

@testable import Campaign

/// Shares that are wrong or missing never get as far as the token.
@Suite(
  "Ceremonies with shares that are wrong or missing", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct ShareRefusalTests {
  @Test("CEREMONY-SHARE-GENUINE and CEREMONY-SHARE-COUNT: nothing is tried on the token, whose PIN is not at stake; the right ones go on")
  func shares() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      try await place.rehearses(Self.withSharedPIN)
      try place.edit("site.yaml") { $0.replacing(/pins: .*/, with: "") }
      try FileManager.default.removeItem(atPath: place.path("pins"))
      let cards = try Self.cards(of: CeremonyPlace.secrets[0])
      let others = try Self.cards(of: CeremonyPlace.secrets[0])
      let forged = try Self.cards(of: "00000000")

      func refused(_ rule: String, _ shares: [String]) async throws {
        try Self.deal(shares, place)
        let result = try await place.tool(place.performance + ["--log-level", "trace"])
        #expect(result.exitCode == 2 && result.standardOutput.isEmpty)
        #expect(result.standardError.contains("[\(rule)]"), "\(result.standardError.suffix(800))")
        #expect(!result.standardError.contains("C_Login"))
        for share in Set(shares) where share.count > 20 { #expect(!result.standardError.contains(share.suffix(29))) }
      }
      // A character that was mistyped; a card of an earlier set; two cards that are the same; a card that somebody made.
      try await refused("CEREMONY-SHARE-GENUINE", [cards[0], Self.mistyped(cards[1]), "absent"])
      try await refused("CEREMONY-SHARE-GENUINE", [cards[0], others[1], "absent"])
      try await refused("CEREMONY-SHARE-GENUINE", [forged[0], cards[1], "absent"])
      try await refused("CEREMONY-SHARE-COUNT", [cards[0], cards[0], "absent"])
      try await refused("CEREMONY-SHARE-COUNT", ["absent", cards[1], "absent"])
      try await refused("CEREMONY-SHARE-COUNT", ["absent", "absent", "absent"])
      #expect(!FileManager.default.fileExists(atPath: place.path("pins")), "no try was written down either")

      try Self.deal(["absent", cards[1], cards[2]], place)
      let right = try await place.tool(place.performance + ["--log-level", "trace"])
      #expect(right.exitCode == 0 && right.standardError.contains("C_Login"), "\(right.standardError.suffix(800))")
      #expect(try await place.findings(issuedBefore: 0, wasInterrupted: true) == [])
      #expect(try place.failedSteps() == ["bring": "CEREMONY-SHARE-COUNT"])
      // Each was refused when it was typed, and not when all were there.
      let notes = try place.transcript().compactMap { $0["kind"] as? String == "noted" ? $0["text"] as? String : nil }
      #expect(notes.filter { $0.hasPrefix("a share of officer was refused: ") }.count == 4)
    }
  }

  /// The example, with three custodians of the token's PIN.
  private static func withSharedPIN(_ plan: String) -> String {
    let third = "  third: { name: Cyrus Custodian, role: custodian, acknowledges-with: words }"
    return plan.replacing("acknowledges-with: pin }", with: "acknowledges-with: words }\n\(third)")
      .replacing("user: { from: site }", with: "user: { from: shares, threshold: 2, custodians: [ leader, officer, third ] }")
      .replacing("  - id: agree", with: "  - { id: bring, action: combine-pin, actor: leader, pin: user }\n\n  - id: agree")
  }

  /// Cards of a PIN that three share, two of whom have it together: a new set each time.
  private static func cards(of pin: String) throws -> [String] {
    try SharedPIN.split(HeldSecret(SecretBytes(copying: Array(pin.utf8))), threshold: 2, count: 3).map { share in
      share.text(groupsPerLine: 100).withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
    }
  }

  /// The card with another character in its third group.
  private static func mistyped(_ card: String) -> String {
    var characters = Array(card)
    characters[12] = characters[12] == "7" ? "8" : "7"
    return String(characters)
  }

  /// What each custodian types in the performance.
  private static func deal(_ shares: [String], _ place: CeremonyPlace) throws {
    var answers = try place.text("answers.yaml").split(separator: "\n").filter { !$0.contains("/share\"") && !$0.contains("\"combine/") }
    for (custodian, share) in zip(["leader", "officer", "third"], shares) {
      try place.write(share, to: "card-\(custodian)")
      let answer = share == "absent" ? "absent" : "\"file:card-\(custodian)\""
      for question in ["bring/\(custodian)/share", "combine/user/\(custodian)"] {
        answers.append("  \"\(question)\": \(answer)")
      }
    }
    try place.write(answers.joined(separator: "\n") + "\n", to: "cards.yaml")
  }
}
