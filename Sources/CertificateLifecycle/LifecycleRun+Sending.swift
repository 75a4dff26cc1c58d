import CertificateService
import Foundation
import X509
import XMLSignature

/// The requests that work once: what is needed to recover is on disk before the first byte leaves.
extension LifecycleRun {
  mutating func send() async throws {
    // Credentials must not be spent for a key that is not there any more.
    let key = try await newKey()
    switch try pending().kind {
    case .renewal: try await sendRenewal(instead: key)
    default: try await sendNew()
    }
  }

  /// Sends SignNewCertificate.
  private mutating func sendNew() async throws {
    let pending = try pending()
    let transferCredentials: TransferCredentials
    do {
      guard let credentials else { throw LifecycleError.uncertain(record, operation: operation) }
      transferCredentials = try await credentials()
    } catch  where pending.isUncertain {
      // That new credentials are missing matters less than why they are needed.
      throw LifecycleError.uncertain(record, operation: operation, underlying: error)
    }
    let digest = DigestText.sha256(transferCredentials.id)
    if pending.mayHaveSpent(transferIDDigest: digest) { throw LifecycleError.uncertain(record, operation: operation) }
    guard !record.droppedTransferIDDigests.contains(digest) else {
      throw LifecycleError(
        .ruleRefused, rule: .notRepeated, operation: operation,
        message: "these transfer credentials were sent before, with a request that was dropped since; they may be spent",
        hint: "order new ones, which work once, and run: hsmkey certificate enrol \(plan.name) --transfer-id NEW-ID")
    }
    let request = try SignNewCertificateRequest(
      environment: lifecycle.service.environment, customer: plan.customer, credentials: transferCredentials,
      certificateRequestDER: Array(pending.certificateRequest ?? Data()))
    let service = lifecycle.service
    try await send(detail: ["request": "SignNewCertificate", "transfer-id-sha256": digest]) { pending in
      if pending.isUncertain, let earlier = pending.transferIDDigest {
        pending.earlierTransferIDDigests = (pending.earlierTransferIDDigests ?? []) + [earlier]
      }
      pending.transferIDDigest = digest
    } request: {
      try await service.signNew(request)
    }
  }

  /// Signs RenewCertificate with the key of the certificate in use, and sends it.
  private mutating func sendRenewal(instead newKey: LifecycleKey) async throws {
    guard let active = record.active else { throw unusable("the state says that a certificate is being renewed, and holds none") }
    let oldKey = try await keyInUse(active)
    say("signs the renewal with the key \(oldKey.name), whose certificate is still valid")
    let request = try RenewCertificateRequest(
      environment: lifecycle.service.environment, customer: plan.customer,
      certificateRequestDER: Array(try pending().certificateRequest ?? Data()))
    let signed = try await request.signed(
      by: oldKey.privateKey, certificate: active.certificate(), transforms: lifecycle.transforms)
    let service = lifecycle.service
    try await send(detail: ["request": "RenewCertificate", "signed-with": oldKey.name]) { _ in
    } request: {
      try await service.renew(signed)
    }
  }

  /// The key of the certificate in use, which signs its renewal.
  func keyInUse(_ active: InstalledCertificate) async throws -> LifecycleKey {
    do {
      return try await lifecycle.keys.key(identifier: active.keyIdentifier)
    } catch {
      say(
        "if the key \(active.keyName) is gone for good, its certificate cannot be renewed: order new transfer credentials, and run: "
          + "hsmkey certificate enrol \(plan.name) --even-if-enrolled --transfer-id ID")
      throw error
    }
  }

  /// Saved as *about to send* before, as *retrieval id known* or back to what it was after, and as *uncertain* when nobody can tell.
  private mutating func send(
    detail: [String: String], noting note: (inout PendingOperation) -> Void, request: () async throws -> RetrievalID
  ) async throws {
    let before = try pending()
    let time = now
    try save(.aboutToSend, detail: detail) {
      note(&$0)
      $0.stage = .aboutToSend
      $0.sentAt = time
      $0.refusal = nil
    }
    say("sends the request to the certificate service")
    let retrievalID: RetrievalID
    do {
      retrievalID = try await request()
    } catch {
      try noteFailure(error, before)
      throw withWaysOut(error)
    }
    do {
      try save(.retrievalIDKnown, detail: ["retrieval-id": retrievalID.text]) {
        $0.retrievalID = retrievalID.text
        $0.stage = .retrievalIDKnown
      }
    } catch {
      // The id is the only way to the certificate, so it must not be lost with the disk.
      throw LifecycleError(
        .stateUnusable, operation: operation,
        message: "the service took the request and gave the retrieval id \(retrievalID), and the state could not be saved (\(error))",
        hint: "note the id; mend the state's disk, then run: hsmkey certificate fetch \(plan.name) --retrieval-id \(retrievalID)",
        underlying: error)
    }
  }

  /// An error with what a person can do about it now; the room that made it knows neither commands nor names.
  private func withWaysOut(_ error: any Error) -> any Error {
    guard let answer = error as? CertificateServiceError else { return error }
    let name = plan.name
    let added: String
    if answer.outcomeIsUncertain {
      added = LifecycleError.waysOut(record.pending, of: name)
    } else if answer.code == .refused, record.pending?.kind == .enrolment {
      // Somebody or something may have used the credentials before: a network that delivers a request twice, for one.
      added = "where it was carried out all the same, ask the agency: \(LifecycleError.withRetrievalID(name))"
    } else if answer.code == .unreachable {
      let credentials = record.pending?.kind == .enrolment ? "the transfer credentials are still good; " : ""
      added = "nothing was sent; \(credentials)run the same again"
    } else {
      return error
    }
    return answer.with(hint: added)
  }

  private mutating func noteFailure(_ error: any Error, _ before: PendingOperation) throws {
    let time = now
    guard let answer = error as? CertificateServiceError, !answer.outcomeIsUncertain else {
      // On disk it is *about to send*, which says the same to the next run: that the outcome is unknown. So a disk that refuses now must
      // not hide why it is.
      try? save(.outcomeUnknown, detail: ["because": "\(error)"]) { $0.stage = .uncertain }
      return
    }
    // Nothing was sent, or a signed answer says that nothing was done: all is as it was before, also an earlier request's uncertain
    // outcome.
    let isRefused = answer.code == .refused
    do {
      try save(isRefused ? .refused : .notSent, detail: Self.detail(of: answer)) {
        $0 = before
        if isRefused, !before.isUncertain { $0.refusal = .init(answer.errorInformation, at: time) }
      }
    } catch {
      // The next run finds the request about to leave; only this one knows better.
      throw LifecycleError(
        .stateUnusable, operation: operation,
        message: "nothing was done (\(answer)), and that could not be saved (\(error)): later runs take the outcome for unknown",
        hint: "note that nothing was done; mend the state's disk, then run this again, which says how to go on", underlying: error)
    }
  }

  /// What the history keeps of an answer.
  static func detail(of answer: CertificateServiceError) -> [String: String] {
    var detail = ["because": answer.message]
    if !answer.errorInformation.isEmpty { detail["codes"] = answer.errorInformation.map(\.description).joined(separator: "; ") }
    if let rule = answer.rule { detail["rule"] = rule.rawValue }
    return detail
  }
}
