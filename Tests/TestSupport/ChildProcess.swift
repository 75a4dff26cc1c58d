public import Glibc
import Synchronization

/// A program that runs beside the tests until it is told to end: a server, or something that is spoken to on a terminal.
///
/// ``run(_:_:environment:input:in:)`` is simpler for a program that just runs and ends.
public final class ChildProcess: Sendable {
  public let identifier: pid_t
  private let status = Mutex<CInt?>(nil)

  /// Starts a program, found on `PATH` or named by an absolute path, in a session of its own.
  ///
  /// - Parameters:
  ///   - environment: added to the environment of the tests; an empty value removes the variable.
  ///   - terminal: the path of a terminal that becomes its controlling terminal, input, output and error output.
  ///   - input: a descriptor that becomes its standard input; `/dev/null` without it. Unused with a terminal.
  ///   - log: a file that takes its output and error output. Unused with a terminal.
  public init(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], terminal: String? = nil, input: CInt? = nil,
    log: String = "/dev/null"
  ) throws {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | 0x80 /* POSIX_SPAWN_SETSID */))
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    if let terminal {
      // The leader of a new session that opens a terminal gets it as its controlling terminal.
      unsafe posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
      unsafe posix_spawn_file_actions_adddup2(&actions, 0, 1)
    } else {
      if let input {
        unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
      } else {
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
      }
      unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    }
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)

    var variables: [String: String] = [:]
    var cursor = unsafe environ
    while let entry = unsafe cursor.pointee {
      let parts = unsafe String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      unsafe cursor += 1
    }
    for (name, value) in environment { variables[name] = value.isEmpty ? nil : value }

    var argv = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    var envp = unsafe variables.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
    defer { unsafe (argv + envp).forEach { unsafe free($0) } }
    var child: pid_t = 0
    let failure = unsafe posix_spawnp(&child, program, &actions, &attributes, &argv, &envp)
    guard failure == 0 else { throw ChildProcessError("\(program): \(unsafe String(cString: strerror(failure)))") }
    identifier = child
  }

  /// A server that cannot outlive the tests: it is ended when this object goes, and also when the test process dies in whatever way,
  /// because a small shell around it waits for the end of a pipe that only the tests hold.
  public static func server(_ program: String, _ arguments: [String], environment: [String: String] = [:], log: String) throws -> (
    process: ChildProcess, lifeline: Lifeline
  ) {
    let lifeline = try Lifeline()
    let script = """
      exec 3<&0
      "$@" 3<&- &
      server=$!
      trap 'kill "$server" 2>/dev/null' TERM
      (cat <&3 >/dev/null; kill "$server" 2>/dev/null) &
      wait "$server"; wait "$server"
      """
    let process = try ChildProcess(
      "/bin/sh", ["-c", script, "sh", program] + arguments, environment: environment, input: lifeline.readingEnd, log: log)
    return (process, lifeline)
  }

  /// Sends a signal to this process and no other.
  public func send(_ signal: CInt) {
    status.withLock { status in
      if status == nil { kill(identifier, signal) }
    }
  }

  /// The exit code, or 128 plus the signal number, once it has ended; nil while it runs.
  public var exitCode: Int? {
    status.withLock { status in
      if status == nil {
        var raw: CInt = 0
        if unsafe waitpid(identifier, &raw, WNOHANG) == identifier { status = raw }
      }
      return status.map { raw in raw & 0x7f == 0 ? Int(raw >> 8) & 0xff : 128 + Int(raw & 0x7f) }
    }
  }

  /// Waits for the end.
  public func wait(upTo limit: Duration = .seconds(600)) async throws -> Int {
    try await eventually("the end of process \(identifier)", within: limit) { self.exitCode }
  }

  /// Asks the process to end, waits, and insists after five seconds. Blocks; for `deinit`s of fixtures.
  public func end() {
    send(SIGTERM)
    for _ in 0..<500 where exitCode == nil { usleep(10_000) }
    send(SIGKILL)
    for _ in 0..<500 where exitCode == nil { usleep(10_000) }
  }
}

/// A pipe whose writing end only the tests hold.
public final class Lifeline: Sendable {
  fileprivate let readingEnd: CInt
  private let writingEnd: CInt

  fileprivate init() throws {
    var ends: [CInt] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw ChildProcessError("no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    readingEnd = ends[0]
    writingEnd = ends[1]
  }

  deinit {
    close(writingEnd)
    close(readingEnd)
  }
}

public struct ChildProcessError: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// Asks again and again until there is a value. The limit is there so that a broken test ends, and it is generous: on a busy machine,
/// with every suite running at once and under a sanitizer, a task may wait for minutes for its turn.
public func eventually<Value>(
  _ what: String, within limit: Duration = .seconds(600), _ value: () throws -> Value?
) async throws -> Value {
  let end = ContinuousClock.now + limit
  while true {
    if let value = try value() { return value }
    guard ContinuousClock.now < end else { throw ChildProcessError("waited in vain for \(what)") }
    try await Task.sleep(for: .milliseconds(5))
  }
}
