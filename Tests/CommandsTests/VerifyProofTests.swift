import Foundation
import KeyEvidence
import SwiftASN1
import TestSupport
import Testing
import X509

@Suite("key verify-proof: an auditor's machine, without token, module and configuration")
struct VerifyProofTests {
  /// A folder with a proof in it, and nothing else.
  private struct Desk {
    let folder: TemporaryFolder
    var fixture: ProofFixture

    init(_ fixture: ProofFixture = .nonExportableSigning()) throws {
      folder = try TemporaryFolder()
      self.fixture = fixture
    }

    func write(_ others: [(String, SoftwareSigner)] = []) throws {
      try folder.write(try fixture.file(others), to: "proof")
      try folder.write(try fixture.signer.publicKey.serializeAsPEM().pemString.utf8, to: "key.pem")
    }

    /// What the child sees: nothing of this machine's tokens.
    func hsmkey(_ arguments: String..., input: [UInt8] = []) async throws -> ProgramResult {
      try await run(
        Bench.program, ["key", "verify-proof"] + arguments,
        environment: [
          "SOFTHSM2_CONF": "", "HSMKEY_MODULE": "", "HSMKEY_TOKEN": "", "HSMKEY_CONFIG": "", "HSMKEY_PIN_SOURCE": "", "HOME": "",
          "COLUMNS": "",
        ], input: input, in: folder.path)
    }

    func refused(_ exitCode: Int, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> Refusal {
      let result = try await run(
        Bench.program, ["key", "verify-proof"] + arguments + ["--json"], environment: ["HSMKEY_CONFIG": ""], in: folder.path)
      return try Refusal(json: result, exitCode: exitCode, sourceLocation: sourceLocation)
    }

    func report(_ arguments: String..., exitCode: Int = 0, sourceLocation: SourceLocation = #_sourceLocation) async throws -> JSON {
      let result = try await run(
        Bench.program, ["key", "verify-proof"] + arguments + ["--json"], environment: ["HSMKEY_CONFIG": ""], in: folder.path)
      #expect(result.exitCode == exitCode, "\(result.standardError)", sourceLocation: sourceLocation)
      return try JSON(parsing: result.standardOutput)
    }
  }

  @Test("a proof is explained to a person: key, verdict, probes, token, signers, and what it does not show")
  func text() async throws {
    let desk = try Desk()
    try desk.write([("auditor", .ed25519())])
    let result = try await desk.hsmkey("proof", "--key", "key.pem")
    #expect(result.exitCode == 0 && result.standardError.isEmpty, "\(result.standardError)")
    for part in [
      "authentic: it is what the key signed", "the policy non-exportable-signing is met, with one waiver", "the one that was named",
      "in words", "ok  KEY-SENSITIVE  probed: CKA_SENSITIVE = true", "NO  KEY-LOCAL  the token says: CKA_LOCAL = false",
      "waived: generated under witnesses", "wrap-out (KEY-NOT-EXTRACTABLE): refused",
      "C_WrapKey (CKM_AES_KEY_WRAP): CKR_KEY_UNEXTRACTABLE", "a token in SOFTWARE", "the key itself, ecdsa-sha256",
      "NOT CHECKED who this is", "what this proof does not show", "No hardware is shown",
    ] { #expect(result.standardOutput.contains(part), "\(part)\n\(result.standardOutput)") }
    #expect(!result.standardOutput.contains("Nothing ties this proof"))
  }

  @Test("with --json one object says the same")
  func json() async throws {
    let desk = try Desk()
    let auditor = SoftwareSigner.p384()
    try desk.write([("auditor", auditor)])
    try desk.folder.write(try auditor.publicKey.serializeAsPEM().pemString.utf8, to: "auditor.pem")
    let report = try await desk.report(
      "proof", "--key", "key.pem", "--auditor-key", "auditor.pem", "--challenge", "blue horse, 2 January", "--at", "2026-01-05T00:00:00Z")
    #expect(report["format"].string == "hsmkey-key-proof/1")
    #expect(report["key"]["is-the-one-named"].bool == true)
    #expect(report["key"]["public-key-words"].string?.split(separator: " ").count == 32)
    #expect(report["policy"]["is-met"].bool == true)
    #expect(report["policy"]["waivers"].list.map { $0["rule"].string } == ["KEY-LOCAL"])
    #expect(report["rules"].list.map { $0["grade"].string } == ["probed", "probed"] + Array(repeating: "token-asserted", count: 10))
    #expect(report["probes"].list.map { $0["outcome"].string } == ["refused", "refused", "not possible"])
    #expect(report["signers"].list.map { $0["who"].string } == ["named", "the key itself"])
    #expect(report["token"]["is-software"].bool == true)
    #expect(report["is-challenge-compared"].bool == true)
    #expect(report["made-at"].string == "2026-01-02T03:04:05Z")
    #expect(
      report["not-shown"].list.map { $0.string?.prefix(20) }
        == ["No hardware is shown", "9 of the 12 rules re", "That KEY-LOCAL is me", "In which role somebo", "It tells how things "])
  }

