import TestSupport
import Testing

/// A real program on a real terminal: `secrets-probe line`.
@Suite("A line of text on a terminal")
struct TerminalLineTests {
  private func ask() async throws -> (PseudoTerminal, ChildProcess) {
    let terminal = try PseudoTerminal()
    terminal.type("typed ahead\n")
    let child = try terminal.start(BuiltProduct.path("secrets-probe"), ["line"])
    try await terminal.waits(for: "Number of the bag: ")
    return (terminal, child)
  }

  @Test("is asked for under lines that cannot steer the terminal, shown while it is typed, edited, and taken without spaces at its ends")
  func line() async throws {
    let (terminal, child) = try await ask()
    #expect(terminal.echoes)
    terminal.type("  A-18\u{7f}7 Käärö \n")
    #expect(try await child.wait() == 0)
    #expect(terminal.shown.contains("The bag is?[2J sealed.\r\nNumber of the bag: "))
    #expect(terminal.shown.contains("got <A-17 Käärö>, 13 bytes"))
  }

  @Test("may be empty", arguments: ["\n", "   \n"])
  func empty(typed: String) async throws {
    let (terminal, child) = try await ask()
    terminal.type(typed)
    #expect(try await child.wait() == 0)
    #expect(terminal.shown.contains("got <>, 0 bytes"))
  }

  @Test("SECRET-INTERRUPTED: the end of the input is no line")
  func end() async throws {
    let (terminal, child) = try await ask()
    terminal.type("\u{4}")
    #expect(try await child.wait() == 1)
    #expect(terminal.shown.contains("[SECRET-INTERRUPTED]"))
  }

  @Test("SECRET-LINE: control characters, and what is not UTF-8, are no line", arguments: ["A\u{1b}[A\n", "A\tB\n", "A\u{9b}B\n"])
  func refused(typed: String) async throws {
    let (terminal, child) = try await ask()
    terminal.type(typed)
    #expect(try await child.wait() == 1)
    #expect(terminal.shown.contains("[SECRET-LINE]"))
  }

  @Test("SECRET-NO-TERMINAL: without a terminal nothing is asked")
  func noTerminal() async throws {
    let folder = try TemporaryFolder()
    let child = try ChildProcess(BuiltProduct.path("secrets-probe"), ["line"], log: folder.path("log"))
    #expect(try await child.wait() == 1)
    #expect(try await run("cat", [folder.path("log")]).standardOutput.contains("[SECRET-NO-TERMINAL]"))
  }
}
