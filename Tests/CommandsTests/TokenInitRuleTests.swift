@testable import Commands
import Foundation
import PKCS11
import Secrets
import TestSupport
import Testing

@Suite("token init refuses before anything is destroyed", .serialized)
struct TokenInitRuleTests {
  @Test("TOKEN-SERIAL-ONE: an empty serial number names no token")
  func emptySerial() async throws {
    let bench = try await Bench.withToken()
    let refusal = try await bench.refusedAsJSON(64, "token", "init", "other", "--serial", "", "--so-pin-source", "file:so-pin")
    #expect(refusal.rule == "TOKEN-SERIAL-ONE")
    #expect(try await bench.object("token", "list")["tokens"].list.count == 1)
  }

  @Test("TOKEN-SERIAL-ONE: of two tokens with one serial number none is initialised")
  func twoWithOneSerial() throws {
    // SoftHSM cannot show two such tokens (it ends the process), so the choice is tested by itself.
    let choice = { (serials: [String?]) in try TokenInitCommand.position(of: "1", among: serials, operation: "initialise token t") }
    #expect(try choice(["0", nil, "1", ""]) == 2)
    let refusal = #expect(throws: CommandError.self) { try choice(["1", nil, "1"]) }
    #expect(refusal?.rule == "TOKEN-SERIAL-ONE")
    #expect(refusal?.exitStatus == .ruleRefused)
    #expect(#expect(throws: CommandError.self) { try choice(["0", nil]) }?.exitStatus == .tokenOrKey)
  }

  @Test("TOKEN-INIT-PIN-READ: a device's own pad is refused before the module is loaded", arguments: ["--pin-source", "--so-pin-source"])
  func protectedPath(option: String) async throws {
    let bench = try Bench()
    let other = option == "--pin-source" ? ["--so-pin-source", "file:so-pin"] : []
    let result = try await bench.hsmkey(
      ["token", "init", "payroll", option, "protected-path", "--json"] + other, environment: ["HSMKEY_MODULE": "/nonexistent"])
    let refusal = try Refusal(json: result, exitCode: 2, sourceLocation: #_sourceLocation)
    #expect(refusal.rule == "TOKEN-INIT-PIN-READ")
    #expect(refusal.hint.contains("vendor's tool"))
  }

  @Test("TOKEN-NOT-EMPTY: without a serial number only a token that is not initialised is taken")
  func notEmpty() throws {
    #expect(try TokenInitCommand.firstFree([true, nil, false, false], operation: "initialise token t") == 2)
    for slots in [[], [nil], [true, nil, true]] as [[Bool?]] {
      let refusal = #expect(throws: CommandError.self) { try TokenInitCommand.firstFree(slots, operation: "initialise token t") }
      #expect(refusal?.rule == "TOKEN-NOT-EMPTY")
    }
  }

  @Test(
    "SO-PIN-NOT-LOCKED, SO-PIN-FINAL-TRY: a token that is about to lock its security officer out is not tried",
    arguments: [
      (TokenFlags.securityOfficerPINLocked, "prompt", "SO-PIN-NOT-LOCKED" as String?),
      (.securityOfficerPINLocked, "fd:3", "SO-PIN-NOT-LOCKED"),
      (.securityOfficerPINFinalTry, "file:/pin", "SO-PIN-FINAL-TRY"), (.securityOfficerPINFinalTry, "prompt", nil),
      (.securityOfficerPINCountLow, "file:/pin", nil),
    ])
  func securityOfficer(flag: TokenFlags, source: String, rule: String?) throws {
    func refusal(_ flags: TokenFlags) throws -> CommandError? {
      do {
        try SecurityOfficerGuard(flags: flags, token: "t").check(SecretSource(parsing: source), operation: "initialise token t")
        return nil
      } catch let error as CommandError {
        return error
      }
    }
    let refused = try refusal([flag, .tokenInitialized])
    #expect(refused?.rule == rule)
    #expect(refused == nil || refused?.exitStatus == .pin)
    // What a token says that holds nothing yet does not matter: its first PIN is the one that is given.
    #expect(try refusal([flag]) == nil)
  }
}
