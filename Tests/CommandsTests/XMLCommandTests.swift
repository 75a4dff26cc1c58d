import Foundation
import TestSupport
import Testing

@Suite("service request, xml sign and xml verify, with xmlsec1 and xmllint as second opinions", .serialized)
struct XMLCommandTests {
  /// The payload of an envelope, byte for byte.
  private func payload(_ bench: Bench, of name: String) throws -> String {
    let text = try bench.text(name)
    let start = try #require(text.firstRange(of: "<SOAP-ENV:Body>")).upperBound
    let end = try #require(text.firstRange(of: "</SOAP-ENV:Body>")).lowerBound
    return String(text[start..<end])
  }

  private func xmlsec(_ bench: Bench, _ file: String) async throws -> ProgramResult {
    try await run(
      "xmlsec1",
      [
        "--verify", "--enabled-key-data", "x509", "--trusted-pem", "trust/providers-root.pem", "--untrusted-pem",
        "trust/providers-chain.pem",
        "--untrusted-pem", "issuing.pem", file,
      ], in: bench.folder.path)
  }

  /// xmlsec1 reads one certificate a file.
  private func splitChain(_ bench: Bench) async throws {
    let script = """
      csplit -s -z -f chain- -b '%d.pem' trust/providers-chain.pem '/-----BEGIN/' '{*}'
      cp chain-1.pem issuing.pem
      cp chain-0.pem trust/providers-chain.pem
      """
    _ = try await bench.shell(script)
  }

  @Test(
    "a renewal request verifies with xmlsec1 as a document of its own", arguments: ["enveloped-and-exclusive", "enveloped"])
  func renewalRequest(transforms: String) async throws {
    var settings = ServiceBench.Settings()
    settings.service.append("renewal-transforms: \(transforms)")
    try await ServiceBench.with(settings) { service in
      let bench = service.bench
      try await service.enrol()
      try await bench.succeeds("key", "generate", "next")
      try await bench.succeeds("csr", "next", "--subject", "CN=0123456-7,O=Ab Demo Oy,C=FI", "--out", "next.csr")
      let answer = try await bench.object(
        "service", "request", "payroll", "--operation", "renew", "--csr", "next.csr", "--out", "renew.xml")
      #expect(answer["endpoint"].string == service.endpoint)
      #expect(answer["document"].isNull)
      #expect(try await service.issuedCount() == 1, "nothing was sent")

      let signed = try payload(bench, of: "renew.xml")
      try bench.folder.write(signed.utf8, to: "payload.xml")
      #expect(signed.contains("http://www.w3.org/2001/10/xml-exc-c14n#\"></Transform>") == (transforms == "enveloped-and-exclusive"))
      try await splitChain(bench)
      let verified = try await xmlsec(bench, "payload.xml")
      #expect(verified.exitCode == 0, "\(verified.standardError)\(verified.standardOutput)")
      try bench.folder.write(signed.replacing("0123456-7", with: "0123456-8", maxReplacements: 1).utf8, to: "payload.xml")
      #expect(try await xmlsec(bench, "payload.xml").exitCode != 0)
    }
  }

