import Foundation
import KeyEvidence
import TestSupport
import Testing

@Suite("key prove: an evidence bundle of a key on a token")
struct KeyProveTests {
  private static func bench(_ algorithm: String = "ecdsa-p256") async throws -> Bench {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", algorithm)
    return bench
  }

  private func proof(_ bench: Bench, _ file: String) throws -> KeyProof { try VerifiedKeyProof.verify(try bench.contents(file)).proof }

  @Test(
    "the bundle verifies without the token, and says what the token said and refused", arguments: ["ecdsa-p256", "rsa-2048", "ed25519"])
  func whole(algorithm: String) async throws {
    let bench = try await Self.bench(algorithm)
    let shown = try await bench.succeeds("key", "prove", "k", "--out", "k.proof")
    #expect(shown.contains("met") && shown.contains("SOFTWARE token") && shown.contains("hsmkey key verify-proof k.proof"))
    let proof = try proof(bench, "k.proof")
    #expect(proof.key.name == "k" && proof.key.algorithm == algorithm)
    #expect(proof.policy.isMet && proof.policy.name == "non-exportable-signing" && proof.policy.waivers.isEmpty)
    #expect(proof.rules.allSatisfy { $0.outcome == "met" })
    let probed = Set(proof.rules.filter { $0.grade == "probed" }.map(\.rule))
    #expect(probed.isSuperset(of: ["KEY-SENSITIVE", "KEY-NOT-EXTRACTABLE", "KEY-ATTRIBUTES-FIXED", "KEY-NOT-COPYABLE"]))
    #expect(proof.probes.count == 10 && proof.probes.allSatisfy { ["refused", "not possible"].contains($0.outcome) })
    let serial = try await bench.object("token", "list")["tokens"][0]["serial"].string
    #expect(proof.token.isSoftware && proof.token.serial == serial)
    #expect(proof.module.path == Bench.module && proof.module.owner == 0)
    let digest = try await run("sha256sum", [proof.module.realPath])
    #expect(digest.standardOutput.hasPrefix(proof.module.sha256))
    let tool = try await run("sha256sum", [Bench.program])
    #expect(tool.standardOutput.hasPrefix(proof.tool.sha256))
    #expect(proof.mechanisms.contains { $0.name == "CKM_ECDSA" && $0.uses.contains("sign") })

    // The same key by another program's word.
    try await bench.succeeds("key", "public", "k", "--out", "k.pem")
    let fresh = try Bench()
    let elsewhere = [
      "key", "verify-proof", bench.folder.path("k.proof"), "--key", bench.folder.path("k.pem"), "--json", "--require-probes",
      "--no-waivers",
    ]
    let result = try await fresh.hsmkey(elsewhere, environment: ["SOFTHSM2_CONF": "/nonexistent", "HSMKEY_MODULE": ""])
    #expect(result.exitCode == 0, "\(result.standardError)")
    // And nothing that a probe made is left on the token.
    let objects = try await bench.pkcs11Tool("--list-objects").standardOutput
    #expect(objects.matches(of: /Object;/).count == 2, "\(objects)")
  }