  @Test("without --key it says that nothing ties the proof to the key that is used")
  func untied() async throws {
    let desk = try Desk()
    try desk.write()
    let result = try await desk.hsmkey("-", input: try desk.fixture.file())
    #expect(result.exitCode == 0)
    #expect(result.standardOutput.contains("NOT COMPARED with the key that you use"))
    #expect(result.standardOutput.contains("Nothing ties this proof to the key that you use"))
  }

  @Test("another key than the one named is refused (EVIDENCE-KEY-NAMED), by key and by certificate")
  func otherKey() async throws {
    let desk = try Desk()
    try desk.write()
    let other = SoftwareSigner.p256()
    try desk.folder.write(try other.publicKey.serializeAsPEM().pemString.utf8, to: "other.pem")
    #expect(try await desk.refused(6, "proof", "--key", "other.pem").rule == "EVIDENCE-KEY-NAMED")
    let root = ("ca", other.privateKey)
    try desk.folder.write(try ProofFixture.certificate(for: other.publicKey, issuedBy: root, subject: "x").der, to: "other.der")
    #expect(try await desk.refused(6, "proof", "--certificate", "other.der").rule == "EVIDENCE-KEY-NAMED")
    #expect(try await desk.refused(6, "proof", "--key", "key.pem", "--certificate", "other.der").rule == "EVIDENCE-KEY-NAMED")
    let own = try ProofFixture.certificate(for: desk.fixture.signer.publicKey, issuedBy: root, subject: "x")
    try desk.folder.write(try own.serializeAsPEM().pemString.utf8, to: "own.pem")
    #expect(try await desk.report("proof", "--certificate", "own.pem")["key"]["is-the-one-named"].bool == true)
  }

  @Test("an auditor who was named and did not sign is missed (EVIDENCE-AUDITOR-SIGNED), and so is a challenge (EVIDENCE-CHALLENGE)")
  func missing() async throws {
    let desk = try Desk()
    try desk.write()
    try desk.folder.write(try SoftwareSigner.ed25519().publicKey.serializeAsPEM().pemString.utf8, to: "auditor.pem")
    #expect(try await desk.refused(6, "proof", "--auditor-key", "auditor.pem").rule == "EVIDENCE-AUDITOR-SIGNED")
    #expect(try await desk.refused(6, "proof", "--challenge", "red horse").rule == "EVIDENCE-CHALLENGE")
  }

