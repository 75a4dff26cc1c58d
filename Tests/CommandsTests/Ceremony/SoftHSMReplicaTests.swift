import Foundation
import KeyCeremony
import TestSupport
import Testing

@Suite("A copy of a SoftHSM token")
struct SoftHSMReplicaTests {
  private static let serial = "5ca1ab1e00c0ffee"

  @Test("has the same key, its own serial number and label, and a PIN that can be changed; other programs see it as we do")
  func copy() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    let original = try await bench.object("key", "show", "k", "--token", "payroll")
    let serial = try #require(try await bench.object("token", "show", "--token", "payroll")["token"]["serial"].string)
    try SoftHSMReplica.make(of: serial, in: bench.folder.path("tokens"), serial: Self.serial, label: "second")

    let copy = try await bench.object("key", "show", "k", "--token", "second")
    #expect(copy["key"]["id"].string == original["key"]["id"].string)
    #expect(copy["key"]["id"].string != nil)
    #expect(try await bench.object("token", "show", "--token", "second")["token"]["serial"].string == Self.serial)
    try bench.folder.write("58204713\n".utf8, to: "new-pin")
    try await bench.succeeds("token", "set-pin", "--token", "second", "--new-pin-source", "file:\(bench.folder.path("new-pin"))")
    // The policy is read back and tried, and the key signs.
    try await bench.succeeds("key", "sign", "k", "--token", "second", "--pin-source", "file:new-pin", "--in", "pin", "--out", "pin.sig")
    try await bench.succeeds("key", "show", "k", "--token", "payroll")

    let slots = try await run("softhsm2-util", ["--show-slots"], environment: bench.environment)
    #expect(slots.standardOutput.contains(Self.serial) && slots.standardOutput.contains(serial))
    let listed = try await run(
      "pkcs11-tool",
      ["--module", Bench.module, "--token-label", "second", "--login", "--pin", "58204713", "--list-objects", "--type", "privkey"],
      environment: bench.environment)
    #expect(listed.exitCode == 0, "\(listed.standardError)")
    for flag in ["always sensitive", "never extractable", "label:      k"] { #expect(listed.standardOutput.contains(flag), "\(flag)") }
  }

  @Test("takes the place of the token that has its serial number")
  func replaced() async throws {
    let bench = try await Bench.withToken()
    try await bench.makeToken("second")
    let first = try #require(try await bench.object("token", "show", "--token", "payroll")["token"]["serial"].string)
    let second = try #require(try await bench.object("token", "show", "--token", "second")["token"]["serial"].string)
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256", "--token", "payroll")
    try SoftHSMReplica.make(of: first, in: bench.folder.path("tokens"), serial: second, label: "second")
    try await bench.succeeds("key", "show", "k", "--token", "second")
    #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.path("tokens")).count == 2)
  }

  @Test(
    "CEREMONY-COPY: an unknown token, its own serial number, one that is too long, and files of another form are refused",
    arguments: ["unknown", "same", "long", "label", "cut"])
  func refused(mistake: String) async throws {
    let bench = try await Bench.withToken()
    let tokens = bench.folder.path("tokens")
    let serial = try #require(try await bench.object("token", "show")["token"]["serial"].string)
    if mistake == "cut" {
      let folder = try #require(try FileManager.default.contentsOfDirectory(atPath: tokens).first)
      let object = URL(filePath: "\(tokens)/\(folder)/token.object")
      try Data(contentsOf: object).dropLast().write(to: object)
    }
    let error = try #require(throws: CeremonyError.self) {
      try SoftHSMReplica.make(
        of: mistake == "unknown" ? "0" : serial, in: tokens,
        serial: mistake == "same" ? serial : mistake == "long" ? "01234567890123456" : Self.serial,
        label: mistake == "label" ? String(repeating: "l", count: 33) : "second")
    }
    #expect(error.rule == .copy)
    #expect(try FileManager.default.contentsOfDirectory(atPath: tokens).count == 1)
  }
}
