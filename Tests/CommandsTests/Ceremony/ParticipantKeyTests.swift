import Crypto
import Foundation
import TestSupport
import Testing

@testable import Campaign

/// Participants who acknowledge with keys on tokens of their own.
@Suite(
  "Ceremonies with participants' own keys", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct ParticipantKeyTests {
  @Test("two people sign at the gate and at the end, with the keys that the plan names and no others (CEREMONY-PARTICIPANT)")
  func ownKeys() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      var digests: [String: String] = [:]
      var site = try place.text("site.yaml")
      let module = try #require(site.firstMatch(of: /module: .*, module-sha256: [0-9a-f]{64}/)?.0)
      site += "participants:\n"
      for person in ["leader", "officer"] {
        try place.write("secret-\(person)\n", to: "pin-of-\(person)")
        let serial = try await place.makeToken("own-\(person)", pin: "pin-of-\(person)")
        for key in [person, "other"] {
          try await place.succeeds(
            ["key", "generate", key, "--algorithm", "ecdsa-p256"] + place.on("own-\(person)", pin: "pin-of-\(person)"))
        }
        digests[person] = try await Self.fingerprint(of: person, on: "own-\(person)", place)
        site += "  \(person): { \(module), serial: \(serial), key: \(person), pin-source: 'file:pin-of-\(person)' }\n"
      }
      try place.write(site, to: "site.yaml")
      try await place.rehearses { plan in
        plan.replacing(/(leader|officer): +(\{ name: [A-Za-z ]+, role: [a-z]+), acknowledges-with: [a-z]+ \}/) { match in
          "\(match.1): \(match.2), acknowledges-with: key, public-key-sha256: \(digests[String(match.1)] ?? "") }"
        }
      }
      // One PIN for two tokens is refused before the second one sees it.
      try place.edit("site.yaml", as: "shared.yaml") { $0.replacing("file:pin-of-officer", with: "file:pin-of-leader") }
      try await place.refuses("PIN-ONE-TOKEN", 4, place.performance(site: "shared.yaml"))

      try place.edit("site.yaml", as: "other.yaml") { $0.replacing("key: officer", with: "key: other") }
      let refusal = try await place.refuses("CEREMONY-PARTICIPANT", 2, place.performance(site: "other.yaml"), hint: "another key")
      #expect(refusal.message.contains(digests["officer"] ?? "?"))
      try await place.refuses(
        "CEREMONY-PARTICIPANT", 2, place.performance(answers: try place.answers("agree/officer", "absent", to: "absent.yaml")))
      try await place.succeeds(place.performance)

      let report = try JSON(parsing: try await place.succeeds(Self.verify))
      for person in report["participants"].list {
        #expect(person["public-key-sha256"].string == digests[person["id"].string ?? ""])
        #expect(person["acknowledged-at"].list.compactMap(\.string) == ["agree", "end"])
      }
      #expect(try await place.findings(issuedBefore: 0, wasInterrupted: true) == [])
      // Nobody can sign for another run.
      try place.edit("performance/transcript.jsonl") { $0.replacing("\"means\":\"key\"", with: "\"means\":\"pin\"") }
      #expect(try await place.tool(Self.verify).exitCode != 0)
    }
  }

  private static let verify = ["ceremony", "verify", "performance", "--rehearsal", "rehearsal", "--accept-prepared-answers", "--json"]

  private static func fingerprint(of key: String, on token: String, _ place: CeremonyPlace) async throws -> String {
    let pem = try await place.succeeds(["key", "public", key] + place.on(token, pin: "pin-of-\(key)"))
    let body = pem.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
    return SHA256.hash(data: try #require(Data(base64Encoded: body))).map { String(format: "%02x", $0) }.joined()
  }
}