  @Test("without --out the bundle itself comes out, byte for byte, with --json too")
  func pipe() async throws {
    let bench = try await Self.bench()
    let plain = try await bench.succeeds("key", "prove", "k")
    let json = try await bench.succeeds("key", "prove", "k", "--json")
    for bundle in [plain, json] { #expect(try VerifiedKeyProof.verify(Array(bundle.utf8)).proof.key.name == "k") }
    let checked = try await bench.shell("$hsmkey key prove k | $hsmkey key verify-proof - --json | jq -r .policy[\\\"is-met\\\"]")
    #expect(checked.standardOutput == "true\n", "\(checked.standardError)")
  }

  @Test("what an auditor asked for is in it: words, a second signature, certificates, attached attestations")
  func parts() async throws {
    let bench = try await Self.bench()
    try await bench.succeeds("key", "generate", "auditor", "--algorithm", "ecdsa-p384")
    try await bench.succeeds("key", "public", "auditor", "--out", "auditor.pem")
    try bench.folder.write("a vendor's own bytes".utf8, to: "blob")
    let report = try await bench.object(
      "key", "prove", "k", "--challenge", "white stork, 14:30", "--sign-with", "auditor", "--attestation", "some-vendor=blob", "--out", "p")
    #expect(report["is-met"].bool == true && report["probes"]["wrap-out"].string == "refused")
    let verified = try VerifiedKeyProof.verify(try bench.contents("p"))
    #expect(verified.signatures.map(\.role) == ["auditor", "key"])
    #expect(verified.proof.challenge == "white stork, 14:30")
    #expect(verified.proof.attestations.map(\.type) == ["some-vendor"])
    try await bench.succeeds("key", "verify-proof", "p", "--auditor-key", "auditor.pem", "--challenge", "white stork, 14:30")
    try await bench.refused(6, "key", "verify-proof", "p", "--challenge", "white stork, 14:31")
  }

  @Test("a policy that is not met is exit code 2, and the bundle that says so is written")
  func notMet() async throws {
    let bench = try await Self.bench()
    let imported = try await bench.pkcs11Tool(
      "--keypairgen", "--key-type", "EC:prime256v1", "--label", "loose", "--id", "77", "--extractable", "--usage-decrypt", "--usage-sign")
    #expect(imported.succeeded, "\(imported.standardError)")
    let result = try await bench.hsmkey(["key", "prove", "loose", "--out", "loose.proof"])
    #expect(result.exitCode == 2)
    #expect(result.standardError.contains("KEY-NOT-EXTRACTABLE violated"), "\(result.standardError)")
    let proof = try proof(bench, "loose.proof")
    #expect(!proof.policy.isMet)
    let violated = Set(proof.rules.filter { $0.outcome == "violated" }.map(\.rule))
    #expect(violated.isSuperset(of: ["KEY-NOT-EXTRACTABLE", "KEY-NEVER-EXTRACTABLE", "KEY-SIGN-ONLY", "KEY-UNIQUE-ID"]), "\(violated)")
    // Shown, and not only said: the key came out, wrapped.
    #expect(proof.probes.contains { $0.probe == "wrap-out" && $0.outcome == "succeeded" })
    #expect(proof.rules.first { $0.rule == "KEY-NOT-EXTRACTABLE" }?.grade == "probed")
    let checked = try await bench.hsmkey(["key", "verify-proof", "loose.proof"])
    #expect(checked.exitCode == 2 && checked.standardOutput.contains("NOT MET"))
  }

  @Test("a waiver is named, justified and printed; without a reason, or of an unknown rule, it is refused (KEY-WAIVER-JUSTIFIED)")
  func waivers() async throws {
    let bench = try await Self.bench()
    let profile = ["--policy", "non-exportable-signing-fixed", "--waive", "KEY-NOT-MODIFIABLE=made before 2026"]
    let half = try await bench.hsmkey(["key", "prove", "k", "--out", "half"] + profile)
    #expect(half.exitCode == 2 && half.standardError.contains("KEY-ALLOWED-MECHANISMS not claimed"), "\(half.standardError)")
    let both = try await bench.hsmkey(
      ["key", "prove", "k", "--out", "both"] + profile + ["--waive", "KEY-ALLOWED-MECHANISMS=made before 2026"])
    #expect(both.exitCode == 0 && both.standardOutput.contains("KEY-NOT-MODIFIABLE is waived: made before 2026"), "\(both.standardError)")
    #expect(try proof(bench, "both").policy.waivers.map(\.rule) == ["KEY-NOT-MODIFIABLE", "KEY-ALLOWED-MECHANISMS"])
    try await bench.refused(64, "key", "prove", "k", "--waive", "KEY-LOCAL")
    #expect(try await bench.refused(64, "key", "prove", "k", "--waive", "KEY-LOCAL=  ").rule == "KEY-WAIVER-JUSTIFIED")
    try await bench.refused(64, "key", "prove", "k", "--waive", "KEY-NICE=because")
    try await bench.refused(64, "key", "prove", "k", "--policy", "exportable")
  }

  @Test("without probes the bundle says that it is the token's word alone")
  func wordAlone() async throws {
    let bench = try await Self.bench()
    let shown = try await bench.succeeds("key", "prove", "k", "--without-probes", "--out", "p")
    #expect(shown.contains("the token's word alone"))
    let proof = try proof(bench, "p")
    #expect(proof.probes.isEmpty && proof.rules.allSatisfy { $0.grade == "token-asserted" })
  }

  @Test("--show-probes tells what would be tried, and needs no token")
  func show() async throws {
    let bench = try Bench()
    let result = try await bench.hsmkey(
      ["key", "prove", "--show-probes", "--json"], environment: ["HSMKEY_MODULE": "", "SOFTHSM2_CONF": ""])
    #expect(result.exitCode == 0)
    let probes = try JSON(parsing: result.standardOutput)["probes"].list
    #expect(
      probes.count == 10 && probes.allSatisfy { $0["rule"].string?.hasPrefix("KEY-") == true && $0["action"].string?.isEmpty == false })
  }

