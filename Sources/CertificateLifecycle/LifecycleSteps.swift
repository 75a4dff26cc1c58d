import CertificateService
import Crypto
import Foundation
import SwiftASN1
import X509
import XMLSignature

extension CertificateLifecycle {
  /// Names the key, makes it, and makes the request, saving before and after; skips what an earlier run has done.
  func begin(_ kind: PendingOperation.Kind, _ plan: CertificatePlan, _ record: inout CertificateRecord) async throws {
    if record.pending == nil {
      record.pending = PendingOperation(kind: kind, keyName: try await freeKeyName(for: plan.name), startedAt: now())
      try store.save(record, at: now())
    }
    guard let keyName = record.pending?.keyName else { return }
    if record.pending?.stage == .planned {
      // An earlier run may have been cut off after the key was made.
      let key: LifecycleKey
      if let existing = try await keys.key(named: keyName) {
        say(plan.name, "uses the key \(keyName), which an earlier run made")
        key = existing
      } else {
        say(plan.name, "generates the key \(keyName) on the token (\(plan.algorithm))")
        key = try await keys.generateKey(named: keyName, algorithm: plan.algorithm)
      }
      say(plan.name, "makes the certificate request and signs it on the token")
      record.pending?.certificateRequest = Data(try await keys.certificateRequest(for: key, subject: plan.subject))
      record.pending?.keyIdentifier = key.identifier
      record.pending?.stage = .requestMade
      try store.save(record, at: now())
    }
  }

