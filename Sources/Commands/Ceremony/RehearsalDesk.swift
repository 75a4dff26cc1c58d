import ArgumentParser
import Foundation
import KeyCeremony
import PKCS11
import Secrets
import TokenKeys

/// A rehearsal's certificates: our own certificate service simulator on this machine, with a configuration and a state file in the
/// rehearsal's folder. Its authorities are made at its start and forgotten at its end.
final class RehearsalDesk: CertificateDesk {
  /// The configuration's path.
  let configuration: String
  /// The orders of the plan, by name.
  let orders: [String: SiteBinding.Order]
  private let desk: LifecycleDesk
  private let simulator: Lifeline
  private let ordersBefore: [String: SiteBinding.Order]

  private init(
    configuration: String, orders: [String: SiteBinding.Order], ordersBefore: [String: SiteBinding.Order], desk: LifecycleDesk,
    simulator: Lifeline
  ) {
    self.configuration = configuration
    self.orders = orders
    self.ordersBefore = ordersBefore
    self.desk = desk
    self.simulator = simulator
  }

  /// Starts the simulator, knowing the orders of the plan.
  ///
  /// - Parameters:
  ///   - folder: the rehearsal's.
  ///   - program: the simulator's path; beside this program without it.
  /// - Returns: nil for a plan without certificates from the service.
  static func open(
    for plan: CeremonyPlan, in folder: String, module: String, context: CommandContext, program: String?
  ) async throws -> RehearsalDesk? {
    let certificates = plan.serviceCertificates
    guard !certificates.isEmpty else { return nil }
    let trust = folder + "/service"
    try FileManager.default.createDirectory(atPath: trust, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    var transfers: [String] = []
    func order(of customer: String) -> SiteBinding.Order {
      let (id, password) = (ThrowAwaySecret.transferID(), ThrowAwaySecret.transferPassword())
      transfers.append("\(customer):\(id):\(password)\n")
      let held = HeldSecret(SecretBytes(copying: Array(password.utf8)))
      return SiteBinding.Order(transferID: id, transferPassword: .held(held, name: "transfer-password"))
    }
    let orders = Dictionary(plan.enrolments.map { ($0.order, order(of: $0.customerID)) }) { first, _ in first }
    let before = Dictionary(plan.before.enrolled.map { ($0.certificate, order(of: $0.customerID)) }) { first, _ in first }
    try write(transfers.joined(), to: trust + "/orders")
    let simulator = Lifeline(
      try Self.simulator(program),
      [
        "--folder", trust, "--transfer-file", trust + "/orders", "--until-input-ends", "--not-ready-for", "0",
        // Within the renewal window of sixty days from the first day on.
        "--certificate-lifetime", "45",
      ])
    do {
      let service = try await Self.started(simulator)
      let configuration = folder + "/hsmkey.yaml"
      try write(Self.configuration(service, certificates, folder: folder, module: module), to: configuration)
      let level = context.options.logLevel.map { ["--log-level", $0] } ?? []
      let own = try CommandContext(
        CommonOptions.parse(["--config", configuration] + level), environment: ["HSMKEY_PIN_MEMORY": folder + "/pins"])
      return RehearsalDesk(
        configuration: configuration, orders: orders, ordersBefore: before, desk: LifecycleDesk(context: own), simulator: simulator)
    } catch {
      await simulator.end()
      throw error
    }
  }

  /// Ends the simulator.
  func end() async { await simulator.end() }

  /// Gets a certificate that the plan finds in use, by an order that nobody else knows of. It can be renewed at once.
  func prepare(_ enrolled: PlanBefore.Enrolled, keys: TokenKeys) async throws {
    guard let order = ordersBefore[enrolled.certificate] else { return }
    _ = try await desk.enrol(
      StepAction.Enrolment(
        token: enrolled.token, certificate: enrolled.certificate, customerID: enrolled.customerID, customerName: enrolled.customerName,
        order: "before", output: nil), keys: keys, order: order)
  }

  func inUse(_ certificate: String, keys: TokenKeys) async throws -> IssuedCertificate? { try await desk.inUse(certificate, keys: keys) }

  func enrol(_ enrolment: StepAction.Enrolment, keys: TokenKeys, order: SiteBinding.Order) async throws -> IssuedCertificate {
    try await desk.enrol(enrolment, keys: keys, order: order)
  }

  func renew(_ certificate: String, keys: TokenKeys, before: IssuedCertificate) async throws -> IssuedCertificate {
    try await desk.renew(certificate, keys: keys, before: before)
  }

  // MARK: The simulator

  private static let operation = "start the certificate service simulator"

  private static func simulator(_ named: String?) throws -> String {
    let beside = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).map {
      URL(filePath: $0).deletingLastPathComponent().appending(path: "certificate-service-simulator").path
    }
    guard let path = named ?? beside, FileManager.default.isExecutableFile(atPath: path) else {
      throw CommandError(
        .configuration, code: "simulator-not-found", operation: operation,
        message:
          "\(named ?? beside ?? "certificate-service-simulator") is no program; the plan asks for certificates, and a rehearsal gets "
          + "them from the simulator",
        hints: ["put certificate-service-simulator beside hsmkey, or name it: --simulator PATH"])
    }
    return path
  }

