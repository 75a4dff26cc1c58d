import Foundation
import ServiceSimulator
import TestSupport
import Testing
import X509

/// A bench with a token, a running certificate service, and a configuration that brings them together.
final class ServiceBench: Sendable {
  let bench: Bench
  let simulator: ServiceSimulator
  let endpoint: String

  /// One set of CA keys for the whole run: RSA keys take time to make.
  private static let keys = Result { try SimulatorKeys() }

  static let customerID = "0123456-7"
  static let transferID = "12345678901234567890123456789012"
  static let transferPassword = "kT7vWq2mXz9rLp4s"

  /// What a test can change in the configuration.
  struct Settings {
    /// Lines of the `service` section, without indentation.
    var service = ["first-wait: 0s", "poll-interval: 1s", "give-up-after: 0s", "timeout: 60s"]
    /// Lines of the certificate's section, without indentation.
    var certificate = ["customer-name: Ab Demo Oy", "certificate-file: payroll.pem"]
    var simulator: @Sendable (inout ServiceSimulator.Configuration) -> Void = { _ in }
  }

  private init(_ settings: Settings) async throws {
    bench = try await Bench.withToken()
    let trust = bench.folder.path("trust")
    try FileManager.default.createDirectory(atPath: trust, withIntermediateDirectories: false)
    var configuration = ServiceSimulator.Configuration()
    configuration.folder = trust
    configuration.keys = try Self.keys.get()
    configuration.notReadyFor = .zero
    // Within the window from the first day on.
    configuration.certificateLifetimeDays = 45
    settings.simulator(&configuration)
    simulator = try ServiceSimulator(configuration)
    endpoint = try await simulator.start()
    try await order(Self.transferID)
    try bench.folder.write("\(Self.transferPassword)\n".utf8, to: "transfer-password")
    try write(settings)
  }

  /// Runs a test with a service, and stops the service whatever happens.
  static func with(_ settings: Settings = Settings(), _ body: (ServiceBench) async throws -> Void) async throws {
    let bench = try await ServiceBench(settings)
    do {
      try await body(bench)
    } catch {
      await bench.simulator.stop()
      throw error
    }
    await bench.simulator.stop()
  }

  /// Writes `hsmkey.yaml`, which is found because the tool runs in its folder.
  func write(_ settings: Settings, endpoint: String? = nil) throws {
    let text = """
      token:
        uri: "pkcs11:token=payroll"
      state: state/state.sqlite
      service:
        environment: test
        endpoint: \(endpoint ?? self.endpoint)
        plain-http-to-loopback: true
        response-ca: [trust/services-root.pem, trust/services-chain.pem]
        issuer-ca: [trust/providers-root.pem, trust/providers-chain.pem]
      \(settings.service.map { "  \($0)" }.joined(separator: "\n"))
      certificates:
        payroll:
          customer-id: \(Self.customerID)
      \(settings.certificate.map { "    \($0)" }.joined(separator: "\n"))

      """
    try bench.folder.write(text.utf8, to: "hsmkey.yaml")
  }

  /// Notes an order at the service.
  func order(_ transferID: String) async throws {
    try await simulator.addTransferCredential(customerID: Self.customerID, id: transferID, password: Self.transferPassword)
  }

  /// The arguments of an enrolment.
  static func enrolment(_ transferID: String = transferID) -> [String] {
    ["certificate", "enrol", "payroll", "--transfer-id", transferID, "--transfer-password-source", "file:transfer-password"]
  }

  /// Enrols with `--json`; it must succeed.
  @discardableResult
  func enrol(_ transferID: String = transferID, sourceLocation: SourceLocation = #_sourceLocation) async throws -> JSON {
    let result = try await bench.hsmkey(Self.enrolment(transferID) + ["--json"])
    try #require(result.exitCode == 0, "\(result.standardError)", sourceLocation: sourceLocation)
    return try JSON(parsing: result.standardOutput)
  }

  /// Enrols; it must be refused.
  @discardableResult
  func enrolmentRefused(
    _ exitCode: Int, _ transferID: String = transferID, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Refusal {
    try Refusal(json: try await bench.hsmkey(Self.enrolment(transferID) + ["--json"]), exitCode: exitCode, sourceLocation: sourceLocation)
  }

  /// The state of the certificate, as `certificate status` tells it.
  func status() async throws -> JSON { try await bench.object("certificate", "status", "payroll")["certificates"][0] }

  /// The certificates that the service has issued.
  func issuedCount() async throws -> Int { try await simulator.issuedCertificates().count }

  /// Certificates on the token, as `pkcs11-tool` sees them.
  func certificatesOnToken() async throws -> Int {
    let listed = try await bench.pkcs11Tool("--list-objects", "--type", "cert")
    try #require(listed.exitCode == 0, "\(listed.standardError)")
    return listed.standardOutput.split(separator: "\n").count { $0.hasPrefix("Certificate Object") }
  }

  /// Nothing of an answer that was refused is anywhere: no certificate in the state, on the token or in the file for its users.
  func expectNothingKept(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    #expect(try await status()["certificate"].isNull, sourceLocation: sourceLocation)
    #expect(try await certificatesOnToken() == 0, sourceLocation: sourceLocation)
    #expect(!bench.exists("payroll.pem"), sourceLocation: sourceLocation)
    let leftovers = try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).filter { $0.contains("payroll.pem") }
    #expect(leftovers.isEmpty, sourceLocation: sourceLocation)
  }
}
