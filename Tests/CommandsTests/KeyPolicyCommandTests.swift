import Foundation
import TestSupport
import Testing

@Suite("key generate and show: policies, waivers and probes", .serialized)
struct KeyPolicyCommandTests {
  @Test("generate tells what was tried on the key, and show --probe tries it again; without --probe nothing is tried")
  func probes() async throws {
    let bench = try await Bench.withToken()
    let made = try await bench.object("key", "generate", "k", "--algorithm", "ecdsa-p256")["key"]["verdict"]
    #expect(made["probes"].list.count == 10)
    let wrap = try #require(made["probes"].list.first { $0["probe"].string == "wrap-out" })
    #expect(wrap["outcome"].string == "refused")
    #expect(wrap["rule"].string == "KEY-NOT-EXTRACTABLE")
    #expect(wrap["calls"].list.contains { $0.string == "C_WrapKey (CKM_AES_KEY_WRAP_PAD): CKR_KEY_UNEXTRACTABLE (0x6A)" })
    let grades = Dictionary(
      uniqueKeysWithValues: made["findings"].list.compactMap { finding in
        finding["rule"].string.flatMap { rule in finding["grade"].string.map { (rule, $0) } }
      })
    #expect(grades["KEY-NOT-EXTRACTABLE"] == "probed")
    #expect(grades["KEY-LOCAL"] == "token-asserted")
    let text = try await bench.succeeds("key", "show", "k", "--probe")
    #expect(text.contains("tried:\n  read-private-value  refused\n"))
    #expect(text.contains("  ok  KEY-SENSITIVE          CKA_SENSITIVE = true; refused: read-private-value (probed)\n"))
    #expect(try await bench.object("key", "show", "k")["key"]["verdict"]["probes"].list.isEmpty)
    // Said beforehand to who wants to know.
    let told = try await bench.hsmkey(["key", "show", "k", "--probe", "--log-level", "info"])
    #expect(told.standardError.contains("probe wrap-out: makes a fresh session key"))
  }

  @Test("Ctrl-C while a key is made or probed: what was begun is ended, a new key is destroyed, and nothing is written")
  func interrupted() async throws {
    let module = try FaultModule(.softHSMInChild, "delay C_WrapKey 400")
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    func interrupt(_ command: String, _ signal: String) async throws -> ProgramResult {
      try await bench.shell(
        """
        rm -f "$log"; "$hsmkey" \(command) > out & child=$!
        while ! grep -q '^C_WrapKey ' "$log" 2>/dev/null; do sleep 0.05; done
        kill -\(signal) $child; wait $child
        """, environment: ["HSMKEY_MODULE": module.path, "log": "\(module.path).log"])
    }
    let generating = try await interrupt("key generate new --algorithm ecdsa-p256", "INT")
    #expect(generating.exitCode == 130, "\(generating.standardError)")
    #expect(generating.standardError.contains("interrupted: the key has been destroyed, and a search finds nothing of it"))
    let proving = try await interrupt("key prove k --out k.proof", "TERM")
    #expect(proving.exitCode == 143 && !bench.exists("k.proof"), "\(proving.standardError)")
    #expect(try bench.text("out").isEmpty)
    let names = try await bench.object("key", "list")["keys"].list.map { $0["name"].string }
    #expect(names == ["k"])
    let objects = try await bench.pkcs11Tool("--list-objects").standardOutput
    #expect(objects.matches(of: /Object;/).count == 2, "\(objects)")
  }

  @Test("KEY-WAIVER-JUSTIFIED: a waiver is printed with its reason wherever the verdict is; without a reason it is refused")
  func waivers() async throws {
    let bench = try await Bench.withToken()
    let reason = "a test says so"
    let text = try await bench.succeeds(
      "key", "generate", "k", "--algorithm", "ecdsa-p256", "--waive", "KEY-NOT-COPYABLE=\(reason)")
    #expect(text.contains("  waived: KEY-NOT-COPYABLE: \(reason) (not needed)"))
    let shown = try await bench.object("key", "show", "k", "--waive", "KEY-NOT-COPYABLE=\(reason)")["key"]["verdict"]
    #expect(shown["waivers"].list.map { $0["rule"].string } == ["KEY-NOT-COPYABLE"])
    #expect(shown["waivers"].list.map { $0["reason"].string } == [reason])
    for wrong in ["KEY-LOCAL", "KEY-LOCAL=", "KEY-NAME-TAKEN=so"] {
      #expect(try await bench.refused(64, "key", "generate", "other", "--waive", wrong).rule == "KEY-WAIVER-JUSTIFIED")
    }
    try await bench.refused(64, "key", "generate", "other", "--waive", "NO-RULE=so")
    #expect(try await bench.object("key", "list")["keys"].list.count == 1)
    #expect(try await bench.refused(64, "key", "show", "k", "--policy", "loose").standardError.contains("non-exportable-signing-fixed"))
  }

