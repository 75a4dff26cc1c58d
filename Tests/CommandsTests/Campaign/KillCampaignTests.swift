import Campaign
import Foundation
import TestSupport
import Testing

/// A few dozen runs of the campaign, one of each kind of attack; `scripts/kill-campaign` has the others.
///
/// `HSMKEY_CAMPAIGN_SEED` chooses other ones, `HSMKEY_CAMPAIGN_RUNS` more.
@Suite(
  "Killed at any moment, enrol and renew go on from there", .serialized, .timeLimit(.minutes(30)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct KillCampaignTests {
  @Test("nothing is sent twice, no retrieval id and no key is lost, and what is installed passes its checks")
  func campaign() async throws {
    let environment = ProcessInfo.processInfo.environment
    let seed = environment["HSMKEY_CAMPAIGN_SEED"].flatMap { UInt64($0) } ?? 20_261_123
    let runs = environment["HSMKEY_CAMPAIGN_RUNS"].flatMap { Int($0) } ?? 48
    let report = try await Campaign.run { $0.deal(runs, seed: seed) }
    #expect(report.explanations.isEmpty, Comment(rawValue: report.explanations.joined(separator: "\n")))
    #expect(report.verdicts.count == runs)
    // A cut behind the end of a message does not happen; most of what is to go wrong does.
    #expect(report.verdicts.count(where: \.hasHappened) > runs * 3 / 4)
  }

  @Test("what once broke a promise does not any more")
  func regressions() async throws {
    let attacks = [
      // The certificate was issued, and the answer that came was the FAIL to the same request, which the network had delivered twice.
      "enrol; network duplicate-request=2; same-command; retrieval-id",
      // What was beside the certificate file stayed there for good.
      "enrol; call file:2 kill; same-command; again", "renew; call file:4 kill; timer; again",
      // The first word about an uncertain outcome named no way to go on.
      "enrol; network cut-answer=100; same-command; again", "renew; network reset-answer=100; next-step; retrieval-id",
    ].compactMap { Attack(parsing: $0) }
    let report = try await Campaign.run { _ in attacks }
    #expect(report.explanations.isEmpty, Comment(rawValue: report.explanations.joined(separator: "\n")))
    #expect(report.verdicts.filter(\.hasHappened).count == 5)
  }

  @Test(
    "an attack reads back what it writes",
    arguments: [
      "enrol; call state:17 ENOSPC+; same-command; again", "renew; cryptoki 12 after; call any:3 tear; next-step; retrieval-id",
      "renew; network none,cut-request=100,reset-answer=7,flip=3; twice; wrong-pin; clock -86400; next-step; again",
      "enrol; line 2 answer 500; service sign-new html-502; token-gone C_SignInit; read-only-state; same-command; again",
    ])
  func text(attack: String) throws {
    #expect(try #require(Attack(parsing: attack)).description == attack)
  }
}