  @Test("what can be refused without a PIN is refused before: a file that exists, another key's certificate, an attestation without a file")
  func refusals() async throws {
    let bench = try await Self.bench()
    let noPIN = ["HSMKEY_PIN_SOURCE": "file:/nonexistent"]
    try bench.folder.write("mine".utf8, to: "there")
    try await bench.refused(65, "key", "prove", "k", "--out", "there", environment: noPIN)
    #expect(try bench.text("there") == "mine")
    try await bench.refused(64, "key", "prove", "k", "--attestation", "blob", environment: noPIN)
    try await bench.refused(65, "key", "prove", "k", "--attestation", "kind=nowhere", environment: noPIN)
    try await bench.refused(64, "key", "prove", environment: noPIN)
    try await bench.refused(3, "key", "prove", "nobody")

    let made = try await bench.openssl(
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "other.key", "-out", "other.pem", "-subj", "/CN=other", "-days", "3")
    #expect(made.succeeded)
    let other = try await bench.refused(6, "key", "prove", "k", "--certificate", "other.pem")
    #expect(other.rule == "EVIDENCE-CERTIFICATE" && other.message.contains("other.pem"), "\(other)")
    for challenge in ["", "two\nlines", String(repeating: "x", count: 1025)] {
      try await bench.refused(64, "key", "prove", "k", "--challenge", challenge, environment: noPIN)
    }
    let itself = try await bench.refused(2, "key", "prove", "k", "--sign-with", "k", environment: noPIN)
    #expect(itself.rule == "EVIDENCE-SIGNERS" && itself.hint.contains("another key"), "\(itself)")
  }

  @Test("an auditor's token signs a bundle later, and what it said is untouched; the key itself, and a changed bundle, are refused")
  func countersign() async throws {
    let bench = try await Self.bench()
    try await bench.succeeds("key", "prove", "k", "--out", "p")
    let auditor = try await Bench.withToken("audit")
    try await auditor.succeeds("key", "generate", "auditor")
    try await auditor.succeeds("key", "public", "auditor", "--out", "auditor.pem")
    let bundle = bench.folder.path("p")
    try await auditor.succeeds("key", "countersign-proof", "auditor", "--in", bundle, "--out", "q")
    let verified = try VerifiedKeyProof.verify(try auditor.contents("q"))
    #expect(verified.signatures.map(\.role) == ["auditor", "key"])
    let original = try proof(bench, "p")
    #expect(verified.proof == original)
    let twice = try await auditor.refused(2, "key", "countersign-proof", "auditor", "--in", "q", "--out", "r", "--role", "witness")
    #expect(twice.rule == "EVIDENCE-SIGNERS" && twice.hint.contains("signs once"), "\(twice)")
    try await auditor.succeeds("key", "verify-proof", "q", "--auditor-key", "auditor.pem")
    try await auditor.refused(6, "key", "verify-proof", bundle, "--auditor-key", "auditor.pem")

    #expect(try await bench.refused(2, "key", "countersign-proof", "k", "--in", "p", "--out", "r").rule == "EVIDENCE-SIGNERS")
    var changed = try bench.contents("p")
    let place = try #require(changed.firstRange(of: Array("CKR_".utf8))).lowerBound
    changed[place] = UInt8(ascii: "X")
    try auditor.folder.write(changed, to: "changed")
    let refusal = try await auditor.refused(6, "key", "countersign-proof", "auditor", "--in", "changed", "--out", "r")
    #expect(refusal.message.contains("/content/probes/"), "\(refusal.message)")
    #expect(!auditor.exists("r"))
  }
}
