import Crypto
public import Foundation
import KeyCeremony
import ServiceSimulator
public import TestSupport

/// A folder in which an example can be performed: tokens, site, prepared answers, and the rehearsal that approves it.
public final class CeremonyPlace: Sendable {
  public static let modulePath = "/usr/lib/softhsm/libsofthsm2.so"
  public static let program = BuiltProduct.path("hsmkey")
  /// What must never be found in anything that a ceremony writes.
  public static let secrets = ["73519284", "90817263", "55667788", "kT7vWq2mXz9rLp4s"]
  static let customerID = "0123456-7"
  static let order = "12345678901234567890123456789012"
  static let copySerial = "c0c0c0c0c0c0c0c0"

  public let example: CeremonyExample
  public let folder: URL
  let service: CeremonyService?

  init(_ example: CeremonyExample, at folder: URL, service: CeremonyService?) {
    self.example = example
    self.folder = folder
    self.service = service
  }

  public func path(_ name: String) -> String { folder.appending(path: name).path }

  public func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path(name))
  }

  /// What the tool sees. An empty value removes a variable.
  public var environment: [String: String] {
    [
      "SOFTHSM2_CONF": path("softhsm2.conf"), "HSMKEY_MODULE": "", "HSMKEY_PIN_SOURCE": "", "HSMKEY_PIN_MEMORY": path("pins"),
      "HSMKEY_MODULE_OWNER": "\(geteuid())", "HSMKEY_MODULE_SHA256": "", "HSMKEY_CONFIG": "", "HSMKEY_TOKEN": "", "HSMKEY_LOG": "",
      "COLUMNS": "", "SWIFT_BACKTRACE": "enable=yes,interactive=no,color=no,registers=none",
    ]
  }

  // MARK: Making it

  /// Everything up to the performance: made once, and copied for each performance.
  static func template(_ example: CeremonyExample, in folder: URL, service: CeremonyService?) async throws -> CeremonyPlace {
    try FileManager.default.createDirectory(at: folder.appending(path: "tokens"), withIntermediateDirectories: true)
    let place = CeremonyPlace(example, at: folder, service: service)
    try place.writeTokenFolder()
    for (file, text) in zip(["user-pin", "officer-pin", "copy-pin", "transfer-password"], secrets) {
      try place.write("\(text)\n", to: file)
    }
    try FileManager.default.copyItem(atPath: example.planPath, toPath: place.path("plan.yaml"))
    try place.write("The key payroll-2024 is destroyed.\n", to: "statement.txt")
    if let service { try place.write(service.configuration, to: "hsmkey.yaml") }
    try await place.prepareToken()
    let answers = try await place.succeeds(["ceremony", "check", "plan.yaml", "--print-answers"])
    try place.write(answers, to: "answers.yaml")
    try place.write(
      answers.replacing(/"([a-z-]+)\/([a-z]+)\/(card|share)": (as-shown|yes)/) {
        "\"\($0.1)/\($0.2)/\($0.3)\": \"file:card-\($0.2)\""
      }.replacing(/"combine\/([a-z-]+)\/([a-z]+)": as-shown/) { "\"combine/\($0.1)/\($0.2)\": \"file:card-\($0.2)\"" }, to: "cards.yaml")
    try await place.succeeds(["ceremony", "rehearse", "plan.yaml", "--out", "rehearsal", "--answers", "answers.yaml"])
    try await place.writeSite()
    return place
  }

  /// A copy for one performance.
  func copy(to other: URL) async throws -> CeremonyPlace {
    try FileManager.default.copyItem(at: folder, to: other)
    let place = CeremonyPlace(example, at: other, service: service)
    try place.writeTokenFolder()
    if example == .firstKey, let service {
      let site = try String(contentsOfFile: place.path("site.yaml"), encoding: .utf8)
      try place.write(site.replacing(Self.order, with: try await service.newOrder()), to: "site.yaml")
    }
    return place
  }

  private func writeTokenFolder() throws {
    try write("directories.tokendir = \(path("tokens"))\nobjectstore.backend = file\nlog.level = ERROR\n", to: "softhsm2.conf")
  }

  /// What is there before the ceremony.
  private func prepareToken() async throws {
    guard example == .renewal || example == .destruction else { return }
    let token = ["--module", Self.modulePath, "--token", "payroll", "--pin-source", "file:\(path("user-pin"))"]
    try await succeeds(["token", "init", "payroll", "--so-pin-source", "file:\(path("officer-pin"))"] + token[..<2] + token[4...])
    try await succeeds(["key", "generate", "ceremony-2026", "--algorithm", "ecdsa-p256"] + token)
    if example == .destruction { try await succeeds(["key", "generate", "payroll-2024", "--algorithm", "rsa-2048"] + token) }
    if example == .renewal {
      try await service?.order("ORDER-BEFORE")
      try await succeeds(
        ["certificate", "enrol", "payroll", "--transfer-id", "ORDER-BEFORE", "--transfer-password-source", "file:transfer-password"] + token
      )
    }
  }

  private func writeSite() async throws {
    let digest = SHA256.hash(data: try Data(contentsOf: URL(filePath: Self.modulePath))).map { String(format: "%02x", $0) }.joined()
    let module = "module: \(Self.modulePath), module-sha256: \(digest)"
    var lines = ["format: hsmkey-ceremony-site/1", "output-folder: performance"]
    switch example {
    case .rootKey:
      lines += ["tokens:", "  root: { \(module), serial: blank }", "  copy: { \(module), serial: \(Self.copySerial) }"]
      lines += ["pins: { root-officer: 'file:officer-pin', copy-user: 'file:copy-pin' }"]
    case .firstKey:
      lines += ["configuration: hsmkey.yaml", "tokens:", "  main: { \(module), serial: blank }"]
      lines += ["pins: { user: 'file:user-pin', officer-pin: 'file:officer-pin' }"]
      lines += ["orders: { first-order: { transfer-id: '\(Self.order)', transfer-password-source: 'file:transfer-password' } }"]
    case .renewal, .destruction:
      lines += ["tokens:", "  main: { \(module), serial: \(try await serial(ofToken: "payroll")) }", "pins: { user: 'file:user-pin' }"]
      lines += example == .renewal ? ["configuration: hsmkey.yaml"] : ["inputs: { statement: statement.txt }"]
    }
    try write(lines.joined(separator: "\n") + "\n", to: "site.yaml")
  }

  // MARK: Looking

  func serial(ofToken label: String) async throws -> String {
    let listed = try await succeeds(["token", "list", "--module", Self.modulePath, "--json"])
    struct List: Decodable {
      struct Token: Decodable { let label, serial: String }
      let tokens: [Token]
    }
    guard let token = try JSONDecoder().decode(List.self, from: Data(listed.utf8)).tokens.first(where: { $0.label == label }) else {
      throw CampaignError("no token \(label): \(listed)")
    }
    return token.serial
  }

  /// Makes the second token of the root key's ceremony, as the vendor's tool would when people are asked to, and gives it its own PIN.
  ///
  /// - Parameter cards: of two custodians, who alone can open the first token.
  public func replicate(cards: [String]) async throws {
    try SoftHSMReplica.make(of: try await serial(ofToken: "root"), in: path("tokens"), serial: Self.copySerial, label: "root-copy")
    try write(try SharedCards.pin(from: cards.map { Array($0.utf8) }), to: "root-pin")
    try await succeeds([
      "token", "set-pin", "--module", Self.modulePath, "--token", "root-copy", "--pin-source", "file:\(path("root-pin"))",
      "--new-pin-source", "file:\(path("copy-pin"))",
    ])
  }

  // MARK: Running the tool

  /// The arguments of a performance that no people answer.
  public var performance: [String] {
    ["ceremony", "perform", "plan.yaml", "--site", "site.yaml", "--rehearsal", "rehearsal", "--answers-instead-of-people", "cards.yaml"]
  }

  public func tool(_ arguments: [String]) async throws -> ProgramResult {
    try await run(Self.program, arguments, environment: environment, in: folder.path)
  }

  @discardableResult
  public func succeeds(_ arguments: [String]) async throws -> String {
    let result = try await tool(arguments)
    guard result.exitCode == 0 else { throw CampaignError("\(arguments): \(result.exitCode) \(result.standardError)") }
    return result.standardOutput
  }
}