  @Test("a policy that is not met ends with 2, and the rule is named")
  func policyNotMet() async throws {
    var fixture = ProofFixture()
    fixture.rules[1] = .init(rule: "KEY-NOT-EXTRACTABLE", outcome: "violated", grade: "probed", observed: "C_WrapKey gave the key out")
    fixture.probes[1] = .init(
      probe: "wrap-out", rule: "KEY-NOT-EXTRACTABLE", action: "wrap", outcome: "succeeded",
      calls: [.init(function: "C_WrapKey", mechanism: "CKM_AES_KEY_WRAP", returned: "CKR_OK")])
    fixture.policy = .init(name: "non-exportable-signing", isMet: false, mustBeClaimed: [], waivers: fixture.policy.waivers)
    let desk = try Desk(fixture)
    try desk.write()
    let result = try await desk.hsmkey("proof", "--key", "key.pem")
    #expect(result.exitCode == 2)
    #expect(result.standardOutput.contains("NOT MET") && result.standardOutput.contains("DONE: it must not have been"))
    #expect(result.standardError.contains("KEY-NOT-EXTRACTABLE violated"))
    let report = try await desk.report("proof", exitCode: 2)
    #expect(report["objections"].list.map { $0["rule"].string } == ["KEY-NOT-EXTRACTABLE"])
  }

  @Test("a policy's name does not make it one: what this version demands under it and the proof does not show is told, and ends with 2")
  func borrowedName() async throws {
    var fixture = ProofFixture.nonExportableSigning()
    fixture.rules.removeAll { $0.rule == "KEY-SIZE" }
    fixture.rules[4] = .init(rule: "KEY-ALWAYS-SENSITIVE", outcome: "violated", grade: "token-asserted", observed: "it is not")
    fixture.policy = .init(
      name: "non-exportable-signing", isMet: true, mustBeClaimed: [], tolerated: ["KEY-ALWAYS-SENSITIVE"],
      waivers: fixture.policy.waivers)
    let desk = try Desk(fixture)
    try desk.write()
    let report = try await desk.report("proof", exitCode: 2)
    #expect(report["policy"]["is-met"].bool == false)
    #expect(report["policy"]["lacking"].list.map(\.string) == ["KEY-ALWAYS-SENSITIVE violated", "KEY-SIZE not judged"])
    #expect(try await desk.hsmkey("proof").standardError.contains("KEY-SIZE not judged"))
    // A name of its own makes it none either.
    let other = try Desk(ProofFixture())
    try other.write()
    let unknown = try await other.hsmkey("proof")
    #expect(unknown.exitCode == 2 && unknown.standardOutput.contains("What the policy a-policy-of-tests demands is not known"))
    #expect(unknown.standardError.contains("EVIDENCE-POLICY-NAMED"), "\(unknown.standardError)")
  }

  @Test("a checker names the policy (EVIDENCE-POLICY-NAMED), takes no waivers (EVIDENCE-NO-WAIVERS), requires probes (EVIDENCE-PROBED)")
  func demands() async throws {
    var fixture = ProofFixture.nonExportableSigning()
    let desk = try Desk(fixture)
    try desk.write()
    #expect(try await desk.report("proof", "--policy", "non-exportable-signing")["unmet-demands"].list.isEmpty)
    let stricter = try await desk.report("proof", "--policy", "non-exportable-signing-fixed", exitCode: 2)
    #expect(stricter["unmet-demands"].list.map { $0["rule"].string } == ["EVIDENCE-POLICY-NAMED"])
    #expect(stricter["unmet-demands"][0]["message"].string?.contains("KEY-NOT-MODIFIABLE not judged") == true)
    let both = try await desk.report("proof", "--no-waivers", "--require-probes", exitCode: 2)
    #expect(both["policy"]["is-met"].bool == true)
    #expect(both["unmet-demands"].list.map { $0["rule"].string } == ["EVIDENCE-NO-WAIVERS", "EVIDENCE-PROBED"])
    let text = try await desk.hsmkey("proof", "--no-waivers")
    #expect(text.exitCode == 2 && text.standardOutput.contains("what you DEMANDED is NOT"))
    #expect(text.standardError.contains("EVIDENCE-NO-WAIVERS: waived: KEY-LOCAL"), "\(text.standardError)")
    #expect(text.standardOutput.contains("That KEY-LOCAL is met: it was waived"))
    #expect(try await desk.refused(64, "proof", "--policy", "exportable").exitCode == 64)

    fixture.probes = []
    fixture.rules = fixture.rules.map {
      .init(rule: $0.rule, outcome: $0.outcome, grade: "token-asserted", observed: $0.observed, isWaived: $0.isWaived)
    }
    let unprobed = try Desk(fixture)
    try unprobed.write()
    #expect(try await unprobed.hsmkey("proof").standardOutput.contains("Nothing was probed: the token was not asked"))
    let demanded = try await unprobed.report("proof", "--require-probes", exitCode: 2)
    #expect(demanded["unmet-demands"][0]["message"].string == "nothing was probed")
  }

