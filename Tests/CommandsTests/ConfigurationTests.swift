import Foundation
import TestSupport
import Testing

@Suite("Settings: where they come from, and what a configuration file may say", .serialized)
struct ConfigurationTests {
  /// The origin of a setting, as `config show` tells it.
  private func shown(
    _ bench: Bench, _ setting: String, _ arguments: [String] = [], environment: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> (value: String?, origin: String?) {
    let result = try await bench.hsmkey(["config", "show", "--json"] + arguments, environment: environment)
    try #require(result.exitCode == 0, "\(result.standardError)", sourceLocation: sourceLocation)
    let entry = try JSON(parsing: result.standardOutput)["settings"].list.first { $0["name"].string == setting }
    return (entry?["value"].string, entry?["origin"].string)
  }

  @Test("the configuration that the simulator's page shows is one")
  func simulatorPage() async throws {
    let page = try String(contentsOf: OfficialMaterial.projectFolder.appending(path: "docs/simulator.md"), encoding: .utf8)
    let shown = try #require(page.components(separatedBy: "```yaml\n").dropFirst().first?.components(separatedBy: "```").first)
    let bench = try Bench()
    try bench.folder.write(shown.utf8, to: "hsmkey.yaml")
    #expect(try await self.shown(bench, "service.plain-http-to-loopback").value == "true")
    #expect(try await self.shown(bench, "renewal-spread").value == "5d")
  }

  @Test(
    "option, then environment, then file, then default",
    arguments: [
      ("token.uri", "--token", "HSMKEY_TOKEN", "uri: from-file", "from-file", nil as String?),
      ("token.module", "--module", "HSMKEY_MODULE", "module: /from/file.so", "/from/file.so", nil),
      ("token.pin-source", "--pin-source", "HSMKEY_PIN_SOURCE", "pin-source: credential:from-file", "credential:from-file", "prompt"),
    ])
  func precedence(setting: String, option: String, variable: String, line: String, inFile: String, builtIn: String?) async throws {
    let bench = try Bench()
    let given = setting == "token.module" ? "/given.so" : setting == "token.uri" ? "given" : "fd:9"
    let inEnvironment = setting == "token.module" ? "/environment.so" : setting == "token.uri" ? "environment" : "fd:8"
    let bare = [variable: ""]
    let fallback = try await shown(bench, setting, environment: bare)
    #expect(fallback.value == builtIn)
    #expect(fallback.origin == "default")

    try bench.folder.write("token:\n  \(line)\n".utf8, to: "hsmkey.yaml")
    let fromFile = try await shown(bench, setting, environment: bare)
    #expect(fromFile.value == inFile)
    #expect(fromFile.origin == "file ./hsmkey.yaml")

    let fromEnvironment = try await shown(bench, setting, environment: [variable: inEnvironment])
    #expect(fromEnvironment.value == inEnvironment)
    #expect(fromEnvironment.origin == "environment \(variable)")

    let fromOption = try await shown(bench, setting, [option, given], environment: [variable: inEnvironment])
    #expect(fromOption.value == given)
    #expect(fromOption.origin == "option \(option)")
  }

  @Test("the configuration file and the log level themselves, and the text form")
  func ownOrigins() async throws {
    let bench = try Bench()
    try bench.folder.write("state: s\n".utf8, to: "a.yaml")
    let config = try await shown(bench, "config", environment: ["HSMKEY_CONFIG": "a.yaml"])
    #expect(config.value == "a.yaml")
    #expect(config.origin == "environment HSMKEY_CONFIG")
    #expect(try await shown(bench, "config", ["--config", "a.yaml"]).origin == "option --config")
    #expect(try await shown(bench, "log-level", environment: ["HSMKEY_LOG": "debug"]).origin == "environment HSMKEY_LOG")
    let text = try await bench.succeeds("config", "show", "--config", "a.yaml")
    #expect(text.contains("state                           s  (file a.yaml)\n"), "\(text)")
  }

  @Test("paths in a file are meant from the file's folder, wherever the tool runs")
  func relativePaths() async throws {
    let bench = try Bench()
    try FileManager.default.createDirectory(atPath: bench.folder.path("etc"), withIntermediateDirectories: false)
    try bench.folder.write(
      """
      token: {pin-source: "file:pin"}
      state: state/s.sqlite
      service: {tls-ca: /absolute.pem, response-ca: [a.pem, /b.pem]}
      certificates: {p: {customer-id: "1", certificate-file: ../p.pem}}

      """.utf8, to: "etc/c.yaml")
    let config = ["--config", "etc/c.yaml"]
    let expected = [
      ("token.pin-source", "file:etc/pin"), ("state", "etc/state/s.sqlite"), ("service.tls-ca", "/absolute.pem"),
      ("service.response-ca", "etc/a.pem, /b.pem"), ("certificates.p.certificate-file", "etc/../p.pem"),
    ]
    for (setting, value) in expected {
      #expect(try await shown(bench, setting, config, environment: ["HSMKEY_PIN_SOURCE": ""]).value == value)
    }
  }

  @Test(
    "what a file may not say, with its line",
    arguments: [
      ("token: {}\nservice:\n  colour: red\n", "line 3: unknown key service.colour"),
      ("state: a\nstate: b\n", "given twice: state"),
      ("token:\n  uri: a\n  uri: b\n", "given twice: uri"),
      ("state: a\n---\nstate: b\n", "more than one YAML document"),
      ("token:\n  uri: &a x\nstate: *a\n", "line 2: anchors and aliases are not used here"),
      ("token: &a\n  uri: x\n", "anchors and aliases are not used here"),
      ("token: !secret\n  uri: x\n", "tags are not used here"),
      ("token:\n  uri: !!binary aGk=\n", "tags are not used here"),
      ("token: {uri: [}\n", "it is not YAML"),
      ("state: \"a\n", "it is not YAML"),
      ("\tstate: a\n", "it is not YAML"),
      ("- a\n", "not a mapping"),
      ("token: x\n", "line 1: token must be a mapping"),
      ("state: ~\n", "line 1: state must be a text that is not empty"),
      ("state:\n", "line 1: state must be a text that is not empty"),
      ("state: [a]\n", "line 1: state must be a text that is not empty"),
      ("service:\n  first-wait: 30\n", "line 2: service.first-wait must be a time"),
      ("service:\n  poll-interval: 0s\n", "line 2: service.poll-interval must be at least 1s"),
      ("service:\n  uncertain-renewal: always\n", "line 2: service.uncertain-renewal must be ask or repeat"),
      ("service:\n  poll-jitter: 5\n", "line 2: service.poll-jitter must be a time"),
      ("renewal-spread: [5d]\n", "line 1: renewal-spread must be a time"),
      ("service:\n  environment: staging\n", "line 2: service.environment must be test or production"),
      ("service:\n  plain-http-to-loopback: yes\n", "line 2: service.plain-http-to-loopback must be true or false"),
      ("service:\n  response-ca: a.pem\n", "line 2: service.response-ca must be a list of texts"),
      ("certificates:\n  p: {}\n", "customer-id is missing"),
      ("certificates:\n  p: {customer-id: 1, after-change: [reload]}\n", "must begin with the absolute path"),
      ("certificates:\n  \"\": {customer-id: 1}\n", "is no name for a certificate"),
      ("certificates:\n  p: {customer-id: 1, certificate-file: 'pkcs11:object=x'}\n", "must be a file"),
      ("state: 'PKCS11:token=x'\n", "must be a file"),
    ])
  func refused(text: String, message: String) async throws {
    let bench = try Bench()
    try bench.folder.write(text.utf8, to: "hsmkey.yaml")
    let refusal = try await bench.refused(78, "config", "show")
    #expect(refusal.message.contains(message), "\(refusal.message)")
    #expect(refusal.message.contains("hsmkey.yaml"))
  }

  @Test("an empty file and one with comments only are no settings", arguments: ["", "# nothing\n", "{}\n", "---\n"])
  func empty(text: String) async throws {
    let bench = try Bench()
    try bench.folder.write(text.utf8, to: "hsmkey.yaml")
    try await bench.succeeds("config", "show")
  }

  @Test("a file that is too large, nested too deeply, or not text", arguments: ["large", "deep", "binary"])
  func impossible(kind: String) async throws {
    let bench = try Bench()
    let bytes: [UInt8] =
      switch kind {
      case "large": Array(repeating: UInt8(ascii: "#"), count: (4 << 20) + 1)
      case "deep": Array((String(repeating: "[", count: 50_000) + String(repeating: "]", count: 50_000)).utf8)
      default: [0x66, 0xff, 0x00]
      }
    try bench.folder.write(bytes, to: "hsmkey.yaml")
    try await bench.refused(78, "config", "show")
  }

  @Test("a file that is named and cannot be read", arguments: ["nothing.yaml", "tokens", "pkcs11:token=x"])
  func unreadable(path: String) async throws {
    let bench = try Bench()
    let result = try await bench.hsmkey(["config", "show", "--config", path])
    _ = try Refusal(text: result, exitCode: path.hasPrefix("pkcs11:") ? 64 : 78, sourceLocation: #_sourceLocation)
    try await bench.refused(path.hasPrefix("pkcs11:") ? 64 : 78, "token", "list", environment: ["HSMKEY_CONFIG": path])
  }

  @Test("a value that is wrong is the configuration's fault, or the command line's, by where it came from")
  func blame() async throws {
    let bench = try Bench()
    try await bench.refused(64, "token", "list", "--log-level", "loud")
    try await bench.refused(78, "token", "list", environment: ["HSMKEY_LOG": "loud"])
    try await bench.refused(64, "key", "list", "--token", "pkcs11:nonsense=1")
    let refusal = try await bench.refused(78, "key", "list", environment: ["HSMKEY_TOKEN": "pkcs11:nonsense=1"])
    #expect(refusal.message.contains("(environment HSMKEY_TOKEN)"))
  }

  @Test("a module is named by an absolute path of a PKCS#11 module", arguments: ["libsofthsm2.so", "/nonexistent.so", "/etc/passwd", ""])
  func module(path: String) async throws {
    let bench = try Bench()
    let refusal = try await bench.refused(78, "token", "list", environment: ["HSMKEY_MODULE": path])
    if path.isEmpty { #expect(refusal.hint.contains("--module")) }
  }

  @Test(
    "a certificate that is not configured is refused before anybody is asked for a PIN", arguments: ["enrol", "renew", "fetch", "status"])
  func unknownCertificate(verb: String) async throws {
    let bench = try Bench()
    try bench.folder.write("state: s\ncertificates:\n  payroll: {customer-id: '1'}\n".utf8, to: "hsmkey.yaml")
    let refusal = try await bench.refused(78, "certificate", verb, "pay-roll", environment: ["HSMKEY_MODULE": ""])
    #expect(refusal.hint.contains("payroll"))
  }

  @Test("what the service needs and is not configured is named", arguments: ["environment", "response-ca", "issuer-ca"])
  func missingServiceSettings(key: String) async throws {
    let bench = try Bench()
    let all = ["environment: test", "response-ca: [ca.pem]", "issuer-ca: [ca.pem]"]
    let lines = all.filter { !$0.hasPrefix(key) }.map { "  \($0)" }.joined(separator: "\n")
    try bench.folder.write("state: s/s\nservice:\n\(lines)\ncertificates:\n  payroll: {customer-id: '1'}\n".utf8, to: "hsmkey.yaml")
    let made = try await bench.openssl(
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
    try #require(made.exitCode == 0)
    let refusal = try await bench.refused(78, "certificate", "enrol", "payroll", "--transfer-id", "1")
    #expect(refusal.message.contains("service.\(key) is not configured"), "\(refusal.message)")
  }
}
