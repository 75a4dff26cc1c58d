import Foundation
import X509

extension CertificateLifecycle {
  /// Keeps that a consumer accepted a certificate; a proof by the same consumer, address and certificate before is replaced.
  ///
  /// - Throws: ``LifecycleError`` with ``LifecycleError/Code/nothingToDo`` for a serial number that the name does not have.
  public func note(_ proof: ConsumerProof, for name: String) throws {
    let operation = "note a proof for certificate \(name)"
    let lock = try store.lock(name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    guard var record = try store.record(named: name), let active = record.active,
      try ([active] + record.previous).contains(where: { try $0.serial() == proof.serial })
    else {
      throw LifecycleError(
        .nothingToDo, operation: operation, message: "the state has no certificate with the serial number \(proof.serial) under this name")
    }
    record.proofs.removeAll { ($0.consumer, $0.address, $0.serial) == (proof.consumer, proof.address, proof.serial) }
    record.proofs.append(proof)
    try store.commit(
      record, .proved,
      detail: ["consumer": proof.consumer, "address": proof.address, "serial": proof.serial, "tls": proof.protocolVersion],
      at: now())
  }

  /// Ends the overlap for one earlier certificate: destroys its key on the token and forgets it.
  ///
  /// - Parameters:
  ///   - plan: what is configured for the certificate; its consumers must have accepted the one in use.
  ///   - serial: the serial number of the earlier certificate, in hexadecimal.
  ///   - evenWithoutProof: retire although nobody has accepted the one in use.
  /// - Throws: ``LifecycleError`` with ``LifecycleRule/provedFirst``, ``LifecycleRule/activeKept``, ``LifecycleRule/onePending`` while the
  ///   next certificate is on its way, or ``LifecycleError/Code/nothingToDo`` for a serial number that the name does not have.
  public func retire(_ plan: CertificatePlan, serial: String, evenWithoutProof: Bool = false) async throws -> RetiredCertificate {
    let serial = serial.lowercased()
    let operation = "retire certificate \(serial) of \(plan.name)"
    let lock = try store.lock(plan.name, operation: operation)
    defer { withExtendedLifetime(lock) {} }
    guard var record = try store.record(named: plan.name), record.active != nil else {
      throw LifecycleError(.nothingToDo, operation: operation, message: "there is no certificate under this name")
    }
    try refuseOtherOwner(plan, &record, operation: operation)
    let old = try Self.retirable(plan, serial: serial, in: record, evenWithoutProof: evenWithoutProof)
    let isShared = try record.claims(ofKey: old.keyIdentifier) > 1 || isClaimedByOther(old.keyIdentifier, than: plan.name)
    record.retiring = serial
    try store.commit(record, .retirementBegun, detail: ["serial": serial, "key": old.keyName], at: now())
    if isShared {
      say(plan.name, "another certificate is for the key \(old.keyName) too: the key stays")
    } else {
      say(plan.name, "destroys the key \(old.keyName) of the certificate \(serial)")
      try await keys.destroyKey(identifier: old.keyIdentifier)
    }
    let retired = RetiredCertificate(
      serial: serial, sha256: DigestText.hexadecimal(DigestText.bytes(of: old.der)), keyName: old.keyName,
      keyIdentifier: old.keyIdentifier, keyWasDestroyed: !isShared, retiredAt: now())
    record.previous.removeAll { $0 == old }
    record.proofs.removeAll { $0.serial == serial }
    record.retired.insert(retired, at: 0)
    record.retiring = nil
    try store.commit(
      record, .retired, detail: ["serial": serial, "key": old.keyName, "key-destroyed": "\(!isShared)"], at: now())
    return retired
  }

  /// Whether another name of this state needs a key: a certificate can be imported under several.
  private func isClaimedByOther(_ keyIdentifier: String, than name: String) throws -> Bool {
    try store.records().contains { $0.name != name && $0.claimedKeys.contains(keyIdentifier) }
  }

  /// Whether an earlier certificate may be retired, by the state alone: for whoever wants to know before a token is needed.
  ///
  /// - Returns: the earlier certificate.
  /// - Throws: as ``retire(_:serial:evenWithoutProof:)``.
  public static func retirable(
    _ plan: CertificatePlan, serial: String, in record: CertificateRecord, evenWithoutProof: Bool = false
  ) throws -> InstalledCertificate {
    let operation = "retire certificate \(serial) of \(plan.name)"
    let old = try earlier(serial, in: record, operation: operation)
    if let pending = record.pending, !pending.waitsForUsersOnly {
      throw LifecycleError.otherPending(
        pending, of: record, operation: operation, then: "see that every consumer accepts the new certificate, and run this again")
    }
    if !evenWithoutProof { try refuseUnproved(plan, record, operation: operation) }
    return old
  }

  private static func earlier(_ serial: String, in record: CertificateRecord, operation: String) throws -> InstalledCertificate {
    guard try record.active?.serial() != serial else {
      throw LifecycleError(
        .ruleRefused, rule: .activeKept, operation: operation, message: "it is the certificate in use",
        hint: "only an earlier certificate is retired; see: hsmkey certificate status \(record.name)")
    }
    guard let old = try record.previous.first(where: { try $0.serial() == serial }) else {
      let known = try record.previous.map { try $0.serial() }.joined(separator: ", ")
      throw LifecycleError(
        .nothingToDo, operation: operation,
        message: record.retired.contains { $0.serial == serial }
          ? "it is retired already" : "no earlier certificate has this serial number",
        hint: known.isEmpty ? nil : "earlier certificates: \(known)")
    }
    return old
  }

  private static func refuseUnproved(_ plan: CertificatePlan, _ record: CertificateRecord, operation: String) throws {
    guard let serial = try record.active?.serial() else { return }
    guard !plan.consumers.isEmpty else {
      throw LifecycleError(
        .ruleRefused, rule: .provedFirst, operation: operation,
        message: "no consumer is configured, so nobody is known to accept the certificate in use (\(serial))",
        hint: "list the servers at which it is used under certificates.\(plan.name).consumers, and run: hsmkey certificate probe "
          + "\(plan.name); or add --without-proof when you know that the earlier certificate is not used any more")
    }
    let unproved = try record.unproved(plan.consumers)
    let untold = try record.untold(plan.consumers).filter { !unproved.contains($0) }
    guard !unproved.isEmpty || !untold.isEmpty else { return }
    let names = { (consumers: [CertificateConsumer]) in consumers.map(\.name).joined(separator: ", ") }
    throw LifecycleError(
      .ruleRefused, rule: .provedFirst, operation: operation,
      message: [
        unproved.isEmpty ? nil : "not known to accept the certificate in use (\(serial)): \(names(unproved))",
        untold.isEmpty ? nil : "accepted, but the certificate in use (\(serial)) has not come to the clients of: \(names(untold))",
      ].compactMap(\.self).joined(separator: "; "),
      hint: unproved.isEmpty
        ? "write their files and run their programs again with: hsmkey certificate probe \(plan.name)"
        : "prove it with: hsmkey certificate probe \(plan.name); a consumer may take days to accept a new certificate")
  }
}

extension CertificateRecord {
  /// How many of its certificates, and of what is pending, are for a key.
  fileprivate func claims(ofKey identifier: String) -> Int {
    (active?.keyIdentifier == identifier ? 1 : 0) + previous.count { $0.keyIdentifier == identifier }
      + (pending?.keyIdentifier == identifier && pending?.certificate == nil ? 1 : 0)
  }
}
