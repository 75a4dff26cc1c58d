import CertificateService
import Foundation
import X509

/// The question for the certificate, which can be asked again without harm, and the checks of what comes.
extension LifecycleRun {
  /// Asks until the certificate comes, or the time is up.
  mutating func ask() async throws {
    guard let retrievalID = try pending().retrievalID else {
      throw unusable("the state says that a request was taken, and holds no retrieval id")
    }
    let request = try GetCertificateRequest(
      environment: lifecycle.service.environment, customer: plan.customer, retrievalID: RetrievalID(retrievalID))
    try await waitFirst()
    let received = try await poll(request)
    let der = Data(received.der)
    try save(.received, detail: ["certificate-sha256": DigestText.hexadecimal(DigestText.bytes(of: der))]) {
      $0.certificate = der
      $0.refusal = nil
      $0.wasUncertain = $0.isUncertain ? true : $0.wasUncertain
      $0.stage = .received
    }
  }

  private func waitFirst() async throws {
    guard let sentAt = try pending().sentAt else { return }
    // A clock that was set back must not make the wait longer than it is meant to be.
    let wait = lifecycle.timing.firstWait - .seconds(max(0, now.timeIntervalSince(sentAt)))
    guard wait > .zero else { return }
    say("waits \(wait.inWords) before asking for the certificate")
    try await lifecycle.sleep(wait)
  }

  private mutating func poll(_ request: GetCertificateRequest) async throws -> ReceivedCertificate {
    let timing = lifecycle.timing
    let started = now
    var slept = Duration.zero
    var hadAnswer = false
    var wasReached = false
    while true {
      say("asks for the certificate")
      let obstacle: CertificateServiceError
      do {
        return try await lifecycle.service.certificate(request)
      } catch {
        guard error.canAskAgain else { throw error.with(hint: waysOn) }
        if error.code == .refused, lifecycle.codes.classify(error.errorInformation.map(\.code)) == .permanent {
          // What a service says of an id that a person gave says nothing of the request whose outcome is unknown.
          if try pending().isUncertain { throw error.with(hint: waysOn) }
          let time = now
          try save(.refused, detail: Self.detail(of: error)) { $0.refusal = .init(error.errorInformation, at: time) }
          throw error.with(hint: waysOn)
        }
        obstacle = error
        hadAnswer = hadAnswer || error.code == .refused
        wasReached = wasReached || error.code != .unreachable
      }
      let interval = timing.interval(at: lifecycle.chance())
      // What was slept counts too, so that a clock that is set back does not keep us here.
      let passed = max(slept, .seconds(max(0, now.timeIntervalSince(started))))
      guard passed + interval <= timing.giveUpAfter else {
        throw LifecycleError(
          wasReached ? .notReady : .unreachable, operation: operation,
          message: hadAnswer ? "the certificate is not ready yet (\(obstacle))" : "the service has not answered (\(obstacle))",
          hint: hadAnswer ? waysOn : "the state is kept; go on later with: hsmkey certificate fetch \(plan.name)", underlying: obstacle)
      }
      say("not ready yet; asks again in \(interval.inWords)")
      try await lifecycle.sleep(interval)
      slept += interval
    }
  }

  /// How to go on where this run asks no more, for a hint.
  private var waysOn: String { "the state is kept; \(askAgain)" }

  private var askAgain: String {
    let pending = record.pending
    return "ask again with: hsmkey certificate fetch \(plan.name); "
      + (pending?.isUncertain == true ? LifecycleError.waysOut(pending, of: plan.name) : LifecycleError.whenItNeverEnds(plan.name))
  }

  /// Holds the certificate that came against every rule. One that breaks a rule is not kept: the question can be asked again. One that
  /// cannot be checked, because nobody answers for its revocation list, is kept.
  mutating func check() async throws {
    let pending = try pending()
    guard let der = pending.certificate else { throw unusable("the state says that a certificate was received, and holds none") }
    let key = try await newKey()
    let expectedIssuer = pending.kind == .renewal ? try record.active?.certificate().issuer : nil
    let known = record.knownDigests(exceptPrevious: pending.kind == .import ? der : nil)
    do {
      let accepted = try await lifecycle.acceptance(
        of: key, for: plan, known: known, expectedIssuer: expectedIssuer
      ).check(ReceivedCertificate(der: Array(der)))
      if pending.stage == .received {
        try save(.checked, detail: ["serial": DigestText.hexadecimal(accepted.certificate.serialNumber.bytes)]) { $0.stage = .checked }
      }
    } catch let error as CertificateServiceError {
      if error.code == .unreachable { throw error.with(hint: "go on with: hsmkey certificate fetch \(plan.name)") }
      guard pending.retrievalID != nil else {
        try save(.checkFailed, detail: Self.detail(of: error), record: { $0.pending = nil })
        throw error.with(hint: "nothing of it is kept")
      }
      try save(.checkFailed, detail: Self.detail(of: error)) {
        $0.certificate = nil
        $0.stage = $0.wasUncertain == true ? .uncertain : .retrievalIDKnown
      }
      throw error.with(
        hint: "nothing of it is kept; \(askAgain)")
    }
  }
}

extension CertificateLifecycle {
  /// What a certificate is held against, now.
  func acceptance(
    of key: LifecycleKey, for plan: CertificatePlan, known: Set<[UInt8]>, expectedIssuer: DistinguishedName?
  ) -> CertificateAcceptance {
    CertificateAcceptance(
      publicKey: key.privateKey.publicKey, customerID: plan.customer.id, options: acceptance, expectedIssuer: expectedIssuer,
      known: known, now: now())
  }
}

extension CertificateServiceError {
  /// Whether a question for a certificate may be asked again: nothing there yet, or nobody there to answer. An answer that could not be
  /// trusted ends the asking.
  var canAskAgain: Bool { code == .refused || code == .unreachable || code == .uncertain }

  /// The same with another hint behind its own.
  func with(hint added: String) -> CertificateServiceError {
    CertificateServiceError(
      code: code, rule: rule, operation: operation, message: message, hint: hint.map { "\($0); \(added)" } ?? added,
      errorInformation: errorInformation, outcomeIsUncertain: outcomeIsUncertain, underlying: underlying ?? self)
  }
}

extension LifecycleTiming {
  /// From one question to the next, with its share of the jitter.
  func interval(at chance: Double) -> Duration {
    max(pollInterval, Self.shortestInterval) + .seconds(pollJitter / .seconds(1) * min(max(chance, 0), 1))
  }
}

extension Duration {
  /// `1m 30s`
  fileprivate var inWords: String { formatted(.units(allowed: [.minutes, .seconds], width: .narrow)) }
}
