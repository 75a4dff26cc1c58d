import HTTPSTransport

/// What a consumer made of a certificate.
struct ConsumerVerdict: Encodable, Sendable {
  /// `accepted`, `refused`, `not-asked` or `not-reached`.
  let verdict: String
  /// Why, in one sentence.
  let reason: String
  let protocolVersion: String?
  let cipherSuite: String?
  let signatureScheme: String?
  let status: Int?

  init(_ probe: ClientProbe) {
    verdict = probe.verdict.rawValue
    reason = probe.reason
    protocolVersion = probe.protocolVersion
    cipherSuite = probe.cipherSuite
    signatureScheme = probe.signatureScheme?.rawValue
    status = probe.status
  }

  /// For a consumer that cannot be asked.
  init(_ error: HTTPSTransportError) {
    verdict = Self.notReached
    let trust =
      error.rule == .certificate
      ? "where its certificate comes from an authority of your own, name that one's file: consumers.tls-ca, or --tls-ca beside --address"
      : nil
    reason = [error.message, error.hint, trust].compactMap(\.self).joined(separator: "; ")
    (protocolVersion, cipherSuite, signatureScheme, status) = (nil, nil, nil, nil)
  }

  static let notReached = "not-reached"

  var isAcceptance: Bool { verdict == ClientProbe.Verdict.accepted.rawValue }
  var isRefusal: Bool { verdict == ClientProbe.Verdict.refused.rawValue }
}

/// What `certificate probe` tells.
struct ProbeReport: Answer {
  /// One consumer.
  struct Consumer: Encodable, Sendable {
    let consumer: String
    let address: String
    let result: ConsumerVerdict
    /// Whether the state keeps that it accepts the certificate.
    let isProofKept: Bool
    /// Its own file, into which the certificate was put now that it is accepted; null where nothing had to be changed.
    let cutOverFile: String?
    /// What it makes of the previous certificate, where it refused this one.
    let previous: Previous?
    let nextStep: String?
  }

  /// The certificate before.
  struct Previous: Encodable, Sendable {
    let serial: String
    let result: ConsumerVerdict
  }

  let name: String
  let serial: String
  let isActive: Bool
  let consumers: [Consumer]

  var text: String {
    let head = "\(Console.forTerminal(name))  certificate \(serial)\(isActive ? ", in use" : ", an earlier one")"
    return ([head] + consumers.map { Console.facts($0.facts, indent: 2) }).joined(separator: "\n")
  }

  /// A consumer that cannot prove anything is configured wrongly; one that refuses may accept it later; one that is not there may be there
  /// later, and nothing was refused.
  var exitStatus: ExitStatus {
    let verdicts = Set(consumers.map(\.result.verdict))
    if verdicts.contains(ClientProbe.Verdict.notAsked.rawValue) { return .configuration }
    if verdicts.contains(ClientProbe.Verdict.refused.rawValue) { return .notReady }
    return verdicts.contains(ConsumerVerdict.notReached) ? .unreachable : .done
  }

  enum CodingKeys: CodingKey { case name, serial, isActive, consumers }
}

extension ProbeReport.Consumer {
  fileprivate var facts: [(name: String, value: String)] {
    var rows = [(consumer, result.verdict.replacing("-", with: " ")), ("  address", address)]
    if let version = result.protocolVersion {
      rows.append(("  connection", [version, result.cipherSuite, result.signatureScheme].compactMap(\.self).joined(separator: ", ")))
    }
    rows.append(("  because", result.reason))
    if let cutOverFile { rows.append(("  cut over", "\(cutOverFile) has the certificate now")) }
    if let previous { rows.append(("  previous certificate", "\(previous.serial): \(previous.result.verdict)")) }
    if let nextStep { rows.append(("  next step", nextStep)) }
    return rows
  }
}