  @Test("a policy that overlooks decrypting overlooks no other use, said or shown", arguments: ["CKA_DECRYPT", "CKA_DERIVE"])
  func overlookedUse(use: String) async throws {
    var fixture = ProofFixture.nonExportableSigning()
    let index = try #require(fixture.rules.firstIndex { $0.rule == "KEY-SIGN-ONLY" })
    fixture.rules[index] = .init(
      rule: "KEY-SIGN-ONLY", outcome: "violated", grade: "token-asserted", observed: "allows CKA_SIGN, \(use)")
    fixture.policy = .init(
      name: "non-exportable-signing-and-decrypting", isMet: true, mustBeClaimed: fixture.policy.mustBeClaimed,
      tolerated: ["KEY-SIGN-ONLY"], waivers: fixture.policy.waivers)
    let said = try Desk(fixture)
    try said.write()
    let report = try await said.report("proof", exitCode: use == "CKA_DECRYPT" ? 0 : 2)
    #expect(report["policy"]["lacking"].list.map(\.string) == (use == "CKA_DECRYPT" ? [] : ["KEY-SIGN-ONLY violated"]))
    #expect(try await said.hsmkey("proof", "--policy", "non-exportable-signing").exitCode == 2)
    fixture.rules[index] = .init(rule: "KEY-SIGN-ONLY", outcome: "violated", grade: "probed", observed: "allows CKA_SIGN, CKA_DECRYPT")
    let isDecryption = use == "CKA_DECRYPT"
    fixture.probes.append(
      .init(
        probe: isDecryption ? "decrypt" : "derive", rule: "KEY-SIGN-ONLY", action: "use it", outcome: "succeeded",
        calls: [.init(function: isDecryption ? "C_Decrypt" : "C_DeriveKey", returned: "CKR_OK")]))
    let shown = try Desk(fixture)
    try shown.write()
    #expect(try await shown.hsmkey("proof").exitCode == (isDecryption ? 0 : 2))
  }

  @Test("a proof that was written anew or cut off is one that was changed, and the way to take it is told")
  func reformatted() async throws {
    let desk = try Desk()
    let bytes = try desk.fixture.file()
    let text = String(decoding: bytes, as: UTF8.self)
    let broken = [text.replacing(",", with: ",\n  ").replacing(":", with: ": ").replacing("{", with: "{\n "), String(text.prefix(300))]
    for text in broken + ["\u{FEFF}" + text, "x " + text] {
      try desk.folder.write(text.utf8, to: "proof")
      let refusal = try await desk.refused(6, "proof")
      #expect(refusal.rule == "EVIDENCE-CANONICAL" && refusal.hint.contains("byte for byte"), "\(text.prefix(20)): \(refusal)")
    }
  }

  @Test("what was not possible was not tried, and a role is said to be the signer's word")
  func honestWords() async throws {
    let desk = try Desk()
    try desk.write([("auditor", .ed25519())])
    let text = try await desk.hsmkey("proof").standardOutput
    #expect(text.contains("not tried: copy the key") && text.contains("      tried: read the private value"))
    #expect(text.contains("a role is the signer's word, and is not signed"))
  }

