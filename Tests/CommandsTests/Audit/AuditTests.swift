import Foundation
import TestSupport
import Testing

@Suite("audit")
struct AuditTests {
  /// A token with keys and a certificate, an inventory of it, and the public key that signed that.
  private static func bench() async throws -> Bench {
    let bench = try await Bench.withToken()
    for name in ["payroll", "auditor", "other"] { try await bench.succeeds("key", "generate", name, "--algorithm", "ecdsa-p256") }
    let request = try await bench.openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
      "-days", "3650", "-subj", "/CN=stranger")
    #expect(request.succeeded)
    _ = try await bench.openssl("x509", "-in", "ca.pem", "-outform", "der", "-out", "ca.der")
    try await bench.tool("--write-object", "ca.der", "--type", "cert", "--label", "stranger", "--id", "77")
    try await bench.succeeds("key", "public", "auditor", "--out", "auditor.pem")
    try await bench.succeeds("audit", "--write", "inventory", "--sign-with", "auditor")
    return bench
  }

  @Test("an inventory that is held against the same token finds nothing that is new, gone or changed")
  func same() async throws {
    let bench = try await Self.bench()
    let answer = try await bench.object("audit", "--inventory", "inventory", "--auditor-key", "auditor.pem", "--fail-on", "violation")
    #expect(answer["counts"]["violation"].number == 0)
    #expect(answer["inventory"]["is-signer-checked"].bool == true)
    #expect(answer["inventory"]["compared"].string == "all")
    #expect(answer["inventory"]["signers"][0]["is-auditor"].bool == true)
    #expect(answer["is-passive"].bool == true)
    #expect(answer["keys"].list.map { $0["private"]["label"].string } == ["auditor", "other", "payroll"])
    #expect(answer["notes"].list.isEmpty)
    let shown = try await bench.object("key", "show", "payroll")
    #expect(answer["keys"][2]["public-key-sha256"].string == shown["key"]["public-key-sha256"].string)
    // Who signed is not taken for granted.
    let unpinned = try await bench.succeeds("audit", "--inventory", "inventory")
    #expect(unpinned.contains("who signed the inventory was not checked"))
  }

  @Test("what pkcs11-tool does behind our back is found: keys deleted, added, renamed, under another identifier; a certificate removed")
  func drift() async throws {
    let bench = try await Self.bench()
    try await bench.tool("--delete-object", "--type", "privkey", "--label", "other")
    try await bench.tool("--delete-object", "--type", "pubkey", "--label", "other")
    try await bench.tool("--delete-object", "--type", "cert", "--label", "stranger")
    try await bench.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "intruder", "--id", "66")
    let identifier = try #require(try await bench.object("key", "show", "payroll")["key"]["id"].string)
    for type in ["privkey", "pubkey"] { try await bench.tool("--set-id", "4242", "--type", type, "--id", identifier) }
    let auditor = try #require(try await bench.object("key", "show", "auditor")["key"]["uri"].string)
    for type in ["private", "public"] {
      let renamed = try await run(
        "p11tool",
        [
          "--provider", Bench.module, "--login", "--set-pin=\(Bench.pin)", "--set-label", "renamed",
          auditor.replacing("type=private", with: "type=\(type)"),
        ],
        environment: bench.environment)
      try #require(renamed.succeeded, "\(renamed.standardError)")
    }

    let result = try await bench.hsmkey(["audit", "--inventory", "inventory", "--auditor-key", "auditor.pem", "--json"])
    #expect(result.exitCode == 2, "\(result.standardError)")
    #expect(result.standardError.isEmpty)
    let findings = try JSON(parsing: result.standardOutput)["findings"].list
    func names(_ rule: String) -> Set<String?> { Set(findings.filter { $0["rule"].string == rule }.map { $0["name"].string }) }
    #expect(names("AUDIT-GONE") == ["other", "stranger"])
    #expect(names("AUDIT-NEW") == ["intruder"])
    #expect(names("AUDIT-CHANGED") == ["payroll", "renamed"], "a renamed key is changed, and not gone and new")
    let renamed = try #require(findings.first { $0["name"].string == "renamed" && $0["rule"].string == "AUDIT-CHANGED" })
    #expect(renamed["changes"].list.map { $0["what"].string } == ["private CKA_LABEL", "public CKA_LABEL"])
    #expect(renamed["changes"][0]["expected"].string == "auditor")
    let moved = try #require(findings.first { $0["name"].string == "payroll" && $0["rule"].string == "AUDIT-CHANGED" })
    #expect(moved["changes"][0]["found"].string == "4242")
  }

  @Test("without a PIN only public parts are compared, and that is said; none is asked for")
  func withoutPIN() async throws {
    let bench = try await Self.bench()
    let nobody = ["HSMKEY_PIN_SOURCE": "file:/nonexistent/pin"]
    let answer = try await bench.object("audit", "--inventory", "inventory", "--public-only", environment: nobody)
    #expect(answer["scope"].string == "public")
    #expect(answer["inventory"]["compared"].string == "public")
    #expect(answer["notes"].list.count == 3)
    #expect(answer["keys"].list.count == 3 && answer["keys"].list.allSatisfy { $0["private"].isNull })
    #expect(!answer["findings"].list.contains { ["AUDIT-GONE", "AUDIT-NEW", "AUDIT-HALF-KEY"].contains($0["rule"].string) })
    // Nor where nobody has said where it comes from, and nobody is there to ask.
    let alone = try await bench.succeeds(
      "audit", environment: ["HSMKEY_PIN_SOURCE": "", "HSMKEY_PIN_MEMORY": bench.folder.path("untouched")])
    #expect(alone.contains("because no PIN source is configured and there is no terminal"))
    #expect(!bench.exists("untouched"), "no PIN was tried")
    // A configured source that fails is an error, not a smaller audit.
    try await bench.refused(78, "audit", environment: nobody)
    // An inventory that was made without a login is written by nobody: the key that signs needs one.
    try await bench.refused(64, "audit", "--write", "x", "--sign-with", "auditor", "--public-only")
  }

  @Test("at a terminal the PIN is asked for")
  func prompt() async throws {
    let bench = try await Self.bench()
    let terminal = try PseudoTerminal()
    try terminal.resize(columns: 80)
    let child = try terminal.start(Bench.program, ["audit"], environment: bench.environment.merging(["HSMKEY_PIN_SOURCE": ""]) { $1 })
    try await terminal.waits(for: " PIN for token payroll: ")
    terminal.type("\(Bench.pin)\n")
    #expect(try await child.wait() == 0)
    let lines = terminal.shown.split(whereSeparator: \.isNewline).map { $0.filter { $0 != "\r" } }
    #expect(lines.contains { $0.contains("public and private objects") })
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines.filter { $0.count > 80 })")
  }

  @Test("an inventory that was changed by one byte anywhere is refused, and the message says where")
  func tampered() async throws {
    let bench = try await Self.bench()
    let bytes = try bench.contents("inventory")
    let whole = String(decoding: bytes, as: UTF8.self)
    for (number, offset) in stride(from: 0, to: bytes.count, by: max(bytes.count / 12, 1)).enumerated() {
      var changed = bytes
      changed[offset] = changed[offset] == UInt8(ascii: "a") ? UInt8(ascii: "b") : UInt8(ascii: "a")
      try bench.folder.write(changed, to: "changed-\(number)")
      let refusal = try await bench.refused(6, "audit", "--inventory", "changed-\(number)", "--public-only")
      #expect(refusal.rule?.hasPrefix("EVIDENCE-") == true)
      #expect(refusal.message.contains(": at /") || refusal.message.contains(": at byte "), "\(refusal.message)")
    }
    try bench.folder.write(whole.replacing(#""extractable":false"#, with: #""extractable":true"#).utf8, to: "opened")
    let refusal = try await bench.refused(6, "audit", "--inventory", "opened", "--auditor-key", "auditor.pem")
    #expect(refusal.rule == "EVIDENCE-DIGEST")
    #expect(refusal.message.contains("at /content/keys/"))
  }

  @Test("AUDIT-SIGNER: an inventory by another key than the auditor's is refused, whether the option names it or the configuration")
  func signer() async throws {
    let bench = try await Self.bench()
    try await bench.succeeds("key", "public", "other", "--out", "other.pem")
    let refusal = try await bench.refused(6, "audit", "--inventory", "inventory", "--auditor-key", "other.pem")
    #expect(refusal.rule == "AUDIT-SIGNER")
    try bench.folder.write("audit:\n  auditor-key: other.pem\n".utf8, to: "hsmkey.yaml")
    #expect(try await bench.refusedAsJSON(6, "audit", "--inventory", "inventory").rule == "AUDIT-SIGNER")
    let shown = try await bench.object("config", "show")["settings"].list.first { $0["name"].string == "audit.auditor-key" }
    #expect(shown?["value"].string?.hasSuffix("other.pem") == true)
    try await bench.succeeds("audit", "--inventory", "inventory", "--auditor-key", "auditor.pem")
    // A certificate stands for the key that it certifies.
    #expect(try await bench.refused(6, "audit", "--inventory", "inventory", "--auditor-key", "ca.pem").rule == "AUDIT-SIGNER")
    #expect(try await bench.refused(6, "audit", "--inventory", "inventory", "--auditor-key", "ca.der").rule == "AUDIT-SIGNER")
    let certified = try await bench.openssl(
      "x509", "-new", "-subj", "/CN=auditor", "-force_pubkey", "auditor.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-out", "auditor.crt")
    #expect(certified.succeeded)
    try await bench.succeeds("audit", "--inventory", "inventory", "--auditor-key", "auditor.crt")
    try bench.folder.write("audit:\n  auditor: other.pem\n".utf8, to: "hsmkey.yaml")
    try await bench.refused(78, "audit")
    try bench.folder.write("".utf8, to: "hsmkey.yaml")
    try await bench.refused(65, "audit", "--inventory", "inventory", "--auditor-key", "pin")
    try await bench.refused(65, "audit", "--inventory", "missing")
    try await bench.refused(6, "audit", "--inventory", "auditor.pem")
  }

  @Test("AUDIT-SAME-TOKEN: an inventory of another token is refused by name, before a PIN is asked for")
  func otherToken() async throws {
    let bench = try await Self.bench()
    try await bench.makeToken("second")
    let refusal = try await bench.refused(
      2, "audit", "--inventory", "inventory", "--token", "second", environment: ["HSMKEY_PIN_SOURCE": "file:/nonexistent/pin"])
    #expect(refusal.rule == "AUDIT-SAME-TOKEN")
    #expect(refusal.message.contains("of another token, payroll (serial "))
  }

  @Test("the exit code is by the worst finding, from the weight that was asked for")
  func exitCodes() async throws {
    let bench = try await Bench.withToken()
    #expect(try await bench.succeeds("audit", "--fail-on", "notice").contains("nothing found"))
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    func exitCode(_ weight: String) async throws -> Int { try await bench.hsmkey(["audit", "--fail-on", weight]).exitCode }
    #expect(try await [exitCode("notice"), exitCode("warning"), exitCode("violation")] == [2, 0, 0])
    try await bench.tool("--delete-object", "--type", "pubkey", "--label", "k")
    #expect(try await [exitCode("notice"), exitCode("warning"), exitCode("violation")] == [2, 2, 0])
    try await bench.tool("--keypairgen", "--key-type", "rsa:1024", "--label", "bad", "--id", "66")
    #expect(try await [exitCode("notice"), exitCode("warning"), exitCode("violation")] == [2, 2, 2])
    let shown = try await bench.hsmkey(["audit"])
    let waived = try await bench.hsmkey(["audit", "--waive", "KEY-NOT-COPYABLE=a test", "--json"])
    #expect(waived.standardOutput.contains("KEY-NOT-COPYABLE is waived: a test"))
    #expect(!waived.standardOutput.contains("does not meet non-exportable-signing: KEY-NOT-COPYABLE"))
    #expect(shown.standardOutput.contains("VIOLATION AUDIT-WEAK key bad (CKA_ID 66): RSA with 1024 bits"))
    #expect(shown.standardOutput.hasSuffix("(exit code 2)\n"))
    let mistakes = [
      ["--fail-on", "error"], ["--policy", "none"], ["--waive", "KEY-NONE=x"], ["--write", "x"], ["--auditor-key", "x"], ["--html", "-"],
    ]
    for arguments in mistakes {
      #expect(try await bench.hsmkey(["audit"] + arguments).exitCode == 64, "\(arguments)")
    }
  }

  @Test("jq reads the answer: each finding has its rule, its weight and its object")
  func jq() async throws {
    let bench = try await Self.bench()
    let script = """
      "$hsmkey" audit --json >answer || true
      jq -e '.findings | all((.rule | startswith("AUDIT-")) and (.severity | IN("notice", "warning", "violation")) and has("name"))' answer
      jq -e '[.keys[] | select(.private.attributes.extractable == false) | .private.label] == ["auditor", "other", "payroll"]' answer
      jq -e '.worst == (["violation", "warning", "notice"] - (["violation", "warning", "notice"] - [.findings[].severity]))[0]' answer
      """
    let result = try await bench.shell("set -e\n" + script)
    #expect(result.exitCode == 0, "\(result.standardOutput)\(result.standardError)")
    #expect(result.standardOutput == "true\ntrue\ntrue\n")
  }

  @Test("files that exist are not overwritten, and that is said before a PIN is asked for")
  func files() async throws {
    let bench = try await Self.bench()
    let nobody = ["HSMKEY_PIN_SOURCE": "file:/nonexistent/pin"]
    for arguments in [["--write", "inventory", "--sign-with", "auditor"], ["--html", "inventory"]] {
      let result = try await bench.hsmkey(["audit"] + arguments, environment: nobody)
      #expect(result.exitCode == 65 && result.standardError.contains("exists already"), "\(result.standardError)")
    }
    try await bench.refused(3, "audit", "--write", "new", "--sign-with", "nobody")
    #expect(!bench.exists("new"))
  }

  @Test("the signed file can be checked without us: openssl over the manifest, sha256sum over a section")
  func byHand() async throws {
    let bench = try await Self.bench()
    let script = """
      jq -cjS .manifest inventory >manifest
      jq -r '.signatures[0].signature' inventory | base64 -d >signature
      openssl dgst -sha256 -verify auditor.pem -signature signature manifest
      jq -cjS '.content.keys[1]' inventory | sha256sum | cut -d' ' -f1
      jq -r '.manifest.sha256["/keys/1"]' inventory
      """
    let result = try await bench.shell("set -e\n" + script)
    #expect(result.exitCode == 0, "\(result.standardError)")
    let lines = result.standardOutput.split(separator: "\n")
    #expect(lines.count == 3 && lines[0] == "Verified OK" && lines[1] == lines[2])
  }
}

extension Bench {
  /// Runs `pkcs11-tool` on the token, which must succeed.
  fileprivate func tool(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let result = try await run(
      "pkcs11-tool", ["--module", Self.module, "--token-label", "payroll", "--login", "--pin", Self.pin] + arguments,
      environment: environment, in: folder.path)
    try #require(result.succeeded, "\(arguments): \(result.standardError)", sourceLocation: sourceLocation)
  }
}