  @Test("A key made badly on purpose is refused by name, and shown with a waiver it meets its policy")
  func badKey() async throws {
    let bench = try await Bench.withToken()
    let made = try await bench.pkcs11Tool(
      "--keypairgen", "--key-type", "EC:prime256v1", "--label", "bad", "--id", String(repeating: "01", count: 20), "--extractable")
    try #require(made.exitCode == 0, "\(made.standardError)")
    let shown = try await bench.hsmkey(["key", "show", "bad", "--probe"])
    #expect(shown.exitCode == 2)
    #expect(shown.standardOutput.contains("policy non-exportable-signing: NOT MET"))
    #expect(shown.standardOutput.contains("NO  KEY-NOT-EXTRACTABLE"))
    #expect(shown.standardOutput.contains("C_WrapKey gave the key out by CKM_AES_KEY_WRAP_PAD"))
    let rules = ["KEY-NOT-EXTRACTABLE", "KEY-NEVER-EXTRACTABLE", "KEY-ATTRIBUTES-FIXED", "KEY-NOT-COPYABLE", "KEY-SIGN-ONLY"]
    let waived = try await bench.hsmkey(["key", "show", "bad", "--probe"] + rules.flatMap { ["--waive", "\($0)=it is to be replaced"] })
    #expect(waived.exitCode == 0, "\(waived.standardError)")
    #expect(waived.standardOutput.contains("  waived: KEY-NOT-EXTRACTABLE: it is to be replaced\n"))
  }

  @Test("KEY-NOT-MODIFIABLE KEY-NOT-DESTROYABLE: the configuration names policy and waivers; config show shows them")
  func configured() async throws {
    let bench = try await Bench.withToken()
    try bench.folder.write(
      """
      policy:
        profile: non-exportable-signing-fixed
        waivers:
          KEY-NOT-COPYABLE: copies are counted

      """.utf8, to: "hsmkey.yaml")
    let verdict = try await bench.object("key", "generate", "k", "--algorithm", "ecdsa-p256")["key"]["verdict"]
    #expect(verdict["policy"].string == "non-exportable-signing-fixed")
    #expect(verdict["findings"].list.contains { $0["rule"].string == "KEY-NOT-MODIFIABLE" && $0["outcome"].string == "met" })
    #expect(verdict["waivers"].list.count == 1)
    let settings = try await bench.succeeds("config", "show")
    #expect(settings.contains("non-exportable-signing-fixed"))
    #expect(settings.contains("KEY-NOT-COPYABLE is waived: copies are counted"))
    let refusal = try await bench.refused(2, "key", "generate", "p", "--policy", "non-exportable-signing-permanent")
    #expect(refusal.rule == "KEY-NOT-DESTROYABLE")
    try bench.folder.write("policy:\n  profile: loose\n".utf8, to: "hsmkey.yaml")
    try await bench.refused(78, "key", "list")
    try bench.folder.write("policy:\n  waivers:\n    NO-RULE: so\n".utf8, to: "hsmkey.yaml")
    try await bench.refused(78, "key", "list")
  }
}

@Suite("key destroy", .serialized)
struct KeyDestroyTests {
  @Test("CONFIRM-NAME: nothing is destroyed without the name again; with it both halves are gone, and a search has proved it")
  func destroy() async throws {
    let bench = try await Bench.withToken()
    for name in ["k", "other"] { try await bench.succeeds("key", "generate", name, "--algorithm", "ecdsa-p256") }
    #expect(try await bench.refused(64, "key", "destroy", "k").rule == "CONFIRM-NAME")
    #expect(try await bench.refused(64, "key", "destroy", "k", "--confirm", "other").rule == "CONFIRM-NAME")
    #expect(try await bench.object("key", "list")["keys"].list.count == 2)
    let answer = try await bench.object("key", "destroy", "k", "--confirm", "k")
    #expect(answer["destroyed-key-objects"].number == 2)
    #expect(answer["objects-left"].number == 0)
    #expect(try await bench.object("key", "list")["keys"].list.map { $0["name"].string } == ["other"])
    #expect(try await bench.refused(3, "key", "destroy", "k", "--confirm", "k").rule == nil)
    #expect(try await bench.succeeds("key", "destroy", "other", "--confirm", "other").contains("a search for its objects finds none"))
  }

  @Test(
    "KEY-CERTIFIED: a key with a certificate that is valid, on the token or in a file, is destroyed only when that is asked for",
    arguments: [true, false])
  func certified(isOnToken: Bool) async throws {
    let bench = try await Bench.withToken()
    let id = try #require(try await bench.object("key", "generate", "k", "--algorithm", "ecdsa-p256")["key"]["id"].string)
    try await bench.succeeds("csr", "k", "--subject", "CN=k", "--out", "k.csr")
    let made = try await bench.shell(
      """
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca -keyout ca.key -out ca.pem -days 30 &&
      openssl x509 -req -in k.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out k.pem &&
      openssl x509 -in k.pem -outform DER -out k.der
      """)
    try #require(made.exitCode == 0, "\(made.standardError)")
    if isOnToken {
      let stored = try await bench.pkcs11Tool(
        "--write-object", bench.folder.path("k.der"), "--type", "cert", "--id", id, "--label", "k")
      try #require(stored.exitCode == 0, "\(stored.standardError)")
    } else {
      try bench.folder.write("certificates:\n  k:\n    customer-id: 0123456-7\n    certificate-file: k.pem\n".utf8, to: "hsmkey.yaml")
    }
    let refusal = try await bench.refused(2, "key", "destroy", "k", "--confirm", "k")
    #expect(refusal.rule == "KEY-CERTIFIED")
    #expect(try await bench.object("key", "list")["keys"].list.count == 1)
    let answer = try await bench.object("key", "destroy", "k", "--confirm", "k", "--even-if-certified")
    #expect(answer["destroyed-certificates"].list.count == (isOnToken ? 1 : 0))
    #expect(FileManager.default.fileExists(atPath: bench.folder.path("k.pem")), "certificates in files stay")
    let left = try await bench.pkcs11Tool("--list-objects")
    #expect(left.standardOutput.isEmpty)
  }
}