  @Test("what was changed is refused with its place")
  func changed() async throws {
    let desk = try Desk()
    try desk.write()
    let bytes = try desk.fixture.file()
    let text = String(decoding: bytes, as: UTF8.self)
    try desk.folder.write(text.replacing("CKA_SENSITIVE = true", with: "CKA_SENSITIVE = True").utf8, to: "proof")
    let digest = try await desk.refused(6, "proof")
    #expect(digest.rule == "EVIDENCE-DIGEST" && digest.message.contains("/content/rules/0"))
    try desk.folder.write(bytes + [0x0A], to: "proof")
    let end = try await desk.refused(6, "proof")
    #expect(end.rule == "EVIDENCE-CANONICAL" && end.message.contains("byte \(bytes.count)") && end.hint.contains("editor"))
    try desk.folder.write(bytes.dropLast(100), to: "proof")
    #expect(try await desk.refused(6, "proof").rule == "EVIDENCE-CANONICAL")
    // Another key takes the signature over.
    try desk.folder.write(try ProofFixture.file(try desk.fixture.proof().content, .p256()), to: "proof")
    #expect(try await desk.refused(6, "proof").rule == "EVIDENCE-KEY-SIGNED")
    let future = try await desk.refused(6, "proof", "--at", "2025-12-31T00:00:00Z")
    #expect(future.rule == "EVIDENCE-KEY-SIGNED" || future.rule == "EVIDENCE-TIME")
  }

  @Test("a proof from the future is refused (EVIDENCE-TIME)")
  func future() async throws {
    let desk = try Desk()
    try desk.write()
    #expect(try await desk.refused(6, "proof", "--at", "2025-12-31T00:00:00Z").rule == "EVIDENCE-TIME")
    #expect(try await desk.refused(64, "proof", "--at", "yesterday").exitCode == 64)
  }

  @Test(
    "what is no proof is input data",
    arguments: ["", "nothing", "{}", "{\"content\":{},\"manifest\":{},\"signatures\":[]}", "<xml/>", "[1,2,3]"])
  func noProof(text: String) async throws {
    let desk = try Desk()
    try desk.folder.write(text.utf8, to: "proof")
    #expect(try await desk.refused(65, "proof").message.contains("this is no key proof"))
    #expect(try await desk.refused(65, "absent").exitCode == 65)
  }

  @Test("another kind of statement is told to be one")
  func otherStatement() async throws {
    let desk = try Desk()
    var draft = StatementDraft(format: "hsmkey-key-proof/2", content: ["a": 1])
    try draft.add(try desk.fixture.signer.signature("key", of: draft))
    try desk.folder.write(draft.encoded(), to: "proof")
    let later = try await desk.refused(65, "proof")
    #expect(later.rule == "EVIDENCE-FORMAT" && later.hint.contains("another version"))
  }

  @Test("a private key in the place of a public one is refused, and a certificate is told from a key")
  func wrongKeyFile() async throws {
    let desk = try Desk()
    try desk.write()
    try desk.folder.write(try desk.fixture.signer.privateKey.serializeAsPEM().pemString.utf8, to: "private.pem")
    let secret = try await desk.refused(65, "proof", "--key", "private.pem")
    #expect(secret.message.contains("holds a private key"))
    let own = try ProofFixture.certificate(
      for: desk.fixture.signer.publicKey, issuedBy: ("ca", SoftwareSigner.p256().privateKey), subject: "x")
    try desk.folder.write(try own.serializeAsPEM().pemString.utf8, to: "own.pem")
    #expect(try await desk.refused(65, "proof", "--key", "own.pem").hint.contains("--certificate"))
  }

