import CertificateService
import Foundation
import Secrets
import ServiceSimulator
import SwiftASN1
import Synchronization
import TestSupport
import Testing
import X509

@testable import CertificateLifecycle

/// A running simulator, a token in memory, a state file and a clock; and lifecycles that come and go as processes do.
final class LifecycleBench: Sendable {
  let simulator: ServiceSimulator
  let endpoint: String
  let folder: TemporaryFolder
  let clock = Clock()
  let interruptions = Interruptions()
  let transport: BenchTransport
  let keys: SoftwareKeys
  let hook = Hook()
  private let said = Mutex<[String]>([])

  static let customerID = "0123456-7"
  static let name = "payroll"
  static let password = "s3cretPassword16"
  /// Orders of which the simulator knows from the start.
  static let orders = ["ORDER-1", "ORDER-2", "ORDER-3"]

  private static let simulatorKeys = Result { try SimulatorKeys() }

  /// A clock that only tests move, and that sleeping moves.
  final class Clock: Sendable {
    private let state = Mutex((now: Date(timeIntervalSince1970: 1_795_000_000), slept: [Duration]()))
    var now: Date { state.withLock { $0.now } }
    var slept: [Duration] { state.withLock { $0.slept } }
    func advance(days: Double = 0, seconds: Double = 0) { state.withLock { $0.now += days * 86_400 + seconds } }
    func set(_ date: Date) { state.withLock { $0.now = date } }
    func sleep(_ duration: Duration) { state.withLock { ($0.now += duration / .seconds(1), $0.slept.append(duration)).0 } }
  }

  private init(serviceClockAhead: TimeInterval, _ change: (inout ServiceSimulator.Configuration) -> Void) async throws {
    folder = try TemporaryFolder()
    transport = try BenchTransport(interruptions)
    keys = SoftwareKeys(interruptions)
    let clock = clock
    var configuration = ServiceSimulator.Configuration()
    configuration.folder = folder.path
    configuration.keys = try Self.simulatorKeys.get()
    configuration.now = { clock.now + serviceClockAhead }
    change(&configuration)
    simulator = try ServiceSimulator(configuration)
    endpoint = try await simulator.start()
    for order in Self.orders {
      try await simulator.addTransferCredential(customerID: Self.customerID, id: order, password: Self.password)
    }
  }

  /// Runs a test with a bench, and stops the simulator whatever happens.
  static func with(
    serviceClockAhead: TimeInterval = 0, _ change: (inout ServiceSimulator.Configuration) -> Void = { _ in },
    _ body: (LifecycleBench) async throws -> Void
  ) async throws {
    let bench = try await LifecycleBench(serviceClockAhead: serviceClockAhead, change)
    do {
      try await body(bench)
    } catch {
      await bench.simulator.stop()
      throw error
    }
    await bench.simulator.stop()
  }

  // MARK: A process's worth of work

  var statePath: String { folder.path("state.sqlite") }
  func store() throws -> LifecycleStore { try LifecycleStore(path: statePath) }
  func record() throws -> CertificateRecord { try #require(try store().record(named: Self.name)) }
  func pending() throws -> PendingOperation { try #require(try record().pending) }
  var events: [String] { said.withLock { $0 } }

  /// Opens the state anew, as a new process does.
  func lifecycle(
    environment: ServiceEnvironment = .test, timing: LifecycleTiming = .init(), permanentCodes: Set<String> = [],
    issuers: [String]? = nil, uncertainRenewal: UncertainRenewal = .ask, chance: Double = 0,
    sleep: (@Sendable (Duration) async throws -> Void)? = nil
  ) throws -> CertificateLifecycle {
    interruptions.startProcess()
    let trust = try #require(simulator.trustFiles)
    let clock = clock
    let interruptions = interruptions
    let hook = hook
    return CertificateLifecycle(
      store: try store(),
      service: CertificateService(
        environment: environment, endpoint: endpoint, transport: transport,
        responseSigners: try TrustAnchors(files: [trust.servicesRoot, trust.servicesChain]), now: { clock.now }),
      keys: keys, acceptance: AcceptanceOptions(issuers: try TrustAnchors(files: issuers ?? [trust.providersRoot, trust.providersChain])),
      timing: timing,
      codes: ErrorCodeTable(permanent: Array(permanentCodes)), uncertainRenewal: uncertainRenewal, now: { clock.now },
      sleep: sleep ?? { duration in
        try interruptions.step("wait")
        clock.sleep(duration)
      },
      chance: { chance },
      afterChange: { await hook.run($0) },
      report: { event in self.said.withLock { $0.append("\(event.name): \(event)") } })
  }

  func plan(
    customerID: String = customerID, file: String? = nil, algorithm: String = "rsa-2048", subject: String = "Ab Demo Oy"
  ) throws -> CertificatePlan {
    CertificatePlan(
      name: Self.name, customer: try Customer(id: customerID, name: "Ab Demo Oy"), algorithm: algorithm,
      subject: try DistinguishedName { CommonName(subject) }, certificateFile: file)
  }

  @discardableResult
  func enrol(
    order: String = orders[0], password: String = password, file: String? = nil, plan: CertificatePlan? = nil,
    _ lifecycle: CertificateLifecycle? = nil
  ) async throws -> InstalledCertificate {
    try await (lifecycle ?? self.lifecycle()).enrol(plan ?? self.plan(file: file)) {
      try TransferCredentials(id: order, password: SecretBytes(copying: Array(password.utf8)))
    }
  }

  @discardableResult
  func renew(repeating: Bool = false, file: String? = nil) async throws -> InstalledCertificate {
    try await lifecycle().renew(plan(file: file), repeatingUncertainRenewal: repeating)
  }

  @discardableResult
  func fetch(file: String? = nil) async throws -> InstalledCertificate { try await lifecycle().fetch(plan(file: file)) }

  /// A file in a folder of its own.
  func fileForUsers(_ content: String) throws -> String {
    try FileManager.default.createDirectory(atPath: folder.path("users"), withIntermediateDirectories: false)
    return try folder.write(content.utf8, to: "users/payroll.pem")
  }

  /// A certificate in use that was issued so many days ago; by default its renewal is due.
  @discardableResult
  func install(daysAgo: Double = 700) async throws -> InstalledCertificate {
    let key = try await keys.add(named: "payroll-old")
    let certificate = try await simulator.issueCertificate(
      for: key.privateKey.publicKey, customerID: Self.customerID, customerName: "Ab Demo Oy", notBefore: clock.now - daysAgo * 86_400)
    let installed = InstalledCertificate(
      keyName: key.name, keyIdentifier: key.identifier, der: Data(try certificate.derBytes()), installedAt: clock.now - daysAgo * 86_400)
    var record = CertificateRecord(name: Self.name, customerID: Self.customerID, environment: "test")
    record.active = installed
    try store().save(record, at: clock.now)
    return installed
  }
}

extension Certificate {
  func derBytes() throws -> [UInt8] { Array(try serializeAsPEM().derBytes) }
}

/// Runs `body` and returns the lifecycle's error that it must throw.
func lifecycleError<Value>(
  _ body: () async throws -> Value, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> LifecycleError {
  try #require(await #expect(throws: LifecycleError.self, sourceLocation: sourceLocation) { _ = try await body() })
}

/// Runs `body` and returns the service's error that it must throw.
func serviceError<Value>(
  _ body: () async throws -> Value, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> CertificateServiceError {
  try #require(await #expect(throws: CertificateServiceError.self, sourceLocation: sourceLocation) { _ = try await body() })
}
