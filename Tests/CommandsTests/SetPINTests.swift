import Foundation
import TestSupport
import Testing

@Suite("token set-pin", .serialized)
struct SetPINTests {
  private func bench() async throws -> Bench {
    let bench = try await Bench.withToken()
    try bench.folder.write("44445555\n".utf8, to: "new-pin")
    return bench
  }

  @Test("changes the user's PIN; the one before, still stored somewhere, does not cost a try")
  func user() async throws {
    let bench = try await bench()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    let answer = try await bench.object("token", "set-pin", "--new-pin-source", "file:new-pin")
    #expect(answer["changed"].string == "user")
    #expect(answer["by"].string == "user")
    #expect(answer["token"]["label"].string == "payroll")
    let outdated = try await bench.refusedAsJSON(4, "key", "list")
    #expect(outdated.rule == "PIN-REFUSED-BEFORE")
    #expect(outdated.message.contains("was replaced by another"))
    let keys = try await bench.object("key", "list", "--pin-source", "file:new-pin")["keys"].list
    #expect(keys.map { $0["name"].string } == ["k"])
    #expect(try await bench.object("token", "list")["tokens"][0]["pin-state"].string == "good")
    // And back again.
    try await bench.succeeds("token", "set-pin", "--pin-source", "file:new-pin", "--new-pin-source", "file:pin")
    try await bench.succeeds("key", "list")
  }

