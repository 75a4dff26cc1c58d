import Glibc
import Synchronization

/// A secret that stands on the terminal until the person whom it is shown to has had enough of it. It is taken off again whatever
/// happens: also when a signal ends (Ctrl-C, a closed terminal) or stops (Ctrl-Z) the program.
public struct SecretOnScreen: Sendable {
  /// What is written before the secret, with the sequences in it that steer a terminal.
  public let above: String
  /// What stands below it.
  public let below: String
  /// What stands before the place where the answer is typed.
  public let prompt: String
  /// What takes everything off the screen.
  public let wiping: String
  /// The controlling terminal, whatever standard input and output are.
  var path = OpenTerminal.controlling

  /// All texts are shown as they are: what comes from others has to be cleaned before.
  public init(above: String, below: String, prompt: String, wiping: String) {
    self.above = above
    self.below = below
    self.prompt = prompt
    self.wiping = wiping
  }

  /// Shows the secret and asks until an answer is one; after a stop and a continuation it is shown again.
  ///
  /// - Parameter isAnswer: is given what was typed.
  /// - Throws: ``SecretRule/noTerminal``; ``SecretRule/interrupted`` when the input ends; what `isAnswer` throws.
  public func show(_ secret: HeldSecret, until isAnswer: (String) throws -> Bool) throws {
    try TerminalPrompt.oneAtATime.withLock { _ in
      let terminal = try OpenTerminal(path, Self.operation)
      while true {
        let signals = try CaughtSignals(Self.operation)
        let outcome = Result { try shown(secret, on: terminal, signals.descriptor, isAnswer) }
        try? terminal.show(wiping)
        signals.end()
        guard let signal = try outcome.get() else { return }
        // With the screen wiped and the handlers as they were, the signal does what it would have done without us.
        raiseUnblocked(signal)
        guard signal == SIGTSTP else { throw SecretError(.interrupted, Self.operation, "it was interrupted") }
      }
    }
  }

  private static let operation = "show something on the terminal"

  /// - Returns: the signal that came; nil after an answer.
  private func shown(
    _ secret: HeldSecret, on terminal: borrowing OpenTerminal, _ wakeup: CInt, _ isAnswer: (String) throws -> Bool
  ) throws -> CInt? {
    terminal.forgetWhatWasTyped()
    try terminal.show(above)
    try terminal.show(secret: SecretGroups.page(of: secret, width: TerminalSize.columns(of: terminal.descriptor) ?? 80))
    try terminal.show(below)
    while true {
      try terminal.show(prompt)
      if let signal = Self.signal(before: terminal.descriptor, wakeup) { return signal }
      let (bytes, isEnd) = try terminal.line(limit: TerminalLine.maximumCount)
      guard !isEnd else { throw SecretError(.interrupted, Self.operation, "the input ended before there was an answer") }
      if try isAnswer(String(decoding: bytes, as: UTF8.self)) { return nil }
    }
  }

  /// Waits for a line, which the terminal edits and gives whole, or for a signal.
  private static func signal(before terminal: CInt, _ wakeup: CInt) -> CInt? {
    while true {
      var polled = [pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0), pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)]
      guard unsafe poll(&polled, 2, -1) > 0 else { continue }
      if polled[0].revents != 0 {
        var number: UInt8 = 0
        if unsafe read(wakeup, &number, 1) == 1 { return CInt(number) }
      }
      if polled[1].revents != 0 { return nil }
    }
  }
}
