import Foundation
import KeyEvidence
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import KeyCeremony

@Suite("ceremony verify, and by hand: an auditor's machine")
struct CeremonyVerifyTests {
  /// A performance's folder, a rehearsal's, the plan and the key.
  private struct Desk {
    let folder: TemporaryFolder
    let fixture: TranscriptFixture

    init(_ change: (inout TranscriptFixture) -> Void = { _ in }) throws {
      folder = try TemporaryFolder()
      let rehearsal = TranscriptFixture()
      var (fixture, _) = try TranscriptFixture.performance()
      // Signatures differ from one making to the next.
      let rehearsed = try rehearsal.bytes()
      fixture.approval = .init(run: rehearsal.run, sealSHA256: try rehearsal.verify(rehearsed).sealSHA256)
      change(&fixture)
      self.fixture = fixture
      for (name, bytes) in [("rehearsal", rehearsed), ("performance", try fixture.bytes())] {
        try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: false)
        try folder.write(bytes, to: "\(name)/transcript.jsonl")
        try folder.write(fixture.proof, to: "\(name)/ceremony.proof")
        try folder.write([4, 5], to: "\(name)/statement.sig")
      }
      try folder.write(try fixture.planText().utf8, to: "plan.yaml")
      try folder.write(try TranscriptFixture.ceremonyKey.publicKey.serializeAsPEM().pemString.utf8, to: "key.pem")
    }

    func verify(_ arguments: String...) async throws -> ProgramResult {
      try await run(
        BuiltProduct.path("hsmkey"), ["ceremony", "verify"] + arguments, environment: ["HSMKEY_CONFIG": "", "COLUMNS": ""], in: folder.path)
    }