  @Test("the chain is checked against --trust, and otherwise said not to be")
  func chain() async throws {
    let (root, issuer, stranger) = (SoftwareSigner.p256(), SoftwareSigner.p256(), SoftwareSigner.p256())
    var fixture = ProofFixture.nonExportableSigning()
    let rootCertificate = try ProofFixture.certificate(
      for: root.publicKey, issuedBy: ("root", root.privateKey), subject: "root", isAuthority: true)
    let issuerCertificate = try ProofFixture.certificate(
      for: issuer.publicKey, issuedBy: ("root", root.privateKey), subject: "issuer", isAuthority: true)
    let leaf = try ProofFixture.certificate(
      for: fixture.signer.publicKey, issuedBy: ("issuer", issuer.privateKey), subject: "payroll")
    let other = try ProofFixture.certificate(
      for: stranger.publicKey, issuedBy: ("root", stranger.privateKey), subject: "root", isAuthority: true)
    fixture.certificates = [try leaf.der, try issuerCertificate.der, try rootCertificate.der]
    let desk = try Desk(fixture)
    try desk.write()
    try desk.folder.write(try rootCertificate.serializeAsPEM().pemString.utf8, to: "root.pem")
    try desk.folder.write(try other.serializeAsPEM().pemString.utf8, to: "other.pem")
    let checked = try await desk.report("proof", "--trust", "root.pem")
    #expect(checked["is-chain-checked"].bool == true)
    #expect(checked["certificates"].list.map { $0["subject"].string } == ["CN=payroll", "CN=issuer", "CN=root"])
    #expect(try await desk.refused(6, "proof", "--trust", "other.pem").rule == "TRUST-CHAIN")
    #expect(try await desk.refused(6, "proof", "--trust", "root.pem", "--at", "2050-01-01T00:00:00Z").rule == "TRUST-CHAIN")
    let unchecked = try await desk.hsmkey("proof")
    #expect(unchecked.exitCode == 0 && unchecked.standardOutput.contains("NOT CHECKED"))
    #expect(unchecked.standardOutput.contains("Who issued the certificate is not checked"))
    let without = try Desk()
    try without.write()
    try without.folder.write(try rootCertificate.serializeAsPEM().pemString.utf8, to: "root.pem")
    #expect(try await without.refused(6, "proof", "--trust", "root.pem").rule == "EVIDENCE-CERTIFICATE")
  }

  @Test("texts of a token's cannot steer the terminal")
  func escapes() async throws {
    var fixture = ProofFixture.nonExportableSigning()
    fixture.challenge = "a\u{202E}b"
    let desk = try Desk(fixture)
    try desk.write()
    let result = try await desk.hsmkey("proof")
    #expect(result.exitCode == 0 && !result.standardOutput.contains("\u{202E}"))
  }

  @Test("a broken configuration beside it does not matter: none is read")
  func noConfiguration() async throws {
    let desk = try Desk()
    try desk.write()
    try desk.folder.write("no: such: thing".utf8, to: "hsmkey.yaml")
    #expect(try await desk.hsmkey("proof").exitCode == 0)
  }

  @Test("no module is loaded: the loader opens no library but those that the program itself needs")
  func noModule() async throws {
    let desk = try Desk()
    try desk.write()
    // What glibc's loader says of each library that it opens, at the start and later (dlopen).
    let result = try await run(
      Bench.program, ["key", "verify-proof", "proof"],
      environment: ["LD_DEBUG": "files", "HOME": "", "SOFTHSM2_CONF": "", "HSMKEY_MODULE": "/usr/lib/softhsm/libsofthsm2.so"],
      in: desk.folder.path)
    #expect(result.exitCode == 0)
    let late = result.standardError.split(separator: "\n").filter { $0.contains("dynamically loaded by") || $0.contains("opening file=") }
    #expect(!result.standardError.contains("softhsm") && !result.standardError.lowercased().contains("pkcs11"), "\(late)")
  }
}
