import Foundation
import Glibc
import Synchronization

/// SoftHSM with a token folder of its own.
///
/// SoftHSM reads its configuration and its token folder once, when it is initialised, which happens once in a process. So tests that load
/// the module into their own process share one fixture, ``shared()``, whose tokens are made beforehand: SoftHSM would not see new ones of
/// other processes. Take one token a suite or a test; they are found by their label, whatever else runs. For programs that run as children
/// make a fixture each with ``init()``, and hand them its ``environment``.
public final class SoftHSMFixture: Sendable {
  /// The module, where Debian and its relatives put it.
  public static let modulePath = [
    "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so",
  ].first { FileManager.default.fileExists(atPath: $0) }

  public static let isPresent = modulePath != nil

  public static let whySkipped: String = "SoftHSM is not installed (Debian: apt install softhsm2)"

  /// A token with its PINs.
  public struct Token: Sendable {
    public let label: String
    public let userPIN: String
    public let securityOfficerPIN: String
  }

  public let folder: TemporaryFolder

  /// What a child process needs to see the tokens of this fixture.
  public var environment: [String: String] { ["SOFTHSM2_CONF": configurationFile, "HSMKEY_PIN_MEMORY": folder.path("pins")] }

  /// The path of the configuration file, for tools that want it.
  public var configurationFile: String { folder.path("softhsm2.conf") }

  private let unusedTokens = Mutex<[Token]>([])

  /// A fixture for child processes, without tokens.
  public init() throws {
    folder = try TemporaryFolder()
    let tokens = folder.path("tokens")
    try FileManager.default.createDirectory(atPath: tokens, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    let configuration = "directories.tokendir = \(tokens)\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n"
    try folder.write(configuration.utf8, to: "softhsm2.conf")
  }

  /// Makes a token with `softhsm2-util`. Processes that initialised SoftHSM before do not see it.
  @discardableResult
  public func makeToken(
    label: String, userPIN: String = "123456", securityOfficerPIN: String = "87654321"
  ) throws -> Token {
    let token = Token(label: label, userPIN: userPIN, securityOfficerPIN: securityOfficerPIN)
    try make([token])
    return token
  }

  /// The fixture whose tokens the module sees when it is loaded into this process. Call it before anything loads the module.
  public static func shared() throws -> SoftHSMFixture {
    try sharedResult.get()
  }

  /// A fresh token of the shared fixture; nobody else gets it. Its label is its own.
  public static func takeToken() throws -> Token {
    let fixture = try shared()
    guard let token = fixture.unusedTokens.withLock({ $0.popLast() }) else {
      throw SoftHSMFixtureError("all \(sharedTokenCount) tokens are taken; take one a suite, or raise the number in SoftHSMFixture.swift")
    }
    return token
  }

  private static let sharedTokenCount = 240

  private static let sharedResult = Result {
    let fixture = try SoftHSMFixture()
    // No label begins with another one: pkcs11-tool takes the first token whose label begins with what it was told.
    let tokens = (1...sharedTokenCount).map {
      Token(label: "shared token \($0).", userPIN: "123456", securityOfficerPIN: "87654321")
    }
    try fixture.make(tokens)
    fixture.unusedTokens.withLock { $0 = tokens.reversed() }
    for (name, value) in fixture.environment { _ = unsafe setenv(name, value, 1) }
    // Nobody else would remove the folder. SoftHSM is not finalized there: handlers that were registered earlier run later, so by then
    // OpenSSL has taken itself down beneath it, and C_Finalize would crash.
    _ = atexit { SoftHSMFixture.finish() }
    return fixture
  }

  private static func finish() {
    if case .success(let fixture) = sharedResult { try? FileManager.default.removeItem(at: fixture.folder.url) }
  }

  /// Makes tokens, all in one run of a shell: a process for each costs more than the token.
  private func make(_ tokens: [Token]) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    let script = """
      while [ $# -gt 0 ]; do
        softhsm2-util --init-token --free --label "$1" --pin "$2" --so-pin "$3" || exit 1
        shift 3
      done
      """
    process.arguments = ["-c", script, "sh"] + tokens.flatMap { [$0.label, $0.userPIN, $0.securityOfficerPIN] }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw SoftHSMFixtureError("softhsm2-util failed: " + text) }
  }
}

/// Why a fixture could not be made.
public struct SoftHSMFixtureError: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
