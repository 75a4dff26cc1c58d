public import CertificateService
import Crypto
public import Foundation
import X509
public import XMLSignature

/// Brings a certificate from an order to an installed certificate, and from there to the next one. Resumes where an earlier run stopped.
///
/// Nothing leaves for the service before what is needed to recover is on disk. Clock, waiting, transport, keys and store are parameters.
public struct CertificateLifecycle: Sendable {
  let store: LifecycleStore
  let service: CertificateService
  let keys: any LifecycleKeys
  let issuers: TrustAnchors
  let timing: LifecycleTiming
  let transforms: ReferenceTransforms
  let isPermanentRefusal: @Sendable ([String]) -> Bool
  let now: @Sendable () -> Date
  let sleep: @Sendable (Duration) async throws -> Void
  let report: @Sendable (LifecycleEvent) -> Void

  /// - Parameters:
  ///   - store: where the state is kept.
  ///   - service: the certificate service.
  ///   - keys: where keys are generated and found.
  ///   - issuers: who may issue our certificates.
  ///   - timing: how long to wait and how often to ask.
  ///   - transforms: how a renewal's signature refers to the request.
  ///   - isPermanentRefusal: given the error codes of a refused question for a certificate, says whether asking again is pointless. The agency
  ///     publishes no list of codes, so the default asks again until the time is up.
  ///   - now: the clock.
  ///   - sleep: how to wait.
  ///   - report: told what happens, for people.
  public init(
    store: LifecycleStore, service: CertificateService, keys: any LifecycleKeys, issuers: TrustAnchors, timing: LifecycleTiming = .init(),
    transforms: ReferenceTransforms = .envelopedThenExclusiveC14N, isPermanentRefusal: @escaping @Sendable ([String]) -> Bool = { _ in false },
    now: @escaping @Sendable () -> Date = { Date() }, sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
    report: @escaping @Sendable (LifecycleEvent) -> Void = { _ in }
  ) {
    self.store = store
    self.service = service
    self.keys = keys
    self.issuers = issuers
    self.timing = timing
    self.transforms = transforms
    self.isPermanentRefusal = isPermanentRefusal
    self.now = now
    self.sleep = sleep
    self.report = report
  }