    func edit(_ file: String, _ change: (String) -> String) throws {
      let text = String(decoding: try Data(contentsOf: URL(filePath: folder.path(file))), as: UTF8.self)
      try folder.write(change(text).utf8, to: file)
    }
  }

  @Test("a performance is explained to a person")
  func text() async throws {
    let desk = try Desk()
    let result = try await desk.verify("performance", "--plan", "plan.yaml", "--rehearsal", "rehearsal", "--key", "key.pem")
    #expect(result.exitCode == 0 && result.standardError.isEmpty, "\(result.standardError)")
    let words = FingerprintWords.words(for: EvidenceText.digest(Array(try desk.fixture.planText().utf8))).joined(separator: " ")
    for part in [
      "authentic and whole", "First key (first-key), performed", "answered by", "the one that was named", words, "Leena Leader, leader",
      "at agree, end", "init: initialise-token by leader", "token main got the serial number 5a1c", "ceremony.proof, 7 bytes",
      "and is that file", "statement.pdf, 3 bytes", "the performance made what the rehearsal made", "what this does not show",
    ] { #expect(result.standardOutput.contains(part), "\(part)\n\(result.standardOutput)") }
    let alone = try await desk.verify("performance/transcript.jsonl")
    #expect(alone.exitCode == 0 && alone.standardOutput.contains("NOT COMPARED with the key that you use"), "\(alone.standardError)")
    #expect(alone.standardOutput.contains("name the folder"))
  }

  @Test("exit codes: 65 no transcript, 6 not to be trusted, 2 not what was demanded or rehearsed")
  func codes() async throws {
    let desk = try Desk()
    func refused(_ code: Int, _ rule: String, _ arguments: String...) async throws {
      let result = try await run(
        BuiltProduct.path("hsmkey"), ["ceremony", "verify"] + arguments + ["--json"], environment: ["HSMKEY_CONFIG": ""],
        in: desk.folder.path)
      #expect(result.exitCode == code && result.standardError.contains("\"rule\":\"\(rule)\""), "\(rule): \(result.standardError)")
    }
    try await refused(65, "CEREMONY-TRANSCRIPT-FILE", "plan.yaml")
    try await refused(6, "CEREMONY-SEAL", "performance", "--key", String(repeating: "0", count: 64))
    try await refused(2, "CEREMONY-REHEARSED", "rehearsal", "--rehearsal", "performance")
    try desk.edit("plan.yaml") { $0 + "\n" }
    try await refused(2, "CEREMONY-PLAN-CHANGED", "performance", "--plan", "plan.yaml")
    try desk.folder.write([0], to: "performance/statement.sig")
    try await refused(6, "CEREMONY-FILE-DIGEST", "performance")
    try desk.edit("performance/transcript.jsonl") { $0.replacing("A-17", with: "A-18") }
    try await refused(6, "CEREMONY-TRANSCRIPT-CHAIN", "performance")
    let prepared = try Desk { $0.answers = .prepared }
    let result = try await prepared.verify("performance")
    #expect(result.exitCode == 2 && result.standardError.contains("CEREMONY-PEOPLE"))
    let accepted = try await prepared.verify("performance", "--accept-prepared-answers")
    #expect(accepted.exitCode == 0 && accepted.standardOutput.contains("A file answered, and not people."))
  }

  @Test("a performance that made something else than the rehearsal ends with 2, and shows where (CEREMONY-AS-REHEARSED)")
  func differences() async throws {
    let desk = try Desk {
      $0.change = { body in
        guard case .stepDone(let done) = body, done.step == "key" else { return body }
        return .stepDone(
          .init(step: "key", result: done.result, comparable: ["algorithm": "ecdsa-p384"], calls: [:], milliseconds: 1))
      }
    }
    let result = try await desk.verify("performance", "--rehearsal", "rehearsal")
    #expect(result.exitCode == 2 && result.standardError.contains("CEREMONY-AS-REHEARSED"), "\(result.standardError)")
    #expect(result.standardOutput.contains("key/algorithm: rehearsed \"ecdsa-p256\", performed \"ecdsa-p384\""))
  }

  @Test(
    "the commands of docs/ceremony-transcript.md say that a transcript is in order, and that a changed one is not",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/jq"), "jq is not installed"))
  func byHand() async throws {
    let desk = try Desk()
    let page = try String(
      contentsOf: OfficialMaterial.projectFolder.appending(path: "docs/ceremony-transcript.md"), encoding: .utf8)
    let section = try #require(page.components(separatedBy: "\n## By hand\n").dropFirst().first)
    let blocks = section.components(separatedBy: "```sh\n").dropFirst().compactMap { $0.components(separatedBy: "\n```").first }
    #expect(blocks.count >= 4)
    let script = "set -euo pipefail\n" + blocks.joined(separator: "\n")
    func check() async throws -> ProgramResult { try await run("bash", ["-c", script], in: desk.folder.path("performance")) }
    let good = try await check()
    #expect(good.succeeded, "\(good.standardError)\(good.standardOutput)")
    #expect(good.standardOutput.components(separatedBy: "Verified OK").count == 2, "\(good.standardOutput)")
    #expect(good.standardOutput.contains("Signature Verified Successfully") && good.standardOutput.contains("ceremony.proof: OK"))

    let whole = String(decoding: try desk.fixture.bytes(), as: UTF8.self)
    let lines = whole.split(separator: "\n")
    for (what, text) in [
      ("edited", whole.replacing("A-17", with: "A-18")), ("cut", lines.dropLast(2).joined(separator: "\n") + "\n"),
      ("left out", (lines[..<4] + lines[5...]).joined(separator: "\n") + "\n"),
      ("not canonical", whole.replacing("\"entry\":0,", with: "\"entry\": 0,")),
      (
        "sealed at another time",
        (lines.dropLast() + [lines[lines.count - 1].replacing("\"time\":\"2026", with: "\"time\":\"2027")]).joined(separator: "\n") + "\n"
      ),
    ] {
      try desk.folder.write(text.utf8, to: "performance/transcript.jsonl")
      #expect(try await !check().succeeded, "\(what)")
    }
    try desk.folder.write(whole.utf8, to: "performance/transcript.jsonl")
    #expect(try await check().succeeded)
    try desk.folder.write([0], to: "performance/ceremony.proof")
    #expect(try await !check().succeeded)
  }
}