  /// What the simulator says once it listens.
  private static func started(_ simulator: Lifeline) async throws -> [String: String] {
    var said: [String: String] = [:]
    for await line in simulator.lines {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { said[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces) }
      if said["providers-chain"] != nil { return said }
    }
    throw CommandError(
      .configuration, code: "simulator", operation: operation, message: "it ended before it listened",
      hints: ["look whether it runs by itself: certificate-service-simulator --folder FOLDER"])
  }

  // MARK: The configuration

  private static func configuration(
    _ service: [String: String], _ certificates: [CeremonyPlan.ServiceCertificate], folder: String, module: String
  ) -> String {
    func text(_ key: String) -> String { quoted(service[key] ?? "") }
    let lines = [
      "token:", "  module: \(quoted(module))", "state: \(quoted(folder + "/state/state.sqlite"))", "service:", "  environment: test",
      "  endpoint: \(text("listening"))", "  plain-http-to-loopback: true",
      "  response-ca: [\(text("services-root")), \(text("services-chain"))]",
      "  issuer-ca: [\(text("providers-root")), \(text("providers-chain"))]", "  first-wait: 0s", "  poll-interval: 1s", "certificates:",
    ]
    let named = certificates.flatMap {
      ["  \(quoted($0.name)):", "    customer-id: \(quoted($0.customerID))", "    customer-name: \(quoted($0.customerName))"]
    }
    return (lines + named).map { $0 + "\n" }.joined()
  }

  /// A text as YAML and JSON quote it.
  private static func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }

  private static func write(_ text: String, to path: String) throws {
    guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]) else {
      throw CommandError(.configuration, code: "folder", operation: operation, message: "\(path) cannot be written")
    }
  }
}

extension CeremonyPlan {
  /// A certificate that the service issues in this plan, or has issued before.
  struct ServiceCertificate {
    let name: String
    let customerID: String
    let customerName: String
  }

  /// The steps that enrol.
  var enrolments: [StepAction.Enrolment] {
    steps.compactMap { step in if case .enrolCertificate(let enrolment) = step.action { enrolment } else { nil } }
  }

  /// Each once.
  var serviceCertificates: [ServiceCertificate] {
    var seen: Set<String> = []
    let all =
      before.enrolled.map { ServiceCertificate(name: $0.certificate, customerID: $0.customerID, customerName: $0.customerName) }
      + enrolments.map { ServiceCertificate(name: $0.certificate, customerID: $0.customerID, customerName: $0.customerName) }
    return all.filter { seen.insert($0.name).inserted }
  }
}