  /// Requests the first certificate for a name, with the transfer credentials of an order, and installs it.
  ///
  /// - Parameters:
  ///   - plan: what is configured for the certificate.
  ///   - credentials: asked for only when the request is about to be sent; an enrolment that was already sent goes on without them.
  /// - Throws: ``LifecycleError``, `CertificateServiceError`, and what the token says.
  public func enrol(
    _ plan: CertificatePlan, credentials: @Sendable () async throws -> TransferCredentials
  ) async throws -> InstalledCertificate {
    let operation = "enrol certificate \(plan.name)"
    let lock = try store.lock(plan.name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    var record = try store.record(named: plan.name) ?? CertificateRecord(name: plan.name, customerID: plan.customer.id)
    if record.pending == nil, let active = record.active {
      let expiry = try active.certificate().notValidAfter
      guard now() >= expiry else {
        throw LifecycleError(
          .ruleRefused, rule: .alreadyEnrolled, operation: operation, message: "there is a certificate already, valid until \(expiry.ISO8601Format())",
          hint: "renew it within its window with: hsmkey certificate renew \(plan.name)")
      }
    }
    try refuseOtherCustomer(plan, record, operation: operation)
    try refuseOtherKind(.enrolment, record, operation: operation)
    try await begin(.enrolment, plan, &record)
    if record.pending?.stage == .requestMade || record.pending?.stage == .sending {
      try await sendNew(plan, try await credentials(), &record, operation: operation)
    }
    return try await finish(plan, &record, operation: operation)
  }

  /// Requests the next certificate for a name, signed with the key of the current one, and installs it.
  ///
  /// - Parameter repeatingUncertainRenewal: sends a renewal again although an earlier one may have been carried out. The service does not say
  ///   whether that is harmless, so it is never done unasked.
  public func renew(_ plan: CertificatePlan, repeatingUncertainRenewal: Bool = false) async throws -> InstalledCertificate {
    let operation = "renew certificate \(plan.name)"
    let lock = try store.lock(plan.name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    guard var record = try store.record(named: plan.name), let active = record.active else {
      throw LifecycleError(
        .nothingToDo, operation: operation, message: "there is no certificate to renew", hint: "get the first one with: hsmkey certificate enrol \(plan.name)")
    }
    try refuseOtherCustomer(plan, record, operation: operation)
    try refuseOtherKind(.renewal, record, operation: operation)
    if record.pending == nil || record.pending?.retrievalID == nil {
      try RenewalWindow(of: active.certificate()).check(at: now(), operation: operation)
    }
    try await begin(.renewal, plan, &record)
    if record.pending?.stage == .sending && !repeatingUncertainRenewal {
      throw uncertain(record, operation: operation)
    }
    if record.pending?.stage == .requestMade || record.pending?.stage == .sending {
      try await sendRenewal(plan, active, &record, operation: operation)
    }
    return try await finish(plan, &record, operation: operation)
  }

  /// Goes on with what is pending: asks for the certificate and installs it. Sends no request that could be counted twice.
  public func fetch(_ plan: CertificatePlan) async throws -> InstalledCertificate {
    let operation = "fetch certificate \(plan.name)"
    let lock = try store.lock(plan.name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    guard var record = try store.record(named: plan.name), let pending = record.pending else {
      throw LifecycleError(.nothingToDo, operation: operation, message: "nothing is pending for this certificate")
    }
    switch pending.stage {
    case .planned, .requestMade:
      throw LifecycleError(
        .nothingToDo, operation: operation, message: "the request has not been sent yet",
        hint: "go on with: hsmkey certificate \(pending.kind == .renewal ? "renew" : "enrol") \(plan.name)")
    case .sending: throw uncertain(record, operation: operation)
    case .sent, .received: return try await finish(plan, &record, operation: operation)
    }
  }

  /// The state of every certificate that has one.
  public func records() throws -> [CertificateRecord] { try store.records() }

  func say(_ name: String, _ text: String) { report(LifecycleEvent(name: name, description: text)) }

  private func refuseOtherKind(_ kind: PendingOperation.Kind, _ record: CertificateRecord, operation: String) throws {
    guard let pending = record.pending, pending.kind != kind else { return }
    throw LifecycleError(
      .ruleRefused, rule: .onePending, operation: operation, message: "a\(pending.kind == .enrolment ? "n" : "") \(pending.kind.rawValue) is pending for it",
      hint: "finish that first with: hsmkey certificate fetch \(record.name)")
  }

  private func refuseOtherCustomer(_ plan: CertificatePlan, _ record: CertificateRecord, operation: String) throws {
    guard record.customerID != plan.customer.id else { return }
    throw LifecycleError(
      .ruleRefused, rule: .sameCustomer, operation: operation,
      message: "the state knows it as a certificate of customer \(record.customerID), the configuration says \(plan.customer.id)",
      hint: "give the other customer's certificate a name of its own in the configuration")
  }

  func uncertain(_ record: CertificateRecord, operation: String) -> LifecycleError {
    let pending = record.pending
    let when = pending?.sentAt.map { " on \($0.ISO8601Format())" } ?? ""
    let isRenewal = pending?.kind == .renewal
    return LifecycleError(
      .outcomeUncertain, rule: .notRepeated, operation: operation,
      message: "a request was about to leave\(when) and no trustworthy answer is known; the service may have acted on it",
      hint: isRenewal
        ? "ask the agency whether a certificate was issued; to send the renewal again: hsmkey certificate renew \(record.name) --repeat-uncertain-renewal"
        : "transfer credentials work once; order new ones and run: hsmkey certificate enrol \(record.name) --transfer-id NEW-ID, which uses the same key")
  }
}
