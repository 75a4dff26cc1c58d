import Foundation
import KeyCeremony
import KeyEvidence
import TestSupport
import Testing

@testable import Commands

/// A real program on a real terminal: `ceremony-probe room`.
@Suite("The room of a ceremony on a terminal")
struct TerminalRoomTests {
  private static let plan = OfficialMaterial.projectFolder.appending(path: "docs/ceremonies/first-key.yaml").path
  private let folder: TemporaryFolder
  private let terminal: PseudoTerminal

  init() throws {
    folder = try TemporaryFolder()
    terminal = try PseudoTerminal()
  }

  private func start(_ kind: String, columns: Int = 80) throws -> ChildProcess {
    try terminal.resize(columns: columns)
    return try terminal.start(
      BuiltProduct.path("ceremony-probe"), ["room", Self.plan, folder.path("answers")], environment: ["TERM": kind, "NO_COLOR": ""])
  }

  private func answer(_ prompt: String, _ typed: String, times: Int = 1) async throws {
    try await terminal.waits(for: prompt, times: times)
    terminal.type(typed + "\n")
  }

  /// Everything as it should be typed, from the first question to the last, with some mistakes that are asked again.
  private func goThrough() async throws {
    try await answer("yes, absent or stop: ", "perhaps")
    try await answer("yes, absent or stop: ", "YES", times: 2)
    try await answer("  > ", "A\u{1b}[A")
    try await answer("  > ", "A-17", times: 2)
    try await answer("words: ", "acme zulu")
    for (times, pin) in [(1, "123"), (2, "654321")] {
      try await answer("New PIN: ", pin, times: times)
      try await answer("New PIN, once more: ", pin, times: times)
    }
    try await answer("\r\n  PIN: ", "654321")
    try await answer("Share: ", "")
    try await answer("yes or stop: ", "yes")
    try await terminal.waits(for: "TVWX5")
    try await answer("yes or stop: ", "yes", times: 2)
    try await answer("yes, absent or stop: ", "yes", times: 3)
  }

  @Test("asks each person by name, asks again what is no answer, and gives what was typed", arguments: ["dumb", "xterm-256color"])
  func questions(kind: String) async throws {
    let child = try start(kind)
    try await goThrough()
    #expect(try await child.wait() == 0, "\(terminal.shown)")
    let answers = try String(contentsOfFile: folder.path("answers"), encoding: .utf8)
    #expect(
      answers.split(separator: "\n") == ["confirmed yes", "text A-17", "words acme zulu", "new 6", "pin 6", "share 0", "end yes"])
    let shown = terminal.shown
    #expect(shown.contains("Otto Officer (officer):"))
    #expect(shown.contains("Step 2 of 9 · agree · leader (Leena Leader)"))
    #expect(!shown.contains("654321") && !shown.contains("123\r\n"))
    // A title cannot steer the terminal.
    #expect(shown.contains("A title\\u{1b}]0;x\\u{7}") && !shown.contains("\u{1b}]"))
    // What was shown to one person is wiped, with what scrolled away; a dumb terminal is pushed on and gets no sequences.
    let afterSecret = shown.split(separator: "TVWX5", omittingEmptySubsequences: false).last.map(String.init) ?? ""
    #expect(afterSecret.contains("\u{1b}[3J") == (kind != "dumb"))
    #expect(shown.contains("\u{1b}") == (kind != "dumb"))
    #expect(shown.contains("looks away now"))
  }

  @Test("CEREMONY-STOPPED: stop at any question ends the run", arguments: ["open", "secret", "card"])
  func stop(place: String) async throws {
    let child = try start("dumb")
    if place == "open" {
      try await answer("yes, absent or stop: ", "stop")
    } else {
      try await answer("yes, absent or stop: ", "yes")
      try await answer("  > ", "A-17")
      try await answer("words: ", "acme zulu")
      if place == "secret" {
        try await answer("New PIN: ", "stop")
        try await answer("New PIN, once more: ", "stop")
      } else {
        try await answer("New PIN: ", "654321")
        try await answer("New PIN, once more: ", "654321")
        try await answer("\r\n  PIN: ", "")
        try await answer("Share: ", "share")
        try await answer("yes or stop: ", "stop")
      }
    }
    #expect(try await child.wait() == 1)
    #expect(terminal.shown.contains("[CEREMONY-STOPPED]"), "\(terminal.shown)")
    #expect(!terminal.shown.contains("ABCD1"))
  }

  /// Up to the share that stands on the screen.
  private func share() async throws {
    try await answer("yes, absent or stop: ", "yes")
    try await answer("  > ", "A-17")
    try await answer("words: ", "acme zulu")
    try await answer("New PIN: ", "654321")
    try await answer("New PIN, once more: ", "654321")
    try await answer("\r\n  PIN: ", "")
    try await answer("Share: ", "share")
    try await answer("yes or stop: ", "yes")
    try await terminal.waits(for: "yes or stop: ", times: 2)
  }

  @Test("Ctrl-C and Ctrl-\\ while a share is shown take it off the screen before they end the program", arguments: ["\u{3}", "\u{1c}"])
  func interruptedShare(key: String) async throws {
    let child = try start("xterm-256color")
    try await share()
    terminal.type(key)
    #expect(try await child.wait() != 0)
    let afterSecret = terminal.shown.split(separator: "TVWX5", omittingEmptySubsequences: false).last.map(String.init) ?? ""
    #expect(terminal.shown.contains("TVWX5") && afterSecret.contains("\u{1b}[2J\u{1b}[3J"), "\(afterSecret)")
  }

  @Test("fits into narrow terminals", arguments: [28, 40, 60])
  func narrow(columns: Int) async throws {
    let child = try start("dumb", columns: columns)
    try await goThrough()
    #expect(try await child.wait() == 0, "\(terminal.shown)")
    for line in terminal.shown.split(separator: "\r\n") where !line.contains("stop: ") && !line.contains("PIN") {
      #expect(line.count <= columns, "\(line)")
    }
  }

  @Test("SECRET-NO-TERMINAL: without a terminal it says what to do")
  func noTerminal() async throws {
    let result = try await run(
      BuiltProduct.path("ceremony-probe"), ["room", Self.plan, folder.path("answers")], environment: [:])
    #expect(result.exitCode == 1)
    #expect(result.standardError.contains("[SECRET-NO-TERMINAL]"))
  }

  @Test("a digest is groups of four octets, and its words numbered, in as many columns as fit", arguments: [(20, 1), (40, 2), (100, 4)])
  func digest(columns: Int, groups: Int) {
    let layout = CeremonyLayout(style: .plain, columns: columns)
    let bytes = (0..<32).map { UInt8($0) }
    let lines = layout.digest(bytes)
    #expect(lines[0].split(separator: " ").count == groups)
    #expect(lines.joined(separator: " ").split(separator: " ").prefix(8).joined() == bytes.hexadecimal)
    for (index, word) in FingerprintWords.words(for: bytes).enumerated() {
      #expect(lines.contains { $0.contains("\(index + 1) \(word)") })
    }
    #expect(lines.allSatisfy { $0.count <= columns })
  }
}
