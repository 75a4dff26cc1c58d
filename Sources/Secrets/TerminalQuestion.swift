import Synchronization

/// A question on the terminal that only the whole word `yes` answers in the affirmative.
public struct TerminalQuestion: Sendable {
  /// What a person should know, and the question; a line each.
  public let lines: [String]
  /// The controlling terminal, whatever standard input and output are.
  var path = OpenTerminal.controlling

  /// - Parameter lines: what a person should know, and the question. Control characters are not shown.
  public init(_ lines: [String]) { self.lines = lines }

  /// Whether there is a terminal to ask on.
  public static var canBeAsked: Bool {
    do {
      _ = try OpenTerminal(OpenTerminal.controlling, "look for a terminal")
      return true
    } catch {
      return false
    }
  }

  /// Asks, and blocks until a line was typed.
  ///
  /// - Returns: whether it was `yes`.
  /// - Throws: ``SecretRule/noTerminal``.
  public func isAnsweredYes() throws(SecretError) -> Bool {
    try TerminalPrompt.oneAtATime.withLock { (_) throws(SecretError) in try ask() }
  }

  private func ask() throws(SecretError) -> Bool {
    let terminal = try OpenTerminal(path, "ask on the terminal")
    terminal.forgetWhatWasTyped()
    try terminal.show(lines.map { "\(SecretSource.printable($0))\n" }.joined() + "Type yes to go on: ")
    return try terminal.line(limit: 16).bytes == Array("yes".utf8)
  }
}
