import Foundation
import TestSupport
import Testing

/// A place of one test's own: a folder with tokens, PIN files and a configuration, and the real `hsmkey` to run in it.
final class Bench: Sendable {
  static let module = "/usr/lib/softhsm/libsofthsm2.so"
  static let pin = "73519284"
  static let securityOfficerPIN = "90817263"
  static let program = BuiltProduct.path("hsmkey")

  let folder: TemporaryFolder

  /// A folder with SoftHSM's own settings and PIN files, and no token yet.
  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path("tokens"), withIntermediateDirectories: false)
    try folder.write(
      "directories.tokendir = \(folder.path("tokens"))\nobjectstore.backend = file\nlog.level = ERROR\n".utf8, to: "softhsm2.conf")
    try folder.write("\(Self.pin)\n".utf8, to: "pin")
    try folder.write("\(Self.securityOfficerPIN)\n".utf8, to: "so-pin")
  }

  /// A bench with a token of this label.
  static func withToken(_ label: String = "payroll") async throws -> Bench {
    let bench = try Bench()
    try await bench.makeToken(label)
    return bench
  }

  func makeToken(_ label: String) async throws {
    try await succeeds("token", "init", label, "--so-pin-source", "file:so-pin")
  }

  /// What the children see. An empty value removes a variable.
  var environment: [String: String] {
    [
      "SOFTHSM2_CONF": folder.path("softhsm2.conf"), "HSMKEY_MODULE": Self.module, "HSMKEY_PIN_SOURCE": "file:\(folder.path("pin"))",
      "HSMKEY_PIN_MEMORY": folder.path("pins"), "HSMKEY_MODULE_OWNER": "\(geteuid())", "HSMKEY_MODULE_SHA256": "", "HSMKEY_CONFIG": "",
      "HSMKEY_TOKEN": "", "HSMKEY_LOG": "", "COLUMNS": "",
      "SWIFT_BACKTRACE": "enable=yes,interactive=no,color=no,registers=none",
    ]
  }

  /// Runs the tool in the folder.
  func hsmkey(_ arguments: [String], environment changes: [String: String] = [:], input: [UInt8] = []) async throws -> ProgramResult {
    try await run(
      Self.program, arguments, environment: environment.merging(changes) { $1 }, input: input, in: folder.path)
  }

  /// Runs the tool through a shell, `$hsmkey` being its path: for descriptors and pipes.
  func shell(_ script: String, environment changes: [String: String] = [:]) async throws -> ProgramResult {
    try await run(
      "bash", ["-c", script], environment: environment.merging(changes) { $1 }.merging(["hsmkey": Self.program]) { $1 }, in: folder.path)
  }

  // MARK: Expectations

  /// Runs a command that must succeed, and returns what it answered.
  @discardableResult
  func succeeds(
    _ arguments: String..., environment: [String: String] = [:], input: [UInt8] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let result = try await hsmkey(arguments, environment: environment, input: input)
    try #require(result.exitCode == 0, "\(arguments): \(result.standardError)", sourceLocation: sourceLocation)
    return result.standardOutput
  }

  /// Runs a command with `--json` that must succeed, and returns the one object that it answered.
  @discardableResult
  func object(
    _ arguments: String..., environment: [String: String] = [:], input: [UInt8] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> JSON {
    let result = try await hsmkey(arguments + ["--json"], environment: environment, input: input)
    try #require(result.exitCode == 0, "\(arguments): \(result.standardError)", sourceLocation: sourceLocation)
    return try JSON(parsing: result.standardOutput)
  }

  /// Runs a command that must be refused with this exit code: nothing on stdout, one error line and hints on stderr.
  @discardableResult
  func refused(
    _ exitCode: Int, _ arguments: String..., environment: [String: String] = [:], input: [UInt8] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Refusal {
    let result = try await hsmkey(arguments, environment: environment, input: input)
    return try Refusal(text: result, exitCode: exitCode, sourceLocation: sourceLocation)
  }

  /// The same with `--json`: the error is one object with all of its fields.
  @discardableResult
  func refusedAsJSON(
    _ exitCode: Int, _ arguments: String..., environment: [String: String] = [:], input: [UInt8] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Refusal {
    let result = try await hsmkey(arguments + ["--json"], environment: environment, input: input)
    return try Refusal(json: result, exitCode: exitCode, sourceLocation: sourceLocation)
  }

  // MARK: A person

  /// Logs in once as a person who says yes to whatever is asked first, and enters the PIN at the prompt.
  func logInAsPerson(
    pin: String = Bench.pin, _ arguments: [String] = ["--pin-source", "prompt"], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let terminal = try PseudoTerminal()
    let child = try terminal.start(Self.program, ["token", "check-pin"] + arguments, environment: environment)
    try await terminal.waits(for: "Type yes to go on: ")
    terminal.type("yes\n")
    try await terminal.waits(for: " PIN for token payroll: ")
    terminal.type("\(pin)\n")
    #expect(try await child.wait() == 0, "\(terminal.shown)", sourceLocation: sourceLocation)
  }

  // MARK: Second opinions

  func pkcs11Tool(_ arguments: String..., token: String = "payroll") async throws -> ProgramResult {
    try await run(
      "pkcs11-tool", ["--module", Self.module, "--token-label", token, "--login", "--pin", Self.pin] + arguments, environment: environment,
      in: folder.path)
  }

  func openssl(_ arguments: String...) async throws -> ProgramResult {
    try await run("openssl", arguments, in: folder.path)
  }

  // MARK: Files

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.path(name)) }

  func contents(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.url.appending(path: name))) }

  func text(_ name: String) throws -> String { String(decoding: try contents(name), as: UTF8.self) }

  func mode(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(name))
    return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
  }

  func inode(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(name))
    return (attributes[.systemFileNumber] as? NSNumber)?.intValue ?? -1
  }

  /// The files inside, down to the last one.
  func files(under name: String) -> [String] {
    (FileManager.default.enumerator(atPath: folder.path(name))?.allObjects as? [String] ?? []).map { "\(name)/\($0)" }
  }
}
