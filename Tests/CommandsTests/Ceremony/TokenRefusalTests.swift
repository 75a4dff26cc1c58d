import Crypto
import Foundation
import TestSupport
import Testing

@testable import Campaign

/// Tokens, keys and inputs that are not those of the plan and the site.
@Suite(
  "Ceremonies on tokens that are not as planned", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct TokenRefusalTests {
  @Test("CEREMONY-TOKEN-SERIAL: no token has the site's number; CEREMONY-TOKEN-STATE: the one that has it bears another label")
  func otherToken() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let serial = try await ground.place()
      try serial.edit("site.yaml") { $0.replacing(/serial: \w+/, with: "serial: 00000000deadbeef") }
      let refusal = try await serial.refuses("CEREMONY-TOKEN-SERIAL", hint: "insert the token")
      #expect(refusal.message.contains("payroll"), "it says which tokens are there")
      #expect(try serial.failedSteps() == ["look": "CEREMONY-TOKEN-SERIAL"])

      let label = try await ground.place()
      let other = try await label.makeToken("cellar")
      try label.edit("site.yaml") { $0.replacing(/serial: \w+/, with: "serial: \(other)") }
      try await label.refuses("CEREMONY-TOKEN-STATE", hint: "do not belong together")
      #expect(try label.failedSteps() == ["look": "CEREMONY-TOKEN-STATE"])
    }
  }

  @Test("CEREMONY-TOKEN-STATE: a blank token is wanted, and the one with this label or number is initialised; KEY-NAME-TAKEN")
  func initialised() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      func blank(_ place: CeremonyPlace, _ serial: String) throws {
        try place.edit("site.yaml") { site in
          site.replacing(/serial: \w+/, with: "serial: \(serial)").replacing(/inputs: .*/, with: "")
            .replacing("pins: {", with: "pins: { officer: 'file:officer-pin',")
        }
      }
      let label = try await ground.place()
      try await label.rehearses { _ in Self.newKey(isBlank: true) }
      try blank(label, "blank")
      try await label.refuses("CEREMONY-TOKEN-STATE", hint: "nothing was changed")

      // Its number is named, and it bears another label than the plan's.
      let number = try await ground.place()
      try await number.rehearses { _ in Self.newKey(isBlank: true).replacing("label: payroll", with: "label: cellar") }
      try blank(number, try await number.serial(ofToken: "payroll"))
      try await number.refuses("CEREMONY-TOKEN-STATE", hint: "nothing was changed")
      let keys = try await number.succeeds(["key", "list"] + number.on("payroll"))
      #expect(keys.contains("payroll-2024") && keys.contains("ceremony-2026"))

      let taken = try await ground.place()
      try await taken.rehearses { _ in Self.newKey(isBlank: false) }
      try taken.edit("site.yaml") { $0.replacing(/inputs: .*/, with: "") }
      let before = try await taken.succeeds(["key", "list"] + taken.on("payroll"))
      try await taken.refuses("KEY-NAME-TAKEN", hint: "nothing was made")
      #expect(try await taken.succeeds(["key", "list"] + taken.on("payroll")) == before)
    }
  }

  @Test("CEREMONY-INPUT-DIGEST: an input that is not the one that was reviewed; with the right one it goes on")
  func input() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      let statement = try place.text("statement.txt")
      let digest = SHA256.hash(data: Data(statement.utf8)).map { String(format: "%02x", $0) }.joined()
      try await place.rehearses {
        $0.replacing("as text or PDF\" }", with: "as text or PDF\", sha256: \(digest) }")
      }
      try place.write(statement + " ", to: "statement.txt")
      let refusal = try await place.refuses("CEREMONY-INPUT-DIGEST", hint: "reviewed")
      #expect(refusal.message.contains(digest))
      #expect(!place.exists("performance/statement.sig"))
      try place.write(statement, to: "statement.txt")
      try await place.succeeds(place.performance)
      #expect(try await place.findings(issuedBefore: 0, wasInterrupted: true) == [])
    }
  }

  @Test("CEREMONY-OUTPUT-NEW: a file that somebody put in an output's place between two runs is left alone, and nothing goes on over it")
  func outputPutThere() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      try await place.refuses("CEREMONY-STOPPED", 2, place.performance(answers: try place.answers("agree/leader", "stop")))
      try place.write("somebody's", to: "performance/statement.sig")
      try await place.refuses("CEREMONY-OUTPUT-NEW", hint: "find out whose it is")
      #expect(try place.text("performance/statement.sig") == "somebody's")
      try FileManager.default.removeItem(atPath: place.path("performance/statement.sig"))
      try await place.succeeds(place.performance)
      #expect(try await place.findings(issuedBefore: 0, wasInterrupted: true) == [])
    }
  }

  @Test("CEREMONY-AS-REHEARSED: a key of the same name that is of another kind than the rehearsal's")
  func asRehearsed() async throws {
    try await CeremonyGround.with(.destruction) { ground in
      let place = try await ground.place()
      try await place.succeeds(["key", "destroy", "ceremony-2026", "--confirm", "ceremony-2026"] + place.on("payroll"))
      try await place.succeeds(["key", "generate", "ceremony-2026", "--algorithm", "rsa-2048"] + place.on("payroll"))
      for _ in 0..<2 {
        let refusal = try await place.refuses("CEREMONY-AS-REHEARSED", hint: "no file was written")
        #expect(refusal.message.contains("/algorithm"), "\(refusal.message)")
      }
      #expect(!place.exists("performance/statement.sig"))
      #expect(try await place.succeeds(["key", "list"] + place.on("payroll")).contains("payroll-2024"), "nothing was destroyed after it")
    }
  }

  /// A plan that makes a key whose name the example's token has.
  private static func newKey(isBlank: Bool) -> String {
    let token = isBlank ? "{ label: payroll, user-pin: user, security-officer-pin: officer }" : "{ label: payroll, user-pin: user }"
    return """
      format: hsmkey-ceremony-plan/1
      name: new-key
      title: A key
      participants:
        leader: { name: Leena Leader, role: leader, acknowledges-with: words }
      tokens:
        main: \(token)
      pins:
        user: { from: site }
      \(isBlank ? "  officer: { from: site }" : "")
      ceremony-key: { token: main, key: payroll-2024 }
      steps:
        - { id: agree, action: gate, actor: leader, text: We go on., participants: [ leader ] }
      \(isBlank ? "  - { id: initialise, action: initialise-token, actor: leader, token: main }" : "")
        - { id: make, action: generate-key, actor: leader, token: main, key: payroll-2024, algorithm: ecdsa-p256 }

      """
  }
}
