import CertificateService
import Foundation

extension CertificateLifecycle {
  /// A certificate keeps its customer and its environment. As long as there is none and nothing was sent for one, a mistake in the
  /// configuration can be mended: the request is then made anew.
  func refuseOtherOwner(_ plan: CertificatePlan, _ record: inout CertificateRecord, operation: String) throws {
    let isAnother = record.customerID != plan.customer.id || record.environment != service.environment.name
    if record.active == nil, record.pending?.isUnsent ?? true, isAnother {
      record.customerID = plan.customer.id
      record.environment = service.environment.name
      if var pending = record.pending {
        pending.stage = pending.keyIdentifier == nil ? .planned : .keyMade
        pending.refusal = nil
        record.pending = pending
        try store.commit(
          record, .corrected, detail: ["customer": plan.customer.id, "environment": service.environment.name], at: now())
      }
    }
    guard record.customerID == plan.customer.id else {
      throw LifecycleError(
        .ruleRefused, rule: .sameCustomer, operation: operation,
        message: "the state knows it as a certificate of customer \(record.customerID), the configuration says \(plan.customer.id)",
        hint: "give the other customer's certificate a name of its own in the configuration\(abandoning(record))")
    }
    let environment = record.environment ?? service.environment.name
    guard environment == service.environment.name else {
      throw LifecycleError(
        .ruleRefused, rule: .sameEnvironment, operation: operation,
        message:
          "the state knows it as a certificate of the \(environment) environment, the configuration says \(service.environment.name)",
        hint: "use a state file for each environment (configuration key state), or give the certificate another name\(abandoning(record))")
    }
    record.environment = environment
  }

  /// How to get rid of what is pending, for the end of a hint; nothing where there is nothing that can be dropped.
  private func abandoning(_ record: CertificateRecord) -> String {
    guard let pending = record.pending, pending.canBeAbandoned else { return "" }
    return "; what is pending for this one is dropped with: hsmkey certificate abandon \(record.name)"
  }
}

extension LifecycleError {
  /// The error for what cannot begin because something else is pending.
  ///
  /// - Parameter next: what comes after that, for the end of the hint.
  static func otherPending(
    _ pending: PendingOperation, of record: CertificateRecord, operation: String, then next: String? = nil
  ) -> LifecycleError {
    LifecycleError(
      .ruleRefused, rule: .onePending, operation: operation,
      message: "a\(pending.kind == .renewal ? "" : "n") \(pending.kind.rawValue) is pending for it",
      hint: "finish that first with: hsmkey certificate \(pending.nextCommand) \(record.name)" + (next.map { "; then \($0)" } ?? ""))
  }

  /// The error for a one-use request whose outcome nobody knows.
  static func uncertain(_ record: CertificateRecord, operation: String, underlying: (any Error)? = nil) -> LifecycleError {
    let pending = record.pending
    let when = pending?.sentAt.map { " on \($0.ISO8601Format())" } ?? ""
    return LifecycleError(
      .outcomeUncertain, rule: .notRepeated, operation: operation,
      message: "a request was about to leave\(when) and no trustworthy answer is known; the service may have acted on it",
      hint: waysOut(pending, of: record.name), underlying: underlying)
  }

  /// How to go on where nobody knows whether a request was carried out, for a hint.
  static func waysOut(_ pending: PendingOperation?, of name: String) -> String {
    "ask the agency whether a certificate was issued: \(withRetrievalID(name)); or "
      + (pending?.kind == .renewal
        ? "send the renewal again: hsmkey certificate renew \(name) --repeat-uncertain-renewal"
        : "order new transfer credentials, which work once, and run: hsmkey certificate enrol \(name) --transfer-id NEW-ID, "
          + "which uses the same key")
  }

  /// What else there is where asking leads nowhere, as with a wrong retrieval id, for a hint.
  static func whenItNeverEnds(_ name: String) -> String {
    "if that never ends, ask the agency: \(withRetrievalID(name)); or drop the request with: hsmkey certificate abandon \(name)"
  }

  /// How a certificate is had whose retrieval id only the agency knows, for a hint.
  static func withRetrievalID(_ name: String) -> String {
    "with the retrieval id that it tells, run: hsmkey certificate fetch \(name) --retrieval-id ID"
  }
}
