import Foundation
import Glibc
import ServiceSimulator
import TestSupport
import Testing

@Suite("No secret in what others can see of the process: core files, crashes, environment", .serialized)
struct MemorySecrecyTests {
  private static let pin = "73519284Qx"
  private static let newPIN = "81726354Zw"
  private static let forms = SecretForms([pin, newPIN])

  /// Where the system puts a core file as a file into the working folder.
  static let corePattern = (try? String(contentsOfFile: "/proc/sys/kernel/core_pattern", encoding: .utf8)) ?? "|"
  static let writesCores = !corePattern.contains("|") && !corePattern.contains("/")
  static let whyNoCores: Comment = "core files go elsewhere here (/proc/sys/kernel/core_pattern)"

  private static func bench(_ module: FaultModule) throws -> Bench {
    let bench = try Bench()
    try bench.folder.write("\(pin)\n".utf8, to: "pin")
    try bench.folder.write("\(newPIN)\n".utf8, to: "new-pin")
    return bench
  }

  /// The tool in the bench's folder, allowed to leave a core file; `exec` keeps the shell's process number.
  private static let script = #"cd "$folder" && ulimit -c unlimited && exec env LD_PRELOAD="$preload" "$hsmkey" "$@""#

  private static func environment(_ bench: Bench, _ module: String, preload: String = "") -> [String: String] {
    bench.environment.merging([
      "HSMKEY_MODULE": module, "hsmkey": Bench.program, "folder": bench.folder.path, "preload": preload, "SWIFT_BACKTRACE": "",
    ]) { $1 }
  }

