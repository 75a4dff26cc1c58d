import Foundation
import ServiceSimulator
import TestSupport
import Testing

@Suite("No secret is ever shown or kept", .serialized)
struct SecrecyTests {
  /// Everything that commands have shown.
  private final class Transcript {
    private(set) var text = ""
    func add(_ result: ProgramResult) { text += result.standardOutput + result.standardError }
  }

  private static let forms = SecretForms([Bench.pin, Bench.securityOfficerPIN, ServiceBench.transferPassword])

  private static func expectNone(in text: String, _ place: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let found = forms.found(in: text)
    #expect(found == nil, "a secret in \(place)", sourceLocation: sourceLocation)
  }

  /// Every command of the tool, so that it works, in an order in which each finds what it needs. `SERIAL` is the token's,
  /// `EARLIER` an earlier certificate's, `ADDRESS` a server that demands the certificate, `CA` the authority behind it.
  static let commands = tokenCommands + Bench.destruction

  private static let tokenCommands: [(name: String, arguments: [String])] = [
    ("token list", []), ("token init", ["payroll", "--serial", "SERIAL", "--so-pin-source", "file:so-pin"]),
    ("token show", []), ("token check-pin", []),
    ("token set-pin", ["--reset-user-pin", "--so-pin-source", "file:so-pin", "--new-pin-source", "file:pin"]),
    ("doctor", ["--login", "--offline"]), ("benchmark", ["--seconds", "1", "--threads", "1"]),
    ("key generate", ["k"]), ("key list", []), ("key show", ["k"]), ("key public", ["k"]),
    ("key sign", ["k", "--in", "a.xml", "--out", "s"]),
    ("key generate", ["auditor", "--algorithm", "ecdsa-p256"]), ("key prove", ["k", "--out", "k.proof"]),
    ("key verify-proof", ["k.proof"]), ("key countersign-proof", ["auditor", "--in", "k.proof", "--out", "signed.proof"]),
    ("key destroy", ["auditor", "--confirm", "auditor"]),
    ("csr", ["k", "--subject", "CN=x", "--out", "k.csr"]),
    ("certificate enrol", Array(ServiceBench.enrolment().dropFirst(2))), ("certificate status", []),
    ("certificate export", ["payroll"]), ("certificate list", []), ("certificate import", ["payroll", "payroll.pem"]),
    ("certificate fetch", ["payroll"]), ("certificate renew", ["payroll"]),
    ("certificate abandon", ["payroll"]), ("certificate history", ["payroll"]),
    ("certificate probe", ["payroll", "--address", "ADDRESS", "--tls-ca", "CA"]),
    ("certificate retire", ["payroll", "--serial", "EARLIER", "--confirm", "EARLIER", "--without-proof"]),
    ("service request", ["payroll", "--operation", "renew", "--csr", "k.csr", "--out", "r.xml"]),
    ("xml sign", ["payroll", "--in", "a.xml", "--out", "b.xml"]), ("xml verify", ["b.xml"]),
    ("audit", ["--write", "i.json", "--sign-with", "k", "--html", "i.html"]), ("config show", []),
    ("trust import", ["trust/services-root.pem"]), ("trust list", []), ("completions", ["bash"]),
  ]

  /// They know no `--log-level`: they touch no token.
  private static let untraced: Set = ["completions", "key verify-proof", "ceremony check", "ceremony print", "ceremony verify"]

  @Test("every command that there is has its place in this test")
  func everyCommand() async throws {
    let leaves = try await CommandTree.leaves()
    #expect(leaves.count > 20)
    let named = Set(Self.commands.map(\.name))
    #expect(Set(leaves).subtracting(named).isEmpty, "a command without an entry: let it run here with a PIN in use")
    #expect(named.subtracting(leaves).isEmpty, "an entry without a command")
  }

  @Test("at --log-level trace, in every command, when it works and when it fails, and in no file")
  func everywhere() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let transcript = Transcript()
      try FileManager.default.createDirectory(atPath: bench.folder.path("tmp"), withIntermediateDirectories: false)
      let temporary = ["TMPDIR": bench.folder.path("tmp")]
      func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Int {
        let result = try await bench.hsmkey(
          arguments + ["--log-level", "trace"], environment: temporary.merging(environment) { $1 })
        transcript.add(result)
        return result.exitCode
      }
      try bench.folder.write("<a><b>text</b></a>".utf8, to: "a.xml")
      let serial = try #require(try await bench.object("token", "list")["tokens"][0]["serial"].string)

      let consumer = try await NginxServer(clients: bench.folder.path("trust/providers-root.pem"))
      var values = ["SERIAL": serial, "ADDRESS": consumer.address + "/client", "CA": consumer.authority.certificatePath]

