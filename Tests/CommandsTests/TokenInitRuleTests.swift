@testable import Commands
import Foundation
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
    let choice = { (serials: [String]) in try TokenInitCommand.position(of: "1", among: serials, operation: "initialise token t") }
    #expect(try choice(["0", "", "1", "x"]) == 2)
    let refusal = #expect(throws: CommandError.self) { try choice(["1", "", "1"]) }
    #expect(refusal?.rule == "TOKEN-SERIAL-ONE")
    #expect(refusal?.exitStatus == .ruleRefused)
    #expect(#expect(throws: CommandError.self) { try choice(["0", ""]) }?.exitStatus == .tokenOrKey)
  }

  @Test(
    "PIN-PROTECTED-PATH: a pad that the token does not have is left nothing, and nothing is destroyed",
    arguments: ["--pin-source", "--so-pin-source"])
  func protectedPath(option: String) async throws {
    let bench = try await Bench.withToken()
    let serial = try #require(try await bench.object("token", "list")["tokens"][0]["serial"].string)
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    let other = option == "--pin-source" ? ["--so-pin-source", "file:so-pin"] : []
    for arguments in [["init", "other"], ["init", "payroll", "--serial", serial]] {
      let result = try await bench.hsmkey(["token"] + arguments + [option, "protected-path", "--json"] + other)
      let refusal = try Refusal(json: result, exitCode: 4, sourceLocation: #_sourceLocation)
      #expect(refusal.rule == "PIN-PROTECTED-PATH")
    }
    #expect(try await bench.object("key", "list")["keys"].list.count == 1)
    #expect(try await bench.object("token", "list")["tokens"].list.count == 1)
  }

  @Test("TOKEN-NOT-EMPTY: without a serial number only a token that is not initialised is taken")
  func notEmpty() throws {
    #expect(try TokenInitCommand.firstFree([true, false, false], operation: "initialise token t") == 1)
    for slots in [[], [true], [true, true]] {
      let refusal = #expect(throws: CommandError.self) { try TokenInitCommand.firstFree(slots, operation: "initialise token t") }
      #expect(refusal?.rule == "TOKEN-NOT-EMPTY")
    }
  }
}
