import Foundation

/// A make of token that Debian offers without hardware, for runs in a child process: each wants environment variables, daemons and
/// process-wide state of its own.
public struct Backend: Sendable {
  /// A name for files: `softhsm`.
  public let name: String
  /// A name for people.
  public let title: String
  /// The Debian packages that it needs.
  public let packages: [String]
  /// Why it cannot run on this machine; nil when it can.
  public let whyAbsent: String?
  private let begin: @Sendable () async throws -> RunningBackend

  init(
    name: String, title: String, packages: [String], whyAbsent: String?, start: @escaping @Sendable () async throws -> RunningBackend
  ) {
    self.name = name
    self.title = title
    self.packages = packages
    self.whyAbsent = whyAbsent
    begin = start
  }

  /// Every backend, in the order of the page.
  public static let all: [Backend] = [.softHSM, .nss, .openCryptoki, .tpm2, .p11Kit, .p11KitProxy, .spy]

  /// Whether a missing backend is a failure and not a reason to skip: `softhsm/test`, which has installed the packages, sets it.
  public static let areRequired = ProcessInfo.processInfo.environment["HSMKEY_REQUIRE_BACKENDS"] == "1"

  /// Whether tests of it are to run. A required one that cannot run fails then, and does not go by in silence.
  public var isToRun: Bool { whyAbsent == nil || Self.areRequired }

  /// For tests that are skipped.
  public var whySkipped: String { "\(title): \(whyAbsent ?? "it can run") (Debian: apt install \(packages.joined(separator: " ")))" }

  /// Makes a token and whatever it needs.
  public func start() async throws -> RunningBackend {
    if let whyAbsent { throw ChildProcessError("\(title) is required and cannot run: \(whyAbsent)") }
    return try await begin()
  }

  /// A file in one of the folders that distributions keep libraries in.
  static func library(_ name: String) -> String? {
    ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"].map { "\($0)/\(name)" }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  /// A program on `PATH`, or where daemons are kept.
  static func program(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]).map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Why a backend cannot run: the first file or program that is not there.
  static func absence(libraries: [String] = [], programs: [String] = []) -> String? {
    if let missing = libraries.first(where: { library($0) == nil }) { return "there is no \(missing)" }
    if let missing = programs.first(where: { program($0) == nil }) { return "there is no \(missing)" }
    return nil
  }
}

/// A token that is ready, with the daemons behind it. They end when the last reference goes, and with the tests.
public struct RunningBackend: Sendable {
  /// What the probe is told.
  public let settings: ConformanceSettings
  /// What its process needs in its environment.
  public let environment: [String: String]
  /// A program and arguments that run the command that follows them, where the token is to be seen; none for the tests' own surroundings.
  public let wrapper: [String]
  private let resources: [any Sendable]

  init(settings: ConformanceSettings, environment: [String: String] = [:], wrapper: [String] = [], resources: [any Sendable]) {
    self.settings = settings
    self.environment = environment
    self.wrapper = wrapper
    self.resources = resources
  }

  /// Runs a program where the token is to be seen.
  ///
  /// - Parameter environment: added to what the token needs.
  public func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> ProgramResult {
    let command = wrapper + [program] + arguments
    return try await TestSupport.run(
      command[0], Array(command.dropFirst()), environment: self.environment.merging(environment) { $1 })
  }
}

/// A daemon of a fixture: started with a log, ended when the last reference goes and with the tests, by its own identifier.
final class Daemon: Sendable {
  private let process: ChildProcess
  private let lifeline: Lifeline
  private let log: String

  init(_ program: String, _ arguments: [String], environment: [String: String] = [:], log: String) throws {
    (process, lifeline) = try ChildProcess.server(program, arguments, environment: environment, log: log)
    self.log = log
  }

  deinit { process.end() }

  /// Waits until the daemon answers.
  func wait(for what: String, _ isReady: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(120)
    while !(try await isReady()) {
      guard process.exitCode == nil, ContinuousClock.now < end else {
        let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        throw ChildProcessError("waited in vain for \(what): \(said.suffix(2000))")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}
