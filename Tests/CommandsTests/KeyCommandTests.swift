import Foundation
import TestSupport
import Testing

@Suite("key generate, list, show and public", .serialized)
struct KeyCommandTests {
  @Test("generate makes a key that meets its policy rule by rule, and show says the same")
  func generate() async throws {
    let bench = try await Bench.withToken()
    let made = try await bench.object("key", "generate", "k", "--algorithm", "ecdsa-p256")["key"]
    #expect(made["name"].string == "k")
    #expect(made["algorithm"].string == "ecdsa-p256")
    #expect(made["verdict"]["is-met"].bool == true)
    #expect(made["verdict"]["findings"].list.count >= 10)
    #expect(made["public-key-sha256"].string?.count == 64)
    #expect(made["uri"].string?.contains("object=k") == true)

    let shown = try await bench.object("key", "show", "k")["key"]
    for field in ["id", "uri", "public-key-sha256", "algorithm"] { #expect(shown[field].string == made[field].string) }
    #expect(shown["certificates"].list.isEmpty)

    let text = try await bench.succeeds("key", "show", "k")
    #expect(text.contains("policy non-exportable-signing: met\n"))
    #expect(text.contains("  ok  KEY-SENSITIVE          CKA_SENSITIVE = true (token-asserted)\n"))
    #expect(!text.contains("tried:"))
  }

  @Test("the default is the key that the certificate service supports")
  func defaultAlgorithm() async throws {
    let bench = try await Bench.withToken()
    #expect(try await bench.object("key", "generate", "k")["key"]["algorithm"].string == "rsa-2048")
  }

  @Test("list shows every key by name, and an empty token says so")
  func list() async throws {
    let bench = try await Bench.withToken()
    #expect(try await bench.succeeds("key", "list") == "token payroll holds no keys\n")
    for name in ["b", "a", "long name"] { try await bench.succeeds("key", "generate", name, "--algorithm", "ecdsa-p256") }
    let lines = try await bench.succeeds("key", "list").split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("a          ecdsa-p256  "))
    #expect(lines[2].hasPrefix("long name  ecdsa-p256  "))
    #expect(try await bench.object("key", "list")["keys"].list.map { $0["name"].string } == ["a", "b", "long name"])
  }

  @Test("KEY-NAME-TAKEN: a taken name is refused and the key stays as it was")
  func takenName() async throws {
    let bench = try await Bench.withToken()
    let first = try await bench.object("key", "generate", "k", "--algorithm", "ecdsa-p256")["key"]["id"].string
    let refusal = try await bench.refused(2, "key", "generate", "k", "--algorithm", "ecdsa-p256")
    #expect(refusal.rule == "KEY-NAME-TAKEN")
    #expect(try await bench.object("key", "show", "k")["key"]["id"].string == first)
  }

  @Test("a key that is not there is named so", arguments: [["show"], ["public"], ["sign", "--in", "pin", "--out", "s"]])
  func absent(rest: [String]) async throws {
    let bench = try await Bench.withToken()
    let result = try await bench.hsmkey(["key", rest[0], "nobody"] + rest.dropFirst() + ["--json"])
    let refusal = try Refusal(json: result, exitCode: 3, sourceLocation: #_sourceLocation)
    #expect(refusal.code == "key-not-found")
    #expect(refusal.message.contains("nobody"))
    #expect(!bench.exists("s"))
  }

  @Test("two keys with one name are ambiguous, and the name works for neither")
  func ambiguous() async throws {
    let bench = try await Bench.withToken()
    for id in ["01", "02"] {
      let made = try await bench.pkcs11Tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "twin", "--id", id)
      try #require(made.exitCode == 0, "\(made.standardError)")
    }
    let refusal = try await bench.refusedAsJSON(3, "key", "show", "twin")
    #expect(refusal.code == "key-ambiguous")
    #expect(refusal.message.contains("2 private keys"))
    #expect(try await bench.refused(3, "key", "show", "twin").standardError.contains("ambiguous"))
  }

  @Test("a key that does not meet the policy is shown, and the exit code says so")
  func weakKey() async throws {
    let bench = try await Bench.withToken()
    let made = try await bench.pkcs11Tool(
      "--keypairgen", "--key-type", "EC:prime256v1", "--label", "weak", "--id", "07", "--extractable")
    try #require(made.exitCode == 0, "\(made.standardError)")
    let shown = try await bench.hsmkey(["key", "show", "weak", "--json"])
    #expect(shown.exitCode == 2)
    let verdict = try JSON(parsing: shown.standardOutput)["key"]["verdict"]
    #expect(verdict["is-met"].bool == false)
    #expect(verdict["findings"].list.contains { $0["rule"].string == "KEY-NOT-EXTRACTABLE" && $0["outcome"].string == "violated" })
    #expect(try await bench.hsmkey(["key", "show", "weak"]).standardOutput.contains("  NO  KEY-NOT-EXTRACTABLE"))
  }

  @Test("a name that cannot be one is a usage error", arguments: ["", "a\u{7}b", "pkcs11:object=k", String(repeating: "x", count: 256)])
  func impossibleName(name: String) async throws {
    let bench = try await Bench.withToken()
    try await bench.refused(64, "key", "generate", name, "--algorithm", "ecdsa-p256")
    #expect(try await bench.object("key", "list")["keys"].list.isEmpty)
  }

  @Test("an unknown algorithm is a usage error")
  func unknownAlgorithm() async throws {
    let refusal = try await Bench.withToken().refused(64, "key", "generate", "k", "--algorithm", "rsa-1024")
    #expect(refusal.hint.contains("rsa-2048"))
  }

  @Test("a name from outside cannot steer the terminal")
  func hostileName() async throws {
    let bench = try await Bench.withToken()
    let made = try await bench.pkcs11Tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "x\u{1b}[2Jy", "--id", "09")
    try #require(made.exitCode == 0, "\(made.standardError)")
    let text = try await bench.succeeds("key", "list")
    #expect(!text.contains("\u{1b}"))
    #expect(text.hasPrefix("x") && text.contains("[2Jy  ecdsa-p256  09\n"))
  }

  @Test("public writes PEM that openssl reads, to stdout or to a new file")
  func publicKey() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p384")
    let pem = try await bench.succeeds("key", "public", "k")
    try await bench.succeeds("key", "public", "k", "--out", "k.pem")
    #expect(try bench.text("k.pem") == pem)
    let read = try await bench.openssl("pkey", "-pubin", "-in", "k.pem", "-noout", "-text")
    #expect(read.standardOutput.contains("384 bit"))
    #expect(try await bench.object("key", "public", "k")["pem"].string.map { $0 + "\n" } == pem)
  }
}
