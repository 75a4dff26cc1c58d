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

  private static let secrets = [Bench.pin, Bench.securityOfficerPIN, ServiceBench.transferPassword]

  /// A secret as it is, in base64 and in hexadecimal.
  private static let forms = secrets.flatMap { secret in
    let bytes = Data(secret.utf8)
    return [secret, bytes.base64EncodedString().replacing("=", with: ""), bytes.map { String($0, radix: 16) }.joined()]
  }

  private static func expectNone(in text: String, _ place: String) {
    for form in forms { #expect(!text.contains(form), "a secret in \(place)") }
  }

  @Test("at --log-level trace, in every command, when it works and when it fails, and in no file")
  func everywhere() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let transcript = Transcript()
      func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Int {
        let result = try await bench.hsmkey(arguments + ["--log-level", "trace"], environment: environment)
        transcript.add(result)
        return result.exitCode
      }
      try bench.folder.write("<a><b>text</b></a>".utf8, to: "a.xml")
      let serial = try #require(try await bench.object("token", "list")["tokens"][0]["serial"].string)

      // What works.
      for arguments in [
        ["token", "list"], ["token", "init", "payroll", "--serial", serial, "--so-pin-source", "file:so-pin"],
        ["key", "generate", "k"], ["key", "list"], ["key", "show", "k"], ["key", "public", "k"],
        ["key", "sign", "k", "--in", "a.xml", "--out", "s"],
        ["csr", "k", "--subject", "CN=x", "--out", "k.csr"], ServiceBench.enrolment(), ["certificate", "status"],
        ["certificate", "export", "payroll"],
        ["certificate", "fetch", "payroll"], ["certificate", "renew", "payroll"],
        ["service", "request", "payroll", "--operation", "renew", "--csr", "k.csr", "--out", "r.xml"],
        ["xml", "sign", "payroll", "--in", "a.xml", "--out", "b.xml"], ["xml", "verify", "b.xml"], ["config", "show"],
        ["completions", "bash"],
      ] {
        let isPlain = arguments[0] == "completions"
        let result = try await bench.hsmkey(arguments + (isPlain ? [] : ["--log-level", "trace"]))
        transcript.add(result)
        #expect(result.exitCode == 0, "\(arguments): \(result.standardError)")
      }
      #expect(transcript.text.contains("C_Login") && transcript.text.contains("C_InitPIN") && transcript.text.contains("C_Sign"))

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

      let inputs: Set = ["pin", "so-pin", "transfer-password", "too-long", "wrong", "bad.yaml"]
      for file in bench.files(under: ".") where !inputs.contains(String(file.dropFirst(2))) {
        guard let content = try? bench.contents(file) else { continue }
        Self.expectNone(in: String(decoding: content, as: Unicode.ASCII.self), file)
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
