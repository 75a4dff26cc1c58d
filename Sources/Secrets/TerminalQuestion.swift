import Glibc
import Synchronization

/// A question on the terminal that only the whole word `yes` answers in the affirmative.
public struct TerminalQuestion: Sendable {
  /// What a person should know, and the question; a line each.
  public let lines: [String]
  /// The controlling terminal, whatever standard input and output are.
  var path = "/dev/tty"

  /// - Parameter lines: what a person should know, and the question. Control characters are not shown.
  public init(_ lines: [String]) { self.lines = lines }

  /// Whether there is a terminal to ask on.
  public static var canBeAsked: Bool {
    guard let terminal = try? open("/dev/tty", "") else { return false }
    close(terminal)
    return true
  }

  /// Asks, and blocks until a line was typed.
  ///
  /// - Returns: whether it was `yes`.
  /// - Throws: ``SecretRule/noTerminal``.
  public func isAnsweredYes() throws(SecretError) -> Bool {
    try TerminalPrompt.oneAtATime.withLock { (_) throws(SecretError) in try ask() }
  }

  private func ask() throws(SecretError) -> Bool {
    let operation = "ask on the terminal"
    let terminal = try Self.open(path, operation)
    defer { close(terminal) }
    // What was typed ahead was meant for something else.
    tcflush(terminal, TCIFLUSH)
    let text = lines.map { "\(SecretSource.printable($0))\n" }.joined() + "Type yes to go on: "
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe write(terminal, $0.baseAddress!, $0.count) }
      guard count > 0 || errno == EINTR else { throw Self.gone(operation) }
      rest = rest.dropFirst(max(count, 0))
    }
    var answer: [UInt8] = []
    while true {
      var byte: UInt8 = 0
      let count = unsafe read(terminal, &byte, 1)
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count >= 0 else { throw Self.gone(operation) }
      if count == 0 || byte == UInt8(ascii: "\n") { break }
      if answer.count < 16 { answer.append(byte) }
    }
    return answer == Array("yes".utf8)
  }

  private static func open(_ path: String, _ operation: String) throws(SecretError) -> CInt {
    let terminal = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0, isatty(terminal) == 1 else {
      if terminal >= 0 { close(terminal) }
      throw SecretError(.noTerminal, operation, "there is no terminal to ask on", hint: "run this on a terminal")
    }
    return terminal
  }

  private static func gone(_ operation: String) -> SecretError {
    SecretError(.noTerminal, operation, "the terminal went away: \(systemMessage(errno))")
  }
}
