import Glibc

/// The writing end of the pipe through which a signal handler wakes the prompt. A handler can reach nothing but globals, and any thread of
/// the process may be the one that is interrupted, so an interrupted `read` alone would not do. -1 while nobody asks.
nonisolated(unsafe) private var wakeupDescriptor: CInt = -1

/// While this lives, the signals that end or stop a program wake the prompt instead, so that it can put the terminal right first.
/// Signals that were ignored before (`nohup`) stay ignored.
struct CaughtSignals: ~Copyable {
  /// Becomes readable when a signal came; gives its number as one byte.
  let descriptor: CInt
  private var saved: [(signal: CInt, action: sigaction)] = []

  init(_ operation: String) throws(SecretError) {
    var ends: [CInt] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else {
      throw SecretError(.noTerminal, operation, "no pipe for signals: \(systemMessage(errno))")
    }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    descriptor = ends[0]
    unsafe wakeupDescriptor = ends[1]
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP] {
      var previous = sigaction()
      guard unsafe sigaction(signal, nil, &previous) == 0 else { continue }
      if unsafe previous.__sigaction_handler.sa_handler.map({ unsafe unsafeBitCast($0, to: Int.self) }) == 1 /* SIG_IGN */ { continue }
      var ours = sigaction()
      unsafe ours.__sigaction_handler.sa_handler = { signal in
        let saved = errno
        var number = UInt8(truncatingIfNeeded: signal)
        unsafe _ = write(wakeupDescriptor, &number, 1)
        errno = saved
      }
      guard unsafe sigaction(signal, &ours, nil) == 0 else { continue }
      saved.append((signal, previous))
    }
  }

  deinit {
    for (signal, action) in saved {
      var action = action
      unsafe _ = sigaction(signal, &action, nil)
    }
    let writing = unsafe wakeupDescriptor
    unsafe wakeupDescriptor = -1
    close(writing)
    close(descriptor)
  }

  consuming func end() {}
}
