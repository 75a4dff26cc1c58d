import HTTPSTransport

/// What a consumer made of a certificate.
struct ConsumerVerdict: Encodable, Sendable {
  /// `accepted`, `refused`, `not-asked`, `not-demanded` or `not-reached`.
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

  /// For a consumer that accepts the certificate.
  ///
  /// - Parameter nobody: what it makes of a client without one. Whom it does not refuse then proves nothing.
  init(_ probe: ClientProbe, nobody: ClientProbe) {
    let isDemanded = nobody.verdict == .refused
    verdict = isDemanded ? probe.verdict.rawValue : ClientProbe.Verdict.notDemanded.rawValue
    reason =
      isDemanded
      ? probe.reason : "it lets in clients without a certificate too, so that it accepts this one proves nothing: \(nobody.reason)"
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

  /// A consumer that cannot prove anything is configured wrongly; one that refuses may accept it later; one that is not there may be there
  /// later, and nothing was refused.
  var exitStatus: ExitStatus {
    switch verdict {
    case ClientProbe.Verdict.notAsked.rawValue, ClientProbe.Verdict.notDemanded.rawValue: .configuration
    case ClientProbe.Verdict.refused.rawValue: .notReady
    case Self.notReached: .unreachable
    default: .done
    }
  }
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
    /// Whether its own program ended well; null where none had to be run.
    let afterChangeSucceeded: Bool?
    /// What stood in the way of keeping the proof or of cutting it over.
    let error: ErrorReport.Body?
    /// What it makes of the previous certificate, where it refused this one.
    let previous: Previous?
    let nextStep: String?
    /// What this consumer alone would end the command with.
    let exitStatus: ExitStatus

    enum CodingKeys: CodingKey {
      case consumer, address, result, isProofKept, cutOverFile, afterChangeSucceeded, error, previous, nextStep
    }

    init(
      consumer: String, address: String, result: ConsumerVerdict, cutOver: ConsumerCutOver, previous: Previous?, nextStep: String?
    ) {
      self.consumer = consumer
      self.address = address
      self.result = result
      self.previous = previous
      self.nextStep = nextStep
      isProofKept = cutOver.isProofKept
      cutOverFile = cutOver.file
      afterChangeSucceeded = cutOver.programSucceeded
      error = cutOver.failure.map { ErrorReport($0).error }
      exitStatus = cutOver.failure?.exitStatus ?? (cutOver.programSucceeded == false ? .notReady : result.exitStatus)
    }
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

  /// The worst: what needs somebody before what comes right by itself.
  var exitStatus: ExitStatus {
    let statuses = consumers.map(\.exitStatus).filter { $0 != .done }
    let ofVerdicts: [ExitStatus] = [.configuration, .notReady, .unreachable]
    return statuses.first { !ofVerdicts.contains($0) } ?? ofVerdicts.first { statuses.contains($0) } ?? .done
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
    if let afterChangeSucceeded {
      rows.append(("  after-change", afterChangeSucceeded ? "its program ended well" : "its program failed; the next probe runs it again"))
    }
    if let error { rows.append(("  \(isProofKept ? "not cut over" : "not kept")", error.message)) }
    if let previous { rows.append(("  previous certificate", "\(previous.serial): \(previous.result.verdict)")) }
    if let nextStep { rows.append(("  next step", nextStep)) }
    return rows
  }
}