  @Test("the text answer says what was changed, and a warning says where the PIN before is still stored")
  func text() async throws {
    let bench = try await bench()
    let result = try await bench.hsmkey(["token", "set-pin", "--new-pin-source", "file:new-pin"])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardOutput.hasPrefix("user PIN changed\n"))
    #expect(result.standardError.contains("still holds the PIN before"))
    #expect(!(result.standardOutput + result.standardError).contains(Bench.pin))
  }

  @Test("the security officer changes their own PIN, and sets the user's")
  func securityOfficer() async throws {
    let bench = try await bench()
    let own = try await bench.object(
      "token", "set-pin", "--security-officer", "--so-pin-source", "file:so-pin", "--new-pin-source", "file:new-pin")
    #expect(own["changed"].string == "security-officer")
    #expect(own["by"].string == "security-officer")
    try await bench.succeeds("key", "list")
    let outdated = try await bench.refusedAsJSON(
      4, "token", "set-pin", "--reset-user-pin", "--so-pin-source", "file:so-pin", "--new-pin-source", "file:new-pin")
    #expect(outdated.rule == "PIN-REFUSED-BEFORE")
    try bench.folder.write("66667777".utf8, to: "user-pin")
    let users = try await bench.object(
      "token", "set-pin", "--reset-user-pin", "--so-pin-source", "file:new-pin", "--new-pin-source", "file:user-pin")
    #expect(users["changed"].string == "user")
    #expect(users["by"].string == "security-officer")
    try await bench.succeeds("key", "list", "--pin-source", "file:user-pin")
  }

  @Test("a reset of the user's PIN clears what was remembered of it")
  func reset() async throws {
    let bench = try await bench()
    try bench.folder.write("00001111".utf8, to: "wrong")
    try await bench.refused(4, "key", "list", "--pin-source", "file:wrong")
    try await bench.succeeds(
      "token", "set-pin", "--reset-user-pin", "--so-pin-source", "file:so-pin", "--new-pin-source", "file:wrong")
    try await bench.succeeds("key", "list", "--pin-source", "file:wrong")
  }

  @Test("a wrong present PIN is tried once, like any, and changes nothing", arguments: [[], ["--security-officer"], ["--reset-user-pin"]])
  func wrong(flags: [String]) async throws {
    let bench = try await bench()
    try bench.folder.write("00001111".utf8, to: "wrong")
    let sources = flags.isEmpty ? ["--pin-source", "file:wrong"] : ["--so-pin-source", "file:wrong"]
    let arguments = ["token", "set-pin", "--new-pin-source", "file:new-pin", "--json"] + flags + sources
    let first = try Refusal(json: try await bench.hsmkey(arguments), exitCode: 4, sourceLocation: #_sourceLocation)
    #expect(first.code == "CKR_PIN_INCORRECT")
    let second = try Refusal(json: try await bench.hsmkey(arguments), exitCode: 4, sourceLocation: #_sourceLocation)
    #expect(second.rule == "PIN-COUNT-LOW")
  }

  @Test("PIN-LENGTH: a new PIN that the token does not take is refused, and the one before goes on")
  func length() async throws {
    let bench = try await bench()
    try bench.folder.write("12\n".utf8, to: "short")
    for arguments in [["--pin-source", "file:pin"], ["--reset-user-pin", "--so-pin-source", "file:so-pin"]] {
      let result = try await bench.hsmkey(["token", "set-pin", "--new-pin-source", "file:short", "--json"] + arguments)
      #expect(try Refusal(json: result, exitCode: 4, sourceLocation: #_sourceLocation).rule == "PIN-LENGTH")
    }
    try await bench.succeeds("key", "list")
  }

  @Test("mistakes on the command line", arguments: [["--security-officer", "--reset-user-pin"], ["--new-pin-source", "protected-path"]])
  func usage(arguments: [String]) async throws {
    let result = try await Bench().hsmkey(["token", "set-pin", "--json"] + arguments)
    _ = try Refusal(json: result, exitCode: 64, sourceLocation: #_sourceLocation)
  }

  @Test("at prompts: the present PIN, then the new one twice; two that differ change nothing")
  func prompts() async throws {
    let bench = try await bench()
    for (again, exitCode) in [("44445556", 78), ("44445555", 0)] {
      let terminal = try PseudoTerminal()
      let child = try terminal.start(Bench.program, ["token", "set-pin", "--pin-source", "prompt"], environment: bench.environment)
      try await terminal.waits(for: "User PIN for token payroll: ")
      terminal.type("\(Bench.pin)\n")
      try await terminal.waits(for: "New user PIN for token payroll: ")
      terminal.type("44445555\n")
      try await terminal.waits(for: "once more: ")
      terminal.type("\(again)\n")
      #expect(try await child.wait() == exitCode, "\(terminal.shown)")
      for pin in [Bench.pin, "44445555"] { #expect(!terminal.shown.contains(pin)) }
    }
    try await bench.succeeds("key", "list", "--pin-source", "file:new-pin")
  }

  @Test("an expired PIN is no wrong PIN: the error says how to change it, and set-pin does")
  func expired() async throws {
    let (bench, module) = (try Bench(), try FaultModule(.standAlone, .fail("C_Login", "CKR_PIN_EXPIRED"), .pinTries(3)))
    try bench.folder.write("123456".utf8, to: "pin")
    try bench.folder.write("654321".utf8, to: "new-pin")
    let environment = ["HSMKEY_MODULE": module.path]
    for _ in 0..<3 {
      let refusal = try await bench.refusedAsJSON(4, "key", "list", environment: environment)
      #expect(refusal.code == "CKR_PIN_EXPIRED")
      #expect(refusal.hint.contains("hsmkey token set-pin"))
    }
    try await bench.succeeds("token", "set-pin", "--new-pin-source", "file:new-pin", environment: environment)
    #expect(module.count(of: "C_SetPIN") == 1)
  }

  @Test("a PIN that the token wants changed works, with a warning that says how")
  func toBeChanged() async throws {
    let (bench, module) = (try Bench(), try FaultModule(.standAlone, .tokenFlag("CKF_USER_PIN_TO_BE_CHANGED", true)))
    try bench.folder.write("123456".utf8, to: "pin")
    let result = try await bench.hsmkey(["key", "list"], environment: ["HSMKEY_MODULE": module.path])
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(result.standardError.contains("wants its user PIN changed"))
    #expect(result.standardError.contains("hsmkey token set-pin"))
  }

  @Test("no PIN is shown or kept, at --log-level trace")
  func secrecy() async throws {
    let bench = try await bench()
    let result = try await bench.hsmkey(["token", "set-pin", "--new-pin-source", "file:new-pin", "--log-level", "trace"])
    #expect(result.standardError.contains("C_SetPIN"))
    for pin in [Bench.pin, "44445555"] {
      #expect(!(result.standardOutput + result.standardError).contains(pin))
      for file in bench.files(under: "pins") where !file.hasSuffix("digest-key") { #expect(!(try bench.text(file)).contains(pin)) }
    }
  }
}

@Suite("A device with a pad of its own", .serialized)
struct PadTests {
  private func run(_ bench: Bench, _ module: FaultModule, _ arguments: String...) async throws -> ProgramResult {
    try await bench.hsmkey(arguments, environment: ["HSMKEY_MODULE": module.path])
  }

  @Test("every PIN is entered there: logging in, checking, changing, resetting; no program sees one")
  func everything() async throws {
    let (bench, module) = (try Bench(), try FaultModule(.standAlone, FaultLine.pad(pin: "123456", newPIN: "123456")))
    for arguments in [
      ["key", "list", "--pin-source", "protected-path"], ["token", "check-pin", "--pin-source", "protected-path"],
      ["token", "check-pin", "--security-officer", "--so-pin-source", "protected-path"],
      ["token", "set-pin", "--pin-source", "protected-path"],
      ["token", "set-pin", "--reset-user-pin", "--so-pin-source", "protected-path"],
    ] {
      let result = try await bench.hsmkey(arguments, environment: ["HSMKEY_MODULE": module.path])
      #expect(result.exitCode == 0, "\(arguments): \(result.standardError)")
    }
    #expect(module.count(of: "C_SetPIN") == 1)
    #expect(module.count(of: "C_InitPIN") == 1)
  }

  @Test("token init has both PINs entered there")
  func initialisation() async throws {
    let bench = try await Bench.withToken()
    let module = try FaultModule(
      .softHSMInChild, FaultLine.pad(pin: Bench.pin, securityOfficerPIN: Bench.securityOfficerPIN, newPIN: Bench.pin))
    let serial = try #require(try await bench.object("token", "list")["tokens"][0]["serial"].string)
    let result = try await run(
      bench, module, "token", "init", "fresh", "--serial", serial, "--so-pin-source", "protected-path", "--pin-source", "protected-path")
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(module.events.count { $0 == "PAD" } == 3)
    #expect(try await bench.object("key", "list", "--token", "fresh")["keys"].list.isEmpty)
  }

  @Test("who presses cancel has made no try; a wrong PIN at the pad counts, and is asked about next time")
  func cancel() async throws {
    let (bench, module) = (try Bench(), try FaultModule(.standAlone, FaultLine.pad(pin: "123456") + [.padCancel]))
    for _ in 0..<3 {
      let result = try await run(bench, module, "key", "list", "--pin-source", "protected-path")
      #expect(result.exitCode != 0)
      #expect(result.standardError.contains("CKR_FUNCTION_CANCELED"))
    }
    try module.script(FaultLine.pad(pin: "000000") + [.pinTries(9)])
    #expect(try await run(bench, module, "key", "list", "--pin-source", "protected-path").exitCode == 4)
    try module.script(FaultLine.pad(pin: "123456") + [.pinTries(9)])
    let terminal = try PseudoTerminal()
    let child = try terminal.start(
      Bench.program, ["key", "list", "--pin-source", "protected-path"],
      environment: bench.environment.merging(["HSMKEY_MODULE": module.path]) { $1 })
    try await terminal.waits(for: "Type yes to go on: ")
    #expect(terminal.shown.contains("The device will ask for the user PIN"))
    terminal.type("yes\n")
    #expect(try await child.wait() == 0, "\(terminal.shown)")
  }

  @Test("a stored PIN is passed on, which the standard allows, and when it is refused the pad is spoken of")
  func storedPIN() async throws {
    let (bench, module) = (try Bench(), try FaultModule(.standAlone, FaultLine.pad(pin: "123456") + [.padRefusesPIN("CKR_PIN_INCORRECT")]))
    let result = try await run(bench, module, "key", "list")
    #expect(result.exitCode == 4)
    #expect(result.standardError.contains("protected-path"))
  }
}
