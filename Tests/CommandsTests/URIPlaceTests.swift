import Foundation
import TestSupport
import Testing

@Suite("pkcs11: URIs where they belong, and nowhere else", .serialized)
struct URIPlaceTests {
  private static let uri = "PKCS11:object=k;type=private?pin-value=\(Bench.pin)"

  @Test(
    "FILE-NOT-URI: a pkcs11: text where an option expects a file is refused before anything is opened, and is not repeated",
    arguments: [
      ["key", "sign", "k", "--in", "pin", "--out", uri], ["key", "sign", "k", "--in", uri, "--out", "s"],
      ["key", "public", "k", "--out", uri],
      ["csr", "k", "--subject", "CN=x", "--out", uri], ["xml", "verify", uri], ["xml", "verify", "pin", "--trust", uri],
      ["xml", "sign", "k", "--in", uri, "--out", "s"], ["xml", "sign", "k", "--in", "pin", "--out", uri],
      ["service", "request", "k", "--operation", "renew", "--csr", uri], ["certificate", "export", "k", "--out", uri],
      ["token", "list", "--config", uri], ["token", "list", "--module", uri],
      ["ceremony", "check", uri], ["ceremony", "check", "plan.yaml", "--site", uri], ["ceremony", "print", uri, "--out", "page"],
      ["ceremony", "print", "plan.yaml", "--out", uri], ["ceremony", "print", "plan.yaml", "--transcript", uri, "--out", "page"],
      ["ceremony", "rehearse", uri, "--out", "r"], ["ceremony", "rehearse", "plan.yaml", "--out", uri],
      ["ceremony", "rehearse", "plan.yaml", "--out", "r", "--answers", uri],
      ["ceremony", "rehearse", "plan.yaml", "--out", "r", "--softhsm", uri],
      ["ceremony", "rehearse", "plan.yaml", "--out", "r", "--simulator", uri],
      ["ceremony", "perform", "plan.yaml", "--site", uri, "--rehearsal", "r"],
      ["ceremony", "perform", "plan.yaml", "--site", "s", "--rehearsal", uri],
      ["ceremony", "verify", uri], ["ceremony", "verify", "plan.yaml", "--plan", uri], ["ceremony", "verify", "plan.yaml", "--key", uri],
      ["ceremony", "verify", "plan.yaml", "--rehearsal", uri],
    ])
  func options(_ arguments: [String]) async throws {
    let bench = try await Self.bench()
    let before = bench.files(under: ".").sorted()
    let result = try await bench.hsmkey(arguments, environment: ["HSMKEY_CONFIG": "c.yaml"])
    #expect(result.exitCode == 64, "\(result.standardError)")
    #expect(result.standardError.contains("[FILE-NOT-URI]"), "\(result.standardError)")
    #expect(!result.standardError.contains(Bench.pin))
    #expect(bench.files(under: ".").sorted() == before)
  }

  @Test(
    "SECRET-SOURCE: nor is it the file of a secret",
    arguments: [["key", "list", "--pin-source", "file:\(uri)"], ["token", "init", "x", "--so-pin-source", "file:\(uri)"]])
  func secrets(_ arguments: [String]) async throws {
    let bench = try Bench()
    let refusal = try await bench.hsmkey(arguments)
    #expect(refusal.exitCode == 64)
    #expect(refusal.standardError.contains("[SECRET-SOURCE]") && !refusal.standardError.contains(Bench.pin), "\(refusal.standardError)")
  }

  @Test(
    "FILE-NOT-URI: a configuration file names no file by a URI",
    arguments: [
      ("state: 'U'", "FILE-NOT-URI"), ("token: {module: 'U'}", "FILE-NOT-URI"), ("service: {tls-ca: 'U'}", "FILE-NOT-URI"),
      ("service: {response-ca: [a.pem, 'U']}", "FILE-NOT-URI"), ("service: {issuer-ca: ['U']}", "FILE-NOT-URI"),
      ("certificates: {p: {customer-id: '1', certificate-file: 'U'}}", "FILE-NOT-URI"), ("token: {pin-source: 'file:U'}", "SECRET-SOURCE"),
    ])
  func configuration(_ line: String, _ rule: String) async throws {
    let bench = try Bench()
    try FileManager.default.createDirectory(atPath: bench.folder.path("etc"), withIntermediateDirectories: false)
    try bench.folder.write("\(line.replacing("U", with: Self.uri))\n".utf8, to: "etc/c.yaml")
    let result = try await bench.hsmkey(
      ["key", "list", "--config", "etc/c.yaml"], environment: ["HSMKEY_MODULE": "", "HSMKEY_PIN_SOURCE": ""])
    #expect(result.exitCode == 78, "\(result.standardError)")
    #expect(result.standardError.contains("[\(rule)]") && !result.standardError.contains(Bench.pin), "\(result.standardError)")
  }

