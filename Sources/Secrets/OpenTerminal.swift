import Glibc

/// A terminal that is open, with its settings left as they are.
struct OpenTerminal: ~Copyable {
  /// The controlling terminal, whatever standard input and output are.
  static let controlling = "/dev/tty"

  let descriptor: CInt
  private let operation: String

  /// - Parameter hint: what to do where there is no terminal.
  /// - Throws: ``SecretRule/noTerminal``.
  init(_ path: String, _ operation: String, hint: String = "run this on a terminal") throws(SecretError) {
    let opened = unsafe open(path, O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard opened >= 0, isatty(opened) == 1 else {
      if opened >= 0 { close(opened) }
      throw SecretError(.noTerminal, operation, "there is no terminal to ask on", hint: hint)
    }
    descriptor = opened
    self.operation = operation
  }

  deinit { close(descriptor) }

  /// Throws away what was typed ahead: it was meant for something else.
  borrowing func forgetWhatWasTyped() { tcflush(descriptor, TCIFLUSH) }

  /// Shows a text as it is; the caller has made sure that it steers the terminal only where it should.
  borrowing func show(_ text: String) throws(SecretError) { try show(Array(text.utf8).span) }

  /// Shows a secret, straight from its pages.
  borrowing func show(secret: borrowing SecretBytes) throws(SecretError) {
    try secret.withBytes { (bytes) throws(SecretError) in try show(bytes) }
  }

  private borrowing func show(_ bytes: Span<UInt8>) throws(SecretError) {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBufferPointer { unsafe write(descriptor, $0.baseAddress! + done, $0.count - done) }
      guard count > 0 || errno == EINTR || errno == EAGAIN else { throw gone() }
      done += max(count, 0)
    }
  }

  /// Reads one line, which the terminal edits; what is longer than `limit` is read to its end, and `limit` + 1 bytes of it come back.
  ///
  /// - Returns: the line without its newline, and whether the input ended before one was there (Ctrl-D).
  borrowing func line(limit: Int) throws(SecretError) -> (bytes: [UInt8], isEnd: Bool) {
    var line: [UInt8] = []
    while true {
      var byte: UInt8 = 0
      let count = unsafe read(descriptor, &byte, 1)
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count >= 0 else { throw gone() }
      if count == 0 { return (line, true) }
      if byte == UInt8(ascii: "\n") { return (line, false) }
      if line.count <= limit { line.append(byte) }
    }
  }

  private borrowing func gone() -> SecretError {
    SecretError(.noTerminal, operation, "the terminal went away: \(systemMessage(errno))")
  }
}
