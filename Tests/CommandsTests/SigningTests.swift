import Foundation
import TestSupport
import Testing

@Suite("key sign and csr, with openssl and pkcs11-tool as second opinions", .serialized)
struct SigningTests {
  @Test(
    "openssl verifies the signature",
    arguments: [
      ("rsa-2048", "sha256"), ("rsa-2048", "sha384"), ("rsa-2048", "sha512"), ("ecdsa-p256", "sha256"), ("ecdsa-p384", "sha384"),
      ("ecdsa-p521", "sha512"),
    ])
  func signature(algorithm: String, hash: String) async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", algorithm)
    try await bench.succeeds("key", "public", "k", "--out", "k.pem")
    try bench.folder.write("to be signed\n".utf8, to: "report")
    #expect(try await bench.succeeds("key", "sign", "k", "--in", "report", "--out", "report.sig", "--hash", hash).isEmpty)
    let verified = try await bench.openssl("dgst", "-\(hash)", "-verify", "k.pem", "-signature", "report.sig", "report")
    #expect(verified.standardOutput.contains("Verified OK"), "\(verified.standardOutput)\(verified.standardError)")
  }

  @Test("openssl verifies RSA-PSS, with a salt as long as the digest", arguments: ["sha256", "sha384", "sha512"])
  func pss(hash: String) async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k")
    try await bench.succeeds("key", "public", "k", "--out", "k.pem")
    let answer = try await bench.object("key", "sign", "k", "--in", "pin", "--out", "s", "--hash", hash, "--pss")
    #expect(answer["algorithm"].string == "rsa-pss-\(hash)")
    let verified = try await bench.openssl(
      "dgst", "-\(hash)", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest", "-verify", "k.pem", "-signature", "s",
      "pin")
    #expect(verified.standardOutput.contains("Verified OK"), "\(verified.standardError)")
  }

  @Test("openssl verifies Ed25519, and reads its public key and request")
  func edwards() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ed25519")
    try await bench.succeeds("key", "public", "k", "--out", "k.pem")
    try await bench.succeeds("key", "sign", "k", "--in", "pin", "--out", "s")
    let verified = try await bench.openssl("pkeyutl", "-verify", "-pubin", "-inkey", "k.pem", "-rawin", "-in", "pin", "-sigfile", "s")
    #expect(verified.exitCode == 0, "\(verified.standardError)")
    #expect(try await bench.openssl("pkey", "-pubin", "-in", "k.pem", "-noout", "-text").standardOutput.contains("ED25519"))
    try await bench.succeeds("csr", "k", "--subject", "CN=x", "--out", "k.csr")
    #expect(try await bench.openssl("req", "-in", "k.csr", "-verify", "-noout").exitCode == 0)
  }

  @Test(
    "what a key does not sign with is a usage error that says what it signs with",
    arguments: [["ecdsa-p256", "--pss"], ["ed25519", "--hash", "sha256"], ["ecdsa-p521", "--hash", "sha256"]])
  func notItsAlgorithm(options: [String]) async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", options[0])
    let result = try await bench.hsmkey(["key", "sign", "k", "--in", "pin", "--out", "s", "--json"] + options.dropFirst())
    let refusal = try Refusal(json: result, exitCode: 64, sourceLocation: #_sourceLocation)
    #expect(refusal.hint.contains(options[0] == "ed25519" ? "ed25519" : "ecdsa-sha"))
    #expect(!bench.exists("s"))
  }

  @Test("without --hash a key signs with the one of its strength")
  func defaultHash() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p384")
    try await bench.succeeds("key", "public", "k", "--out", "k.pem")
    let answer = try await bench.object("key", "sign", "k", "--in", "pin", "--out", "s")
    #expect(answer["file"].string == "s")
    #expect(answer["bytes"].number == (try bench.contents("s").count))
    let verified = try await bench.openssl("dgst", "-sha384", "-verify", "k.pem", "-signature", "s", "pin")
    #expect(verified.standardOutput.contains("Verified OK"))
  }

  @Test("stdin and stdout are - on both sides")
  func pipes() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    try await bench.succeeds("key", "public", "k", "--out", "k.pem")
    let script =
      #"printf hello | "$hsmkey" key sign k --in - --out - > s && printf hello | openssl dgst -sha256 -verify k.pem -signature s"#
    let result = try await bench.shell(script)
    #expect(result.standardOutput.contains("Verified OK"), "\(result.standardError)")
  }

  @Test("a hash that the key does not sign with, or that is none, is a usage error", arguments: ["sha512", "md5"])
  func wrongHash(hash: String) async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    try await bench.refused(64, "key", "sign", "k", "--in", "pin", "--out", "s", "--hash", hash)
    #expect(!bench.exists("s"))
  }

  @Test("the request is signed, has the subject in its order, and holds the key that pkcs11-tool reads from the token")
  func certificateRequest() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k")
    try await bench.succeeds("csr", "k", "--subject", #"CN=0123456-7, O=Ab \"Demo\"\, Oy, C=FI"#, "--out", "k.csr")
    let verified = try await bench.openssl("req", "-in", "k.csr", "-verify", "-noout", "-subject", "-nameopt", "oneline,utf8")
    #expect((verified.standardOutput + verified.standardError).contains("verify OK"))
    #expect(verified.standardOutput.contains(#"CN = 0123456-7, O = "Ab \"Demo\", Oy", C = FI"#), "\(verified.standardOutput)")

    let read = try await bench.pkcs11Tool("--read-object", "--type", "pubkey", "--label", "k", "--output-file", "k.der")
    #expect(read.exitCode == 0, "\(read.standardError)")
    let inRequest = try await bench.openssl("req", "-in", "k.csr", "-noout", "-pubkey")
    let onToken = try await bench.openssl("pkey", "-pubin", "-inform", "DER", "-in", "k.der")
    #expect(onToken.standardOutput.contains("BEGIN PUBLIC KEY"))
    #expect(inRequest.standardOutput == onToken.standardOutput)
    #expect(try await bench.succeeds("key", "public", "k") == onToken.standardOutput)
  }

  @Test("the request as DER, and as an answer")
  func otherForms() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    try await bench.succeeds("csr", "k", "--subject", "CN=x", "--der", "--out", "k.der")
    #expect(try await bench.openssl("req", "-inform", "DER", "-in", "k.der", "-verify", "-noout").exitCode == 0)
    let answer = try await bench.object("csr", "k", "--subject", "C=FI,CN=x, serialNumber=7")
    #expect(answer["subject"].string == "C=FI, CN=x, serialNumber=7")
    #expect(answer["pem"].string?.hasPrefix("-----BEGIN CERTIFICATE REQUEST-----\n") == true)
    #expect(try await bench.succeeds("csr", "k", "--subject", "CN=x").hasSuffix("-----END CERTIFICATE REQUEST-----\n"))
    try await bench.refused(64, "csr", "k", "--subject", "CN=x", "--der")
  }

  @Test("a subject that is none is a usage error", arguments: ["", "x", "CN=", "XX=1", "CN=a+O=b", "C=Finland", "CN=a,", #"CN=a\"#])
  func impossibleSubject(subject: String) async throws {
    let bench = try await Bench.withToken()
    try await bench.refused(64, "csr", "k", "--subject", subject)
  }

  @Test("pkcs11-tool cannot read the private key, and says that it was made on the token, never left it, and only signs")
  func privateKeyStays() async throws {
    let bench = try await Bench.withToken()
    for (name, algorithm) in [("r", "rsa-2048"), ("e", "ecdsa-p256")] {
      try await bench.succeeds("key", "generate", name, "--algorithm", algorithm)
      let read = try await bench.pkcs11Tool("--read-object", "--type", "privkey", "--label", name, "--output-file", "private")
      #expect(read.standardError.contains("not (yet) supported"), "\(read)")
      #expect(try !bench.exists("private") || bench.contents("private").isEmpty)
      let listed = try await bench.pkcs11Tool("--list-objects", "--type", "privkey", "--label", name)
      #expect(listed.standardOutput.contains("Usage:      sign\n"), "\(listed.standardOutput)")
      let access = try #require(listed.standardOutput.split(separator: "\n").first { $0.contains("Access:") })
      for word in ["sensitive", "always sensitive", "never extractable", "local"] { #expect(access.contains(word)) }
    }
  }
}
