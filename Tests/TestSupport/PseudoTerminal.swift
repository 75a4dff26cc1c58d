import Glibc
import Synchronization

/// A terminal that a test types on and looks at.
public final class PseudoTerminal: Sendable {
  /// The path of the terminal as programs open it.
  public let path: String
  private let controller: CInt
  // Held open, so that the terminal and its settings outlive the programs that run on it.
  private let terminal: CInt
  private let transcript = Mutex<[UInt8]>([])

  public init() throws {
    // posix_openpt, unlockpt and ptsname by hand: the C library shows them to Swift only with extensions switched on.
    controller = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (lock, number): (CInt, CInt) = (0, -1)
    guard controller >= 0, unsafe ioctl(controller, 0x4004_5431 /* TIOCSPTLCK */, &lock) == 0,
      unsafe ioctl(controller, 0x8004_5430 /* TIOCGPTN */, &number) == 0
    else { throw ChildProcessError("no pseudo-terminal") }
    path = "/dev/pts/\(number)"
    terminal = unsafe open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard terminal >= 0 else { throw ChildProcessError("\(path) cannot be opened") }
    _ = fcntl(controller, F_SETFL, O_NONBLOCK)
  }

  deinit {
    close(terminal)
    close(controller)
  }

  /// Gives the terminal another width.
  public func resize(columns: Int) throws {
    var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    guard unsafe ioctl(controller, UInt(TIOCSWINSZ), &size) == 0 else { throw ChildProcessError("the terminal keeps its size") }
  }

  /// Types a text; "\u{3}" is Ctrl-C, "\u{4}" Ctrl-D, "\u{1a}" Ctrl-Z.
  public func type(_ text: String) {
    let bytes = Array(text.utf8)
    unsafe _ = write(controller, bytes, bytes.count)
  }

  /// Everything the terminal has shown so far.
  public var shown: String {
    transcript.withLock { transcript in
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = unsafe read(controller, &buffer, buffer.count)
        guard count > 0 else { break }
        transcript += buffer[..<count]
      }
      return String(decoding: transcript, as: UTF8.self)
    }
  }

  /// Waits until the text has been shown `times` times.
  public func waits(for text: String, times: Int = 1) async throws {
    try await eventually("'\(text)' on the terminal") {
      shown.occurrences(of: text) >= times ? () : nil
    }
  }

  /// Whether the terminal shows what is typed.
  public var echoes: Bool {
    var settings = termios()
    unsafe _ = tcgetattr(terminal, &settings)
    return settings.c_lflag & tcflag_t(ECHO) != 0
  }

  /// Starts a program with this as its controlling terminal.
  public func start(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> ChildProcess {
    try ChildProcess(program, arguments, environment: environment, terminal: path)
  }
}

extension String {
  fileprivate func occurrences(of text: String) -> Int {
    var count = 0
    var rest = self[...]
    while let range = rest.firstRange(of: text) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }
}
