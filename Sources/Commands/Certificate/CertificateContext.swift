import CertificateLifecycle
import CertificateService
import Foundation
import HTTPSTransport
import TokenKeys
import XMLSignature

extension CommandContext {
  /// The environment that the configuration names.
  func serviceEnvironment() throws -> ServiceEnvironment {
    guard let name = settings.file.service.environment else {
      throw CommandError.configuration(
        "service.environment is not configured", operation: "set up the certificate service",
        hint: "set it to test or production; the two never mix")
    }
    guard let environment = ServiceEnvironment(name: name) else {
      throw CommandError.configuration("service.environment must be test or production", operation: "set up the certificate service")
    }
    return isTestBench ? .testBench : environment
  }

  /// Whether the agency's test bench is configured (`service.test-bench`): its certificates are useless, and not for our keys.
  var isTestBench: Bool { settings.file.service.testBench == true }

  /// The certificate service over HTTPS, as configured.
  func certificateService(_ trust: TrustSets, _ revocation: RevocationCheck) throws -> CertificateService {
    CertificateService(
      environment: try serviceEnvironment(), endpoint: settings.file.service.endpoint,
      transport: TransportAdapter(transport: try serviceTransport().transport), responseSigners: trust.responses,
      revocation: revocation)
  }

  /// How the service is reached. An address that breaks a rule is refused here, before there is anything to send.
  func serviceTransport() throws -> (transport: HTTPSTransport, endpoint: String) {
    let service = settings.file.service
    var configuration = HTTPSTransport.Configuration()
    if let file = service.tlsCA { configuration.trust = .file(file) }
    if let timeout = service.timeout { configuration.totalTimeout = timeout }
    configuration.proxy = service.proxy
    configuration.allowsPlainHTTPToLoopback = service.plainHTTPToLoopback ?? false
    configuration.userAgent = "hsmkey/\(toolVersion)"
    let endpoint = try service.endpoint ?? serviceEnvironment().endpoint
    // The key match is skipped, which must never happen to an answer of a real service.
    guard !isTestBench || Self.isTestBench(endpoint) else {
      throw CommandError.configuration(
        "service.test-bench goes with the test bench's address, whose path begins with /DEV/, and service.endpoint is \(endpoint)",
        rule: .testBench, operation: "set up the certificate service", hint: "leave service.endpoint out, or service.test-bench")
    }
    let transport = try HTTPSTransport(configuration)
    do {
      try transport.check(address: endpoint)
    } catch  where error.rule == .plainHTTP && !configuration.allowsPlainHTTPToLoopback {
      throw CommandError(
        .configuration, code: "configuration", rule: error.rule.rawValue, operation: "set up the certificate service",
        message: "service.endpoint: \(error.message) (\(endpoint))",
        hints: [error.hint, "for a simulator on this machine: service.plain-http-to-loopback: true"])
    } catch {
      throw CommandError.configuration(error, about: "service.endpoint")
    }
    return (transport, endpoint)
  }

  private static func isTestBench(_ endpoint: String) -> Bool { URL(string: endpoint)?.path.hasPrefix("/DEV/") == true }

  /// How a renewal's signature refers to the request.
  var renewalTransforms: ReferenceTransforms {
    settings.file.service.renewalTransforms == "enveloped" ? .envelopedOnly : .envelopedThenExclusiveC14N
  }

  /// The state file for a command that only looks: nil where there is none, and none is made.
  func existingStore() throws -> LifecycleStore? { try LifecycleStore(existing: settings.state.value) }

  /// How renewals by a timer are spread.
  var renewalSchedule: RenewalSchedule { settings.file.renewalSpread.map { RenewalSchedule(spread: $0) } ?? RenewalSchedule() }

  /// What the state holds of one certificate.
  func record(named name: String) throws -> CertificateRecord? { try existingStore()?.record(named: name) }

  /// What a life cycle needs beside a token.
  private struct LifecycleParts {
    let trust: TrustSets
    let revocation: RevocationCheck
    let service: CertificateService
    let store: LifecycleStore
  }

