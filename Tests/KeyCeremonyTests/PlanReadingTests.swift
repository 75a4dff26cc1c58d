import KeyCeremony
import TestSupport
import Testing
import TokenKeys

@Suite("Plans that are right, and how they are read")
struct PlanReadingTests {
  @Test("every field arrives where it belongs")
  func fields() throws {
    let plan = try PlanFixture.plan()
    #expect(plan.name == "fixture" && plan.title == "Everything once" && plan.purpose == nil)
    #expect(plan.participants.map(\.id) == ["leader", "officer", "auditor"])
    #expect(plan.participants.map(\.role) == [.leader, .operator, .auditor])
    #expect(plan.participants.map(\.acknowledgement) == [.words, .pin, .key(publicKeySHA256: PlanFixture.digest)])
    #expect(plan.token("main")?.securityOfficerPIN == "officer-pin" && plan.token("second")?.securityOfficerPIN == nil)
    #expect(plan.pin("user")?.origin == .site)
    #expect(
      plan.pin("second-user")?.origin == .shared(threshold: 2, custodians: ["leader", "officer"], length: 8, alphabet: .digits))
    #expect(
      plan.pin("officer-pin")?.origin
        == .shared(threshold: 2, custodians: ["leader", "officer", "auditor"], length: 16, alphabet: .lettersAndDigits))
    #expect(plan.before.keys.map(\.key.name) == ["old"] && plan.before.keys.first?.policy == .nonExportableSigning)
    #expect(plan.before.enrolled.map(\.certificate) == ["payroll"])
    #expect(plan.input("statement")?.sha256 == PlanFixture.digest && plan.input("pem")?.sha256 == nil)
    #expect(plan.outputs.map(\.file) == ["k.proof", "k-2.proof", "k.csr", "c.pem", "s.sig"])
    #expect(plan.orders == ["first-order"] && plan.ceremonyKey.name == "k" && plan.ceremonyKey.token == "main")
    #expect(plan.steps.map(\.action.name).count == 18 && Set(plan.steps.map(\.action.name)).count == 17)
    #expect(plan.steps.first?.line == 31 && plan.steps.last?.line == 48)
    #expect(plan.steps.first { $0.id == "init" }?.note == "Look away.")
    #expect(
      plan.steps.last?.action == .readAloud(of: .output("proof"), reader: "leader", listener: "officer", wordCount: 6))
    #expect(
      plan.steps.first { $0.id == "destroy" }?.action == .destroyKey(try #require(plan.before.keys.first?.key), evenIfCertified: true))
    #expect(plan.bytes == Array(PlanFixture.text.utf8) && plan.sha256.count == 32)
  }

  @Test("one byte more is another plan: the digest is the file's, comments and all")
  func digest() throws {
    let more = try CeremonyPlan(reading: Array("\(PlanFixture.text)#".utf8), file: "plan.yaml")
    #expect(more.sha256 != (try PlanFixture.plan()).sha256)
    #expect(more.steps == (try PlanFixture.plan()).steps)
  }

  @Test("all mistakes are told, in the order of their lines, and the first one is thrown")
  func all() throws {
    let text = PlanFixture.changed([
      ("role: operator", "role: boss"), ("title: Everything once", "titel: x"), ("policy: non-exportable-signing", "policy: none"),
      ("token: main, expects", "token: mine, expects"),
    ])
    let mistakes = PlanFixture.mistakes(in: text)
    #expect(mistakes.map { String($0.message.prefix { $0 != ":" }) } == ["line 1", "line 3", "line 6", "line 31", "line 37"])
    #expect(mistakes.map(\.rule) == [.planFile, .planFile, .planFile, .planSense, .planFile])
    #expect(mistakes.allSatisfy { $0.hint?.isEmpty == false && $0.operation == "read the plan plan.yaml" })
    let thrown = #expect(throws: CeremonyError.self) { try CeremonyPlan(reading: Array(text.utf8), file: "plan.yaml") }
    #expect(thrown?.message == mistakes.first?.message)
  }

  @Test("a file that is too large, no text, no YAML, empty, or of another kind is one mistake or two")
  func noPlan() {
    let large = CeremonyPlan.examine(bytes: Array(repeating: 0x23, count: CeremonyPlan.maximumSize + 1), file: "p").mistakes
    #expect(large.map(\.message) == ["the file is larger than 256 KiB"])
    #expect(CeremonyPlan.examine(bytes: [0x66, 0xFF], file: "p").mistakes.map(\.message) == ["the file is not UTF-8 text"])
    #expect(PlanFixture.mistakes(in: "a: [").first?.message.contains("it is not YAML") == true)
    #expect(PlanFixture.mistakes(in: "- a\n").map(\.message) == ["the file is not a mapping of settings"])
    #expect(PlanFixture.mistakes(in: "").count == 8)
    #expect(PlanFixture.mistakes(in: PlanFixture.text + "---\na: b\n").map(\.message) == ["the file holds more than one YAML document"])
  }

  @Test("a text with a comma or a colon that has no quotes is told to need them, and once")
  func quotes() {
    let comma = PlanFixture.mistakes(in: PlanFixture.changed([("\"CN=k,O=Ab Demo Oy,C=FI\"", "CN=k,O=Ab Demo Oy,C=FI")]))
    #expect(comma.map(\.message) == ["line 39: unknown key steps.csr.(it is no name and not repeated here)"])
    #expect(comma.first?.hint?.hasPrefix("put a text with a comma in it in quotes; known here: action") == true)
    let colon = PlanFixture.mistakes(in: PlanFixture.changed([("note: Look away.", "note: Note: look away.")]))
    #expect(colon.count == 1 && colon.first?.message.contains("it is not YAML") == true)
    #expect(colon.first?.hint?.hasPrefix("put a text in quotes") == true)
  }

  @Test("a file of another kind is told by its kind, and nothing else of it")
  func exchanged() {
    let site = PlanFixture.mistakes(in: "format: hsmkey-ceremony-site/1\noutput-folder: out\n")
    #expect(site.map(\.message) == ["line 1: format is that of a site file, and not hsmkey-ceremony-plan/1"])
  }

  @Test(
    "what a reviewer cannot see is refused, with its line",
    arguments: [
      ("title: Everything", "title: Every\u{202E}thing", "line 3: the character U+202E cannot be seen"),
      ("title: Everything once", "title: Everything once\r", "line 3: the character U+000D cannot be seen"),
      ("  main: {", "\tmain: {", "line 9: the character U+0009 cannot be seen"),
      ("title: Everything once", #"title: "Every\e[2J""#, "line 3: title has a character that cannot be seen"),
      ("title: Everything once", #"title: "a\nb""#, "line 3: title has more than one line"),
      ("title: Everything once", #"title: "  ""#, "line 3: title must be a text that is not empty"),
    ])
  func invisible(from: String, to: String, message: String) {
    #expect(PlanFixture.mistakes(in: PlanFixture.changed([(from, to)])).map(\.message) == [message])
  }

  @Test("each question has its id, in the order in which they are asked")
  func questions() throws {
    let questions = try PlanFixture.plan().questions
    #expect(
      questions.map(\.id) == [
        "start/officer", "agree/leader", "agree/officer",
        "so-pin/leader/card", "so-pin/leader/share", "so-pin/officer/card", "so-pin/officer/share", "so-pin/auditor/card",
        "so-pin/auditor/share", "have-pin/leader/share", "have-pin/officer/share", "bag/auditor/bag-number", "bag/auditor", "read/officer",
        "end/leader", "end/officer", "end/auditor", "resume/leader",
        "combine/second-user/leader", "combine/second-user/officer", "combine/officer-pin/leader",
        "combine/officer-pin/officer", "combine/officer-pin/auditor",
      ])
    #expect(Set(questions.map(\.id)).count == questions.count)
    #expect(questions.first { $0.id == "end/auditor" }?.kind == .confirmation)
    #expect(questions.first { $0.id == "agree/officer" }?.kind == .pin)
    #expect(questions.prefix(17).allSatisfy(\.isCertain) && !questions.dropFirst(17).contains(where: \.isCertain))
  }
}