  private static func core(in bench: Bench) throws -> String? {
    try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).first { $0.hasPrefix("core") }
  }

  /// A library that keeps the process dumpable, so that there is a core file to look into.
  private static func shim(_ bench: Bench) async throws -> String {
    let source = try bench.folder.write("int prctl(int what, ...) { return (void)what, 0; }\n".utf8, to: "shim.c")
    let compiled = try await run("cc", ["-shared", "-fPIC", "-o", bench.folder.path("shim.so"), source])
    try #require(compiled.succeeded, "\(compiled.standardError)")
    return bench.folder.path("shim.so")
  }

  /// What happens while a secret is in use, and a call into the module hangs.
  static let moments: [(command: [String], hangs: String, secondLine: FaultLine?)] = [
    (["key", "list", "--pin-source", "file:pin"], "C_Login", nil),
    (["key", "list", "--pin-source", "fd:3"], "C_Login", nil),
    (["key", "list", "--pin-source", "env:MY_PIN"], "C_Login", nil),
    (["key", "list", "--pin-source", "file:pin"], "C_CloseSession", .fail("C_Login", 0)),
    (["token", "set-pin", "--new-pin-source", "file:new-pin"], "C_SetPIN", .fail("C_Login", 0)),
    (
      ["token", "set-pin", "--reset-user-pin", "--so-pin-source", "file:pin", "--new-pin-source", "file:new-pin"], "C_InitPIN",
      .fail("C_Login", 0)
    ),
    (["token", "init", "fresh", "--so-pin-source", "file:pin", "--pin-source", "file:new-pin"], "C_InitToken", "uninitialized on"),
  ]

  @Test(
    "while a PIN is in use, a core file has it nowhere: it is in pages that are left out, and there is no copy",
    .enabled(if: writesCores, whyNoCores), arguments: moments.indices)
  func core(moment: Int) async throws {
    let (command, function, secondLine) = Self.moments[moment]
    // The module's script holds no PIN, so what would be found is a copy of ours.
    let module = try FaultModule(.standAlone, [.hang(function)] + [secondLine].compactMap(\.self))
    let bench = try Self.bench(module)
    var environment = Self.environment(bench, module.path, preload: try await Self.shim(bench))
    if command.last == "env:MY_PIN" { environment["MY_PIN"] = Self.pin }
    let child = try ChildProcess(
      "bash", ["-c", Self.script + " 3< pin", "bash"] + command + ["--log-level", "trace"], environment: environment,
      log: bench.folder.path("log"))
    #expect(try await module.happened("HANG \(function)"), "\(command)")

    for file in ["cmdline", "environ"] {
      let seen = try Data(contentsOf: URL(filePath: "/proc/\(child.identifier)/\(file)"))
      #expect(Self.forms.found(in: seen) == nil, "\(command): /proc/PID/\(file)")
    }
    child.send(SIGQUIT)
    #expect(try await child.wait() == 128 + Int(SIGQUIT))
    let core = try Data(contentsOf: bench.folder.url.appending(path: try #require(try Self.core(in: bench))), options: .alwaysMapped)
    #expect(core.range(of: Data(module.path.utf8)) != nil, "a core file of the right process, with its memory")
    #expect(Self.forms.found(in: core) == nil, "\(command) in \(function)")
  }

  @Test(
    "when a transfer password has been sent, it is gone: a core file has it nowhere", .enabled(if: writesCores, whyNoCores))
  func afterSending() async throws {
    var settings = ServiceBench.Settings()
    settings.service = ["first-wait: 600s", "poll-interval: 600s", "give-up-after: 600s", "timeout: 60s"]
    try await ServiceBench.with(settings) { service in
      let bench = service.bench
      let child = try ChildProcess(
        "bash", ["-c", Self.script, "bash"] + ServiceBench.enrolment() + ["--log-level", "info"],
        environment: Self.environment(bench, Bench.module, preload: try await Self.shim(bench)), log: bench.folder.path("log"))
      _ = try await eventually("the order is sent and answered") { try bench.text("log").contains("waits") ? true : nil }
      child.send(SIGQUIT)
      #expect(try await child.wait() == 128 + Int(SIGQUIT))
      let core = try Data(contentsOf: bench.folder.url.appending(path: try #require(try Self.core(in: bench))), options: .alwaysMapped)
      let forms = SecretForms([ServiceBench.transferPassword])
      #expect(forms.found(in: core) == nil)
    }
  }

  @Test("the tool leaves no core file, and other programs of its user cannot look into it", arguments: [SIGQUIT, SIGABRT, SIGSEGV])
  func notDumpable(signal: CInt) async throws {
    let module = try FaultModule(.standAlone, .hang("C_Login"))
    let bench = try Self.bench(module)
    let child = try ChildProcess(
      "bash", ["-c", Self.script, "bash", "key", "list"], environment: Self.environment(bench, module.path), log: bench.folder.path("log"))
    #expect(try await module.happened("HANG C_Login"))
    // The files of a process that is not dumpable are root's.
    let attributes = try FileManager.default.attributesOfItem(atPath: "/proc/\(child.identifier)/environ")
    #expect((attributes[.ownerAccountID] as? NSNumber)?.intValue == 0)
    child.send(signal)
    #expect(try await child.wait() == 128 + Int(signal))
    #expect(try Self.core(in: bench) == nil)
    #expect(Self.forms.found(in: try bench.text("log")) == nil)
  }

  @Test("a module that crashes over the PIN: what Swift prints of a crash has the registers' memory in it, and is not printed")
  func crash() async throws {
    let module = try FaultModule(.standAlone, .crash(in: "C_Login", .after))
    let bench = try Self.bench(module)
    var environment = Self.environment(bench, module.path)
    // A new session has no terminal; the default is to print all the same.
    for settings in ["", "enable=yes", "enable=yes,registers=all"] {
      environment["SWIFT_BACKTRACE"] = settings
      try? FileManager.default.removeItem(atPath: bench.folder.path("pins"))
      let child = try ChildProcess(
        "bash", ["-c", Self.script, "bash", "key", "list"], environment: environment, log: bench.folder.path("log"))
      #expect(try await child.wait() == 128 + Int(SIGSEGV))
      #expect(Self.forms.found(in: try bench.text("log")) == nil, "SWIFT_BACKTRACE=\(settings)")
    }
    environment["SWIFT_BACKTRACE"] = "enable=yes,registers=none,color=no"
    try? FileManager.default.removeItem(atPath: bench.folder.path("pins"))
    let child = try ChildProcess(
      "bash", ["-c", Self.script, "bash", "key", "list"], environment: environment, log: bench.folder.path("log"))
    #expect(try await child.wait() == 128 + Int(SIGSEGV))
    #expect(try bench.text("log").contains("Program crashed"), "who needs to know where it crashed can")
    #expect(Self.forms.found(in: try bench.text("log")) == nil)
    #expect(try Self.core(in: bench) == nil)
  }
}
