import Glibc

extension SecretSource {
  /// Reads the secret. Exactly one newline at its end (LF or CR LF) is taken away.
  ///
  /// Blocks the calling thread: a prompt until somebody has typed, a descriptor until its writer has closed it, for five minutes at most.
  /// An environment variable is empty afterwards: the process keeps the secret in a better place, and gives it again when asked again.
  ///
  /// - Parameters:
  ///   - purpose: what the secret is, as a person is asked for it: "User PIN for token payroll".
  ///   - confirm: ask twice at a prompt, for a new secret. Other sources are read once.
  /// - Throws: a rule of ``SecretRule``, never with the secret in it.
  public func read(purpose: String, confirm: Bool = false) throws(SecretError) -> SecretBytes {
    let operation = "read the \(Self.inSentence(purpose)) from \(self)"
    switch kind {
    case .prompt:
      return try Self.accepted(try TerminalPrompt().ask(purpose, confirm: confirm, operation: operation), operation)
    case .protectedPath:
      throw SecretError(
        .protectedPath, operation, "it is entered on the device's own pad and no program can read it",
        hint: "use this source only for a token that has a pad")
    case .descriptor(let number):
      return try Self.accepted(try Self.contents(ofDescriptor: number, operation), operation)
    case .file(let path):
      let file = try SecretFile.open(path: path, operation: operation)
      return try Self.accepted(try file.contents(), operation)
    case .credential(let name):
      let file = try SecretFile.open(credential: name, operation: operation)
      return try Self.accepted(try file.contents(), operation)
    case .environment(let name):
      return try Self.accepted(try Self.value(ofVariable: name, operation), operation)
    case .held(let secret, _): return try Self.accepted(secret.copy(), operation)
    }
  }

  /// Room for the longest secret, its newline, and one byte more that tells that it is too long.
  static let readLimit = maximumCount + 3

  private static func accepted(_ secret: consuming SecretBytes, _ operation: String) throws(SecretError) -> SecretBytes {
    var secret = secret
    secret.removeTrailingNewline()
    guard secret.count > 0 else {
      throw SecretError(.empty, operation, "it is empty", hint: "a descriptor can be read only once; a file needs at least one byte")
    }
    guard secret.count <= maximumCount else {
      throw SecretError(
        .length, operation, "it is longer than \(maximumCount) bytes", hint: "check that this is the right file or descriptor")
    }
    return secret
  }

  package static func contents(
    ofDescriptor number: CInt, _ operation: String, patience: Duration = descriptorPatience
  ) throws(SecretError) -> SecretBytes {
    guard isatty(number) == 0 else {
      throw SecretError(.descriptor, operation, "the descriptor is a terminal, which would show what is typed", hint: "use prompt")
    }
    return try bytes(from: number, by: ContinuousClock.now + patience) { (code: CInt) in
      if code == ETIMEDOUT {
        return SecretError(
          .descriptorTime, operation, "nothing has come, or no end of it, for \(patience.components.seconds) seconds",
          hint: "the program that writes to the descriptor must write the secret and close it")
      }
      return code == EBADF
        ? SecretError(
          .descriptor, operation, "descriptor \(number) is not open for reading",
          hint: "open it in the shell: \(number)< FILE, or \(number)< <(command)")
        : SecretError(.descriptor, operation, "reading failed: \(systemMessage(code))")
    }
  }

  /// How long the writer behind a descriptor may take. A person may be behind it, at the question of another program.
  package static let descriptorPatience: Duration = .seconds(300)

  /// Reads to the end or to the limit, whichever comes first, straight into the protected pages.
  ///
  /// - Parameters:
  ///   - deadline: until when there is time; nil for files, which do not keep anybody waiting.
  ///   - failure: the error for an `errno`; `ETIMEDOUT` for the deadline.
  static func bytes(
    from descriptor: CInt, by deadline: ContinuousClock.Instant? = nil, failure: (CInt) -> SecretError
  ) throws(SecretError) -> SecretBytes {
    try SecretBytes(capacity: readLimit) { (output: inout OutputSpan<UInt8>) throws(SecretError) in
      try unsafe output.withUnsafeMutableBufferPointer { (buffer, count) throws(SecretError) in
        while count < readLimit {
          if let deadline, !isReadable(descriptor, by: deadline) { throw failure(ETIMEDOUT) }
          let got = unsafe systemRead(descriptor, buffer.baseAddress! + count, readLimit - count)
          if got > 0 { count += got } else if got == 0 { return } else if errno != EINTR && errno != EAGAIN { throw failure(errno) }
        }
      }
    }
  }

  /// Waits until a read would not block: there are bytes, the end, or an error to be told.
  private static func isReadable(_ descriptor: CInt, by deadline: ContinuousClock.Instant) -> Bool {
    while true {
      let left = (deadline - ContinuousClock.now) / .milliseconds(1)
      guard left > 0 else { return false }
      var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if unsafe poll(&polled, 1, CInt(min(left.rounded(.up), 60_000))) > 0 { return true }
    }
  }

  private static func value(ofVariable name: String, _ operation: String) throws(SecretError) -> SecretBytes {
    guard let secret = EnvironmentSecrets.copy(of: name) else {
      throw SecretError(.environment, operation, "the variable is not set", hint: "export it, or name another source")
    }
    return secret
  }

  /// "User PIN for token payroll" as it stands inside a sentence: "user PIN for token payroll". A word in capitals is left alone.
  private static func inSentence(_ purpose: String) -> String {
    let text = Self.printable(purpose)
    guard let first = text.first, let second = text.dropFirst().first, second.isLowercase else { return text }
    return first.lowercased() + text.dropFirst()
  }

  /// The text without control characters: a token's label comes from outside and must not steer a terminal.
  static func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }
}

/// `read(2)`, which inside this type would be the secret's own `read`.
private func systemRead(_ descriptor: CInt, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
  unsafe read(descriptor, buffer, count)
}

/// The system's words for an `errno`: "Permission denied".
func systemMessage(_ code: CInt) -> String {
  unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}
