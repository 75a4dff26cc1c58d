import CertificateService
import Foundation
import SwiftASN1
public import X509

extension CertificateLifecycle {
  /// Installs a certificate that came another way than through this program, for a key on the token: checked as one from the service is,
  /// then stored beside its key, in the state and in the file; a certificate in use before becomes an earlier one. An earlier one of the
  /// same name, which is not retired, is in use again then.
  ///
  /// - Throws: `CertificateServiceError` when it breaks a rule; ``LifecycleError`` with ``LifecycleRule/onePending`` when something else is
  ///   under way.
  public func importCertificate(
    _ certificate: Certificate, key: LifecycleKey, plan: CertificatePlan
  ) async throws -> InstalledCertificate {
    let operation = "import a certificate for \(plan.name)"
    let lock = try store.lock(plan.name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    var record =
      try store.record(named: plan.name)
      ?? CertificateRecord(name: plan.name, customerID: plan.customer.id, environment: service.environment.name)
    try refuseOtherOwner(plan, &record, operation: operation)
    if let pending = record.pending, !pending.waitsForUsersOnly {
      throw LifecycleError.otherPending(pending, of: record, operation: operation)
    }
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    let der = serializer.serializedBytes
    if let active = record.active, Array(active.der) == der {
      // The token may have lost it; the state has not.
      try await keys.store(certificate, for: keys.key(identifier: active.keyIdentifier))
      return active
    }
    // An earlier one of this name can be put back in use: whoever imported a wrong one must be able to undo that.
    let known = record.knownDigests(exceptPrevious: Data(der))
    _ = try await acceptance(of: key, for: plan, known: known, expectedIssuer: nil).check(ReceivedCertificate(der: der))
    for other in try store.records() where other.name != plan.name && other.claimedKeys.contains(key.identifier) {
      say(plan.name, "warning: the key \(key.name) is used by the certificate \(other.name) too")
    }
    var pending = PendingOperation(kind: .import, keyName: key.name, startedAt: now())
    pending.keyIdentifier = key.identifier
    pending.certificate = Data(der)
    pending.stage = .checked
    record.pending = pending
    try store.commit(
      record, .imported, detail: ["serial": DigestText.hexadecimal(certificate.serialNumber.bytes), "key": key.name], at: now())
    var run = LifecycleRun(self, plan, .fetch, operation: operation, record: record)
    run.course.passedChecks()
    return try await run.toItsEnd()
  }
}
