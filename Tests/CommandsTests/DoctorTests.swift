import Foundation
import TestSupport
import Testing

@Suite("doctor", .serialized)
struct DoctorTests {
  @Test("a token in good health: every step is ok, none is missing, and nothing of the PIN is touched")
  func healthy() async throws {
    let bench = try await Bench.withToken()
    try FileManager.default.removeItem(atPath: bench.folder.path("pins"))
    let answer = try await bench.object("doctor", "--offline")
    #expect(answer["outcome"].string == "ok")
    #expect(answer["exit-code"].number == 0)
    #expect(
      answer["steps"].list.map { $0["name"].string ?? "?" } == [
        "configuration", "pin-source", "module-file", "module-permissions", "module-digest", "module-architecture", "module-settings",
        "module-load",
        "slots", "token", "token-state", "algorithms", "dialect", "sessions", "pin", "login", "clock", "state",
        "certificates", "trust", "service",
      ])
    for step in answer["steps"].list {
      #expect(step.keys == ["name", "outcome", "message", "details", "hint", "rule"])
      let isLeftOut = ["login", "state", "certificates", "trust", "service"].contains(step["name"].string)
      #expect(step["outcome"].string == (isLeftOut ? "not-checked" : "ok"), "\(step)")
    }
    #expect(answer.step("dialect")["message"].string?.hasPrefix("softhsm") == true)
    #expect(answer.step("module-file")["details"].list.contains { $0.string?.contains(/SHA-256 [0-9a-f]{64}$/) == true })
    #expect(answer.step("slots")["details"].list.contains { $0.string?.hasPrefix("payroll, serial ") == true })
    #expect(!bench.exists("pins"), "looking leaves no memory behind")
    let text = try await bench.succeeds("doctor", "--offline")
    #expect(text.hasSuffix("\nnothing stands in the way\n"))
    #expect(text.contains("ok    token: payroll, serial "))
  }

  @Test("--login tries the PIN once; a wrong one is exit code 4 and is remembered, which doctor then tells without trying it")
  func login() async throws {
    let bench = try await Bench.withToken()
    #expect(try await bench.object("doctor", "--login").step("login")["outcome"].string == "ok")

    try bench.folder.write("00000000\n".utf8, to: "pin")
    let wrong = try await bench.failedDoctor(4, "--login")
    #expect(wrong.step("login")["message"].string?.contains("CKR_PIN_INCORRECT") == true)
    let looked = try await bench.failedDoctor(4, "--login")
    let message = try #require(looked.step("pin")["message"].string)
    #expect(message.contains("the token says that a wrong user PIN was entered"))
    #expect(message.contains("we remember one try without success, last on 2"))
    #expect(message.contains("a stored user PIN was refused on 2"))
    #expect(looked.step("pin")["rule"].string == "PIN-COUNT-LOW")
    #expect(looked.step("login")["message"].string == "not checked, because of pin")
  }

  @Test("a configuration that cannot be read fails the first step, and the clock is looked at nevertheless")
  func configuration() async throws {
    let bench = try Bench()
    try bench.folder.write("tokn: {}\n".utf8, to: "hsmkey.yaml")
    let answer = try await bench.failedDoctor(78)
    #expect(answer.step("configuration")["message"].string?.contains("unknown key tokn") == true)
    #expect(answer.step("module-file")["message"].string == "not checked, because of configuration")
    #expect(answer.step("clock")["outcome"].string == "ok")
    let text = try await bench.hsmkey(["doctor"])
    #expect(text.exitCode == 78)
    #expect(text.standardError.isEmpty)
    #expect(text.standardOutput.contains("\nmend first: configuration (exit code 78)\n"))
  }

  @Test("nothing configured, and a path that is not absolute: exit code 78 with the way out", arguments: ["", "libsofthsm2.so"])
  func noModule(module: String) async throws {
    let answer = try await Bench().failedDoctor(78, environment: ["HSMKEY_MODULE": module])
    #expect(answer.step("module-file")["outcome"].string == "failed")
    #expect(answer.step("module-file")["hint"].string?.isEmpty == false)
    #expect(answer.step("module-load")["outcome"].string == "not-checked")
    #expect(answer.step("pin-source")["outcome"].string == "ok", "what does not need the module is looked at")
  }

  @Test("a module that is missing: the path, where it was set, and where modules are")
  func missingModule() async throws {
    let answer = try await Bench().failedDoctor(78, environment: ["HSMKEY_MODULE": "/nowhere/module.so"])
    #expect(answer.step("module-file")["message"].string == "/nowhere/module.so does not exist (environment HSMKEY_MODULE)")
    #expect(answer.step("module-file")["hint"].string?.contains(Bench.module) == true)
  }

  @Test("a file that is no library, and one for another machine, are explained without being loaded")
  func otherFiles() async throws {
    let bench = try Bench()
    try bench.folder.write("#!/bin/sh\n".utf8, to: "text.so")
    let text = try await bench.failedDoctor(78, environment: ["HSMKEY_MODULE": bench.folder.path("text.so")])
    #expect(text.step("module-architecture")["message"].string?.hasSuffix("is no library of this system: it is a text") == true)
    #expect(text.step("module-load")["message"].string == "not checked, because of module-architecture")

    // A 64-bit shared object for s390x, big endian, and nothing behind its header.
    let header: [UInt8] =
      [0x7F, 0x45, 0x4C, 0x46, 2, 2, 1] + Array(repeating: 0, count: 9) + [0, 3, 0, 22] + Array(repeating: 0, count: 44)
    try bench.folder.write(header, to: "s390x.so")
    let other = try await bench.failedDoctor(78, environment: ["HSMKEY_MODULE": bench.folder.path("s390x.so")])
    #expect(other.step("module-architecture")["message"].string?.contains("is for s390x, 64 bits; this program is for ") == true)
  }

  @Test("a library that is no PKCS #11 module")
  func noModuleInside() async throws {
    let library = try #require(
      ["/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6"].first { FileManager.default.fileExists(atPath: $0) })
    let answer = try await Bench().failedDoctor(78, environment: ["HSMKEY_MODULE": library])
    #expect(answer.step("module-load")["rule"].string == "MODULE-LOADS")
    #expect(answer.step("module-load")["message"].string?.contains("C_GetFunctionList") == true)
  }

  @Test("MODULE-NOT-WRITABLE: a module that everybody can write to is not loaded")
  func writableModule() async throws {
    let bench = try await Bench.withToken()
    try FileManager.default.copyItem(
      atPath: URL(filePath: Bench.module).resolvingSymlinksInPath().path, toPath: bench.folder.path("softhsm-copy.so"))
    try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: bench.folder.path("softhsm-copy.so"))
    let environment = ["HSMKEY_MODULE": bench.folder.path("softhsm-copy.so")]
    let answer = try await bench.failedDoctor(78, environment: environment)
    #expect(answer.step("module-permissions")["message"].string?.contains("everybody can write to ") == true)
    #expect(answer.step("module-permissions")["rule"].string == "MODULE-NOT-WRITABLE")
    #expect(answer.step("module-permissions")["hint"].string?.contains("chmod go-w") == true)
    #expect(answer.step("module-load")["outcome"].string == "not-checked")

    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: bench.folder.path("softhsm-copy.so"))
    #expect(try await bench.object("doctor", environment: environment)["outcome"].string == "ok")
  }

  @Test("MODULE-NOT-WRITABLE: a module in a folder in which others could exchange it is not loaded, and the folder is named")
  func openFolder() async throws {
    let bench = try await Bench.withToken()
    let folder = bench.folder.path("open")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try FileManager.default.copyItem(
      atPath: URL(filePath: Bench.module).resolvingSymlinksInPath().path, toPath: "\(folder)/softhsm-copy.so")
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
    let environment = ["HSMKEY_MODULE": "\(folder)/softhsm-copy.so"]
    let answer = try await bench.failedDoctor(78, environment: environment)
    #expect(answer.step("module-permissions")["message"].string?.hasPrefix("everybody can write to the folder \(folder) ") == true)
    #expect(answer.step("module-load")["message"].string == "not checked, because of module-permissions")
  }

  @Test("SoftHSM without its settings: the variable and the file are named, not only a general error")
  func softHSMSettings() async throws {
    let bench = try Bench()
    let missing = try await bench.failedDoctor(78, environment: ["SOFTHSM2_CONF": "/nowhere/softhsm2.conf"])
    #expect(missing.step("module-settings")["message"].string?.contains("/nowhere/softhsm2.conf do not exist (SOFTHSM2_CONF)") == true)
    try bench.folder.write("directories.tokendir = \(bench.folder.path("gone"))\n".utf8, to: "softhsm2.conf")
    let folder = try await bench.failedDoctor(78)
    #expect(folder.step("module-settings")["message"].string?.contains("folder of tokens \(bench.folder.path("gone"))") == true)
  }

  @Test("no token, several tokens, and one that is not there")
  func choice() async throws {
    let bench = try Bench()
    let none = try await bench.failedDoctor(3)
    #expect(none.step("slots")["message"].string?.contains("0 with an initialised token") == true)
    #expect(none.step("slots")["hint"].string?.contains("hsmkey token init") == true)
    #expect(none.step("token")["message"].string == "not checked, because of slots")

    try await bench.makeToken("payroll")
    try await bench.makeToken("invoices")
    let several = try await bench.failedDoctor(3)
    let message = try #require(several.step("token")["message"].string)
    #expect(message.contains("payroll (serial ") && message.contains("invoices (serial "))
    #expect(
      try await bench.object("doctor", "--token", "invoices").step("token")["message"].string?.hasSuffix("named by option --token") == true)
    let absent = try await bench.failedDoctor(3, "--token", "salaries")
    #expect(absent.step("token")["message"].string?.contains("no token matches") == true)
  }

  @Test("a PIN source that cannot give a PIN fails its own step and keeps the PIN's, not the module's")
  func pinSource() async throws {
    let bench = try await Bench.withToken()
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: bench.folder.path("pin"))
    let answer = try await bench.failedDoctor(78)
    #expect(answer.step("pin-source")["rule"].string == "SECRET-FILE-MODE")
    #expect(answer.step("pin")["message"].string == "not checked, because of pin-source")
    #expect(answer.step("algorithms")["outcome"].string == "ok")
  }

  @Test("on a terminal no line is wider than it, and words that can be copied stay whole")
  func narrowTerminal() async throws {
    let bench = try await Bench.withToken()
    let terminal = try PseudoTerminal()
    try terminal.resize(columns: 60)
    let child = try terminal.start(
      "/bin/sh", ["-c", "\"$hsmkey\" doctor --offline >/dev/tty; echo done"],
      environment: bench.environment.merging(["hsmkey": Bench.program]) { $1 })
    #expect(try await child.wait() == 0)
    let lines = terminal.shown.split(whereSeparator: \.isNewline)
    #expect(lines.count > 30)
    for line in lines { #expect(line.count <= 60 || line.split(separator: " ").contains { $0.count > 40 }, "\(line)") }
  }
}

extension JSON {
  /// The step of a doctor's answer with this name.
  func step(_ name: String) -> JSON { self["steps"].list.first { $0["name"].string == name } ?? JSON(nil) }
}

extension Bench {
  /// Runs `doctor --json`, which must fail with this exit code, and returns its answer: stdout has it, stderr nothing.
  func failedDoctor(
    _ exitCode: Int, _ arguments: String..., environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> JSON {
    let result = try await hsmkey(["doctor", "--offline", "--json"] + arguments, environment: environment)
    #expect(result.exitCode == exitCode, "\(result.standardOutput)", sourceLocation: sourceLocation)
    #expect(result.standardError.isEmpty, "\(result.standardError)", sourceLocation: sourceLocation)
    let answer = try JSON(parsing: result.standardOutput)
    #expect(answer["outcome"].string == "failed", sourceLocation: sourceLocation)
    #expect(answer["exit-code"].number == exitCode, sourceLocation: sourceLocation)
    return answer
  }
}
