public import Foundation
import Synchronization
public import X509

/// A local certificate service that behaves as the agency's does, and misbehaves on demand.
///
/// Its CAs are made when it starts. All it knows is in memory, and gone when it stops.
public final class ServiceSimulator: Sendable {
  /// What it was made with.
  public let configuration: Configuration

  private struct Running {
    let listener: Listener
    let endpoint: ServiceEndpoint
    let watch: Task<Void, Never>?
  }

  private let running = Mutex<Running?>(nil)
  private let faults: FaultPlan
  private let clock: SimulatedClock
  private let requestLog: RequestLog

  /// - Throws: ``SimulatorError`` where the configuration breaks a rule.
  public init(_ configuration: Configuration = Configuration()) throws(SimulatorError) {
    try configuration.check()
    self.configuration = configuration
    clock = try SimulatedClock(machine: configuration.now, setting: configuration.clock, isStopped: configuration.isClockStopped)
    requestLog = RequestLog(say: configuration.log)
    faults = FaultPlan(outages: configuration.outages, random: SimulatorRandom(seed: configuration.seed, purpose: 1))
    for fault in configuration.faults { faults.set(fault) }
  }

  // MARK: Running

  /// Listens, makes the CAs and writes the trust files.
  ///
  /// - Returns: the address to send requests to: `http://127.0.0.1:PORT/2017/10/CertificateServices`.
  /// - Throws: ``SimulatorError`` where the address is taken or a file stands in the way.
  @discardableResult
  public func start() async throws -> String {
    guard running.withLock({ $0 == nil }) else {
      throw SimulatorError(.listening, "start the simulator", "it is running already")
    }
    // The certificates carry the address that they are published at, so the service is made after the server listens.
    if let path = configuration.logFile { try requestLog.open(path) }
    let service = ServiceBox()
    let front = HTTPFront(maximumRequestBytes: configuration.maximumRequestBytes, log: configuration.log) { request in
      guard let (endpoint, control) = service.parts else { return .plain(503, "not ready yet") }
      await control.refresh()
      return try await endpoint.answer(request)
    }
    let listener = try await Listener.start(host: configuration.address(), port: configuration.port, front: front)
    do {
      let endpoint = try makeEndpoint(address: listener.base)
      try trustFiles?.write(endpoint.hierarchy)
      let control = ControlDesk(file: configuration.controlFile.map(ControlFile.init), service: endpoint)
      await control.refresh()
      service.parts = (endpoint, control)
      let watch = configuration.controlFile.map { _ in Task { await Self.watch(control) } }
      running.withLock { $0 = Running(listener: listener, endpoint: endpoint, watch: watch) }
      return listener.base + ServiceEndpoint.paths[0]
    } catch {
      await listener.stop()
      throw error
    }
  }

  /// Stops listening and ends the connections that hang. The trust files stay.
  public func stop() async {
    let stopped = running.withLock { running in
      defer { running = nil }
      return running
    }
    stopped?.watch?.cancel()
    await stopped?.listener.stop()
    await stopped?.watch?.value
  }

  /// Looks at the control file now and then, for changes that no request waits for.
  private static func watch(_ control: ControlDesk) async {
    while (try? await Task.sleep(for: .milliseconds(250))) != nil { await control.refresh() }
  }

  /// The address to send requests to, while the simulator runs.
  public var endpoint: String? { running.withLock { $0.map { $0.listener.base + ServiceEndpoint.paths[0] } } }

  /// The trust files, where the configuration names a folder for them.
  public var trustFiles: TrustFiles? { configuration.folder.map { TrustFiles(folder: $0) } }

  // MARK: What the agency's own people do

  /// Notes an order: gives its technical contact an id and a password that are good for one SignNew within 14 days.
  ///
  /// - Parameters:
  ///   - customerID: 1 to 30 characters.
  ///   - id: the TransferId, 1 to 32 characters.
  ///   - password: the TransferPassword, 1 to 16 characters.
  ///   - sent: when it was sent; now, by default.
  /// - Throws: ``SimulatorError`` where a length is wrong, the id is in use, or the simulator does not run.
  public func addTransferCredential(customerID: String, id: String, password: String, sent: Date? = nil) async throws {
    try await service().desk.addTransferCredential(
      customerID: customerID, id: id, password: password, sent: sent ?? clock.now)
  }

  /// Whether a transfer credential has been used; nothing for an id that was never given out.
  public func isSpent(transferID: String) async throws -> Bool? { try await service().desk.isSpent(transferID: transferID) }

  /// Issues a certificate without a request, as if it had been asked for at an earlier time: so that a renewal can be tried now.
  ///
  /// - Parameters:
  ///   - days: its lifetime; the configuration's, by default.
  public func issueCertificate(
    for publicKey: Certificate.PublicKey, customerID: String, customerName: String? = nil, notBefore: Date? = nil, days: Int? = nil
  ) async throws -> Certificate {
    try await service().desk.issue(
      publicKey: publicKey, customerID: customerID, organization: customerName, from: notBefore ?? clock.now, days: days)
  }

  /// Every customer certificate that was issued, oldest first, fetched or not.
  public func issuedCertificates() async throws -> [Certificate] { try await service().desk.issued }

