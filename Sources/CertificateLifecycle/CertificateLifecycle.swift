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
  let acceptance: AcceptanceOptions
  let timing: LifecycleTiming
  let transforms: ReferenceTransforms
  let codes: ErrorCodeTable
  let uncertainRenewal: UncertainRenewal
  let now: @Sendable () -> Date
  let sleep: @Sendable (Duration) async throws -> Void
  let chance: @Sendable () -> Double
  let afterChange: @Sendable (String) async -> Bool
  let report: @Sendable (LifecycleEvent) -> Void

  /// - Parameters:
  ///   - store: where the state is kept.
  ///   - service: the certificate service.
  ///   - keys: where keys are generated and found.
  ///   - acceptance: who may issue our certificates, and what else an issued certificate is checked for.
  ///   - timing: how long to wait and how often to ask.
  ///   - transforms: how a renewal's signature refers to the request.
  ///   - codes: what the service's error codes mean. The agency publishes no list, so by default a question for a certificate is asked
  ///     again whatever the code, until the time is up.
  ///   - uncertainRenewal: what becomes of a renewal whose outcome is not known.
  ///   - now: the clock.
  ///   - sleep: how to wait.
  ///   - chance: a number from 0 to 1, for the jitter.
  ///   - afterChange: told the name of a certificate that has changed, after the file is written; returns whether its users know of it. As
  ///     long as it returns false, later runs tell it again.
  ///   - report: told what happens, for people.
  public init(
    store: LifecycleStore, service: CertificateService, keys: any LifecycleKeys, acceptance: AcceptanceOptions,
    timing: LifecycleTiming = .init(),
    transforms: ReferenceTransforms = .envelopedThenExclusiveC14N,
    codes: ErrorCodeTable = .init(), uncertainRenewal: UncertainRenewal = .ask,
    now: @escaping @Sendable () -> Date = { Date() },
    sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
    chance: @escaping @Sendable () -> Double = { .random(in: 0...1) },
    afterChange: @escaping @Sendable (String) async -> Bool = { _ in true },
    report: @escaping @Sendable (LifecycleEvent) -> Void = { _ in }
  ) {
    self.store = store
    self.service = service
    self.keys = keys
    self.acceptance = acceptance
    self.timing = timing
    self.transforms = transforms
    self.codes = codes
    self.uncertainRenewal = uncertainRenewal
    self.now = now
    self.sleep = sleep
    self.chance = chance
    self.afterChange = afterChange
    self.report = report
  }

  /// Requests the first certificate for a name, with the transfer credentials of an order, and installs it.
  ///
  /// A renewal that had not been answered when the certificate expired is turned into an enrolment with the same key.
  ///
  /// - Parameters:
  ///   - plan: what is configured for the certificate.
  ///   - evenIfEnrolled: although there is a certificate that is valid, which becomes an earlier one: its key may be lost.
  ///   - credentials: asked for only when the request is about to be sent; an enrolment that was already sent goes on without them.
  /// - Throws: ``LifecycleError``, `CertificateServiceError`, and what the token says.
  public func enrol(
    _ plan: CertificatePlan, evenIfEnrolled: Bool = false, credentials: @escaping @Sendable () async throws -> TransferCredentials
  ) async throws -> InstalledCertificate {
    let operation = "enrol certificate \(plan.name)"
    let lock = try store.lock(plan.name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    var record =
      try store.record(named: plan.name)
      ?? CertificateRecord(name: plan.name, customerID: plan.customer.id, environment: service.environment.name)
    try refuseOtherOwner(plan, &record, operation: operation)
    var run = LifecycleRun(self, plan, .enrol, operation: operation, record: record)
    run.credentials = credentials
    run.isAnew = evenIfEnrolled
    return try await run.toItsEnd()
  }

  /// Requests the next certificate for a name, signed with the key of the current one, and installs it.
  ///
  /// - Parameter repeatingUncertainRenewal: sends a renewal again although an earlier one may have been carried out. The service does not
  ///   say whether that is harmless, so it is never done unasked.
  /// - Throws: ``LifecycleError``, `CertificateServiceError`, and what the token says.
  public func renew(_ plan: CertificatePlan, repeatingUncertainRenewal: Bool = false) async throws -> InstalledCertificate {
    let operation = "renew certificate \(plan.name)"
    let lock = try store.lock(plan.name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    guard var record = try store.record(named: plan.name), record.active != nil else {
      throw LifecycleError(
        .nothingToDo, operation: operation, message: "there is no certificate to renew",
        hint: "get the first one with: hsmkey certificate enrol \(plan.name)")
    }
    try refuseOtherOwner(plan, &record, operation: operation)
    var run = LifecycleRun(self, plan, .renew, operation: operation, record: record)
    run.mayRepeat = repeatingUncertainRenewal || uncertainRenewal == .repeat
    return try await run.toItsEnd()
  }

  /// Goes on with what is pending: asks for the certificate and installs it. Sends no request that could be counted twice.
  ///
  /// - Parameter retrievalID: for a request whose answer was lost, or that was refused although it had been carried out: the id that the
  ///   agency tells. What comes is checked as always, and an outcome that is unknown stays so until a certificate has come: a wrong id
  ///   does no harm.
  public func fetch(_ plan: CertificatePlan, retrievalID: RetrievalID? = nil) async throws -> InstalledCertificate {
    let operation = "fetch certificate \(plan.name)"
    let lock = try store.lock(plan.name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    guard var record = try store.record(named: plan.name), let pending = record.pending else {
      throw LifecycleError(.nothingToDo, operation: operation, message: "nothing is pending for this certificate")
    }
    try refuseOtherOwner(plan, &record, operation: operation)
    if let retrievalID, pending.isUncertain || pending.stage == .retrievalIDKnown || pending.stage == .requestMade {
      if pending.stage == .aboutToSend {
        record.pending?.stage = .uncertain
        try store.commit(record, .outcomeUnknown, at: now())
      }
      record.pending?.retrievalID = retrievalID.text
      if !pending.isUncertain { record.pending?.stage = .retrievalIDKnown }
      record.pending?.refusal = nil
      try store.commit(record, .retrievalIDKnown, detail: ["retrieval-id": retrievalID.text, "from": "a person"], at: now())
    }
    var run = LifecycleRun(self, plan, .fetch, operation: operation, record: record)
    return try await run.toItsEnd()
  }

  /// Drops what is pending for a name; see ``LifecycleStore/abandon(_:at:)``.
  public func abandon(_ name: String) throws -> PendingOperation { try store.abandon(name, at: now()) }

  /// The state of every certificate that has one.
  public func records() throws -> [CertificateRecord] { try store.records() }

  func say(_ name: String, _ text: String) { report(LifecycleEvent(name: name, description: text)) }
}
