import Foundation
import TestSupport
import Testing

@Suite("xml verify and the agency's own sample messages", .serialized)
struct OfficialSampleTests {
  private static let trust = ["root", "intermediate", "data-providers-issuing"].flatMap {
    ["--trust", OfficialMaterial.folder.appending(path: "ca/test-\($0).pem").path]
  }

  private func verify(_ time: String, _ sample: String) async throws -> ProgramResult {
    let file = OfficialMaterial.folder.appending(path: "incomes-register/\(sample)").path
    return try await Bench().hsmkey(["xml", "verify", file, "--at", time, "--json"] + Self.trust)
  }

  @Test(
    "a sample verifies with its chain at a time when its signer was valid, and is refused at the time that stands in it",
    .enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)),
    arguments: ["esimerkki_nt1.xml", "esimerkki_poissaolotiedot.xml"])
  func sample(name: String) async throws {
    let text = String(decoding: try OfficialMaterial.bytes("incomes-register/\(name)"), as: UTF8.self)
    let delivery = try #require(text.firstMatch(of: /<Timestamp>([^<]+)<\/Timestamp>/)).1
    // The samples carry the example value of the schema, 2001: nobody signed them then. Their signer was valid from 2020-04-23 to
    // 2022-04-23, so the second check is made at a time in between.
    #expect(delivery == "2001-12-17T09:30:47Z")
    let refused = try Refusal(json: try await verify(String(delivery), name), exitCode: 6, sourceLocation: #_sourceLocation)
    #expect(refused.rule == "TRUST-CHAIN")

    let verified = try await verify("2020-08-01T12:00:00Z", name)
    #expect(verified.exitCode == 0, "\(verified.standardError)")
    let report = try JSON(parsing: verified.standardOutput)
    #expect(report["is-signer-checked"].bool == true)
    #expect(report["checked-at"].string == "2020-08-01T12:00:00Z")
    #expect(report["signer"].string?.hasPrefix("CN=7013454-9") == true)
    #expect(report["signer-issuer"].string?.hasPrefix("CN=Data Providers Test Issuing CA v1") == true)
  }
}