  /// Revokes a customer's certificate: it can no longer sign a renewal, and stands on the CRL.
  ///
  /// The response signer's and the CAs' certificates can be revoked too; they stand on the list of the CA that issued them.
  public func revoke(serialNumber: Certificate.SerialNumber, reason: RevocationReason? = nil) async throws {
    try await service().desk.revoke(serialNumber, reason, at: clock.now)
  }

  /// The certificate that signs responses.
  public func responseSigner() throws -> Certificate { try service().hierarchy.responseSigner }

  // MARK: Faults

  /// Sets a fault, in addition to those that are set.
  public func set(_ fault: FaultRequest) { faults.set(fault) }

  /// Sets a fault, in addition to those that are set.
  ///
  /// - Parameters:
  ///   - operation: the operation it is for; every one that it applies to, by default.
  ///   - answers: how often it happens; until it is cleared, by default.
  /// - Throws: ``SimulatorError`` where the fault does not apply to the operation.
  public func set(_ fault: ServiceFault, for operation: ServiceOperation? = nil, answers: Int? = nil) throws(SimulatorError) {
    faults.set(try FaultRequest(fault, for: operation, answers: answers))
  }

  /// Clears a fault for all operations.
  public func clear(_ fault: ServiceFault) { faults.clear(fault) }

  /// Clears all faults.
  public func clearFaults() { faults.clear() }

  // MARK: Time, commands and the log

  /// The simulator's time.
  public var now: Date { clock.now }

  /// Sets the clock.
  ///
  /// - Throws: ``SimulatorError`` where the time is not within 1970 to 2199.
  public func setClock(_ setting: ClockSetting) throws(SimulatorError) { try clock.set(setting) }

  /// Moves the clock, backwards too.
  ///
  /// - Throws: ``SimulatorError`` where the time is not within 1970 to 2199.
  public func advanceClock(by seconds: TimeInterval) throws(SimulatorError) { try clock.advance(by: seconds) }

  /// Carries out a command, as a line of the control file would.
  ///
  /// - Returns: what was done.
  /// - Throws: ``SimulatorError`` where it is refused; then nothing is changed.
  @discardableResult
  public func perform(_ command: String) async throws -> String {
    try await ControlDesk.carryOut(command, "test", service())
  }

  /// Every request so far, oldest first; the last 100,000 of them, at least 90,000. It stays when the simulator stops.
  public func log() -> [LoggedRequest] { requestLog.requests }

  /// Every change so far that a command made, or was refused.
  public func changes() -> [LoggedChange] { requestLog.changes }

  /// The test bench's keys, made now if nobody needed them before.
  public func testBenchKeys() throws -> TestBenchKeys { try service().bench.get().keys }

  /// Writes the test bench's keys into the configuration's folder.
  ///
  /// - Returns: nothing where the configuration names no folder, or the simulator is not for the test environment.
  /// - Throws: ``SimulatorError`` where a file of somebody else's stands in the way.
  public func writeTestBenchKeys() throws -> TestBenchFiles? {
    guard let folder = configuration.folder, configuration.environment == .test else { return nil }
    let files = TestBenchFiles(folder: folder)
    try files.write(testBenchKeys())
    return files
  }

  // MARK: Parts

  private func service() throws(SimulatorError) -> ServiceEndpoint {
    guard let endpoint = running.withLock({ $0?.endpoint }) else {
      throw SimulatorError(.listening, "use the simulator", "it does not run", hint: "start it first")
    }
    return endpoint
  }

  private func makeEndpoint(address: String) throws -> ServiceEndpoint {
    let (configuration, clock) = (configuration, clock)
    let keys = try configuration.keys ?? SimulatorKeys(rootKeySize: configuration.caStyle.rootKeySize)
    @Sendable func hierarchy(_ keys: SimulatorKeys, purpose: UInt64) throws -> CAHierarchy {
      try CAHierarchy(
        environment: configuration.environment, keys: keys, style: configuration.caStyle,
        publicationBase: configuration.publicationBase ?? address,
        now: clock.now, random: SimulatorRandom(seed: configuration.seed, purpose: purpose))
    }
    let trusted = try hierarchy(keys, purpose: 2)
    let pause = configuration.notReadyFor.components
    let settings = ServiceDesk.Settings(
      environment: configuration.environment, notReadyFor: Double(pause.seconds) + Double(pause.attoseconds) / 1e18,
      certificateLifetimeDays: configuration.certificateLifetimeDays, renewalWindowDays: configuration.renewalWindowDays,
      keyPolicy: configuration.keyPolicy, defaultCustomerName: configuration.defaultCustomerName)
    return ServiceEndpoint(
      configuration: configuration, hierarchy: trusted, desk: ServiceDesk(settings: settings, hierarchy: trusted),
      bench: LazyTestBench {
        try TestBench(configuration.testBench, settings: settings, hierarchy: trusted, at: clock.now)
      }, faults: faults, clock: clock, log: requestLog,
      writer: ResponseWriter(
        hierarchy: trusted, signer: try ResponseSigner(key: trusted.responseSignerKey, certificate: trusted.responseSigner),
        otherHierarchy: { try hierarchy(FaultMaterials.materials().keys, purpose: 3) }),
      address: address)
  }
}

/// The service, once there is one.
private final class ServiceBox: Sendable {
  private let value = Mutex<(ServiceEndpoint, ControlDesk)?>(nil)

  var parts: (ServiceEndpoint, ControlDesk)? {
    get { value.withLock { $0 } }
    set { value.withLock { $0 = newValue } }
  }
}
