import Glibc

/// This process's memory, as others may see it.
public enum ProcessMemory {
  /// Keeps the memory from core files, from other programs of the same user, and from what a crash prints. For a program at its start; a
  /// library leaves that to the program.
  ///
  /// - The process is not dumpable (`prctl(2)`, `PR_SET_DUMPABLE`).
  /// - Signals of a crash do what they do by themselves: Swift's own handler prints what the registers point to, and in a module that
  ///   crashes over a PIN that is the PIN. With `registers=none` in `SWIFT_BACKTRACE` it prints no memory, and is left alone.
  ///
  /// Root can look at the memory all the same, and so can whoever starts the program under a debugger.
  public static func keepFromOthers() {
    setNotDumpable()
    if let settings = unsafe getenv("SWIFT_BACKTRACE"), unsafe strstr(settings, "registers=none") != nil { return }
    for signal in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] {
      var action = sigaction()
      guard unsafe sigaction(signal, nil, &action) == 0 else { continue }
      if unsafe action.__sigaction_handler.sa_handler.map({ unsafe unsafeBitCast($0, to: Int.self) }) == 1 /* SIG_IGN */ { continue }
      action = sigaction()
      unsafe _ = sigaction(signal, &action, nil)
    }
  }

  private static func setNotDumpable() {
    // No module of Swift's has the function, which takes as many arguments as the request needs.
    guard let address = unsafe dlsym(dlopen(nil, RTLD_NOW), "prctl") else { return }
    let setDumpable: CInt = 4
    _ = unsafe unsafeBitCast(address, to: Control.self)(setDumpable, 0, 0, 0, 0)
  }

  private typealias Control = @convention(c) (CInt, UInt, UInt, UInt, UInt) -> CInt
}
