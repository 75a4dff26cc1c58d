import Foundation
import TestSupport
import Testing

/// A SoftHSM token that our library and other programs use in turn, each in a process of its own.
struct SharedToken {
  let fixture: SoftHSMFixture
  let token: SoftHSMFixture.Token
  private let settings: String

  static let modulePath = SoftHSMFixture.modulePath ?? ""
  static let message = "A message that several programs sign.\n"

  init() throws {
    fixture = try SoftHSMFixture()
    token = try fixture.makeToken(label: "shared")
    let pin = try fixture.folder.write(token.userPIN.utf8, to: "pin")
    settings = try fixture.folder.write(
      JSONEncoder().encode(ConformanceSettings(module: Self.modulePath, token: token.label, pinFile: pin)), to: "settings.json")
    try fixture.folder.write(Self.message.utf8, to: "message")
  }

  func path(_ name: String) -> String { fixture.folder.path(name) }

  /// Has our library make a key.
  func makeKey(_ kind: String, named name: String) async throws -> SharedKeyReport { try await probe(["make", kind, name]) }

  /// Has our library find a key by its name and sign the message with it.
  func useKey(_ name: String) async throws -> SharedKeyReport { try await probe(["use", name, path("message")]) }

  /// Runs another program where it sees the token, and expects that it succeeds.
  @discardableResult
  func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> ProgramResult {
    let result = try await TestSupport.run(
      program, arguments, environment: fixture.environment.merging(environment) { $1 }, in: fixture.folder.path)
    guard result.succeeded else {
      throw ChildProcessError("\(program) ended with \(result.exitCode): \(result.standardError)\(result.standardOutput)")
    }
    return result
  }

  /// Expects that a signature over the message verifies with a public key, by OpenSSL without any token.
  func expectVerifies(
    _ signature: String, with publicKey: String, _ options: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
  )
    async throws
  {
    try fixture.folder.write(publicKey.utf8, to: "public.pem")
    let result = try await TestSupport.run(
      "openssl", ["dgst", "-sha256", "-verify", path("public.pem"), "-signature", path(signature)] + options + [path("message")])
    #expect(result.succeeded, "\(result.standardOutput)\(result.standardError)", sourceLocation: sourceLocation)
  }

  /// Expects that our library finds a key of another program and signs with it, and that OpenSSL verifies the signature.
  func expectUsable(_ name: String, as kind: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> SharedKeyReport {
    let report = try await useKey(name)
    #expect(report.algorithm == kind, sourceLocation: sourceLocation)
    let signature = try #require(report.signature.flatMap { Data(base64Encoded: $0) }, sourceLocation: sourceLocation)
    try fixture.folder.write(signature, to: "ours.sig")
    try await expectVerifies("ours.sig", with: report.publicKey, sourceLocation: sourceLocation)
    return report
  }

  private func probe(_ arguments: [String]) async throws -> SharedKeyReport {
    let result = try await run(
      BuiltProduct.path("conformance-probe"), [settings] + arguments, environment: ["HSMKEY_PIN_MEMORY": path("pins")])
    return try JSONDecoder().decode(SharedKeyReport.self, from: Data(result.standardOutput.utf8))
  }
}

/// What other programs need to be there.
enum OtherPrograms {
  static func isPresent(_ program: String) -> Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
  }

  /// Whether tests with a program are to run: a required one that is not there fails.
  static func isToRun(_ program: String) -> Bool { Backend.areRequired || (SoftHSMFixture.isPresent && isPresent(program)) }

  static let engineIsPresent = ["x86_64", "aarch64"].contains {
    FileManager.default.fileExists(atPath: "/usr/lib/\($0)-linux-gnu/engines-3/pkcs11.so")
  }

  /// Where Python finds python-pkcs11; `softhsm/test` says it.
  static let pythonPath = ProcessInfo.processInfo.environment["HSMKEY_TEST_PYTHONPATH"].flatMap {
    FileManager.default.fileExists(atPath: "\($0)/pkcs11") ? $0 : nil
  }
}
