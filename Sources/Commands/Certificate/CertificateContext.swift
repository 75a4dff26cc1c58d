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
        "service.environment is not configured", operation: "set up the certificate service", hint: "set it to test or production; the two never mix")
    }
    guard let environment = ServiceEnvironment(name: name) else {
      throw CommandError.configuration("service.environment must be test or production", operation: "set up the certificate service")
    }
    return environment
  }

  /// The certificates that may sign answers (`response-ca`) or issue ours (`issuer-ca`).
  func trustAnchors(_ files: [String]?, key: String) throws -> TrustAnchors {
    guard let files, !files.isEmpty else {
      throw CommandError.configuration(
        "service.\(key) is not configured", operation: "set up the certificate service",
        hint: "list the files of the agency's CA certificates for this environment: root, intermediate and issuing CA")
    }
    return try TrustAnchors(files: files)
  }

  /// The certificate service over HTTPS, as configured.
  func certificateService() throws -> CertificateService {
    let service = settings.file.service
    var configuration = HTTPSTransport.Configuration()
    if let file = service.tlsCA { configuration.trust = .file(file) }
    if let timeout = service.timeout { configuration.totalTimeout = timeout }
    configuration.proxy = service.proxy
    configuration.allowsPlainHTTPToLoopback = service.plainHTTPToLoopback ?? false
    configuration.userAgent = "hsmkey/\(toolVersion)"
    return CertificateService(
      environment: try serviceEnvironment(), endpoint: service.endpoint, transport: TransportAdapter(transport: try HTTPSTransport(configuration)),
      responseSigners: try trustAnchors(service.responseCA, key: "response-ca"))
  }

  /// How a renewal's signature refers to the request.
  var renewalTransforms: ReferenceTransforms {
    settings.file.service.renewalTransforms == "enveloped" ? .envelopedOnly : .envelopedThenExclusiveC14N
  }

  /// The state file, opened or made.
  func lifecycleStore() throws -> LifecycleStore { try LifecycleStore(path: settings.state.value) }

  /// Everything together: token, service, state.
  func lifecycle() async throws -> (lifecycle: CertificateLifecycle, keys: TokenKeys) {
    // What needs no PIN is checked first, so that a mistake in the configuration costs nobody a login.
    let service = try certificateService()
    let issuers = try trustAnchors(settings.file.service.issuerCA, key: "issuer-ca")
    let store = try lifecycleStore()
    let keys = try await tokenKeys()
    let configured = settings.file.service
    var timing = LifecycleTiming()
    if let wait = configured.firstWait { timing.firstWait = wait }
    if let interval = configured.pollInterval { timing.pollInterval = interval }
    if let limit = configured.giveUpAfter { timing.giveUpAfter = limit }
    let permanent = Set(configured.permanentCodes ?? [])
    let lifecycle = CertificateLifecycle(
      store: store, service: service, keys: TokenLifecycleKeys(keys: keys), issuers: issuers, timing: timing, transforms: renewalTransforms,
      isPermanentRefusal: { codes in codes.contains(where: permanent.contains) },
      afterChange: { name in
        let program = self.settings.file.certificates.first { $0.name == name }?.afterChange
        return await AfterChange.run(program, certificate: name, progress: { self.progress($0) })
      }, report: { self.progress("\($0.name): \($0.description)") })
    return (lifecycle, keys)
  }

  /// The plan for one certificate, from the configuration.
  func plan(named name: String) throws -> CertificatePlan {
    let configured = try settings.certificate(named: name)
    let algorithm = configured.algorithm ?? KeyAlgorithm.rsa2048.rawValue
    guard KeyAlgorithm(rawValue: algorithm) != nil else {
      throw CommandError.configuration(
        "certificates.\(name).algorithm is no key algorithm", hint: "algorithms: \(KeyAlgorithm.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return CertificatePlan(
      name: name, customer: try Customer(id: configured.customerID, name: configured.customerName), algorithm: algorithm,
      subject: try SubjectName.forCustomer(id: configured.customerID, name: configured.customerName), certificateFile: configured.certificateFile)
  }
}
