import CertificateService
import Crypto
import Foundation
import SwiftASN1
import X509
import XMLSignature

extension CertificateLifecycle {
  /// Names the key, makes it, and makes the request, saving before and after; skips what an earlier run has done.
  func begin(_ kind: PendingOperation.Kind, _ plan: CertificatePlan, _ record: inout CertificateRecord) async throws {
    if record.pending == nil { try await nameKey(kind, plan, &record) }
    if let pending = record.pending, pending.isUnsent, let algorithm = pending.algorithm, algorithm != plan.algorithm {
      say(plan.name, "the configuration asks for \(plan.algorithm) now: the key \(pending.keyName) (\(algorithm)) is left unused")
      try await nameKey(kind, plan, &record)
    }
    guard record.pending?.stage == .planned else { return }
    let key = try await makeKey(plan, &record)
    say(plan.name, "makes the certificate request and signs it on the token")
    record.pending?.certificateRequest = Data(try await keys.certificateRequest(for: key, subject: plan.subject))
    record.pending?.keyIdentifier = key.identifier
    record.pending?.algorithm = plan.algorithm
    record.pending?.stage = .requestMade
    try store.save(record, at: now())
  }

  private func nameKey(_ kind: PendingOperation.Kind, _ plan: CertificatePlan, _ record: inout CertificateRecord) async throws {
    record.pending = PendingOperation(kind: kind, keyName: try await freeKeyName(for: plan.name), startedAt: now())
    try store.save(record, at: now())
  }

  /// The key that the state names: generated now, or by an earlier run that was cut off before it could say so.
  private func makeKey(_ plan: CertificatePlan, _ record: inout CertificateRecord) async throws -> LifecycleKey {
    if let kind = record.pending?.kind, let keyName = record.pending?.keyName {
      if let left = try await keys.keyLeftBehind(named: keyName, algorithm: plan.algorithm) {
        say(plan.name, "uses the key \(keyName), which an earlier run made")
        return left
      }
      if try await !keys.isFree(keyName) {
        say(plan.name, "an earlier run left a key named \(keyName) on the token that cannot be used; another name is used")
        try await nameKey(kind, plan, &record)
      }
    }
    let keyName = record.pending?.keyName ?? plan.name
    say(plan.name, "generates the key \(keyName) on the token (\(plan.algorithm))")
    return try await keys.generateKey(named: keyName, algorithm: plan.algorithm)
  }

