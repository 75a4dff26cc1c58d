import TestSupport
import Testing

@Suite("doctor and the other commands with tokens in trouble", .serialized)
struct DoctorFaultTests {
  private func bench(_ module: FaultModule, deadline: String = "1s") throws -> Bench {
    let bench = try Bench()
    try bench.folder.write("123456\n".utf8, to: "pin")
    try bench.folder.write("token:\n  module: \(module.path)\n  deadline: \(deadline)\n".utf8, to: "hsmkey.yaml")
    return bench
  }

  private static let environment = ["HSMKEY_MODULE": ""]

  @Test(
    "what the token says of its PIN is told in words, with exit code 4, and no PIN is tried",
    arguments: [
      ("CKF_USER_PIN_LOCKED", "PIN-NOT-LOCKED"), ("CKF_USER_PIN_FINAL_TRY", "PIN-FINAL-TRY"), ("CKF_USER_PIN_COUNT_LOW", "PIN-COUNT-LOW"),
    ])
  func pinFlags(flag: String, rule: String) async throws {
    let module = try FaultModule(.standAlone, .tokenFlag(flag, true))
    let answer = try await bench(module).failedDoctor(4, "--login", environment: Self.environment)
    #expect(answer.step("pin")["rule"].string == rule)
    #expect(answer.step("pin")["hint"].string?.isEmpty == false)
    #expect(answer.step("login")["message"].string == "not checked, because of pin")
    #expect(answer.step("algorithms")["outcome"].string == "ok")
    #expect(module.pinTries.isEmpty)
  }

  @Test("a user PIN that was never set, a device in error, one that is write-protected")
  func flags() async throws {
    let unset = try FaultModule(.standAlone, .tokenFlag("CKF_USER_PIN_INITIALIZED", false))
    let answer = try await bench(unset).failedDoctor(4, environment: Self.environment)
    #expect(answer.step("pin")["message"].string?.contains("never set") == true)
    let broken = try FaultModule(.standAlone, .tokenFlag("CKF_ERROR_STATE", true))
    let error = try await bench(broken).failedDoctor(3, environment: Self.environment)
    #expect(error.step("token-state")["outcome"].string == "failed")
    #expect(error.step("pin")["message"].string == "not checked, because of token-state")
    let protected = try FaultModule(.standAlone, .tokenFlag("CKF_WRITE_PROTECTED", true))
    let warning = try await bench(protected).object("doctor", environment: Self.environment)
    #expect(warning["outcome"].string == "warning")
    #expect(warning.step("token-state")["outcome"].string == "warning")
  }

  @Test(
    "a dialect is named with its peculiarities, and few sessions are warned of",
    arguments: [FaultLine.Dialect.cloudhsm, .luna, .nshield, .yubihsm])
  func dialects(dialect: FaultLine.Dialect) async throws {
    let module = try FaultModule(.standAlone, .dialect(dialect), .maxSessions(2))
    let result = try await bench(module).hsmkey(["doctor", "--json"], environment: Self.environment)
    let answer = try JSON(parsing: result.standardOutput)
    #expect(answer.step("dialect")["message"].string?.hasPrefix(dialect.rawValue) == true, "\(answer.step("dialect"))")
    #expect(answer.step("dialect")["details"].list.isEmpty == false)
    #expect(answer.step("sessions")["outcome"].string == "warning")
    #expect(answer.step("sessions")["hint"].string == "set token.sessions to 1; more are not opened")
  }

  @Test(
    "a call that hangs is named after the deadline, the rest is explained, and the process ends",
    arguments: [
      ("C_Initialize", "module-load"), ("C_GetSlotList", "slots"), ("C_GetTokenInfo", "slots"), ("C_GetMechanismList", "algorithms"),
    ])
  func hanging(function: String, step: String) async throws {
    let module = try FaultModule(.standAlone, .hang(function))
    let bench = try bench(module)
    let answer = try await bench.failedDoctor(3, environment: Self.environment)
    #expect(answer.step(step)["rule"].string == "CALL-DEADLINE", "\(answer.step(step))")
    #expect(answer.step(step)["message"].string?.contains("\(function) has not returned within 1.0 seconds") == true)
    #expect(answer.step("clock")["outcome"].string == "ok")
  }

  @Test(
    "every command ends although its token hangs: exit code 3, the deadline's rule, and nothing after the error",
    arguments: ["C_Initialize", "C_GetSlotList", "C_GetTokenInfo", "C_Login", "C_OpenSession", "C_FindObjectsInit"])
  func everyCommand(function: String) async throws {
    let module = try FaultModule(.standAlone, .hang(function))
    let bench = try bench(module)
    let refusal = try await bench.refusedAsJSON(3, "key", "list", environment: Self.environment)
    #expect(refusal.rule == "CALL-DEADLINE")
    if function.hasPrefix("C_Get") || function == "C_Initialize" {
      #expect(try await bench.refused(3, "token", "list", environment: Self.environment).rule == "CALL-DEADLINE")
    }
  }

  @Test(
    "a module that hangs only at the end keeps nobody: the answer is there, and a warning", arguments: ["C_Finalize", "C_CloseSession"])
  func hangingEnd(function: String) async throws {
    let module = try FaultModule(.standAlone, .hang(function))
    let result = try await bench(module).hsmkey(["key", "list", "--json"], environment: Self.environment)
    #expect(result.exitCode == 0, "\(result.standardError)")
    #expect(try JSON(parsing: result.standardOutput)["keys"].list.isEmpty)
  }

  @Test("a module that fails to initialise is told by the function and its answer")
  func initialization() async throws {
    let module = try FaultModule(.standAlone, .fail("C_Initialize", "CKR_GENERAL_ERROR"))
    let answer = try await bench(module).failedDoctor(3, environment: Self.environment)
    #expect(answer.step("module-load")["message"].string?.contains("CKR_GENERAL_ERROR (0x5) from C_Initialize") == true)
  }
}
