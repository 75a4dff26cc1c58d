import Glibc
import TestSupport
import Testing

/// A real program on a real terminal: `secrets-probe prompt`.
@Suite("A prompt on a terminal")
struct TerminalPromptTests {
  // Swift's own crash handler takes SIGQUIT and starts a debugger's dialogue on a terminal.
  private let quiet = ["SWIFT_BACKTRACE": "enable=no"]
  private let question = "User PIN for token payroll: "

  private func ask(_ arguments: String...) async throws -> (PseudoTerminal, ChildProcess) {
    let terminal = try PseudoTerminal()
    let child = try terminal.start(BuiltProduct.path("secrets-probe"), ["prompt"] + arguments, environment: quiet)
    try await terminal.waits(for: question)
    return (terminal, child)
  }

  @Test("shows the purpose and nothing of what is typed, and leaves the echo as it was")
  func noEcho() async throws {
    let (terminal, child) = try await ask()
    #expect(!terminal.echoes)
    terminal.type("774411\n")
    #expect(try await child.wait() == 0)
    #expect(terminal.shown == "User PIN for token payroll: \r\ngot 6 bytes\r\n")
    #expect(terminal.echoes)
  }

  @Test("lets the terminal edit the line")
  func editing() async throws {
    let (terminal, child) = try await ask()
    terminal.type("99\u{15}7744119\u{7f}\n")
    #expect(try await child.wait() == 0)
    #expect(terminal.shown.contains("got 6 bytes"))
  }

  @Test("SECRET-CONFIRMATION: a new secret is asked twice and must be the same", arguments: [("774411", 0), ("774412", 1)])
  func confirmation(second: String, exitCode: Int) async throws {
    let (terminal, child) = try await ask("--confirm")
    terminal.type("774411\n")
    try await terminal.waits(for: "once more: ")
    terminal.type(second + "\n")
    #expect(try await child.wait() == exitCode)
    #expect(terminal.shown.contains("[SECRET-CONFIRMATION]") == (exitCode == 1))
    #expect(!terminal.shown.contains("77441"))
  }

  @Test("SECRET-EMPTY: an empty line, or the end of the input, is no secret", arguments: ["\n", "\u{4}"])
  func empty(typed: String) async throws {
    let (terminal, child) = try await ask()
    terminal.type(typed)
    #expect(try await child.wait() == 1)
    #expect(terminal.shown.contains("[SECRET-EMPTY]"))
    #expect(terminal.echoes)
  }

  @Test("SECRET-LENGTH: a line that is too long is read to its end and refused")
  func length() async throws {
    let (terminal, child) = try await ask()
    terminal.type(String(repeating: "7", count: 1500) + "\n")
    #expect(try await child.wait() == 1)
    #expect(terminal.shown.contains("[SECRET-LENGTH]"))
    #expect(!terminal.shown.contains("777"))
  }

  @Test("SECRET-INTERRUPTED: Ctrl-C ends the program as it always does, with the echo back")
  func interrupt() async throws {
    let (terminal, child) = try await ask()
    terminal.type("7744\u{3}")
    #expect(try await child.wait() == 128 + Int(SIGINT))
    #expect(terminal.echoes)
    #expect(!terminal.shown.contains("7744"))
  }

  @Test("signals from elsewhere put the echo back, too", arguments: [SIGTERM, SIGHUP, SIGQUIT])
  func signals(signal: CInt) async throws {
    let (terminal, child) = try await ask()
    child.send(signal)
    #expect(try await child.wait() & 0x7f == Int(signal))
    #expect(terminal.echoes)
  }

  @Test("Ctrl-Z stops with the echo back; after the continuation the question is put again")
  func stop() async throws {
    let (terminal, child) = try await ask()
    // The leader of a session is not stopped from its own terminal (nobody could continue it), so the signal comes from outside, too.
    child.send(SIGSTOP)
    child.send(SIGCONT)
    child.send(SIGTSTP)
    try await eventually("the end of the first question") { terminal.shown.contains(question + "\r\n") ? () : nil }
    child.send(SIGCONT)
    try await terminal.waits(for: question, times: 2)
    terminal.type("774411\n")
    #expect(try await child.wait() == 0)
    #expect(terminal.shown.hasSuffix("got 6 bytes\r\n"))
  }

  @Test("what was typed before the question is thrown away: it was shown")
  func typedAhead() async throws {
    let terminal = try PseudoTerminal()
    terminal.type("55\n")
    let child = try terminal.start(BuiltProduct.path("secrets-probe"), ["prompt"])
    try await terminal.waits(for: question)
    terminal.type("774411\n")
    #expect(try await child.wait() == 0)
    #expect(terminal.shown.contains("got 6 bytes"))
  }

  @Test("SECRET-NO-TERMINAL: without a terminal it refuses and names the other sources")
  func noTerminal() async throws {
    // A session of its own has no controlling terminal.
    let folder = try TemporaryFolder()
    let child = try ChildProcess(BuiltProduct.path("secrets-probe"), ["prompt"], log: folder.path("log"))
    #expect(try await child.wait() == 1)
    let result = try await run("cat", [folder.path("log")])
    #expect(result.standardOutput.contains("[SECRET-NO-TERMINAL]"))
  }
}