  /// Sends SignNewCertificate. The intent is on disk before the first byte leaves.
  func sendNew(
    _ plan: CertificatePlan, _ ask: () async throws -> TransferCredentials, _ record: inout CertificateRecord, operation: String
  ) async throws {
    let isUncertain = record.pending?.isUncertain == true
    let credentials: TransferCredentials
    do {
      credentials = try await ask()
    } catch  where isUncertain {
      // That new credentials are missing matters less than why they are needed.
      throw uncertain(record, operation: operation, underlying: error)
    }
    let digest = SHA256.hash(data: Array(credentials.id.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    if record.pending?.mayHaveSpent(transferIDDigest: digest) == true { throw uncertain(record, operation: operation) }
    let request = try SignNewCertificateRequest(
      environment: service.environment, customer: plan.customer, credentials: credentials,
      certificateRequestDER: Array(record.pending?.certificateRequest ?? Data()))
    try await send(&record, operation: operation) { pending in
      if isUncertain, let earlier = pending.transferIDDigest {
        pending.earlierTransferIDDigests = (pending.earlierTransferIDDigests ?? []) + [earlier]
      }
      pending.transferIDDigest = digest
    } request: {
      try await service.signNew(request)
    }
  }

  /// Signs RenewCertificate with the key of the certificate in use, and sends it.
  func sendRenewal(
    _ plan: CertificatePlan, _ active: InstalledCertificate, _ record: inout CertificateRecord, operation: String
  ) async throws {
    let oldKey = try await keys.key(identifier: active.keyIdentifier)
    say(plan.name, "signs the renewal with the key \(oldKey.name), whose certificate is still valid")
    let request = try RenewCertificateRequest(
      environment: service.environment, customer: plan.customer, certificateRequestDER: Array(record.pending?.certificateRequest ?? Data()))
    let signed = try await request.signed(by: oldKey.privateKey, certificate: active.certificate(), transforms: transforms)
    try await send(&record, operation: operation) { _ in
    } request: {
      try await service.renew(signed)
    }
  }

  /// One-use requests: saved as *sending* before, as *sent* or back to what it was after, and left at *sending* when nobody can tell.
  private func send(
    _ record: inout CertificateRecord, operation: String, noting note: (inout PendingOperation) -> Void,
    request: () async throws -> RetrievalID
  ) async throws {
    guard let before = record.pending else { return }
    var sending = before
    note(&sending)
    sending.stage = .sending
    sending.sentAt = now()
    record.pending = sending
    try store.save(record, at: now())
    say(record.name, "sends the request to the certificate service")
    let retrievalID: RetrievalID
    do {
      retrievalID = try await request()
    } catch let error as CertificateServiceError where !error.outcomeIsUncertain {
      // Nothing was sent, or a signed answer says that nothing was done: all is as it was before, also an earlier request's uncertain
      // outcome.
      record.pending = before
      try store.save(record, at: now())
      throw error
    }
    record.pending?.retrievalID = retrievalID.text
    record.pending?.stage = .sent
    do {
      try store.save(record, at: now())
    } catch {
      // The id is the only way to the certificate, so it must not be lost with the disk.
      throw LifecycleError(
        .stateUnusable, operation: operation,
        message: "the service took the request and gave the retrieval id \(retrievalID), and the state could not be saved (\(error))",
        hint: "note the id; mend the state's disk, then run: hsmkey certificate fetch \(record.name) --retrieval-id \(retrievalID)",
        underlying: error)
    }
  }

  /// Waits for the certificate, checks it, and installs it: beside its key, in the state, in the file for its users.
  func finish(_ plan: CertificatePlan, _ record: inout CertificateRecord, operation: String) async throws -> InstalledCertificate {
    if record.pending?.stage == .sent {
      let accepted = try await poll(plan, record, operation: operation)
      record.pending?.certificate = Data(accepted.der)
      record.pending?.stage = .received
      try store.save(record, at: now())
    }
    if record.pending?.stage == .received {
      guard let der = record.pending?.certificate, let identifier = record.pending?.keyIdentifier else {
        throw LifecycleError(
          .stateUnusable, operation: operation, message: "the state says that a certificate was received, and holds none")
      }
      let key = try await keys.key(identifier: identifier)
      say(plan.name, "stores the certificate beside its key on the token")
      try await keys.store(Certificate(derEncoded: Array(der)), for: key)
      if let old = record.active { record.previous.insert(old, at: 0) }
      record.active = InstalledCertificate(keyName: key.name, keyIdentifier: key.identifier, der: der, installedAt: now())
      record.pending?.stage = .installed
      try store.save(record, at: now())
    }
    return try await tellUsers(plan, &record, operation: operation)
  }

  /// Finishes an earlier operation of which only the file for the certificate's users is missing, or the program that hears of it.
  ///
  /// What is pending afterwards waits for that program alone. That must not keep the next certificate from being requested, since the
  /// program hears of that one; but only then may it be dropped.
  ///
  /// - Returns: the certificate of the operation; nil when there was no such operation.
  func finishLeftOver(
    _ plan: CertificatePlan, _ record: inout CertificateRecord, operation: String
  ) async throws -> InstalledCertificate? {
    guard record.pending?.stage == .installed || record.pending?.stage == .written else { return nil }
    return try await tellUsers(plan, &record, operation: operation)
  }

  /// The last steps: the file, and the program that hears of it. As long as one of them fails the operation stays pending, so that every
  /// later run tries it again.
  private func tellUsers(
    _ plan: CertificatePlan, _ record: inout CertificateRecord, operation: String
  ) async throws -> InstalledCertificate {
    guard let active = record.active else {
      throw LifecycleError(.stateUnusable, operation: operation, message: "the state says that a certificate was installed, and holds none")
    }
    if record.pending?.stage == .installed {
      try writeFile(plan, active, operation: operation)
      record.pending?.stage = .written
      try store.save(record, at: now())
    }
    if await afterChange(plan.name) {
      record.pending = nil
      try store.save(record, at: now())
    } else {
      say(plan.name, "the after-change program failed; it runs again with: hsmkey certificate fetch \(plan.name)")
    }
    return active
  }

  private func writeFile(_ plan: CertificatePlan, _ active: InstalledCertificate, operation: String) throws {
    if let file = plan.certificateFile {
      say(plan.name, "writes the certificate to \(file)")
      let text = try active.certificate().serializeAsPEM().pemString + "\n"
      if let warning = try CertificateFile.replace(file, with: text, name: plan.name, operation: operation) {
        say(plan.name, "warning: \(warning)")
      }
    }
  }

  /// Asks until the certificate is there and has passed every check, or the time is up. Asking can be repeated without harm.
  private func poll(_ plan: CertificatePlan, _ record: CertificateRecord, operation: String) async throws -> AcceptedCertificate {
    guard let pending = record.pending, let retrievalID = pending.retrievalID, let identifier = pending.keyIdentifier else {
      throw LifecycleError(
        .stateUnusable, operation: operation, message: "the state says that a request was sent, and holds no retrieval id")
    }
    let publicKey = try await keys.key(identifier: identifier).privateKey.publicKey
    let expectedIssuer = pending.kind == .renewal ? try record.active?.certificate().issuer : nil
    let request = try GetCertificateRequest(
      environment: service.environment, customer: plan.customer, retrievalID: RetrievalID(retrievalID))

    if let sentAt = pending.sentAt {
      // A clock that was set back must not make the wait longer than it is meant to be.
      let firstWait = timing.firstWait - .seconds(max(0, now().timeIntervalSince(sentAt)))
      if firstWait > .zero {
        say(plan.name, "waits \(firstWait.inWords) before asking for the certificate")
        try await sleep(firstWait)
      }
    }
    let started = now()
    var slept = Duration.zero
    var hadAnswer = false
    var wasReached = false
    let interval = max(timing.pollInterval, LifecycleTiming.shortestInterval)
    while true {
      say(plan.name, "asks for the certificate")
      // Made anew each time: it holds the time at which the certificate must be valid.
      let acceptance = CertificateAcceptance(
        publicKey: publicKey, customerID: plan.customer.id, options: acceptance, expectedIssuer: expectedIssuer, now: now())
      let obstacle: CertificateServiceError
      switch await ask(request, acceptance) {
      case .success(let accepted): return accepted
      case .failure(let error):
        guard error.canAskAgain, !(error.code == .refused && isPermanentRefusal(error.errorInformation.map(\.code))) else { throw error }
        obstacle = error
        hadAnswer = hadAnswer || error.code == .refused
        wasReached = wasReached || error.code != .unreachable
      }
      // What was slept counts too, so that a clock that is set back does not keep us here.
      let passed = max(slept, .seconds(max(0, now().timeIntervalSince(started))))
      guard passed + interval <= timing.giveUpAfter else {
        throw LifecycleError(
          wasReached ? .notReady : .unreachable, operation: operation,
          message: hadAnswer ? "the certificate is not ready yet (\(obstacle))" : "the service has not answered (\(obstacle))",
          hint: "the state is kept; go on later with: hsmkey certificate fetch \(plan.name)", underlying: obstacle)
      }
      say(plan.name, "not ready yet; asks again in \(interval.inWords)")
      try await sleep(interval)
      slept += interval
    }
  }

  private func ask(_ request: GetCertificateRequest, _ acceptance: CertificateAcceptance) async -> Result<
    AcceptedCertificate, CertificateServiceError
  > {
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
      if try await keys.isFree(candidate) { return candidate }
    }
    throw LifecycleError(
      .stateUnusable, operation: "name a key for certificate \(name)", message: "99 keys were made for it today already",
      hint: "look at them with: hsmkey key list")
  }
}

extension CertificateServiceError {
  /// Whether a question for a certificate may be asked again: nothing there yet, or nobody there to answer. An answer that could not be
  /// trusted, or a certificate that failed a check, ends the asking.
  var canAskAgain: Bool { code == .refused || code == .unreachable || code == .uncertain }
}

extension Duration {
  /// `1m 30s`
  fileprivate var inWords: String { formatted(.units(allowed: [.minutes, .seconds], width: .narrow)) }
}
