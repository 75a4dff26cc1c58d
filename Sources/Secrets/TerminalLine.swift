import Synchronization

/// A question on the terminal that is answered with a line of text, which everybody may see.
///
/// Nothing of the terminal's settings is changed: it shows and edits what is typed, and Ctrl-C does what it does elsewhere.
public struct TerminalLine: Sendable {
  /// The longest line that is taken, in bytes.
  public static let maximumCount = 4096

  /// What a person should know; a line each.
  public let lines: [String]
  /// What stands before the place where the answer is typed.
  public let prompt: String
  /// The controlling terminal, whatever standard input and output are.
  var path = OpenTerminal.controlling

  /// - Parameters:
  ///   - lines: what a person should know, a line each. Control characters are not shown.
  ///   - prompt: what stands before the answer: `Name: `. Control characters are not shown.
  public init(_ lines: [String] = [], prompt: String) {
    self.lines = lines
    self.prompt = prompt
  }

  /// Asks, and blocks until a line was typed. What was typed before the question is thrown away.
  ///
  /// - Returns: the line without spaces at its ends; it may be empty.
  /// - Throws: ``SecretRule/noTerminal``; ``SecretRule/interrupted`` when the input ends (Ctrl-D); ``SecretRule/line`` for a line that is
  ///   too long, is not UTF-8 or has control characters in it.
  public func ask() throws(SecretError) -> String {
    try TerminalPrompt.oneAtATime.withLock { (_) throws(SecretError) in try askAlone() }
  }

  private func askAlone() throws(SecretError) -> String {
    let operation = "ask on the terminal"
    let terminal = try OpenTerminal(path, operation)
    terminal.forgetWhatWasTyped()
    try terminal.show(lines.map { "\(SecretSource.printable($0))\n" }.joined() + SecretSource.printable(prompt))
    let (bytes, isEnd) = try terminal.line(limit: Self.maximumCount)
    guard !isEnd else {
      try terminal.show("\n")
      throw SecretError(.interrupted, operation, "the input ended before there was an answer")
    }
    guard bytes.count <= Self.maximumCount else { throw Self.refusal("it is longer than \(Self.maximumCount) bytes") }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Self.refusal("it is not UTF-8") }
    guard SecretSource.printable(text) == text else {
      throw Self.refusal("it has a control character in it", hint: "arrow and function keys do nothing here")
    }
    return Self.trimmed(text)
  }

  private static func trimmed(_ text: String) -> String {
    let start = text.drop { $0 == " " }
    return String(start[..<(start.lastIndex { $0 != " " }.map { start.index(after: $0) } ?? start.startIndex)])
  }

  private static func refusal(_ reason: String, hint: String? = nil) -> SecretError {
    SecretError(.line, "take a line from the terminal", reason, hint: hint ?? "type it once more")
  }
}