  /// Sends SignNewCertificate. The intent is on disk before the first byte leaves.
  func sendNew(_ plan: CertificatePlan, _ credentials: TransferCredentials, _ record: inout CertificateRecord, operation: String) async throws {
    let digest = SHA256.hash(data: Array(credentials.id.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    if record.pending?.isUncertain == true, record.pending?.transferIDDigest == digest { throw uncertain(record, operation: operation) }
    let request = try SignNewCertificateRequest(
      environment: service.environment, customer: plan.customer, credentials: credentials,
      certificateRequestDER: Array(record.pending?.certificateRequest ?? Data()))
    record.pending?.transferIDDigest = digest
    try await send(&record) { try await service.signNew(request) }
  }

  /// Signs RenewCertificate with the key of the certificate in use, and sends it.
  func sendRenewal(_ plan: CertificatePlan, _ active: InstalledCertificate, _ record: inout CertificateRecord, operation: String) async throws {
    let oldKey = try await keys.key(identifier: active.keyIdentifier)
    say(plan.name, "signs the renewal with the key \(oldKey.name), whose certificate is still valid")
    let request = try RenewCertificateRequest(
      environment: service.environment, customer: plan.customer, certificateRequestDER: Array(record.pending?.certificateRequest ?? Data()))
    let signed = try await request.signed(by: oldKey.privateKey, certificate: active.certificate(), transforms: transforms)
    try await send(&record) { try await service.renew(signed) }
  }

  /// One-use requests: saved as *sending* before, as *sent* or back to *request made* after, and left at *sending* when nobody can tell.
  private func send(_ record: inout CertificateRecord, _ request: () async throws -> RetrievalID) async throws {
    let stageBefore = record.pending?.stage ?? .requestMade
    let sentBefore = record.pending?.sentAt
    record.pending?.stage = .sending
    record.pending?.sentAt = now()
    try store.save(record, at: now())
    say(record.name, "sends the request to the certificate service")
    do {
      let retrievalID = try await request()
      record.pending?.retrievalID = retrievalID.text
      record.pending?.stage = .sent
      try store.save(record, at: now())
    } catch let error as CertificateServiceError where !error.outcomeIsUncertain {
      // Nothing was sent, or a signed answer says that nothing was done: the same request may be tried again by hand. An earlier request whose
      // outcome is uncertain stays uncertain.
      record.pending?.stage = stageBefore
      record.pending?.sentAt = sentBefore
      try store.save(record, at: now())
      throw error
    }
  }

  /// Waits for the certificate, checks it, and installs it.
  func finish(_ plan: CertificatePlan, _ record: inout CertificateRecord, operation: String) async throws -> InstalledCertificate {
    if record.pending?.stage == .sent {
      let accepted = try await poll(plan, record, operation: operation)
      record.pending?.certificate = Data(accepted.der)
      record.pending?.stage = .received
      try store.save(record, at: now())
    }
    guard let pending = record.pending, let der = pending.certificate, let identifier = pending.keyIdentifier else {
      throw LifecycleError(.stateUnusable, operation: operation, message: "the state says that a certificate was received, and holds none")
    }
    let key = try await keys.key(identifier: identifier)
    say(plan.name, "stores the certificate beside its key on the token")
    try await keys.store(Certificate(derEncoded: Array(der)), for: key)
    let installed = InstalledCertificate(keyName: key.name, keyIdentifier: key.identifier, der: der, installedAt: now())
    if let old = record.active { record.previous.insert(old, at: 0) }
    record.active = installed
    record.pending = nil
    try store.save(record, at: now())
    if let file = plan.certificateFile {
      say(plan.name, "writes the certificate to \(file)")
      try CertificateFile.replace(file, with: try installed.certificate().serializeAsPEM().pemString + "\n", operation: operation)
    }
    return installed
  }

  /// Asks until the certificate is there and has passed every check, or the time is up. Asking can be repeated without harm.
  private func poll(_ plan: CertificatePlan, _ record: CertificateRecord, operation: String) async throws -> AcceptedCertificate {
    guard let pending = record.pending, let retrievalID = pending.retrievalID, let identifier = pending.keyIdentifier else {
      throw LifecycleError(.stateUnusable, operation: operation, message: "the state says that a request was sent, and holds no retrieval id")
    }
    let key = try await keys.key(identifier: identifier)
    let acceptance = CertificateAcceptance(
      publicKey: key.privateKey.publicKey, customerID: plan.customer.id, issuers: issuers,
      expectedIssuer: pending.kind == .renewal ? try record.active?.certificate().issuer : nil, now: now())
    let request = try GetCertificateRequest(
      environment: service.environment, customer: plan.customer, retrievalID: RetrievalID(retrievalID))

    let sinceSent = now().timeIntervalSince(pending.sentAt ?? .distantPast)
    let firstWait = max(.zero, timing.firstWait - .seconds(max(0, sinceSent)))
    if firstWait > .zero {
      say(plan.name, "waits \(firstWait.formatted(.units(allowed: [.minutes, .seconds], width: .narrow))) before asking for the certificate")
      try await sleep(firstWait)
    }
    let deadline = now().addingTimeInterval(timing.giveUpAfter / .seconds(1))
    while true {
      say(plan.name, "asks for the certificate")
      let obstacle: CertificateServiceError
      switch await ask(request, acceptance) {
      case .success(let accepted): return accepted
      case .failure(let error):
        guard error.canAskAgain, !(error.code == .refused && isPermanentRefusal(error.errorInformation.map(\.code))) else { throw error }
        obstacle = error
      }
      guard now().addingTimeInterval(timing.pollInterval / .seconds(1)) < deadline else {
        throw LifecycleError(
          .notReady, operation: operation, message: "the certificate is not ready yet (\(obstacle))",
          hint: "the state is kept; go on later with: hsmkey certificate fetch \(plan.name)", underlying: obstacle)
      }
      say(plan.name, "not ready yet; asks again in \(timing.pollInterval.formatted(.units(allowed: [.minutes, .seconds], width: .narrow)))")
      try await sleep(timing.pollInterval)
    }
  }

  private func ask(_ request: GetCertificateRequest, _ acceptance: CertificateAcceptance) async -> Result<AcceptedCertificate, CertificateServiceError> {
    do throws(CertificateServiceError) {
      return .success(try await acceptance.check(await service.certificate(request)))
    } catch {
      return .failure(error)
    }
  }

  /// `payroll-20261122`, and with a number behind it when that is taken.
  private func freeKeyName(for name: String) async throws -> String {
    let date = now().formatted(.iso8601.year().month().day().dateSeparator(.omitted))
    for number in 1...99 {
      let candidate = "\(name)-\(date)" + (number == 1 ? "" : "-\(number)")
      if try await keys.key(named: candidate) == nil { return candidate }
    }
    throw LifecycleError(
      .stateUnusable, operation: "name a key for certificate \(name)", message: "99 keys were made for it today already",
      hint: "look at them with: hsmkey key list")
  }
}

extension CertificateServiceError {
  /// Whether a question for a certificate may be asked again: nothing there yet, or nobody there to answer. An answer that could not be trusted,
  /// or a certificate that failed a check, ends the asking.
  var canAskAgain: Bool { code == .refused || code == .unreachable || code == .uncertain }
}
