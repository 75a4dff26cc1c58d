import CertificateService
import Foundation

extension CertificateLifecycle {
  /// A certificate keeps its customer and its environment.
  func refuseOtherOwner(_ plan: CertificatePlan, _ record: inout CertificateRecord, operation: String) throws {
    guard record.customerID == plan.customer.id else {
      throw LifecycleError(
        .ruleRefused, rule: .sameCustomer, operation: operation,
        message: "the state knows it as a certificate of customer \(record.customerID), the configuration says \(plan.customer.id)",
        hint: "give the other customer's certificate a name of its own in the configuration")
    }
    let environment = record.environment ?? service.environment.name
    guard environment == service.environment.name else {
      throw LifecycleError(
        .ruleRefused, rule: .sameEnvironment, operation: operation,
        message:
          "the state knows it as a certificate of the \(environment) environment, the configuration says \(service.environment.name)",
        hint: "use a state file for each environment (configuration key state), or give the certificate another name")
    }
    record.environment = environment
  }

  /// One operation at a time.
  func refuseOtherKind(_ kind: PendingOperation.Kind, _ record: CertificateRecord, operation: String) throws {
    guard let pending = record.pending, pending.kind != kind else { return }
    throw LifecycleError(
      .ruleRefused, rule: .onePending, operation: operation,
      message: "a\(pending.kind == .enrolment ? "n" : "") \(pending.kind.rawValue) is pending for it",
      hint: "finish that first with: hsmkey certificate \(pending.nextCommand) \(record.name)")
  }

  /// The error for a one-use request whose outcome nobody knows.
  func uncertain(_ record: CertificateRecord, operation: String, underlying: (any Error)? = nil) -> LifecycleError {
    let pending = record.pending
    let when = pending?.sentAt.map { " on \($0.ISO8601Format())" } ?? ""
    let isRenewal = pending?.kind == .renewal
    let command = "hsmkey certificate \(isRenewal ? "renew" : "enrol") \(record.name)"
    let hint =
      isRenewal
      ? "ask the agency whether a certificate was issued; to send the renewal again: \(command) --repeat-uncertain-renewal"
      : "transfer credentials work once; order new ones and run: \(command) --transfer-id NEW-ID, which uses the same key"
    return LifecycleError(
      .outcomeUncertain, rule: .notRepeated, operation: operation,
      message: "a request was about to leave\(when) and no trustworthy answer is known; the service may have acted on it", hint: hint,
      underlying: underlying)
  }
}
