import Foundation
import Synchronization

/// A PKCS #11 module that misbehaves as it is told while it runs: a copy of its own of `Tests/Modules/fault`, with a script of its own.
///
/// It stands on SoftHSM or alone; `Tests/Modules/fault/script.c` says what a script can ask for, and ``FaultLine`` has most of it typed.
/// Another copy in the same process is another module: other sessions, other PIN tries, other faults. When the last reference to this
/// object goes, its folder goes too, and whatever hangs in the module is let go.
public final class FaultModule: Sendable {
  /// What the module stands on.
  public struct Backend: Sendable {
    let lines: [FaultLine]
    let needsSharedSoftHSM: Bool

    /// A small token in the module itself, labelled `fault`, with the PINs `123456` and `87654321`. Its keys sign for real, on the curves
    /// P-256, P-384 and P-521 and with RSA-2048 and 3072 (of which it has one key each). Its objects live as long as the process.
    public static let standAlone = Backend(lines: ["backend none"], needsSharedSoftHSM: false)

    /// The SoftHSM of this process with all its tokens, uninitialised slots included.
    public static let softHSM = Backend(lines: softHSMLines, needsSharedSoftHSM: true)

    /// The SoftHSM of this process, of which only one token shows. Its login is SoftHSM's: use the token through one module at a time.
    public static func softHSM(_ token: SoftHSMFixture.Token) -> Backend {
      Backend(lines: softHSMLines + [.init("token", quoting: token.label)], needsSharedSoftHSM: true)
    }

    /// SoftHSM in child processes that are given the environment of a ``SoftHSMFixture``; finalized when they finalize the module.
    public static let softHSMInChild = Backend(lines: softHSMLines + ["finalize-backend on"], needsSharedSoftHSM: false)

    /// Any other module.
    public static func module(path: String) -> Backend {
      Backend(lines: [.init("backend", quoting: path)], needsSharedSoftHSM: false)
    }

    private static let softHSMLines: [FaultLine] = [.init("backend", quoting: SoftHSMFixture.modulePath ?? "missing")]
  }

  /// What modules tell of their version: the table of 2.40 only, or also that of 3.0 through `C_GetInterface`.
  public enum Interface: Sendable {
    case version2, version3
  }

  /// The module's file, to be loaded.
  public let path: String

  private let folder: TemporaryFolder
  private let backend: Backend
  private let written = Mutex<(lines: [FaultLine], count: Int)>(([], 0))

  /// Makes the module, with a first script.
  public init(_ backend: Backend = .standAlone, interface: Interface = .version2, _ lines: [FaultLine]) throws {
    if backend.needsSharedSoftHSM { _ = try SoftHSMFixture.shared() }
    folder = try TemporaryFolder()
    path = folder.path("fault.so")
    self.backend = backend
    try FileManager.default.copyItem(atPath: try FaultModuleCompiler.file(interface), toPath: path)
    // Also where files are made writable for the group: such a file is not loaded.
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    try script(lines)
  }

  /// Makes the module, with a first script.
  public convenience init(_ backend: Backend = .standAlone, interface: Interface = .version2, _ lines: FaultLine...) throws {
    try self.init(backend, interface: interface, lines)
  }

  deinit { release() }

  // MARK: - The script

  /// Replaces the script, but for the backend. It is in force from the next call on; a line that stays keeps its counts.
  public func script(_ lines: [FaultLine]) throws {
    try written.withLock { written in
      written.lines = lines
      written.count += 1
      // No two scripts in a row have the same size, so the module sees a change even within a tick of the file system's clock.
      let ending = "# " + String(repeating: ".", count: written.count % 100) + "\n"
      let text = (backend.lines + lines).map { $0.text + "\n" }.joined() + ending
      try Data(text.utf8).write(to: folder.url.appending(path: "fault.so.script"), options: .atomic)
    }
  }

  /// Replaces the script, but for the backend.
  public func script(_ lines: FaultLine...) throws {
    try script(lines)
  }