  @Test("FILE-NOT-URI: environment variables name no file by a URI either")
  func environment() async throws {
    let bench = try Bench()
    let asModule = try await bench.refused(78, "token", "list", environment: ["HSMKEY_MODULE": Self.uri])
    #expect(asModule.message.contains("HSMKEY_MODULE") && !asModule.message.contains(Bench.pin))
    try await bench.refused(64, "token", "list", environment: ["HSMKEY_CONFIG": Self.uri])
  }

  @Test(
    "URI-MODULE-PATH-FROM-CONFIGURATION: the configuration file's URI may name the module; token.module may repeat it, not contradict it")
  func configuredModule() async throws {
    let bench = try await Bench.withToken()
    let none = ["HSMKEY_MODULE": ""]
    let uri = "pkcs11:token=payroll?module-path=\(Bench.module)"
    try bench.folder.write("token: {uri: '\(uri)'}\n".utf8, to: "hsmkey.yaml")
    try await bench.succeeds("key", "list", environment: none)
    let shown = try await bench.object("config", "show", environment: none)["settings"].list.first { $0["name"].string == "token.module" }
    #expect(shown?["value"].string == Bench.module)
    #expect(shown?["origin"].string == "file ./hsmkey.yaml")
    // A token named elsewhere is still looked for in the module that the file names, and an option still goes before the file.
    try await bench.succeeds("key", "list", "--token", "payroll", environment: none)
    try await bench.refused(78, "key", "list", "--module", "/nothing.so", environment: none)

    try bench.folder.write("token: {uri: '\(uri)', module: '\(Bench.module)'}\n".utf8, to: "hsmkey.yaml")
    try await bench.succeeds("key", "list", environment: none)
    try bench.folder.write("token: {uri: '\(uri)', module: /other.so}\n".utf8, to: "hsmkey.yaml")
    let refusal = try await bench.refused(78, "key", "list")
    #expect(refusal.message.contains("two different files"))

    try bench.folder.write("token: {uri: 'pkcs11:token=payroll?module-name=softhsm2'}\n".utf8, to: "hsmkey.yaml")
    #expect(try await bench.refusedAsJSON(78, "key", "list").rule == "URI-MODULE-PATH-FROM-CONFIGURATION")
    try bench.folder.write("token: {uri: 'pkcs11:token=payroll?module-path=softhsm2.so'}\n".utf8, to: "hsmkey.yaml")
    #expect(try await bench.refused(78, "key", "list", environment: none).message.contains("absolute"))
  }

  @Test(
    "URI-MODULE-PATH-FROM-CONFIGURATION: a URI from the command line or the environment names no module",
    arguments: ["module-path=/evil.so", "module-name=evil", "module-name=a&module-path=\(Bench.module)"])
  func foreignModule(_ query: String) async throws {
    let bench = try await Bench.withToken()
    let uri = "pkcs11:token=payroll?\(query)"
    for command in [["key", "list"], ["token", "list"], ["config", "show"]] {
      let given = try await bench.hsmkey(command + ["--token", uri])
      #expect(given.exitCode == 64)
      let set = try await bench.hsmkey(command, environment: ["HSMKEY_TOKEN": uri])
      #expect(set.exitCode == 78)
      for result in [given, set] {
        #expect(result.standardOutput.isEmpty)
        #expect(result.standardError.contains("[URI-MODULE-PATH-FROM-CONFIGURATION]"), "\(result.standardError)")
      }
    }
  }

  /// A bench whose configuration has all that a command asks for before it comes to its files.
  private static func bench() async throws -> Bench {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    try bench.folder.write("certificates: {k: {customer-id: '1'}}\nstate: state/s.sqlite\n".utf8, to: "c.yaml")
    try bench.folder.write(try Bench.ceremonyFile("destruction.yaml"), to: "plan.yaml")
    return bench
  }
}