  @Test(
    "both kinds of requests are valid by the agency's schema",
    .enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)), arguments: ["renew", "sign-new"])
  func officialSchema(operation: String) async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await service.enrol()
      try await bench.succeeds("key", "generate", "next")
      try await bench.succeeds("csr", "next", "--subject", "CN=0123456-7,O=Ab Demo Oy,C=FI", "--out", "next.csr")
      try await bench.succeeds(
        "service", "request", "payroll", "--operation", operation, "--csr", "next.csr", "--transfer-id", ServiceBench.transferID,
        "--transfer-password-source", "file:transfer-password", "--out", "request.xml")
      let schema = OfficialMaterial.folder.appending(path: "certificate-service/CertificateServices.xsd").path
      let valid = try await run(
        "xmllint", ["--noout", "--nonet", "--schema", schema, "-"], input: Array(try payload(bench, of: "request.xml").utf8))
      #expect(valid.exitCode == 0, "\(valid.standardError)")
    }
  }

  @Test("the service accepts what service request wrote, sent by curl")
  func sentByHand() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await service.enrol()
      try await bench.succeeds("key", "generate", "next")
      try await bench.succeeds("csr", "next", "--subject", "CN=x", "--out", "next.csr")
      let document = try await bench.succeeds("service", "request", "payroll", "--operation", "renew", "--csr", "next.csr")
      let sent = try await run(
        "curl",
        [
          "-s", "-H", "Content-Type: text/xml; charset=utf-8", "-H", "SOAPAction: \"renewCertificate\"", "--data-binary", "@-",
          service.endpoint,
        ],
        input: Array(document.utf8.dropLast()))
      #expect(sent.standardOutput.contains(">OK<"), "\(sent.standardOutput)")
      #expect(try await service.issuedCount() == 2)
    }
  }

  @Test("a certificate request that is none, or is not signed by its key, is refused", arguments: ["text", "certificate", "forged"])
  func wrongCSR(kind: String) async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      switch kind {
      case "text": try bench.folder.write("nothing".utf8, to: "bad")
      case "certificate": try bench.folder.write(bench.contents("trust/providers-root.pem"), to: "bad")
      default:
        try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
        try await bench.succeeds("csr", "k", "--subject", "CN=xyz", "--der", "--out", "k.der")
        var bytes = try bench.contents("k.der")
        let name = try #require(bytes.firstRange(of: Array("xyz".utf8)))
        bytes[name.lowerBound] = UInt8(ascii: "X")
        try bench.folder.write(bytes, to: "bad")
      }
      try await service.bench.refused(65, "service", "request", "payroll", "--operation", "renew", "--csr", "bad")
    }
  }

  @Test("a renewal cannot be made without a certificate, and the operation must be one of two")
  func requestUsage() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
      try await bench.succeeds("csr", "k", "--subject", "CN=x", "--out", "k.csr")
      try await bench.refused(3, "service", "request", "payroll", "--operation", "renew", "--csr", "k.csr")
      try await bench.refused(64, "service", "request", "payroll", "--operation", "get", "--csr", "k.csr")
      try await bench.refused(64, "service", "request", "payroll", "--operation", "sign-new", "--csr", "k.csr")
    }
  }

  @Test("what xml sign signs, xmlsec1 and xml verify verify", arguments: ["enveloped-and-exclusive", "enveloped"])
  func signAndVerify(transforms: String) async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let enrolled = try await service.enrol()["certificate"]
      try bench.folder.write("<r xmlns=\"urn:x\"><!-- c --><s a=\"1\">höh</s></r>\n".utf8, to: "r.xml")
      let answer = try await bench.object("xml", "sign", "payroll", "--in", "r.xml", "--out", "s.xml", "--transforms", transforms)
      #expect(answer["signer"].string == enrolled["subject"].string)

      // Without --trust the signer is named and not checked; with the right authorities he is; with the wrong ones he is refused.
      let unchecked = try await bench.hsmkey(["xml", "verify", "s.xml"])
      #expect(unchecked.exitCode == 0)
      #expect(unchecked.standardOutput.contains("signer NOT CHECKED"))
      #expect(unchecked.standardError.contains("hsmkey: warning: "))
      let trust = ["--trust", "trust/providers-root.pem", "--trust", "trust/providers-chain.pem"]
      let checked = try await bench.hsmkey(["xml", "verify", "s.xml", "--json"] + trust)
      #expect(checked.standardError.isEmpty)
      let report = try JSON(parsing: checked.standardOutput)
      #expect(report["is-signer-checked"].bool == true)
      #expect(report["signer"].string == enrolled["subject"].string)
      #expect(report["root"].string == "r")
      let wrong = try await bench.refusedAsJSON(
        6, "xml", "verify", "s.xml", "--trust", "trust/services-root.pem", "--trust", "trust/services-chain.pem")
      #expect(wrong.rule == "TRUST-CHAIN")

      // The time at which he must have been valid.
      let later = try await bench.hsmkey(["xml", "verify", "s.xml", "--at", "2040-01-01T00:00:00Z", "--json"] + trust)
      _ = try Refusal(json: later, exitCode: 6, sourceLocation: #_sourceLocation)
      for time in ["yesterday", "2040-01-01", ""] { try await bench.refused(64, "xml", "verify", "s.xml", "--at", time) }
      let zoned = try await bench.hsmkey(["xml", "verify", "s.xml", "--at", "2040-01-01T00:00:00+02:00"])
      #expect(zoned.exitCode == 0)

      try await splitChain(bench)
      let second = try await xmlsec(bench, "s.xml")
      #expect(second.exitCode == 0, "\(second.standardError)")

      // One character changed.
      try bench.folder.write(bench.text("s.xml").replacing("höh", with: "hoh").utf8, to: "t.xml")
      #expect(try await bench.refusedAsJSON(6, "xml", "verify", "t.xml").rule == "XML-DIGEST")
      // Signed already.
      #expect(try await bench.refusedAsJSON(65, "xml", "sign", "payroll", "--in", "s.xml", "--out", "u.xml").rule == "XML-ONE-SIGNATURE")
      #expect(!bench.exists("u.xml"))
    }
  }

  @Test("a document from stdin to stdout")
  func pipes() async throws {
    try await ServiceBench.with { service in
      try await service.enrol()
      let result = try await service.bench.shell(#"echo '<r/>' | "$hsmkey" xml sign payroll --in - --out - | "$hsmkey" xml verify -"#)
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(result.standardOutput.contains("valid over <r>"))
    }
  }

  @Test(
    "what is no document is input data",
    arguments: [
      ("", "XML-SIZE"), ("nothing", "XML-WELL-FORMED"), ("<!DOCTYPE a><a/>", "XML-DTD"), ("<a>", "XML-WELL-FORMED"),
      ("<?xml version='1.0' encoding='latin1'?><a/>", "XML-ENCODING"),
    ])
  func noDocument(text: String, rule: String) async throws {
    let bench = try Bench()
    try bench.folder.write(text.utf8, to: "a.xml")
    #expect(try await bench.refusedAsJSON(65, "xml", "verify", "a.xml").rule == rule)
  }

  @Test("an unsigned document is not trusted, and a file that is not there is input data")
  func unsigned() async throws {
    let bench = try Bench()
    try bench.folder.write("<a/>".utf8, to: "a.xml")
    #expect(try await bench.refusedAsJSON(6, "xml", "verify", "a.xml").rule == "XML-ONE-SIGNATURE")
    try await bench.refused(65, "xml", "verify", "b.xml")
    try await bench.refused(65, "xml", "verify", "tokens")
    try await bench.refused(65, "xml", "verify", "a.xml", "--trust", "nothing.pem")
  }

  @Test("a key without a certificate, and a key of the wrong kind, sign no document")
  func unusableSigners() async throws {
    let bench = try await Bench.withToken()
    try bench.folder.write("<a/>".utf8, to: "a.xml")
    try await bench.succeeds("key", "generate", "bare")
    try await bench.refused(3, "xml", "sign", "bare", "--in", "a.xml", "--out", "b.xml")
    try await bench.refused(3, "xml", "sign", "nobody", "--in", "a.xml", "--out", "b.xml")

    // An ECDSA key with a certificate beside it.
    let id = try #require(try await bench.object("key", "generate", "e", "--algorithm", "ecdsa-p256")["key"]["id"].string)
    try await bench.succeeds("csr", "e", "--subject", "CN=e", "--out", "e.csr")
    try await bench.succeeds("key", "public", "e", "--out", "e.pub")
    let made = try await bench.shell(
      """
      openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 2 2>/dev/null &&
      openssl x509 -req -in e.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -outform DER -out e.der 2>/dev/null
      """)
    try #require(made.exitCode == 0)
    let stored = try await bench.pkcs11Tool("--write-object", "e.der", "--type", "cert", "--id", id, "--label", "e")
    try #require(stored.exitCode == 0, "\(stored.standardError)")
    #expect(try await bench.refusedAsJSON(3, "xml", "sign", "e", "--in", "a.xml", "--out", "b.xml").rule == "XML-SIGNING-KEY")
    #expect(!bench.exists("b.xml"))
  }
}
