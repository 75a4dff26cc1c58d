import CertificateLifecycle
import Foundation

/// How every certificate stands, or one of them.
struct StatusReport: Answer {
  let certificates: [StatusEntry]
  /// When that was.
  let at: Date
  /// One certificate was asked for by name.
  private let isOfOne: Bool
  /// The configuration file, where there is one.
  private let configuration: String?

  enum CodingKeys: CodingKey { case certificates, at }

  /// - Parameter name: one certificate of the configuration, told in full; nil for all of them, and those that are in the state only.
  init(_ context: CommandContext, name: String?, at time: Date) throws {
    at = time
    isOfOne = name != nil
    configuration = context.settings.file.path
    let store = try context.existingStore()
    let schedule = context.renewalSchedule
    if let name {
      let configured = try context.settings.certificate(named: name)
      let record = try store?.record(named: name)
      certificates = [
        try StatusEntry(
          configured, record.map { CertificateSummary($0, at: time, schedule: schedule) }, record: record, at: time)
      ]
      return
    }
    let summaries = try store?.summaries(at: time, schedule: schedule) ?? []
    let known = Dictionary(summaries.map { ($0.name, $0) }) { first, _ in first }
    let configured = context.settings.file.certificates
    let names = Set(configured.map(\.name))
    certificates =
      try configured.map { try StatusEntry($0, known[$0.name], record: nil, at: time) }
      + summaries.filter { !names.contains($0.name) }.map { StatusEntry(unconfigured: $0, at: time) }
  }

  var text: String {
    if certificates.isEmpty {
      return "no certificate is configured" + (configuration.map { " in \($0)" } ?? "; there is no configuration file")
        + "\nname the configuration file with --config; certificates stand under certificates:"
    }
    return isOfOne ? certificates.map(\.facts).joined(separator: "\n\n") : StatusTable(self, width: Console.answerWidth).text
  }
}

/// How one certificate stands.
struct StatusEntry: Encodable, Sendable {
  /// The certificate in use. What needs it decoded is told when it was asked for by name.
  struct InUse: Encodable, Sendable {
    let serial: String
    let notBefore: Date
    let notAfter: Date
    let subject: String?
    let issuer: String?
    let keyName: String?
    let publicKeySha256: String?
  }

  let name: String
  let customerId: String
  let environment: String?
  /// The state's name, for programs.
  let state: String
  /// The same for people.
  let description: String
  let isConfigured: Bool
  let daysLeft: Int?
  let windowOpens: Date?
  let renewalDue: Date?
  let afterChangePending: Bool
  let refusalCodes: [String]?
  let certificate: InUse?
  let previousCount: Int
  let previous: [InstalledReport]?
  let nextStep: String

  init(
    _ configured: ConfigurationFile.Certificate, _ summary: CertificateSummary?, record: CertificateRecord?, at time: Date
  ) throws {
    self.init(
      name: configured.name, customerID: configured.customerID, isConfigured: true, summary,
      inUse: try record?.active.map { try InstalledReport($0) },
      previous: try record.map { try $0.previous.map { try InstalledReport($0) } }, at: time)
  }

  init(unconfigured summary: CertificateSummary, at time: Date) {
    self.init(
      name: summary.name, customerID: summary.customerID, isConfigured: false, summary, inUse: nil, previous: nil, at: time)
  }

  private init(
    name: String, customerID: String, isConfigured: Bool, _ summary: CertificateSummary?, inUse: InstalledReport?,
    previous: [InstalledReport]?, at time: Date
  ) {
    self.name = name
    customerId = customerID
    self.isConfigured = isConfigured
    environment = summary?.environment
    let state = summary?.state ?? .nothing
    self.state = state.rawValue
    let isFromTestBench = summary?.isFromTestBench == true
    description = (isFromTestBench ? "TEST BENCH, useless: " : "") + StateWords.describe(state, summary, at: time)
    daysLeft = summary?.notAfter.map { Int(($0.timeIntervalSince(time) / 86_400).rounded(.down)) }
    windowOpens = summary?.windowOpens
    renewalDue = summary?.dueAt
    afterChangePending = summary?.hookPending ?? false
    refusalCodes = summary?.refusalCodes
    certificate = summary.flatMap { summary in
      guard let serial = summary.serial, let notBefore = summary.notBefore, let notAfter = summary.notAfter else { return nil }
      return InUse(
        serial: serial, notBefore: notBefore, notAfter: notAfter, subject: inUse?.subject, issuer: inUse?.issuer,
        keyName: isFromTestBench ? inUse.map { "NOT FOR \($0.keyName)" } : inUse?.keyName,
        publicKeySha256: inUse?.publicKeySha256)
    }
    previousCount = summary?.previousCount ?? 0
    self.previous = previous
    let step = summary?.nextStep ?? "order one in the agency's e-service, then: hsmkey certificate enrol \(name) --transfer-id ID"
    nextStep = isConfigured ? step : "it is not in the configuration file; put it back there to go on with it"
  }

  /// All there is to tell, a fact a line.
  var facts: String {
    var rows = [("state", description), ("customer", customerId)]
    if let certificate, let daysLeft, let windowOpens {
      rows += [
        ("days left", "\(daysLeft)"), ("window opens", windowOpens.ISO8601Format()),
        ("subject", certificate.subject), ("issuer", certificate.issuer), ("serial", certificate.serial),
        ("valid", "\(certificate.notBefore.ISO8601Format()) to \(certificate.notAfter.ISO8601Format())"),
        ("key", certificate.keyName),
      ].compactMap { name, value in value.map { (name, $0) } }
    }
    rows += (previous ?? []).map { ("previous", "\($0.serial), valid until \($0.notAfter.ISO8601Format()), key \($0.keyName)") }
    rows.append(("next step", nextStep))
    return "\(Console.forTerminal(name))\n\(Console.facts(rows, indent: 2))"
  }
}
