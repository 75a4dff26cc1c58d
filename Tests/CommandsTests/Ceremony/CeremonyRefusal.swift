import Foundation
import TestSupport
import Testing

@testable import Campaign

extension CeremonyPlace {
  /// Runs the tool, which must refuse by this rule and say what to do: nothing on stdout, one error, a hint.
  ///
  /// - Parameters:
  ///   - arguments: those of a performance that no people answer, without any.
  ///   - hint: stands in what the tool says to do.
  @discardableResult
  func refuses(
    _ rule: String, _ exitCode: Int = 2, _ arguments: [String]? = nil, hint: String = "", sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Refusal {
    let arguments = arguments ?? performance
    let result = try await tool(arguments)
    let refusal =
      arguments.contains("--json")
      ? try Refusal(json: result, exitCode: exitCode, sourceLocation: sourceLocation)
      : try Refusal(text: result, exitCode: exitCode, sourceLocation: sourceLocation)
    #expect(refusal.rule == rule, "\(refusal.standardError)", sourceLocation: sourceLocation)
    let says = !refusal.hints.isEmpty && (hint.isEmpty || refusal.hint.contains(hint))
    #expect(says, "no hint that says \(hint): \(refusal.standardError)", sourceLocation: sourceLocation)
    return refusal
  }

  /// A performance with other files than those that are in place.
  func performance(site: String = "site.yaml", rehearsal: String = "rehearsal", answers: String = "cards.yaml") -> [String] {
    ["ceremony", "perform", "plan.yaml", "--site", site, "--rehearsal", rehearsal, "--answers-instead-of-people", answers]
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  func edit(_ name: String, as other: String? = nil, _ change: (String) -> String) throws {
    let (before, after) = (try text(name), change(try text(name)))
    try #require(before != after, "nothing was edited in \(name)")
    try write(after, to: other ?? name)
  }

  /// Another answer to one question, in a file of its own.
  func answers(_ question: String, _ answer: String, to name: String = "other.yaml") throws -> String {
    try edit("cards.yaml", as: name) { text in
      text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        line.hasPrefix("  \"\(question)\": ") ? "  \"\(question)\": \(answer)" : String(line)
      }.joined(separator: "\n")
    }
    return name
  }

  /// Puts another plan in place of the example's, with answers and a rehearsal that approves it.
  func rehearses(_ change: (String) -> String) async throws {
    try edit("plan.yaml", change)
    let answers = try await succeeds(["ceremony", "check", "plan.yaml", "--print-answers"])
    for name in ["answers.yaml", "cards.yaml"] { try write(answers, to: name) }
    if exists("rehearsal") { try FileManager.default.removeItem(atPath: path("rehearsal")) }
    try await succeeds(["ceremony", "rehearse", "plan.yaml", "--out", "rehearsal", "--answers", "answers.yaml"])
  }

  /// The tool's arguments for the keys on a token.
  func on(_ token: String, pin: String = "user-pin") -> [String] {
    ["--module", Self.modulePath, "--token", token, "--pin-source", "file:\(path(pin))"]
  }

  /// Makes a token with the PINs that are in files here.
  ///
  /// - Returns: its serial number.
  func makeToken(_ label: String, pin: String = "user-pin") async throws -> String {
    try await succeeds([
      "token", "init", label, "--so-pin-source", "file:\(path("officer-pin"))", "--module", Self.modulePath, "--pin-source",
      "file:\(path(pin))",
    ])
    return try await serial(ofToken: label)
  }

  /// The rule by which each step failed last, by the transcript.
  func failedSteps() throws -> [String: String] {
    let failures = try transcript().filter { $0["kind"] as? String == "step-failed" }
    return Dictionary(failures.compactMap { entry in (entry["step"] as? String).map { ($0, entry["rule"] as? String ?? "") } }) { $1 }
  }
}

extension CeremonyPeople {
  /// Begins a performance, or goes on with it, at the terminal.
  func begin(_ place: CeremonyPlace) throws -> ChildProcess {
    try terminal.start(
      CeremonyPlace.program,
      ["ceremony", "perform", place.path("plan.yaml"), "--site", place.path("site.yaml"), "--rehearsal", place.path("rehearsal")],
      environment: place.environment)
  }
}
