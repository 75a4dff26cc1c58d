import Foundation
import TestSupport
import Testing

@Suite("ceremony check")
struct CeremonyCheckTests {
  private func bench() throws -> Bench {
    let bench = try Bench()
    let folder = OfficialMaterial.projectFolder.appending(path: "docs/ceremonies")
    for name in ["root-key.yaml", "root-key.site.yaml"] {
      try bench.folder.write(try Data(contentsOf: folder.appending(path: name)), to: name)
    }
    return bench
  }

  private func plan(_ bench: Bench) throws -> String { try bench.text("root-key.yaml") }

  @Test("says what the plan does: people, tokens, the digest in two forms, and a line for each step")
  func report() async throws {
    let bench = try bench()
    let text = try await bench.succeeds("ceremony", "check", "root-key.yaml", "--site", "root-key.site.yaml")
    #expect(text.contains("first: Carl Custodian, custodian, acknowledges with pin") && text.contains("root: root"), "\(text)")
    #expect(text.contains("\n 2  agree, leader: Gate (leader, first, second, third): The plan is the reviewed one"))
    #expect(text.contains("\n11  check-copy, leader: "))
    let sum = try await run("sha256sum", ["root-key.yaml"], in: bench.folder.path).standardOutput.prefix(64)
    #expect(text.contains("sha-256    \(sum)\n"))
  }

  @Test("the same as JSON: every field, and every question with its id")
  func json() async throws {
    let bench = try bench()
    let report = try await bench.object("ceremony", "check", "root-key.yaml")
    #expect(
      report.keys == [
        "file", "name", "title", "sha256", "words", "participants", "tokens", "ceremony-key", "steps", "questions", "site",
      ])
    #expect(report["words"].list.count == 32 && report["site"].isNull && report["steps"].list.count == 12)
    #expect(report["steps"][1]["action"].string == "gate" && report["steps"][1]["line"].number == 33)
    #expect(report["questions"].list.contains { $0["id"].string == "agree/leader" && $0["kind"].string == "words" })
    let site = try await bench.object("ceremony", "check", "root-key.yaml", "--site", "root-key.site.yaml")["site"]
    #expect(site["file"].string == "root-key.site.yaml" && site["sha256"].string?.count == 64)
  }

  @Test("CEREMONY-PLAN-FILE, CEREMONY-PLAN-SENSE: every mistake with its line, exit code 65, nothing on stdout")
  func mistakes() async throws {
    let bench = try bench()
    try bench.folder.write(
      try plan(bench).replacing("role: leader", with: "role: boss").replacing("actor: second", with: "actor: fourth").utf8, to: "bad.yaml")
    let result = try await bench.hsmkey(["ceremony", "check", "bad.yaml"])
    #expect(result.exitCode == 65 && result.standardOutput.isEmpty)
    let errors = result.standardError.split(separator: "\n").filter { $0.hasPrefix("hsmkey: error: read the plan bad.yaml: line ") }
    #expect(errors.count == 2 && errors[0].hasSuffix("[CEREMONY-PLAN-FILE]") && errors[1].hasSuffix("[CEREMONY-PLAN-SENSE]"), "\(result)")
    #expect(result.standardError.split(separator: "\n").filter { $0.hasPrefix("hint: ") }.count == 2)

    let json = try await bench.hsmkey(["ceremony", "check", "bad.yaml", "--json"])
    let objects = try json.standardError.split(separator: "\n").map { try JSON(parsing: "\($0)\n")["error"] }
    #expect(objects.map { $0["rule"].string } == ["CEREMONY-PLAN-FILE", "CEREMONY-PLAN-SENSE"])
    #expect(objects.allSatisfy { $0["exit-code"].number == 65 })
  }

  @Test("CEREMONY-SITE-COMPLETE: a site file that does not fit the plan, exit code 78")
  func site() async throws {
    let bench = try bench()
    try bench.folder.write(try bench.text("root-key.site.yaml").replacing("  copy-user: prompt\n", with: "").utf8, to: "bad.yaml")
    let refusal = try await bench.refused(78, "ceremony", "check", "root-key.yaml", "--site", "bad.yaml")
    #expect(refusal.rule == "CEREMONY-SITE-COMPLETE" && refusal.message.contains("pins.copy-user is missing"))
    let absent = try await bench.refused(78, "ceremony", "check", "root-key.yaml", "--site", "none.yaml")
    #expect(absent.message.contains("none.yaml cannot be read"))
  }

  @Test("an input that is not there yet is a warning, with the file and no refusal")
  func input() async throws {
    let bench = try bench()
    let folder = OfficialMaterial.projectFolder.appending(path: "docs/ceremonies")
    for name in ["destruction.yaml", "destruction.site.yaml"] {
      try bench.folder.write(try Data(contentsOf: folder.appending(path: name)), to: name)
    }
    let arguments = ["ceremony", "check", "destruction.yaml", "--site", "destruction.site.yaml"]
    let absent = try await bench.hsmkey(arguments)
    #expect(absent.exitCode == 0 && absent.standardError.contains("warning: the input statement is not there yet"), "\(absent)")
    try bench.folder.write("x".utf8, to: "statement.pdf")
    #expect(try await bench.hsmkey(arguments).standardError.isEmpty)
  }

  @Test("CONFIG-OWNER-ONLY: a site file that others can change is refused; a plan may be anybody's")
  func owner() async throws {
    let bench = try bench()
    try bench.folder.setMode(0o666, of: "root-key.yaml")
    try await bench.succeeds("ceremony", "check", "root-key.yaml")
    try bench.folder.setMode(0o666, of: "root-key.site.yaml")
    let refusal = try await bench.refused(78, "ceremony", "check", "root-key.yaml", "--site", "root-key.site.yaml")
    #expect(refusal.rule == "CONFIG-OWNER-ONLY" && refusal.hint.contains("chmod go-w"))
  }

  @Test("--print-answers writes a file of answers to begin with")
  func answers() async throws {
    let bench = try bench()
    let text = try await bench.succeeds("ceremony", "check", "root-key.yaml", "--print-answers")
    #expect(text.contains("format: hsmkey-ceremony-answers/1\n") && text.contains("  \"bags/second/root-bag\": Example\n"))
    try await bench.refusedAsJSON(64, "ceremony", "check", "root-key.yaml", "--print-answers")
  }
}
