import Foundation
import TestSupport
import Testing

/// The tool on a token that counts tries: three wrong user PINs lock it.
private struct CountingToken: Sendable {
  let bench: Bench
  let module: FaultModule
  static let pin = "123456"

  init(_ lines: [FaultLine] = [.pinTries(3)]) throws {
    bench = try Bench()
    module = try FaultModule(.standAlone, lines)
    try bench.folder.write("\(Self.pin)\n".utf8, to: "pin")
    try bench.folder.write("918273\n".utf8, to: "wrong")
    try bench.folder.write("87654321\n".utf8, to: "so-pin")
    try bench.folder.write("444444\n".utf8, to: "new-pin")
  }

  var environment: [String: String] { ["HSMKEY_MODULE": module.path] }

  func hsmkey(_ arguments: String...) async throws -> ProgramResult {
    try await bench.hsmkey(arguments, environment: environment)
  }

  func refusal(
    _ exitCode: Int, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Refusal {
    let result = try await bench.hsmkey(arguments + ["--json"], environment: environment)
    return try Refusal(json: result, exitCode: exitCode, sourceLocation: sourceLocation)
  }

  func terminal(_ arguments: String...) throws -> (PseudoTerminal, ChildProcess) {
    let terminal = try PseudoTerminal()
    return (terminal, try terminal.start(Bench.program, arguments, environment: bench.environment.merging(environment) { $1 }))
  }

  /// How many PINs reached the token.
  var tries: Int { module.pinTries.count }
}

@Suite("A wrong PIN costs one try", .serialized)
struct WrongPINTests {
  @Test("100 starts with a wrong PIN cost the token one try", arguments: [true, false])
  func restarts(tellsFlags: Bool) async throws {
    let token = try CountingToken(tellsFlags ? [.pinTries(3)] : [.pinTries(3), .noPINFlags])
    var rules: Set<String> = []
    for number in 0..<100 {
      let refusal = try await token.refusal(4, "key", "list", "--pin-source", "file:wrong")
      if number == 0 { #expect(refusal.code == "CKR_PIN_INCORRECT") } else { rules.insert(refusal.rule ?? "none") }
    }
    #expect(token.tries == 1)
    #expect(rules == [tellsFlags ? "PIN-COUNT-LOW" : "PIN-REFUSED-BEFORE"])
    // A token without flags takes the right PIN from the service at once; with flags it is a person's turn.
    #expect(try await token.hsmkey("key", "list").exitCode == (tellsFlags ? 4 : 0))
  }

  @Test("Processes that start together with a wrong PIN cost one try, in whatever order")
  func together() async throws {
    let token = try CountingToken([.pinTries(3), .noPINFlags, .delay("C_Login", .milliseconds(200))])
    let codes = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 { group.addTask { try await token.hsmkey("key", "list", "--pin-source", "file:wrong").exitCode } }
      return try await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(codes == Array(repeating: 4, count: 8))
    #expect(token.tries == 1)
  }

  @Test("Wrong PINs that differ: after two of them the third try is a person's, and the token is not locked")
  func different() async throws {
    let token = try CountingToken([.pinTries(3), .noPINFlags])
    for number in 0..<10 {
      try token.bench.folder.write("99999\(number)".utf8, to: "wrong")
      let refusal = try await token.refusal(4, "key", "list", "--pin-source", "file:wrong")
      if number >= 2 { #expect(refusal.rule == "PIN-OWN-COUNT") }
    }
    #expect(token.tries == 2)
  }

  @Test("A card that answers a wrong PIN with CKR_GENERAL_ERROR loses two tries at most, whoever starts how often")
  func generalError() async throws {
    let token = try CountingToken([.fail("C_Login", "CKR_GENERAL_ERROR", .after)])
    for _ in 0..<5 { #expect(try await token.hsmkey("key", "list", "--pin-source", "file:wrong").exitCode != 0) }
    #expect(token.module.count(of: "C_Login") == 2)
    let refusal = try await token.refusal(4, "key", "list", "--pin-source", "file:wrong")
    #expect(refusal.rule == "PIN-OWN-COUNT")
  }

  @Test("PIN-OWN-COUNT: killed in the middle of C_Login: once is no reason to stop, twice is")
  func killed() async throws {
    let token = try CountingToken([.pinTries(3), .noPINFlags, .kill(on: "C_Login")])
    for _ in 0..<2 { #expect(try await token.hsmkey("key", "list").exitCode == 128 + 9) }
    let refusal = try await token.refusal(4, "key", "list")
    #expect(refusal.rule == "PIN-OWN-COUNT")
    #expect(refusal.message.contains("tried 2 times without success"))

    let once = try CountingToken([.pinTries(3), .noPINFlags, .kill(on: "C_Login", .once)])
    #expect(try await once.hsmkey("key", "list").exitCode == 128 + 9)
    try once.module.script([.pinTries(3), .noPINFlags])
    #expect(try await once.hsmkey("key", "list").exitCode == 0)
    #expect(try await once.hsmkey("key", "list").exitCode == 0)
  }

  @Test("Two tokens do not wait for each other")
  func twoTokens() async throws {
    let slow = try CountingToken([.hang("C_Login")])
    let folder = ["HSMKEY_PIN_MEMORY": slow.bench.folder.path("pins")]
    let child = try ChildProcess(
      Bench.program, ["key", "list", "--pin-source", "file:" + slow.bench.folder.path("pin")],
      environment: slow.bench.environment.merging(slow.environment) { $1 })
    #expect(try await slow.module.happened("HANG C_Login"))
    let other = try CountingToken([.tokenInfo(.serial, "another")])
    let result = try await other.bench.hsmkey(["key", "list"], environment: other.environment.merging(folder) { $1 })
    #expect(result.exitCode == 0, "\(result.standardError)")
    slow.module.release()
    #expect(try await child.wait() == 0)
  }

  @Test("PIN-NOT-LOCKED, PIN-FINAL-TRY: what the token says is asked before the PIN is even read")
  func flags() async throws {
    for (failures, rule) in [(1, "PIN-COUNT-LOW"), (2, "PIN-FINAL-TRY"), (3, "PIN-NOT-LOCKED")] {
      let token = try CountingToken([.pinTries(3), .userFailures(failures)])
      let refusal = try await token.refusal(4, "key", "list", "--pin-source", "file:/no/such/file")
      #expect(refusal.rule == rule)
      #expect(token.tries == 0)
    }
  }

  @Test("PIN-MEMORY: where nothing can be remembered, unattended use tries nothing", arguments: ["/proc/no/such", "wrong"])
  func noMemory(folder: String) async throws {
    let token = try CountingToken()
    let refusal = try await token.refusal(78, "key", "list", "--pin-memory", folder)
    #expect(refusal.rule == "PIN-MEMORY")
    #expect(refusal.hint.contains("token.pin-memory"))
    #expect(token.tries == 0)
    #expect(try await token.hsmkey("key", "list").exitCode == 0)
  }

  @Test("--pin-memory, HSMKEY_PIN_MEMORY and token.pin-memory name the folder, and it is made owner-only")
  func location() async throws {
    let token = try CountingToken()
    try token.bench.folder.write("token: {pin-memory: from-file}\n".utf8, to: "hsmkey.yaml")
    for (arguments, variable, folder) in [
      (["--pin-memory", "from-option"], "from-environment", "from-option"), ([], "from-environment", "from-environment"),
      ([], "", "from-file"),
    ] {
      let environment = token.environment.merging(["HSMKEY_PIN_MEMORY": variable]) { $1 }
      let result = try await token.bench.hsmkey(["key", "list", "--pin-source", "file:wrong"] + arguments, environment: environment)
      #expect(result.exitCode == 4)
      #expect(try token.bench.mode(folder) == 0o700)
      for file in token.bench.files(under: folder) { #expect(try token.bench.mode(file) == 0o600) }
    }
    let shown = try await token.bench.hsmkey(["config", "show"], environment: ["HSMKEY_PIN_MEMORY": ""])
    #expect(shown.standardOutput.contains("from-file"))
  }

  @Test("FILE-NOT-URI: a pkcs11: text is no folder")
  func uriForFolder() async throws {
    let refusal = try await CountingToken().refusal(64, "key", "list", "--pin-memory", "pkcs11:token=x")
    #expect(refusal.rule == "FILE-NOT-URI")
  }

  @Test("No PIN, right or wrong, is in the memory, in what is shown or in the trace")
  func secrecy() async throws {
    let token = try CountingToken([.pinTries(9), .noPINFlags])
    var shown = ""
    for source in ["file:wrong", "file:pin", "file:wrong"] {
      let result = try await token.hsmkey("key", "list", "--pin-source", source, "--log-level", "trace")
      shown += result.standardOutput + result.standardError
    }
    for pin in [CountingToken.pin, "918273"] {
      #expect(!shown.contains(pin))
      for file in token.bench.files(under: "pins") where !file.hasSuffix("digest-key") {
        #expect(!(try token.bench.text(file)).contains(pin))
      }
    }
    #expect(shown.contains("C_Login"))
  }
}

@Suite("A person at a terminal", .serialized)
struct PersonTests {
  @Test("PIN-COUNT-LOW: who is asked and says no tries nothing; who says yes and has the right PIN clears everything")
  func consent() async throws {
    let token = try CountingToken()
    _ = try await token.refusal(4, "key", "list", "--pin-source", "file:wrong")
    let (no, first) = try token.terminal("key", "list", "--pin-source", "prompt")
    try await no.waits(for: "Type yes to go on: ")
    #expect(no.shown.contains("The token says that a wrong user PIN was entered since the last right one."))
    no.type("y\n")
    #expect(try await first.wait() == 4)
    #expect(no.shown.contains("[PIN-COUNT-LOW]"))
    #expect(token.tries == 1)

    let (yes, second) = try token.terminal("key", "list", "--pin-source", "prompt")
    try await yes.waits(for: "Type yes to go on: ")
    yes.type("yes\n")
    try await yes.waits(for: "User PIN for token")
    yes.type("\(CountingToken.pin)\n")
    #expect(try await second.wait() == 0, "\(yes.shown)")
    #expect(try await token.hsmkey("key", "list").exitCode == 0)
  }

  @Test("PIN-REFUSED-BEFORE: who types the refused PIN again is told, and asked")
  func refusedBefore() async throws {
    let token = try CountingToken([.pinTries(5), .noPINFlags])
    _ = try await token.refusal(4, "key", "list", "--pin-source", "file:wrong")
    let (terminal, child) = try token.terminal("key", "list", "--pin-source", "prompt")
    try await terminal.waits(for: "User PIN for token")
    terminal.type("918273\n")
    try await terminal.waits(for: "Type yes to go on: ")
    #expect(terminal.shown.contains("This user PIN was refused on "))
    terminal.type("no\n")
    #expect(try await child.wait() == 4)
    #expect(token.tries == 1)
  }

  @Test("A stored PIN that nobody can type is tried once more by check-pin, with a yes on the terminal")
  func storedPIN() async throws {
    let token = try CountingToken()
    _ = try await token.refusal(4, "key", "list", "--pin-source", "file:wrong")
    let (terminal, child) = try token.terminal("token", "check-pin", "--pin-source", "file:" + token.bench.folder.path("pin"))
    try await terminal.waits(for: "Type yes to go on: ")
    terminal.type("yes\n")
    #expect(try await child.wait() == 0, "\(terminal.shown)")
    #expect(try await token.hsmkey("key", "list").exitCode == 0)
    // Without a terminal there is nobody to say yes.
    try token.bench.folder.write("827364".utf8, to: "wrong")
    _ = try await token.refusal(4, "key", "list", "--pin-source", "file:wrong")
    let alone = try await run(
      "setsid", ["-w", Bench.program, "token", "check-pin"], environment: token.bench.environment.merging(token.environment) { $1 },
      in: token.bench.folder.path)
    #expect(alone.exitCode == 4)
    #expect(alone.standardError.contains("[PIN-COUNT-LOW]"))
    #expect(alone.standardError.contains("hint: run this on a terminal"))
    #expect(!alone.standardError.contains("check-pin"), "that is what was run")
  }

  @Test("PIN-FINAL-TRY: the last try is made only when it is asked for by name, by a person")
  func lastTry() async throws {
    let token = try CountingToken([.pinTries(3), .userFailures(2)])
    let (refused, first) = try token.terminal("key", "list", "--pin-source", "prompt")
    #expect(try await first.wait() == 4)
    #expect(refused.shown.contains("[PIN-FINAL-TRY]"))
    #expect(refused.shown.contains("--use-the-last-pin-try"))
    let stored = try await token.refusal(64, "token", "check-pin", "--use-the-last-pin-try")
    #expect(stored.hint.contains("prompt"))
    #expect(token.tries == 0)

    let (terminal, child) = try token.terminal("token", "check-pin", "--pin-source", "prompt", "--use-the-last-pin-try")
    try await terminal.waits(for: "Type yes to go on: ")
    terminal.type("yes\n")
    try await terminal.waits(for: "(the last try before it is locked): ")
    terminal.type("\(CountingToken.pin)\n")
    #expect(try await child.wait() == 0, "\(terminal.shown)")
    #expect(try await token.hsmkey("key", "list").exitCode == 0)
  }

  @Test("Nobody waits for a person who types: the lock is taken when the PIN is there")
  func typing() async throws {
    let token = try CountingToken()
    let (terminal, child) = try token.terminal("key", "list", "--pin-source", "prompt")
    try await terminal.waits(for: "User PIN for token")
    #expect(try await token.hsmkey("key", "list").exitCode == 0)
    terminal.type("\(CountingToken.pin)\n")
    #expect(try await child.wait() == 0)
  }

  @Test("A wrong PIN that another process tried meanwhile is asked about after the typing, and nothing is lost")
  func meanwhile() async throws {
    let token = try CountingToken()
    let (terminal, child) = try token.terminal("key", "list", "--pin-source", "prompt")
    try await terminal.waits(for: "User PIN for token")
    _ = try await token.refusal(4, "key", "list", "--pin-source", "file:wrong")
    terminal.type("\(CountingToken.pin)\n")
    try await terminal.waits(for: "Type yes to go on: ")
    terminal.type("yes\n")
    #expect(try await child.wait() == 0, "\(terminal.shown)")
  }
}
