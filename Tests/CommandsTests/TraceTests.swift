import Foundation
import PKCS11
import Synchronization
import TestSupport
import Testing

@Suite("trace", .serialized)
struct TraceTests {
  @Test("every call into the module is shown with its time, answer and mechanism, those of the pool's threads too, and never a PIN")
  func everyCall() async throws {
    let module = try FaultModule(.softHSMInChild)
    let bench = try await Bench.withToken()
    let environment = ["HSMKEY_MODULE": module.path]
    var shown = ""
    let commands = [
      ["key", "generate", "k", "--algorithm", "ecdsa-p256"], ["key", "sign", "k", "--in", "pin", "--out", "pin.sig"], ["key", "show", "k"],
      ["token", "check-pin"], ["doctor", "--login", "--offline"], ["token", "show"],
      ["token", "set-pin", "--new-pin-source", "file:new-pin"],
    ]
    try bench.folder.write("58204713\n".utf8, to: "new-pin")
    for command in commands {
      try? module.forgetCalls()  // there is no log before the first call
      let result = try await bench.hsmkey(command + ["--log-level", "trace"], environment: environment)
      #expect(result.exitCode == 0, "\(command): \(result.standardError)")
      let traced = result.standardError.split(separator: "\n").compactMap { line -> String? in
        line.wholeMatch(
          of: /hsmkey: trace: (C_\w+)( mechanism=CKM_\w+)? returned=CKR_\w+ \(0x[0-9A-F]+\) time=[0-9]+\.[0-9](µs|ms)/
        ).map { String($0.1) }
      }
      // The module's own log is the judge of what was called.
      let called = module.calls.map(\.function)
      #expect(traced.sorted() == called.sorted(), "\(command)")
      shown += result.standardOutput + result.standardError
    }
    for secret in [Bench.pin, Bench.securityOfficerPIN, "58204713"] { #expect(!shown.contains(secret)) }
  }

  @Test("a traced call has no place for anything that a call is given or gives back")
  func byType() async throws {
    let module = try FaultModule()
    let seen = Mutex<[TracedCall]>([])
    let registration = CallTrace.add { call in seen.withLock { $0.append(call) } }
    defer { CallTrace.remove(registration) }
    _ = try Module(path: module.path).tokens()
    let calls = seen.withLock { $0 }.filter { $0.module == module.path }
    #expect(calls.map(\.function).contains("C_GetTokenInfo"))
    for call in calls {
      let fields = Mirror(reflecting: call).children.map { ($0.label ?? "", "\(type(of: $0.value))") }
      #expect(fields.map(\.0) == ["called", "mechanism", "returnValue", "duration", "module"])
      #expect(fields.map(\.1) == ["CryptokiFunction", "Optional<MechanismType>", "ReturnValue", "Duration", "String"])
      // The one text is the module's path; the function is one of a closed list, and a mechanism is a number.
      #expect(call.function.wholeMatch(of: /C_[A-Za-z]+/) != nil)
    }
  }

  @Test("what mends itself is told only to who asks: a dropped login")
  func events() async throws {
    let module = try FaultModule(.softHSMInChild, .dropLogin(on: "C_FindObjectsInit", .on(1)))
    let bench = try await Bench.withToken()
    let environment = ["HSMKEY_MODULE": module.path]
    let quiet = try await bench.hsmkey(["key", "list"], environment: environment)
    #expect(quiet.exitCode == 0, "\(quiet.standardError)")
    #expect(quiet.standardError.isEmpty)
    try module.script(.fail("C_FindObjectsInit", "CKR_SESSION_HANDLE_INVALID", .on(1)))
    let told = try await bench.hsmkey(["key", "list", "--log-level", "info"], environment: environment)
    #expect(told.exitCode == 0, "\(told.standardError)")
    #expect(told.standardError.contains("hsmkey: info: a session with token payroll is replaced"), "\(told.standardError)")
  }
}
