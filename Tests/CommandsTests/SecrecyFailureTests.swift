import Foundation
import TestSupport
import Testing

@Suite("No secret is ever shown or kept when the token fails", .serialized)
struct SecrecyFailureTests {
  private static let newPIN = "81726354"
  private static let forms = SecretForms([Bench.pin, Bench.securityOfficerPIN, newPIN])
  private static let token: [FaultLine] = [
    .init(stringLiteral: "pin \(Bench.pin)"), .init(stringLiteral: "so-pin \(Bench.securityOfficerPIN)"), .pinTries(5),
  ]

  /// Between them they make every call that any command makes with a PIN.
  private static let commands = [
    ["key", "generate", "k", "--algorithm", "ecdsa-p256"], ["token", "set-pin", "--new-pin-source", "file:new-pin"],
    ["token", "set-pin", "--reset-user-pin", "--so-pin-source", "file:so-pin", "--new-pin-source", "file:new-pin"],
    ["doctor", "--login", "--offline"],
  ]

  private static func bench() throws -> Bench {
    let bench = try Bench()
    try bench.folder.write("\(newPIN)\n".utf8, to: "new-pin")
    try bench.folder.write("state: state/s\ntoken: {deadline: 1s, key-generation-deadline: 1s}\n".utf8, to: "hsmkey.yaml")
    try FileManager.default.createDirectory(atPath: bench.folder.path("tmp"), withIntermediateDirectories: false)
    return bench
  }

  /// Runs a command at every kind of output, and looks at all of it, and at every file that is left.
  @discardableResult
  private static func look(
    _ bench: Bench, _ module: FaultModule, _ arguments: [String], _ what: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> ProgramResult {
    try? FileManager.default.removeItem(atPath: bench.folder.path("pins"))
    let result = try await bench.hsmkey(
      arguments + ["--log-level", "trace"], environment: ["HSMKEY_MODULE": module.path, "TMPDIR": bench.folder.path("tmp")])
    #expect(
      forms.found(in: result.standardOutput + result.standardError) == nil, "\(what): \(arguments)", sourceLocation: sourceLocation)
    for file in bench.files(under: ".") where !["./pin", "./so-pin", "./new-pin"].contains(file) {
      guard let content = try? bench.contents(file) else { continue }
      #expect(forms.found(in: Data(content)) == nil, "\(what): \(file)", sourceLocation: sourceLocation)
    }
    return result
  }

  @Test("whatever function of the module fails, and however: before, after the token has done it, and by a crash")
  func everyFunction() async throws {
    let bench = try Self.bench()
    for command in Self.commands {
      let module = try FaultModule(.standAlone, Self.token)
      let good = try await Self.look(bench, module, command, "nothing")
      #expect([0, 78].contains(good.exitCode), "\(good.standardError)")
      let functions = Set(module.calls.map(\.function)).subtracting(["C_GetFunctionList"])
      #expect(functions.contains("C_Login"))
      for function in functions.sorted() {
        for fault in [
          FaultLine.fail(function, "CKR_DEVICE_ERROR"), .fail(function, "CKR_PIN_LOCKED", .after), .crash(in: function, .after),
        ] {
          let module = try FaultModule(.standAlone, Self.token + [fault])
          try await Self.look(bench, module, command, fault.text)
        }
      }
    }
  }

  @Test(
    "a wrong PIN, a locked one, the last try, no token, a token that is not initialised, one that hangs, one that lies about PINs",
    arguments: [
      "pin 00000000", "user-failures 5", "user-failures 4", "token-absent on", "uninitialized on", "hang C_Login", "hang C_GenerateKeyPair",
      "fail C_Login CKR_PIN_LEN_RANGE", "fail C_Login CKR_PIN_EXPIRED", "fail C_Login 0x80000001", "fail C_Login 0", "kill C_Login",
      "drop-login C_GenerateKeyPair", "drop-sessions C_GenerateKeyPair", "deinitialize C_GenerateKeyPair",
    ])
  func states(line: String) async throws {
    let bench = try Self.bench()
    for command in Self.commands + [["token", "check-pin"], ["key", "list", "--json"]] {
      let module = try FaultModule(.standAlone, Self.token + [FaultLine(stringLiteral: line)])
      try await Self.look(bench, module, command, line)
    }
  }
}
