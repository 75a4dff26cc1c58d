import Foundation
import TestSupport
import Testing

@Suite("after-change: what the program gets and what is told of it", .serialized)
struct AfterChangeTests {
  private func enrol(after script: String, _ arguments: [String] = [], environment: [String: String] = [:]) async throws -> (
    ProgramResult, Bench
  ) {
    var settings = ServiceBench.Settings()
    settings.certificate.append(#"after-change: ["/bin/bash", "change"]"#)
    var outcome: (ProgramResult, Bench)?
    try await ServiceBench.with(settings) { service in
      try service.bench.folder.write(script.utf8, to: "change")
      outcome = (try await service.bench.hsmkey(ServiceBench.enrolment() + arguments, environment: environment), service.bench)
    }
    return try #require(outcome)
  }

  @Test("a program that writes a lot has run; of what it wrote the end is told", arguments: [0, 1])
  func muchOutput(exitCode: Int) async throws {
    let (result, _) = try await enrol(
      after: "head -c 3000000 /dev/zero | tr '\\0' x | fold -w 100\necho; echo the reason >&2; exit \(exitCode)\n", ["--json"])
    #expect(result.exitCode == 0)
    #expect(try JSON(parsing: result.standardOutput)["after-change-succeeded"].bool == (exitCode == 0))
    #expect(result.standardError.contains("the reason") == (exitCode == 1))
    #expect(result.standardError.utf8.count < 200 << 10)
    #expect(!result.standardError.contains("could not be run"))
    if exitCode == 1 { #expect(result.standardError.contains("what it wrote before is left out")) }
    // With --json each line of stderr is an object.
    for line in result.standardError.split(separator: "\n") { _ = try JSON(parsing: "\(line)\n")["warning"] }
  }

  @Test("a variable that a secret came from is not handed on; the others are")
  func environment() async throws {
    let (result, bench) = try await enrol(
      after: "env > seen\n", ["--pin-source", "env:MY_PIN"], environment: ["MY_PIN": Bench.pin, "MY_SETTING": "kept"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    let seen = try bench.text("seen")
    #expect(seen.contains("MY_SETTING=kept\n"))
    #expect(!seen.contains("MY_PIN") && !seen.contains(Bench.pin))
  }

  @Test(
    "how it ended is said in words, with the command that runs it again",
    arguments: [("exit 3", "exit code 3"), ("kill -9 $$", "signal 9")])
  func ending(script: String, words: String) async throws {
    let (result, _) = try await enrol(after: "\(script)\n")
    #expect(result.exitCode == 0)
    let lines = result.standardError.split(separator: "\n")
    #expect(
      lines.contains("hsmkey: warning: payroll: the after-change program failed: it ended with \(words); the certificate is installed"),
      "\(result.standardError)")
    #expect(lines.last == "hint: run the program again with: hsmkey certificate fetch payroll")
  }

  @Test("what the program writes steers no terminal")
  func controlCharacters() async throws {
    let (result, _) = try await enrol(after: "printf '\\033[2Jgone\\n'; exit 1\n")
    #expect(result.standardError.contains("\\u{1b}[2Jgone"))
    #expect(!result.standardError.contains("\u{1b}"))
  }
}
