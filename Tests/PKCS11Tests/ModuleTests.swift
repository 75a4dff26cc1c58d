import Foundation
import PKCS11
import Synchronization
import TestSupport
import Testing

@Suite("Modules")
struct ModuleTests {
  @Test(
    "MODULE-PATH: a path that leads nowhere or to no file is refused",
    arguments: ["/nowhere/m.so", "/usr", "/etc/passwd/m.so"])
  func badPath(_ path: String) throws {
    let error = try pkcs11Error { _ = try Module(path: path) }
    #expect(error.rule == .modulePath)
  }

  @Test("MODULE-LOADS: a file that is no library is refused in the loader's words")
  func noLibrary() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("not a library".utf8, to: "module.so")
    let error = try pkcs11Error { _ = try Module(path: path) }
    #expect(error.rule == .moduleLoads)
    #expect(error.message.contains("module.so"))
  }

  @Test("MODULE-LOADS: a library without C_GetFunctionList is refused")
  func notAModule() async throws {
    let folder = try TemporaryFolder()
    let source = try folder.write("int nothing;".utf8, to: "library.c")
    #expect(try await run("cc", ["-shared", "-fPIC", "-o", folder.path("library.so"), source]).succeeded)
    let error = try pkcs11Error { _ = try Module(path: folder.path("library.so")) }
    #expect(error.rule == .moduleLoads)
    #expect(error.message.contains("C_GetFunctionList"))
  }

  @Test("a module is initialised with OS locking, nothing reserved and zero bytes behind")
  func initialization() async throws {
    let scripted = try await ScriptedModule()
    let module = try Module(path: scripted.path)
    #expect(module.information.cryptokiVersion == Version(major: 2, minor: 40))
    #expect(module.information.cryptokiVersion.description == "2.40")
    #expect(module.information.manufacturer == "Tests")
    #expect(module.information.libraryDescription == "Scripted module")
    #expect(module.information.libraryVersion == Version(major: 1, minor: 2))
    #expect(!module.information.usesGetInterface)
    try module.finalize()
    #expect(scripted.calls == ["C_GetFunctionList", "C_Initialize", "C_GetInfo", "C_Finalize"])
  }

  @Test("one file under two paths is initialised once, and finalized when its last user asks")
  func sharedModule() async throws {
    let scripted = try await ScriptedModule()
    let first = try Module(path: scripted.path)
    let second = try Module(path: try scripted.link())
    try first.finalize()
    try first.finalize()
    #expect(!scripted.calls.contains("C_Finalize"))
    #expect(try second.tokens().count == 1)
    #expect(try pkcs11Error { _ = try first.tokens() }.rule == .moduleInUse)
    try second.finalize()
    #expect(scripted.calls.count { $0 == "C_Initialize" } == 1)
    #expect(scripted.calls.count { $0 == "C_Finalize" } == 1)
  }

  @Test("many threads that open one module at once share one initialisation")
  func concurrentOpening() async throws {
    let scripted = try await ScriptedModule()
    let path = scripted.path
    let modules = try await withThrowingTaskGroup(of: Module.self) { group in
      for _ in 0..<32 { group.addTask { try Module(path: path) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(modules.count == 32)
    #expect(scripted.calls.count { $0 == "C_Initialize" } == 1)
  }

  @Test("MODULE-IN-USE: after finalize, what the module gave out is refused, also when the module was opened again")
  func generations() async throws {
    let scripted = try await ScriptedModule()
    let module = try Module(path: scripted.path)
    let token = try module.tokens()[0]
    var session = try token.openSession(.readOnly)
    try module.finalize()
    let again = try Module(path: scripted.path)
    do {
      _ = try session.findObjects(matching: [])
      Issue.record("a session of the finalized module was used")
    } catch {
      #expect(error.rule == .moduleInUse)
    }
    #expect(try pkcs11Error { _ = try token.information() }.rule == .moduleInUse)
    let closed = scripted.calls.count { $0 == "C_CloseSession" }
    _ = consume session
    // Its number may belong to a new session by now.
    #expect(scripted.calls.count { $0 == "C_CloseSession" } == closed)
    try again.finalize()
  }

  @Test("a session that is dropped on one thread is closed to its end before another finalizes the module")
  func closingBeforeFinalizing() async throws {
    let scripted = try await ScriptedModule(["SLOW_CLOSE": "300000"])
    let module = try Module(path: scripted.path)
    let token = try module.tokens()[0]
    async let dropping: Void = Self.openAndDrop(token)
    _ = try await eventually("the closing") { scripted.calls.contains("C_CloseSession") ? true : nil }
    try module.finalize()
    try await dropping
    #expect(scripted.calls.suffix(3) == ["C_CloseSession", "closed", "C_Finalize"])
  }

  @Test("MODULE-QUIET: a module is not finalized under a call that does not return, and can be later")
  func callThatHangs() async throws {
    // Much longer than finalizing waits: this test may get its turn late.
    let scripted = try await ScriptedModule(["SLOW_CLOSE": "25000000"])
    let module = try Module(path: scripted.path)
    let token = try module.tokens()[0]
    async let dropping: Void = Self.openAndDrop(token)
    _ = try await eventually("the closing") { scripted.calls.contains("C_CloseSession") ? true : nil }
    #expect(try pkcs11Error { try module.finalize() }.rule == .moduleQuiet)
    #expect(try module.tokens().count == 1)
    try await dropping
    try module.finalize()
    #expect(scripted.calls.last == "C_Finalize")
  }

  private static func openAndDrop(_ token: Token) async throws {
    let session = try token.openSession(.readOnly)
    _ = consume session
  }

  @Test("MODULE-PARAMETERS: a module that is open is not opened with another initialisation string")
  func initializationString() async throws {
    let scripted = try await ScriptedModule()
    // The scripted module refuses what the standard reserves, so this shows that the string arrives there.
    #expect(try pkcs11Error { _ = try Module(path: scripted.path, initializationString: "x") }.returnValue == .argumentsBad)
    let module = try Module(path: scripted.path)
    #expect(try pkcs11Error { _ = try Module(path: scripted.path, initializationString: "x") }.rule == .moduleParameters)
    try module.finalize()
  }

  @Test("an initialisation that others made is adopted, and never finalized")
  func adoption() async throws {
    let scripted = try await ScriptedModule(["ALREADY_INITIALIZED": "1"])
    let module = try Module(path: scripted.path)
    #expect(try module.tokens().count == 1)
    try module.finalize()
    #expect(!scripted.calls.contains("C_Finalize"))
  }

  @Test("the interface of 3.0 is used where there is one")
  func laterInterface() async throws {
    let module = try await ScriptedModule(["INTERFACE": "3"]).module()
    #expect(module.information.usesGetInterface)
    #expect(module.information.interfaceVersion == Version(major: 3, minor: 0))
    #expect(try module.tokens().count == 1)
  }

  @Test("C_GetInterface that fails, or gives a table we do not know, leads to C_GetFunctionList", arguments: ["0", "9"])
  func interfaceFallback(_ interface: String) async throws {
    let module = try await ScriptedModule(["INTERFACE": interface]).module()
    #expect(!module.information.usesGetInterface)
    #expect(module.information.interfaceVersion == Version(major: 2, minor: 40))
  }

  @Test("MODULE-LOADS: a function table of an unknown version is refused", arguments: ["1", "4"])
  func unknownTable(_ version: String) async throws {
    let scripted = try await ScriptedModule(["LIST_VERSION": version])
    #expect(try pkcs11Error { _ = try scripted.module() }.rule == .moduleLoads)
  }

  @Test("PKCS11-FUNCTION-PRESENT: a function that is missing from the table is an error, not a crash")
  func missingFunction() async throws {
    let scripted = try await ScriptedModule(["WITHOUT": "C_OpenSession"])
    let token = try Module(path: scripted.path).tokens()[0]
    let error = try pkcs11Error { _ = try token.openSession(.readOnly) }
    #expect(error.rule == .functionPresent)
    #expect(error.returnValue == .functionNotSupported)
    #expect(error.function == "C_OpenSession")
  }

  @Test("LIST-SIZE: a list of slots that cannot be true is refused")
  func endlessSlots() async throws {
    let module = try await ScriptedModule(["SLOT_COUNT": "0x7fffffffffffffff"]).module()
    #expect(try pkcs11Error { _ = try module.slots() }.rule == .listSize)
  }

  @Test("PKCS11-CALL: C_Initialize that fails says which code, and can be tried again")
  func failingInitialization() async throws {
    let scripted = try await ScriptedModule(["FAIL": "C_Initialize", "FAIL_WITH": "0x80000ABC"])
    for _ in 1...2 {
      let error = try pkcs11Error { _ = try Module(path: scripted.path) }
      #expect(error.rule == .call)
      #expect(error.function == "C_Initialize")
      #expect(error.returnValue == ReturnValue(rawValue: 0x8000_0ABC))
      #expect(error.description.contains("a return value of the vendor's own (0x80000ABC) from C_Initialize"))
    }
    #expect(scripted.calls.count { $0 == "C_Initialize" } == 2)
  }

  @Test("a token's texts are trimmed, and cleared of what a terminal would obey")
  func tokenTexts() async throws {
    let token = try await ScriptedModule().module().tokens()[0]
    #expect(token.label == "scripted")
    #expect(token.manufacturer == "Te\u{FFFD}[31mst\u{FFFD}s")
    #expect(token.flags == [.tokenInitialized, .userPINFinalTry])
    #expect(token.flags.description == "CKF_TOKEN_INITIALIZED CKF_USER_PIN_FINAL_TRY")
    #expect(token.maximumSessionCount == .maximum(3))
    #expect(token.maximumReadWriteSessionCount == .unavailable)
    #expect(token.sessionCount == nil)
  }

  @Test("a tracer sees names, answers and times of calls, beside others, and can be taken away without them")
  func tracing() async throws {
    let scripted = try await ScriptedModule()
    let seen = Mutex<[TracedCall]>([])
    let others = Mutex<[TracedCall]>([])
    let registration = CallTrace.add { call in seen.withLock { $0.append(call) } }
    let other = CallTrace.add { call in others.withLock { $0.append(call) } }
    #expect(registration != other)
    let module = try Module(path: scripted.path)
    CallTrace.remove(registration)
    try module.finalize()
    CallTrace.remove(other)
    CallTrace.remove(other)
    _ = try Module(path: scripted.path)
    let calls = seen.withLock { $0 }.filter { $0.module == scripted.path }
    #expect(calls.map(\.function) == ["C_GetFunctionList", "C_Initialize", "C_GetInfo"])
    let otherCalls = others.withLock { $0 }.filter { $0.module == scripted.path }
    #expect(otherCalls.map(\.function) == ["C_GetFunctionList", "C_Initialize", "C_GetInfo", "C_Finalize"])
    #expect(calls.allSatisfy { $0.returnValue == .ok && $0.duration >= .zero })
  }

  @Test(
    "OpenSC's module of 3.0, a real one, loads through C_GetInterface",
    .enabled(if: FileManager.default.fileExists(atPath: openSC), "opensc-pkcs11 is not installed"))
  func openSCModule() throws {
    let module = try Module(path: Self.openSC)
    #expect(module.information.usesGetInterface)
    #expect(module.information.interfaceVersion == Version(major: 3, minor: 0))
    _ = try module.slots(withTokenPresent: false)
    try module.finalize()
  }

  private static let openSC = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"

  @Test(
    "NSS softoken, which cannot start without a parameter of its own, says so",
    .enabled(if: FileManager.default.fileExists(atPath: softoken), "libnss3 is not installed"))
  func nssModule() throws {
    let error = try pkcs11Error { _ = try Module(path: Self.softoken) }
    #expect(error.function == "C_Initialize")
    #expect(error.returnValue == .argumentsBad)
    #expect(error.hint?.contains("NSS") == true)
  }

  private static let softoken = "/usr/lib/x86_64-linux-gnu/libsoftokn3.so"
}