  /// Adds lines to the script; those that stand in it keep their counts.
  public func add(_ lines: FaultLine...) throws {
    try script(written.withLock { $0.lines } + lines)
  }

  /// Lets everything go that hangs or is delayed, now and later.
  public func release() {
    _ = FileManager.default.createFile(atPath: folder.path("fault.so.release"), contents: nil)
  }

  // MARK: - What happened

  /// The calls that have returned, in the order of their return, of all processes.
  public var calls: [FaultCall] { lines(of: "fault.so.log").compactMap { FaultCall($0) } }

  /// How often a function was called and has returned.
  public func count(of function: String) -> Int {
    calls.count { $0.function == function }
  }

  /// How often a function was called and has answered this.
  public func count(of function: String, answering returnValue: UInt) -> Int {
    let beginning = "\(function) 0x\(String(returnValue, radix: 16)) "
    return lines(of: "fault.so.log").count { $0.hasPrefix(beginning) }
  }

  /// What the module noted beside the calls: `HANG C_Sign`, `SIZE-QUERY`, `SESSION-SHARED C_Sign`, `DROP-SESSIONS C_Sign`, …
  public var events: [String] {
    lines(of: "fault.so.log").filter { $0.hasPrefix("! ") }.map { String($0.dropFirst(2)) }
  }

  /// Waits until the module has noted something; false when it has not within a minute.
  public func happened(_ event: String) async throws -> Bool {
    for _ in 0..<6000 {
      if events.contains(event) { return true }
      try await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  /// The PINs that reached the token, right or wrong, of all processes.
  public var pinTries: [FaultPINTry] { lines(of: "fault.so.pin-log").compactMap { FaultPINTry($0) } }

  /// Forgets the calls and events so far.
  public func forgetCalls() throws {
    let log = try FileHandle(forWritingTo: folder.url.appending(path: "fault.so.log"))
    try log.truncate(atOffset: 0)
    try log.close()
  }

  private func lines(of file: String) -> [Substring] {
    guard let data = FileManager.default.contents(atPath: folder.path(file)) else { return [] }
    return data.split(separator: UInt8(ascii: "\n")).map { Substring(decoding: $0, as: UTF8.self) }
  }
}

/// One call into a ``FaultModule``, as its log tells it.
public struct FaultCall: Sendable, Hashable {
  public let function: String
  public let returnValue: UInt
  public let process: Int
  public let thread: Int
  /// When it began, on the monotonic clock.
  public let start: Duration
  public let duration: Duration

  init?(_ line: Substring) {
    let fields = line.split(separator: " ")
    guard fields.count == 6, let returnValue = UInt(fields[1].dropFirst(2), radix: 16), let process = Int(fields[2]),
      let thread = Int(fields[3]), let start = Int64(fields[4]), let duration = Int64(fields[5])
    else { return nil }
    self.function = String(fields[0])
    self.returnValue = returnValue
    self.process = process
    self.thread = thread
    self.start = .nanoseconds(start)
    self.duration = .nanoseconds(duration)
  }
}

/// One PIN that reached a ``FaultModule``'s token.
public struct FaultPINTry: Sendable, Hashable {
  /// `C_Login`, `C_Login(context)`, `C_SetPIN`, `C_InitToken`.
  public let function: String
  public let isSecurityOfficer: Bool
  public let returnValue: UInt
  public let process: Int

  init?(_ line: Substring) {
    let fields = line.split(separator: " ")
    guard fields.count == 4, let returnValue = UInt(fields[2].dropFirst(2), radix: 16), let process = Int(fields[3]) else { return nil }
    function = String(fields[0])
    isSecurityOfficer = fields[1] == "so"
    self.returnValue = returnValue
    self.process = process
  }

  /// The token said `CKR_PIN_INCORRECT`: a try was lost.
  public var wasWrong: Bool { returnValue == 0xA0 }
}
