public import ServiceSimulator

/// What comes of one fault of the service at one step of one operation.
public struct FaultOutcome: Sendable, Hashable, CustomStringConvertible {
  public let exitCode: Int
  /// The rule that the error cites; nil for none.
  public let rule: String?
  /// Where the certificate stands then.
  public let state: String
  /// How the operator gets it in the end.
  public let ending: Ending

  public init(_ exitCode: Int, _ rule: String?, _ state: String, _ ending: Ending) {
    self.exitCode = exitCode
    self.rule = rule
    self.state = state
    self.ending = ending
  }

  public var description: String { "\(exitCode) \(rule ?? "-") \(state) \(ending.word)" }
}

extension Ending {
  /// One word for it.
  public var word: String {
    switch self {
    case .atOnce: "at-once"
    case .wentOn: "next-run"
    case .byRetrievalID: "retrieval-id"
    case .byNewCredentials: "new-order"
    case .byRepeating: "repeat"
    case .stuck: "stuck"
    }
  }
}

/// Faults of the service, each at each step that it can befall.
public enum ServiceFaultTable {
  /// One place for a fault.
  public struct Place: Sendable, Hashable, CustomStringConvertible {
    public let operation: Operation
    public let step: ServiceOperation
    public let fault: ServiceFault

    public var description: String { "\(operation.rawValue) \(step.shortName) \(fault)" }

    /// The campaign run that tries it.
    public var attack: Attack { Attack(operation, [.service(fault, step)]) }
  }

  /// Every fault of the simulator at every step.
  public static let places = Operation.allCases.flatMap { operation in
    operation.steps.flatMap { step in
      ServiceFault.allCases.filter { $0.operations.contains(step) }.map { Place(operation: operation, step: step, fault: $0) }
    }
  }

  // MARK: What must come of them

  /// Answers that are unusual and right.
  private static let right: Set<ServiceFault> = [
    .exclusiveTransform, .signedInPlace, .noCarriageReturns, .lateAnswer, .slowBody, .notReadyAgain,
  ]

  /// Answers that cannot be trusted, by the rule that they break.
  private static let untrusted: [String: [ServiceFault]] = [
    "RESPONSE-SIGNATURE": [.unsigned, .tampered, .sha1, .twoSignatures], "RESPONSE-SIGNER-CHAIN": [.otherCA, .signedByCustomer],
    "RESPONSE-ENVELOPE": [.wrapped], "RESPONSE-ONE-PAYLOAD": [.wrappedInBody, .answerToAnotherOperation],
    "RESPONSE-XML": [.dtd, .entity], "RESPONSE-SIZE": [.empty200], "RESPONSE-MISSING-ELEMENT": [.okWithoutRetrievalID],
    "TRANSPORT-RESPONSE-SIZE": [.oversize], "TRANSPORT-REDIRECT": [.redirect],
    "CERT-KEY": [.certificateForAnotherKey, .certificateKnown], "CERT-CUSTOMER": [.certificateForAnotherCustomer],
    "CERT-CHAIN": [.certificateFromAnotherIssuer],
    "CERT-VALIDITY": [.certificateExpired, .certificateNotYetValid, .certificateValidTooLong],
    "CERT-DER": [.pemInsteadOfDER],
  ]

  /// No answer, or one of which nobody knows whom it comes from; the rule is cited where the outcome matters.
  private static let silent: [String: [ServiceFault]] = [
    "RESPONSE-STATUS": [.html502], "RESPONSE-FAULT": [.soapFault500],
    "TRANSPORT-RESPONSE": [.closeBeforeCommit, .closeAfterCommit, .cutInHeader, .cutInBody],
    "TRANSPORT-TIMEOUT": [.hangBeforeCommit, .hangAfterCommit],
  ]

  /// What must come of a fault; nil for one that nobody has thought of.
  public static func expected(_ place: Place) -> FaultOutcome? {
    let (fault, isQuestion) = (place.fault, place.step == .get)
    let again: Ending = place.operation == .enrol ? .byNewCredentials : .byRepeating
    if right.contains(fault) { return FaultOutcome(0, nil, place.operation == .enrol ? "active" : "overlap", .atOnce) }
    // The id is another request's: the certificate that comes for it is for another key.
    if fault == .staleRetrievalID { return FaultOutcome(6, "CERT-KEY", "retrieval-id-known", .byRetrievalID) }
    if fault == .failWithoutErrorInfo || fault == .severalErrorInfos || fault.rawValue.hasPrefix("refuse-") {
      return isQuestion
        ? FaultOutcome(75, nil, "retrieval-id-known", .wentOn)
        : FaultOutcome(5, "RESPONSE-REFUSED", "refused", fault.rawValue == "refuse-pki020" ? again : .wentOn)
    }
    if let rule = untrusted.first(where: { $0.value.contains(fault) })?.key {
      // A renewal holds the issuer against the old certificate's before it looks at the chain.
      let cited = fault == .certificateFromAnotherIssuer && place.operation == .renew ? "CERT-ISSUER" : rule
      return isQuestion ? FaultOutcome(6, cited, "retrieval-id-known", .wentOn) : FaultOutcome(6, cited, "uncertain", again)
    }
    if let rule = silent.first(where: { $0.value.contains(fault) })?.key {
      return isQuestion ? FaultOutcome(75, nil, "retrieval-id-known", .wentOn) : FaultOutcome(7, rule, "uncertain", again)
    }
    return nil
  }

  /// The table of `docs/survival.md`.
  public static var page: String {
    func cell(_ fault: ServiceFault, _ isQuestion: Bool) -> String {
      let places = places.filter { $0.fault == fault && ($0.step == .get) == isQuestion }
      var rules: [String] = []
      var end = ""
      for outcome in places.compactMap(expected) {
        if let rule = outcome.rule, !rules.contains(rule) { rules.append(rule) }
        end = "`\(outcome.exitCode)`|\(outcome.state.replacing("overlap", with: "active"))"
      }
      let parts = end.split(separator: "|")
      guard parts.count == 2 else { return "" }
      return "\(parts[0]) \(rules.map { "`\($0)`" }.joined(separator: " or "))\(rules.isEmpty ? "" : " ")*\(parts[1])*"
    }
    let faults = ServiceFault.allCases.filter { fault in places.contains { $0.fault == fault } }
    let rows = faults.map { "| `\($0)` | \(cell($0, false)) | \(cell($0, true)) |" }
    return (["| fault | in the answer to the request | in the answer with the certificate |", "|---|---|---|"] + rows).joined(
      separator: "\n")
  }

  /// Tries every place, and says what came of it.
  public static func observe(grounds: Int = 1) async throws -> (outcomes: [Place: FaultOutcome], report: CampaignReport) {
    let report = try await Campaign.run(grounds: grounds) { _ in places.map(\.attack) }
    let byAttack = Dictionary(places.map { ($0.attack, $0) }) { first, _ in first }
    var outcomes: [Place: FaultOutcome] = [:]
    for verdict in report.verdicts {
      guard let place = byAttack[verdict.attack] else { continue }
      outcomes[place] = FaultOutcome(verdict.exitCodes.first ?? -1, verdict.rule, verdict.stateAfter, verdict.ending)
    }
    return (outcomes, report)
  }
}
