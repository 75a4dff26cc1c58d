import Foundation
import TestSupport
import Testing

@Suite("token list and token init", .serialized)
struct TokenCommandTests {
  @Test("init makes a token with a label, both PINs and a URI, and list shows it")
  func initialisation() async throws {
    let bench = try Bench()
    let answer = try await bench.object("token", "init", "payroll", "--so-pin-source", "file:so-pin")["token"]
    #expect(answer["label"].string == "payroll")
    #expect(answer["is-user-pin-set"].bool == true)
    #expect(answer["pin-state"].string == "good")

    let list = try await bench.object("token", "list")
    #expect(list["tokens"].list.count == 1)
    #expect(list["tokens"][0]["serial"].string == answer["serial"].string)
    #expect(list["tokens"][0]["uri"].string?.hasPrefix("pkcs11:token=payroll;") == true)
    #expect(list["module"].string == Bench.module)

    let text = try await bench.succeeds("token", "list")
    #expect(text.contains("token     payroll\n"))
    #expect(text.contains("user PIN  good\n"))
  }

  @Test("the new PINs are the ones that were given")
  func pins() async throws {
    let bench = try await Bench.withToken()
    #expect(try await bench.pkcs11Tool("--list-objects").exitCode == 0)
    // The security officer's is needed to set the user's once more.
    let officer = try await run(
      "pkcs11-tool",
      [
        "--module", Bench.module, "--token-label", "payroll", "--login", "--login-type", "so", "--so-pin", Bench.securityOfficerPIN,
        "--init-pin", "--new-pin", "55554444",
      ],
      environment: bench.environment)
    #expect(officer.exitCode == 0, "\(officer.standardError)")
    #expect(try await bench.pkcs11Tool("--list-objects").exitCode != 0)
  }

  @Test("list says when there is no token")
  func noToken() async throws {
    let bench = try Bench()
    #expect(try await bench.succeeds("token", "list").contains("shows no initialised token"))
    #expect(try await bench.object("token", "list")["tokens"].list.isEmpty)
  }

  @Test("TOKEN-LABEL-TAKEN: a label belongs to one token")
  func takenLabel() async throws {
    let bench = try await Bench.withToken()
    let before = try await bench.object("token", "list")["tokens"]
    let refusal = try await bench.refused(2, "token", "init", "payroll", "--so-pin-source", "file:so-pin")
    #expect(refusal.rule == "TOKEN-LABEL-TAKEN")
    #expect(refusal.hint.contains("--serial \(before[0]["serial"].string ?? "?")"))
    #expect(try await bench.object("token", "list")["tokens"].list.count == before.list.count)
  }

  @Test("a token that is initialised is initialised again only by its serial number, with its SO PIN, and loses its keys")
  func again() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    let serial = try #require(try await bench.object("token", "list")["tokens"][0]["serial"].string)

    try bench.folder.write("11111111".utf8, to: "wrong")
    let refusal = try await bench.refusedAsJSON(4, "token", "init", "payroll", "--serial", serial, "--so-pin-source", "file:wrong")
    #expect(refusal.code == "CKR_PIN_INCORRECT")
    #expect(try await bench.object("key", "list")["keys"].list.count == 1, "a wrong SO PIN leaves the token as it was")
    let guarded = try await bench.refusedAsJSON(4, "token", "init", "payroll", "--serial", serial, "--so-pin-source", "file:so-pin")
    #expect(guarded.rule == "PIN-COUNT-LOW")
    try await bench.logInAsPerson(pin: Bench.securityOfficerPIN, ["--security-officer"])

    try await bench.succeeds("token", "init", "payroll", "--serial", serial, "--so-pin-source", "file:so-pin")
    #expect(try await bench.object("key", "list")["keys"].list.isEmpty)
    #expect(try await bench.object("token", "list")["tokens"].list.count == 1)
  }

  @Test("an unknown serial number initialises nothing")
  func unknownSerial() async throws {
    let bench = try await Bench.withToken()
    try await bench.refused(3, "token", "init", "other", "--serial", "0000000000000000", "--so-pin-source", "file:so-pin")
    #expect(try await bench.object("token", "list")["tokens"].list.count == 1)
  }

  @Test("a label that cannot be one is a usage error", arguments: ["", String(repeating: "x", count: 33)])
  func impossibleLabel(label: String) async throws {
    try await Bench().refused(64, "token", "init", label, "--so-pin-source", "file:so-pin")
  }

  @Test("a PIN that the token does not take is refused before the token is touched", arguments: ["pin", "so-pin"])
  func shortPIN(file: String) async throws {
    let bench = try Bench()
    try bench.folder.write("12\n".utf8, to: file)
    let refusal = try await bench.refused(4, "token", "init", "payroll", "--so-pin-source", "file:so-pin")
    #expect(refusal.rule == "PIN-LENGTH")
    #expect(try await bench.object("token", "list")["tokens"].list.isEmpty)
  }

  @Test("a PIN that cannot be read is refused before the token is touched")
  func unreadablePIN() async throws {
    let bench = try Bench()
    try await bench.refused(78, "token", "init", "payroll", "--so-pin-source", "file:nothing-here")
    #expect(try await bench.object("token", "list")["tokens"].list.isEmpty)
  }
}
