public import Foundation

extension LifecycleStore {
  /// Drops what is pending for a name: for a request that the service will never answer, or that should be made with another key.
  ///
  /// The new key stays on the token. The certificate in use is not touched. A certificate that has come and is not installed is dropped
  /// with the rest: where its key is lost nothing else would go on. The history keeps its digest and the retrieval id.
  ///
  /// - Parameter time: now.
  /// - Returns: what was dropped, with the name of its key.
  public func abandon(_ name: String, at time: Date) throws -> PendingOperation {
    let operation = "abandon what is pending for certificate \(name)"
    let lock = try lock(name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    guard var record = try record(named: name), let pending = record.pending else {
      throw LifecycleError(.nothingToDo, operation: operation, message: "nothing is pending for this certificate")
    }
    guard pending.canBeAbandoned else {
      throw LifecycleError(
        .ruleRefused, rule: .onePending, operation: operation, message: "its certificate is in use already",
        hint: "finish the installation with: hsmkey certificate fetch \(name)")
    }
    record.pending = nil
    if !pending.isUnsent {
      record.droppedTransferIDDigests += (pending.earlierTransferIDDigests ?? []) + (pending.transferIDDigest.map { [$0] } ?? [])
    }
    record.leftKeys.append(
      LeftKey(
        name: pending.keyName, identifier: pending.keyIdentifier, reason: LifecycleMachine.Event.abandoned.rawValue, leftAt: time))
    var detail = ["kind": pending.kind.rawValue, "key": pending.keyName]
    detail["retrieval-id"] = pending.retrievalID
    detail["certificate-sha256"] = pending.certificate.map { DigestText.hexadecimal(DigestText.bytes(of: $0)) }
    try commit(record, .abandoned, detail: detail, at: time)
    return pending
  }
}
