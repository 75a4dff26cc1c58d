import Foundation
import ServiceSimulator
import TestSupport

/// The certificate service of the examples, in this process.
final class CeremonyService: Sendable {
  private let folder: TemporaryFolder
  private let simulator: ServiceSimulator
  private let endpoint: String
  private static let keys = Result { try SimulatorKeys() }

  init() async throws {
    folder = try TemporaryFolder()
    var configuration = ServiceSimulator.Configuration()
    configuration.folder = folder.path
    configuration.keys = try Self.keys.get()
    configuration.notReadyFor = .zero
    // Within the window from the first day on.
    configuration.certificateLifetimeDays = 45
    simulator = try ServiceSimulator(configuration)
    endpoint = try await simulator.start()
  }

  func stop() async { await simulator.stop() }

  /// An order that nobody has used.
  func newOrder() async throws -> String {
    let id = (0..<32).map { _ in String(Int.random(in: 0...9)) }.joined()
    try await order(id)
    return id
  }

  func order(_ id: String) async throws {
    try await simulator.addTransferCredential(customerID: CeremonyPlace.customerID, id: id, password: CeremonyPlace.secrets[3])
  }

  func issuedCount() async throws -> Int { try await simulator.issuedCertificates().count }

  /// The tool's configuration for it.
  var configuration: String {
    """
    state: state/state.sqlite
    service:
      environment: test
      endpoint: \(endpoint)
      plain-http-to-loopback: true
      response-ca: [\(folder.path)/services-root.pem, \(folder.path)/services-chain.pem]
      issuer-ca: [\(folder.path)/providers-root.pem, \(folder.path)/providers-chain.pem]
      first-wait: 0s
      poll-interval: 1s
      give-up-after: 30s
      timeout: 60s
    certificates:
      payroll:
        customer-id: \(CeremonyPlace.customerID)
        customer-name: Ab Demo Oy

    """
  }
}
