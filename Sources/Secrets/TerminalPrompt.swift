import Glibc
import Synchronization

/// Asks for a secret on the terminal, without echo, and leaves the terminal as it was, also when a signal ends or stops the program.
struct TerminalPrompt {
  /// The controlling terminal, whatever standard input and output are.
  var path = OpenTerminal.controlling

  /// One question at a time: the terminal and the signal handlers belong to the process.
  static let oneAtATime = Mutex(())

  func ask(_ purpose: String, confirm: Bool, operation: String) throws(SecretError) -> SecretBytes {
    // The lock's closure cannot hand a value on that is not copyable and was thrown past, so the secret leaves through this place.
    var answer: SecretBytes?
    try Self.oneAtATime.withLock { (_) throws(SecretError) in
      answer = try askAlone(SecretSource.printable(purpose), confirm: confirm, operation: operation)
    }
    guard let answer else { throw SecretError(.interrupted, operation, "no answer was read") }
    return answer
  }

  private func askAlone(_ purpose: String, confirm: Bool, operation: String) throws(SecretError) -> SecretBytes {
    let terminal = try OpenTerminal(path, operation, hint: "name another source: fd:N, file:PATH, credential:NAME or protected-path")
    let answer = try line(on: terminal.descriptor, asking: "\(purpose): ", operation)
    guard confirm else { return answer }
    let again = try line(on: terminal.descriptor, asking: "\(purpose), once more: ", operation)
    guard answer.isEqual(to: again) else {
      throw SecretError(.confirmation, operation, "the two entries differ", hint: "nothing was changed; try again")
    }
    return answer
  }

  /// Asks until a line is there: after a stop (Ctrl-Z) and a continuation the question is put again.
  private func line(on terminal: CInt, asking question: String, _ operation: String) throws(SecretError) -> SecretBytes {
    while true {
      let signals = try CaughtSignals(operation)
      let silence = try SilentTerminal(terminal, operation)
      silence.show(question)
      var answer: SecretBytes?
      let signal = try readLine(from: terminal, orSignal: signals.descriptor, operation, into: &answer)
      silence.show("\n")
      silence.end()
      signals.end()
      guard let signal else {
        guard let answer else { throw SecretError(.interrupted, operation, "no answer was read") }
        return answer
      }
      // With terminal and handlers as they were, the signal does what it would have done without us.
      raiseUnblocked(signal)
      guard signal == SIGTSTP else {
        throw SecretError(.interrupted, operation, "the prompt was interrupted")
      }
    }
  }

  /// Reads one line (the terminal edits it), or learns of a signal; a line that is too long is read to its end and cut after the limit.
  private func readLine(
    from terminal: CInt, orSignal wakeup: CInt, _ operation: String, into answer: inout SecretBytes?
  ) throws(SecretError) -> CInt? {
    var signal: CInt?
    let line = try SecretBytes(capacity: SecretSource.readLimit) { (output: inout OutputSpan<UInt8>) throws(SecretError) in
      try unsafe output.withUnsafeMutableBufferPointer { (buffer, count) throws(SecretError) in
        while true {
          var polled = [pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0), pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)]
          guard unsafe poll(&polled, 2, -1) > 0 else { continue }
          if polled[0].revents != 0 {
            var number: UInt8 = 0
            if unsafe read(wakeup, &number, 1) == 1 { signal = CInt(number) }
            return
          }
          var byte: UInt8 = 0
          let got = unsafe read(terminal, &byte, 1)
          if got < 0 && (errno == EINTR || errno == EAGAIN) { continue }
          guard got >= 0 else { throw SecretError(.noTerminal, operation, "the terminal went away: \(systemMessage(errno))") }
          if got == 0 || byte == UInt8(ascii: "\n") { return }
          if count < SecretSource.readLimit {
            unsafe buffer[count] = byte
            count += 1
          }
        }
      }
    }
    answer = consume line
    return signal
  }
}

/// Raises a signal also on a thread that blocks it, as the threads of a pool do: there it would only wait.
package func raiseUnblocked(_ signal: CInt) {
  var signals = sigset_t()
  var before = sigset_t()
  unsafe sigemptyset(&signals)
  unsafe sigaddset(&signals, signal)
  unsafe pthread_sigmask(SIG_UNBLOCK, &signals, &before)
  raise(signal)
  unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
}

/// A terminal with its echo switched off.
private struct SilentTerminal: ~Copyable {
  private let descriptor: CInt
  private var saved: termios

  init(_ descriptor: CInt, _ operation: String) throws(SecretError) {
    self.descriptor = descriptor
    saved = termios()
    guard unsafe tcgetattr(descriptor, &saved) == 0 else {
      throw SecretError(.noTerminal, operation, "the terminal's settings cannot be read: \(systemMessage(errno))")
    }
    var silent = saved
    silent.c_lflag &= ~tcflag_t(ECHO | ECHOE | ECHOK | ECHONL)
    silent.c_lflag |= tcflag_t(ICANON | ISIG)
    // What was typed ahead is thrown away: it was shown, and may have been meant for something else.
    guard unsafe tcsetattr(descriptor, TCSAFLUSH, &silent) == 0 else {
      throw SecretError(.noTerminal, operation, "the terminal's echo cannot be switched off: \(systemMessage(errno))")
    }
  }

  deinit {
    var settings = saved
    unsafe _ = tcsetattr(descriptor, TCSAFLUSH, &settings)
  }

  consuming func end() {}

  /// Shows a text; a terminal that went away is noticed by the reading that follows.
  func show(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress!, $0.count) }
      if count > 0 { rest.removeFirst(count) } else if errno != EINTR { return }
    }
  }
}
