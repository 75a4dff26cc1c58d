import Foundation
import TestSupport
import Testing

@Suite("The module is pinned: in every command that loads one", .serialized)
struct ModulePinTests {
  /// A copy of SoftHSM in the bench's folder; as root, it is given to another user.
  private static func copy(in bench: Bench) throws -> String {
    let path = bench.folder.path("copy.so")
    try FileManager.default.copyItem(atPath: URL(filePath: Bench.module).resolvingSymlinksInPath().path, toPath: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    if geteuid() == 0 { try FileManager.default.setAttributes([.ownerAccountID: 65534], ofItemAtPath: path) }
    return path
  }

  private static let foreign = geteuid() == 0 ? 65534 : Int(geteuid())

  private static func digest(_ path: String) async throws -> String {
    try await String(run("sha256sum", [path]).standardOutput.prefix(64))
  }

  @Test(
    "MODULE-OWNER: root's only, unless another owner is set; refused before the PIN is read",
    arguments: [
      ["token", "list"], ["token", "show"], ["token", "check-pin"], ["token", "set-pin"], ["token", "init", "x"], ["key", "list"],
      ["key", "generate", "k"], ["csr", "k", "--subject", "CN=x"], ["benchmark", "--seconds", "1"],
    ])
  func owner(command: [String]) async throws {
    let bench = try await Bench.withToken()
    let copy = try Self.copy(in: bench)
    let environment = ["HSMKEY_MODULE": copy, "HSMKEY_MODULE_OWNER": "", "HSMKEY_PIN_SOURCE": "fd:9"]
    let result = try await bench.hsmkey(command, environment: environment)
    let refusal = try Refusal(text: result, exitCode: 78, sourceLocation: #_sourceLocation)
    #expect(refusal.message.contains("[MODULE-OWNER]"), "\(refusal.message)")
    #expect(refusal.hint.contains("token.module-owner is root (default)"), "\(refusal.hint)")
  }

  @Test("the owner is set by name or number, in the file or the environment, and config show tells where")
  func configuredOwner() async throws {
    let bench = try await Bench.withToken()
    let copy = try Self.copy(in: bench)
    let none = ["HSMKEY_MODULE": copy, "HSMKEY_MODULE_OWNER": ""]
    // The folder is ours, and as root that is good for every owner.
    try await bench.succeeds("token", "list", environment: ["HSMKEY_MODULE": copy, "HSMKEY_MODULE_OWNER": "\(Self.foreign)"])
    let name = try await run("id", ["-un", "\(Self.foreign)"]).standardOutput.split(separator: "\n").joined()
    try bench.folder.write("token: {module-owner: \(name)}\n".utf8, to: "hsmkey.yaml")
    try await bench.succeeds("token", "list", environment: none)
    let shown = try await bench.object("config", "show", environment: none)["settings"].list.first {
      $0["name"].string == "token.module-owner"
    }
    #expect(shown?["value"].string == name)
    #expect(shown?["origin"].string == "file ./hsmkey.yaml")

    let refusal = try await bench.refused(78, "token", "list", environment: ["HSMKEY_MODULE_OWNER": "no-such-user"])
    #expect(refusal.message.contains("no user of this machine: no-such-user (environment HSMKEY_MODULE_OWNER)"))
  }

  @Test("MODULE-DIGEST: what is pinned is loaded, anything else is exit code 2, and doctor says the line to pin with")
  func digest() async throws {
    let bench = try await Bench.withToken()
    try bench.folder.write("state: state/s\n".utf8, to: "hsmkey.yaml")
    let step = try await bench.object("doctor", "--offline").step("module-digest")
    #expect(step["message"].string == "not pinned: any content is loaded")
    let line = try #require(step["details"].list.last?.string)
    #expect(line == "module-sha256: \(try await Self.digest(Bench.module))")

    try bench.folder.write("state: state/s\ntoken:\n  \(line)\n".utf8, to: "hsmkey.yaml")
    try await bench.succeeds("token", "list")
    let pinned = try await bench.object("doctor", "--offline").step("module-digest")
    #expect(pinned["outcome"].string == "ok")
    #expect(pinned["message"].string == "the SHA-256 that is pinned (file ./hsmkey.yaml)")
    let upperCase = line.dropFirst("module-sha256: ".count).uppercased()
    try await bench.succeeds("token", "list", environment: ["HSMKEY_MODULE_SHA256": upperCase])

    let other = ["HSMKEY_MODULE_SHA256": String(repeating: "0a", count: 32)]
    let refusal = try await bench.refusedAsJSON(2, "key", "list", environment: other)
    #expect(refusal.rule == "MODULE-DIGEST")
    #expect(refusal.hint.contains("token.module-sha256 is set (environment HSMKEY_MODULE_SHA256)"), "\(refusal.hint)")
    let answer = try await bench.failedDoctor(2, environment: other)
    #expect(answer.step("module-digest")["rule"].string == "MODULE-DIGEST")
    #expect(answer.step("module-load")["message"].string == "not checked, because of module-digest")
  }

  @Test(
    "a digest that is none is an error of the configuration, and no wildcard",
    arguments: ["x", "*", String(repeating: "+1", count: 32), String(repeating: "0", count: 63), String(repeating: "0g", count: 32)])
  func badDigest(text: String) async throws {
    let refusal = try await Bench().refused(78, "token", "list", environment: ["HSMKEY_MODULE_SHA256": text])
    #expect(refusal.message.contains("token.module-sha256 is no SHA-256"))
  }

  @Test("MODULE-ABSOLUTE-PATH: a name without a folder is exit code 78")
  func relative() async throws {
    #expect(
      try await Bench().refusedAsJSON(78, "token", "list", environment: ["HSMKEY_MODULE": "libsofthsm2.so"]).rule == "MODULE-ABSOLUTE-PATH")
  }
}