  /// Everything together: token, service, state.
  func lifecycle() async throws -> (lifecycle: CertificateLifecycle, keys: TokenKeys) {
    // What needs no PIN is checked first, so that a mistake in the configuration costs nobody a login.
    let parts = try lifecycleParts()
    let keys = try await tokenKeys()
    return (lifecycle(parts, keys), keys)
  }

  /// The same on a token that somebody has logged in to already.
  func lifecycle(on keys: TokenKeys) throws -> CertificateLifecycle { lifecycle(try lifecycleParts(), keys) }

  private func lifecycleParts() throws -> LifecycleParts {
    let trust = try trustSets()
    let revocation = try revocationCheck()
    let service = try certificateService(trust, revocation)
    _ = try tokenURI()
    return LifecycleParts(
      trust: trust, revocation: revocation, service: service, store: try LifecycleStore(path: settings.state.value))
  }

  private func lifecycle(_ parts: LifecycleParts, _ keys: TokenKeys) -> CertificateLifecycle {
    let configured = settings.file.service
    var timing = LifecycleTiming()
    if let wait = configured.firstWait { timing.firstWait = wait }
    if let interval = configured.pollInterval { timing.pollInterval = interval }
    timing.pollJitter = configured.pollJitter ?? timing.pollInterval / 10
    if let limit = configured.giveUpAfter { timing.giveUpAfter = limit }
    let codes = ErrorCodeTable(notReady: configured.notReadyCodes ?? [], permanent: configured.permanentCodes ?? [])
    let uncertainRenewal = configured.uncertainRenewal.map(UncertainRenewal.init(rawValue:)) ?? .ask
    let programs = OneAtATime()
    return CertificateLifecycle(
      store: parts.store, service: parts.service, keys: TokenLifecycleKeys(keys: keys, policy: settings.policy.value),
      acceptance: AcceptanceOptions(
        issuers: parts.trust.issuers, allowedIssuers: configured.allowedIssuers ?? [], revocation: parts.revocation,
        skipsKeyMatch: isTestBench),
      timing: timing, transforms: renewalTransforms, codes: codes, uncertainRenewal: uncertainRenewal,
      afterChange: { name in
        // Nobody is told to use a certificate that nobody can use.
        if self.isTestBench { return true }
        let program = self.settings.file.certificates.first { $0.name == name }?.afterChange
        // Several certificates may change at once, and their programs are often the same one.
        return await programs.run {
          await AfterChange.run(program, certificate: name, without: self.secretVariables, progress: { self.progress($0) })
        }
      }, report: { self.progress("\($0.name): \($0.description)") })
  }

  /// Refuses a transfer id that no request could carry.
  static func checkTransferID(_ id: String) throws {
    do { try TransferCredentials.check(id: id) } catch { throw CommandError.usage(error, about: "--transfer-id") }
  }

  /// The plan for one certificate, from the configuration.
  func plan(named name: String) throws -> CertificatePlan {
    let configured = try settings.certificate(named: name)
    let algorithm = configured.algorithm ?? KeyAlgorithm.rsa2048.rawValue
    let supported = KeyAlgorithm.allCases.map(\.rawValue).filter { $0.hasPrefix("rsa-") }
    guard supported.contains(algorithm) else {
      throw CommandError.configuration(
        "certificates.\(name).algorithm must be one of \(supported.joined(separator: ", "))", rule: .serviceKey,
        hint: "renewals are signed with RSA; a key of another kind could get a certificate once and never renew it")
    }
    do {
      return CertificatePlan(
        name: name, customer: try Customer(id: configured.customerID, name: configured.customerName), algorithm: algorithm,
        subject: try SubjectName.forCustomer(id: configured.customerID, name: configured.customerName),
        certificateFile: isTestBench ? nil : configured.certificateFile, consumers: configured.consumers.map(\.planned))
    } catch {
      throw CommandError.configuration(error, about: "certificates.\(name)")
    }
  }
}
