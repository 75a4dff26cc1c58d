import Foundation
import TestSupport
import Testing

@Suite("Where PINs come from, and which token is meant", .serialized)
struct PINSourceTests {
  @Test("a wrong PIN: exit code 4, tried once by all commands together, and the token is as it was")
  func wrongPIN() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    try bench.folder.write("00000000".utf8, to: "wrong")
    var codes: [String?] = []
    for arguments in [["key", "list"], ["key", "show", "k"], ["key", "generate", "l"], ["csr", "k", "--subject", "CN=x"]] {
      let result = try await bench.hsmkey(arguments + ["--pin-source", "file:wrong", "--json"])
      codes.append(try Refusal(json: result, exitCode: 4, sourceLocation: #_sourceLocation).code)
    }
    #expect(codes == ["CKR_PIN_INCORRECT", "pin-guarded", "pin-guarded", "pin-guarded"])
    let tokens = try await bench.object("token", "list")["tokens"]
    #expect(tokens[0]["pin-state"].string == "a wrong PIN was entered since the last right one")
    try await bench.logInAsPerson()
    #expect(try await bench.object("key", "list")["keys"].list.map { $0["name"].string } == ["k"])
    #expect(try await bench.object("token", "list")["tokens"][0]["pin-state"].string == "good")
  }

  @Test("SECRET-FILE-MODE: a PIN file that others can read is refused", arguments: [0o644, 0o640, 0o604])
  func fileMode(mode: Int) async throws {
    let bench = try await Bench.withToken()
    try bench.folder.setMode(mode_t(mode), of: "pin")
    let refusal = try await bench.refused(78, "key", "list")
    #expect(refusal.rule == "SECRET-FILE-MODE")
    #expect(refusal.hint.contains("chmod 600"))
  }

  @Test("env:NAME works and warns, on stderr only")
  func environmentVariable() async throws {
    let bench = try await Bench.withToken()
    let result = try await bench.hsmkey(["key", "list", "--pin-source", "env:MY_PIN", "--json"], environment: ["MY_PIN": Bench.pin])
    #expect(result.exitCode == 0)
    #expect(try JSON(parsing: result.standardError)["warning"].string?.hasPrefix("the environment variable MY_PIN is visible") == true)
    _ = try JSON(parsing: result.standardOutput)
    try await bench.refused(78, "key", "list", "--pin-source", "env:NOT_SET")
  }

  @Test("fd:N works, once")
  func descriptor() async throws {
    let bench = try await Bench.withToken()
    let result = try await bench.shell(#""$hsmkey" key list --pin-source fd:7 7< pin"#)
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(try await bench.shell(#"printf '%s' 73519284 | "$hsmkey" key list --pin-source fd:0"#).exitCode == 0)
    let closed = try await bench.shell(#""$hsmkey" key list --pin-source fd:7"#)
    #expect(closed.exitCode == 78)
    #expect(closed.standardError.contains("[SECRET-DESCRIPTOR]"))
  }

  @Test("SECRET-NO-TERMINAL: a prompt without a terminal is refused")
  func promptWithoutTerminal() async throws {
    let bench = try await Bench.withToken()
    // A new session has no controlling terminal.
    let result = try await run(
      "setsid", ["-w", Bench.program, "key", "list"], environment: bench.environment.merging(["HSMKEY_PIN_SOURCE": ""]) { $1 },
      in: bench.folder.path)
    #expect(result.exitCode == 78)
    #expect(result.standardError.contains("[SECRET-NO-TERMINAL]"))
    #expect(result.standardOutput.isEmpty)
  }

  @Test("a prompt on a terminal asks, shows nothing of the PIN, and goes on")
  func prompt() async throws {
    let bench = try await Bench.withToken()
    let terminal = try PseudoTerminal()
    let child = try terminal.start(
      Bench.program, ["key", "generate", "k", "--algorithm", "ecdsa-p256", "--pin-source", "prompt"], environment: bench.environment)
    try await terminal.waits(for: "User PIN for token payroll: ")
    #expect(!terminal.echoes)
    terminal.type("\(Bench.pin)\n")
    #expect(try await child.wait() == 0)
    #expect(terminal.shown.contains("policy non-exportable-signing: met"))
    #expect(!terminal.shown.contains(Bench.pin))
    #expect(terminal.echoes)
  }

  @Test("new PINs at a prompt are asked twice, and two that differ change nothing")
  func newPINs() async throws {
    let bench = try Bench()
    let terminal = try PseudoTerminal()
    let child = try terminal.start(
      Bench.program, ["token", "init", "payroll", "--so-pin-source", "prompt"], environment: bench.environment)
    try await terminal.waits(for: "New security officer PIN for token payroll: ")
    terminal.type("11112222\n")
    try await terminal.waits(for: "once more: ")
    terminal.type("11112223\n")
    #expect(try await child.wait() == 78)
    #expect(terminal.shown.contains("[SECRET-CONFIRMATION]"))
    #expect(try await bench.object("token", "list")["tokens"].list.isEmpty)
  }

  @Test("Ctrl-C at a prompt ends the tool as the signal does, with the echo back")
  func interruptedPrompt() async throws {
    let bench = try await Bench.withToken()
    let terminal = try PseudoTerminal()
    let child = try terminal.start(Bench.program, ["key", "list", "--pin-source", "prompt"], environment: bench.environment)
    try await terminal.waits(for: "User PIN")
    terminal.type("735\u{3}")
    let exitCode = try await child.wait()
    #expect(exitCode == 128 + 2, "\(terminal.shown)")
    #expect(terminal.echoes)
  }

  @Test(
    "a literal PIN, a command or a URI with a PIN is refused and never repeated",
    arguments: ["73519284", "pass:73519284", "|echo 73519284", "file", "pkcs11:token=payroll?pin-value=73519284"])
  func literal(source: String) async throws {
    let bench = try await Bench.withToken()
    for command in [["key", "list"], ["config", "show"]] {
      let given = try await bench.hsmkey(command + ["--pin-source", source, "--log-level", "trace"])
      #expect(given.exitCode == 64)
      let set = try await bench.hsmkey(command, environment: ["HSMKEY_PIN_SOURCE": source])
      #expect(set.exitCode == 78)
      try bench.folder.write("token: {pin-source: '\(source)'}\n".utf8, to: "hsmkey.yaml")
      let configured = try await bench.hsmkey(command, environment: ["HSMKEY_PIN_SOURCE": ""])
      #expect(configured.exitCode == 78)
      for result in [given, set, configured] {
        #expect(result.standardOutput.isEmpty)
        #expect(!result.standardError.contains("73519284"))
        #expect(result.standardError.contains("[SECRET-SOURCE]"))
      }
      try FileManager.default.removeItem(atPath: bench.folder.path("hsmkey.yaml"))
    }
  }

  @Test("a token URI with a PIN in it is refused and never repeated", arguments: ["pin-value=73519284", "pin-source=file:/73519284"])
  func tokenURI(query: String) async throws {
    let bench = try await Bench.withToken()
    let uri = "pkcs11:token=payroll?\(query)"
    for command in [["key", "list"], ["config", "show"]] {
      let given = try await bench.hsmkey(command + ["--token", uri])
      #expect(given.exitCode == 64)
      let set = try await bench.hsmkey(command, environment: ["HSMKEY_TOKEN": uri])
      #expect(set.exitCode == 78)
      for result in [given, set] {
        #expect(result.standardOutput.isEmpty)
        #expect(result.standardError.contains("[URI-NO-PIN]"))
        #expect(!result.standardError.contains("73519284"))
      }
    }
  }

  @Test("a pkcs11: text where a file belongs is refused, and no file gets that name")
  func uriForFile() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    let uri = "pkcs11:object=k;type=private"
    let before = bench.files(under: ".").sorted()
    for arguments in [
      ["key", "sign", "k", "--in", "pin", "--out", uri], ["key", "sign", "k", "--in", uri, "--out", "s"],
      ["key", "public", "k", "--out", uri],
      ["csr", "k", "--subject", "CN=x", "--out", uri], ["xml", "verify", uri], ["xml", "verify", "pin", "--trust", uri],
      ["xml", "sign", "k", "--in", uri, "--out", "s"], ["key", "public", uri], ["key", "show", uri], ["csr", uri, "--subject", "CN=x"],
    ] {
      let result = try await bench.hsmkey(arguments)
      #expect(result.exitCode == 64, "\(arguments): \(result.standardError)")
    }
    #expect(bench.files(under: ".").sorted() == before)
  }

  @Test("no token: exit code 3")
  func noToken() async throws {
    let refusal = try await Bench().refusedAsJSON(3, "key", "list")
    #expect(refusal.code == "token-not-found")
    #expect(refusal.hint.contains("hsmkey token init"))
  }

  @Test("a token that is not there, by label and by URI", arguments: ["nobody", "pkcs11:token=payroll;serial=0"])
  func absentToken(named: String) async throws {
    let bench = try await Bench.withToken()
    let refusal = try await bench.refusedAsJSON(3, "key", "list", "--token", named)
    #expect(refusal.rule == "TOKEN-PRESENT")
  }

  @Test("several tokens: one must be named, and the message tells them apart by serial number")
  func ambiguousToken() async throws {
    let bench = try await Bench.withToken("one")
    try await bench.makeToken("two")
    let refusal = try await bench.refusedAsJSON(3, "key", "list")
    #expect(refusal.code == "token-ambiguous")
    for token in try await bench.object("token", "list")["tokens"].list {
      #expect(refusal.message.contains("\(token["label"].string ?? "?") (serial \(token["serial"].string ?? "?"))"))
    }
    try await bench.succeeds("key", "list", "--token", "two")
  }

  @Test("TOKEN-UNAMBIGUOUS: two tokens with one label are told apart by their serial numbers")
  func sameLabel() async throws {
    let bench = try await Bench.withToken()
    let made = try await run(
      "softhsm2-util",
      ["--init-token", "--free", "--label", "payroll", "--so-pin", Bench.securityOfficerPIN, "--pin", Bench.pin],
      environment: bench.environment)
    try #require(made.exitCode == 0, "\(made.standardError)")
    let refusal = try await bench.refusedAsJSON(3, "key", "list", "--token", "payroll")
    #expect(refusal.rule == "TOKEN-UNAMBIGUOUS")
    let uri = try #require(try await bench.object("token", "list")["tokens"][1]["uri"].string)
    try await bench.succeeds("key", "list", "--token", uri)
  }
}