      // What works.
      for (name, rest) in Self.commands {
        if name == "ceremony check" { try await bench.prepareDestruction() }
        let arguments = name.split(separator: " ").map(String.init) + rest.map { values[$0] ?? $0 }
        let result = try await bench.hsmkey(
          arguments + (Self.untraced.contains(name) ? [] : ["--log-level", "trace"]), environment: temporary)
        transcript.add(result)
        if name == "certificate enrol" { values["EARLIER"] = try await service.status()["certificate"]["serial"].string }
        // What judges tells its judgement by the exit code.
        #expect(
          (["audit", "key prove", "key verify-proof", "trust import"].contains(name) ? [0, 2] : [0]).contains(result.exitCode),
          "\(arguments): \(result.standardError)")
        Self.expectNone(in: result.standardOutput + result.standardError, "what \(name) shows")
      }
      for function in ["C_InitToken", "C_InitPIN", "C_Login", "C_Sign"] { #expect(transcript.text.contains(function)) }

      // What fails, with the right secrets and with wrong ones.
      try await service.order("second")
      for fault in [ServiceFault.unsigned, .html502, .closeAfterCommit, .failWithoutErrorInfo, .dtd, .oversize, .redirect] {
        service.simulator.clearFaults()
        try service.simulator.set(fault)
        _ = try await run(["certificate", "renew", "payroll", "--repeat-uncertain-renewal"])
        _ = try await run(["certificate", "renew", "payroll", "--repeat-uncertain-renewal", "--json"])
      }
      service.simulator.clearFaults()
      try bench.folder.write(Bench.pin.reversed().map { UInt8(ascii: Unicode.Scalar($0.unicodeScalars.first!.value)!) }, to: "wrong")
      #expect(try await run(["key", "list", "--pin-source", "file:wrong"]) == 4)
      try await bench.logInAsPerson()
      #expect(try await run(["key", "list", "--pin-source", Bench.pin]) == 64)
      #expect(try await run(["key", "list", "--token", "pkcs11:token=payroll?pin-value=\(Bench.pin)"]) == 64)
      #expect(try await run(["token", "init", "x", "--so-pin-source", Bench.securityOfficerPIN]) == 64)
      #expect(
        try await run([
          "certificate", "enrol", "payroll", "--transfer-id", "a", "--transfer-password-source", ServiceBench.transferPassword,
        ]) == 64)
      #expect(try await run(["key", "list", "--pin-source", "env:PIN"], environment: ["PIN": Bench.pin]) == 0)
      #expect(try await run(["key", "show", "k", "--pin-source", "env:PIN"], environment: ["PIN": Bench.securityOfficerPIN]) == 4)
      try await bench.logInAsPerson()
      try bench.folder.write("token:\n  pin: \(Bench.pin)\n".utf8, to: "bad.yaml")
      #expect(try await run(["config", "show", "--config", "bad.yaml"]) == 78)
      try bench.folder.write("token: {uri: [\(Bench.pin)\n".utf8, to: "bad.yaml")
      #expect(try await run(["config", "show", "--config", "bad.yaml"]) == 78)

      Self.expectNone(in: transcript.text, "what was shown")

      // A password that breaks the schema, and a new enrolment that goes wrong with the right one.
      try bench.folder.write((ServiceBench.transferPassword + "x").utf8, to: "too-long")
      let text = try bench.text("hsmkey.yaml")
      try bench.folder.write((text + "  other:\n    customer-id: 0123456-7\n").utf8, to: "hsmkey.yaml")
      let other = ["certificate", "enrol", "other", "--transfer-id", "second", "--transfer-password-source"]
      #expect(try await run(other + ["file:too-long"]) == 65)
      try service.simulator.set(.html502)
      #expect(try await run(other + ["file:transfer-password"]) == 7)
      Self.expectNone(in: transcript.text, "what was shown")

      // State, memory of PINs, temporary files, the token's own.
      let inputs: Set = ["pin", "so-pin", "transfer-password", "too-long", "wrong", "bad.yaml"]
      let files = bench.files(under: ".").filter { !inputs.contains(String($0.dropFirst(2))) }
      #expect(files.contains { $0.hasPrefix("./pins/") } && files.contains { $0.hasPrefix("./state/") })
      for file in files {
        guard let content = try? bench.contents(file) else { continue }
        #expect(Self.forms.found(in: Data(content)) == nil, "a secret in \(file)")
      }
    }
  }

  @Test("a sign-new request has the transfer password in it by its nature: its file is its owner's only")
  func signNewRequest() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await bench.succeeds("key", "generate", "k")
      try await bench.succeeds("csr", "k", "--subject", "CN=x", "--out", "k.csr")
      try await bench.succeeds(
        "service", "request", "payroll", "--operation", "sign-new", "--csr", "k.csr", "--transfer-id", "1",
        "--transfer-password-source", "file:transfer-password", "--out", "s.xml")
      #expect(try bench.text("s.xml").contains("<TransferPassword>\(ServiceBench.transferPassword)</TransferPassword>"))
      #expect(try bench.mode("s.xml") == 0o600)
    }
  }
}
