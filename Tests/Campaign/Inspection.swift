import CertificateLifecycle
import Foundation
import SwiftASN1
import TestSupport

/// The promises, held against what is there.
struct Inspection {
  let scene: Scene
  let before: Snapshot
  let snapshots: [Snapshot]
  let witness: ServiceWitness
  let repeatsAllowed: Int
  let attack: Attack

  // MARK: At any moment

  /// What must hold whenever the tool has stopped, however it has.
  ///
  /// - Parameter wasAttacked: whether something was to go wrong in the run that has stopped.
  static func momentary(
    _ now: Snapshot, before: Snapshot, earlier: [Snapshot], wasAttacked: Bool, witness: ServiceWitness
  ) -> [String] {
    var findings = now.defects.map { "state: \($0)" }
    // The intent is on disk before the key is made, and what is left unused stays there.
    for label in now.token.labels.subtracting(now.namedKeys) { findings.append("key without a record: \(label); \(now.summary)") }
    // A generation that was cut short leaves half a key that nobody can name; one that ends leaves none.
    if !wasAttacked, now.token.namelessHalves > (earlier.last ?? before).token.namelessHalves {
      findings.append("half of a key without a name: left by a run in which nothing went wrong; \(now.summary)")
    }
    // The file is the old one or the new one.
    let known = [before.record, now.record].compactMap(\.self).flatMap { [$0.active].compactMap(\.self) + $0.previous }
    if let file = now.file {
      if !known.contains(where: { pem(of: $0) == file }) { findings.append("file: it is neither the old certificate nor the new one") }
    } else if before.file != nil {
      findings.append("file: it is gone")
    }
    // What has left was on disk before.
    let carriedOut = witness.oneUse.contains { $0.deliveries > 0 && !$0.isRefused }
    if carriedOut, now.record?.active?.der == before.record?.active?.der, now.record?.pending?.sentAt == nil {
      findings.append("intent: the service has carried out a request that the state does not know of; \(now.summary)")
    }
    // The certificate in use stays in use until there is another one.
    if before.record?.active != nil, now.record?.active == nil { findings.append("old certificate: the state has lost it") }
    return findings
  }

  static func pem(of installed: InstalledCertificate) -> String? {
    (try? installed.certificate().serializeAsPEM().pemString).map { $0 + "\n" }
  }

  // MARK: At the end

  /// What must hold at the end.
  func findings(isDone: Bool) async throws -> [String] {
    var findings = repetitions() + retrievalIDs()
    if isDone { findings += try await installation() }
    return findings
  }

  /// No request that may be carried out once is sent again by itself.
  private func repetitions() -> [String] {
    var findings: [String] = []
    let sent = witness.oneUse.filter { $0.deliveries > 0 && !$0.isRefused }
    for (id, requests) in Dictionary(grouping: sent.filter { $0.transferID != nil }, by: \.transferID) where requests.count > 1 {
      findings.append("repeated: \(requests.count) SignNew requests with the transfer id \(id ?? "")")
    }
    let renewals = sent.filter { $0.operation == "RenewCertificate" }
    if renewals.count > 1 + repeatsAllowed {
      findings.append("repeated: \(renewals.count) renewals were carried out, and \(repeatsAllowed) were repeated on request")
    }
    return findings
  }

  /// A retrieval id that the state has held is asked with until the certificate is here.
  private func retrievalIDs() -> [String] {
    let held = Set(snapshots.compactMap { $0.record?.pending?.retrievalID })
    let asked = Set(witness.requests.compactMap(\.retrievalID))
    let isForeign = attack.blows.contains { if case .network(let faults) = $0 { faults.contains(.staleAnswer) } else { false } }
    if isForeign { return [] }
    return held.subtracting(asked).map { "lost: the retrieval id \($0) was in the state and was never asked with" }
  }

  /// The certificate in use passes every check, by other programs than ours.
  private func installation() async throws -> [String] {
    guard let last = snapshots.last, let active = last.record?.active else { return [] }
    var findings: [String] = []
    if last.file != Self.pem(of: active) { findings.append("installed: the file is not the certificate in use") }
    if !FileManager.default.fileExists(atPath: scene.path("hook")) { findings.append("installed: nobody was told of the new certificate") }
    if let old = before.record?.active {
      if !(last.record?.previous.contains { $0.der == old.der } ?? false) { findings.append("old certificate: it is not in the state") }
      if !last.token.has("Private Key", identifier: old.keyIdentifier) { findings.append("old certificate: its key is gone") }
      if !last.token.has("Certificate", identifier: old.keyIdentifier) { findings.append("old certificate: it is gone from the token") }
    }
    let stored = last.token.objects.count { $0.kind == "Certificate" && $0.identifier == active.keyIdentifier }
    if stored != 1 { findings.append("installed: it is on the token \(stored) times") }
    findings += last.litter.map { "litter: \($0)" }
    if let serial = try? active.serial(), !witness.issued.contains(serial) {
      findings.append("installed: the service did not issue it in this run")
    }
    let trust = scene.ground.folder.path("trust")
    let script = """
      set -e
      openssl verify -CAfile \(trust)/providers-root.pem -untrusted \(trust)/providers-chain.pem payroll.pem >/dev/null
      openssl x509 -in payroll.pem -noout -subject -nameopt RFC2253 | grep -q 'CN=\(Ground.customerID)$'
      pkcs11-tool --module "$0" --token-label payroll --read-object --type cert --id \(active.keyIdentifier) -o on-token.der >/dev/null 2>&1
      openssl x509 -in payroll.pem -outform DER | cmp - on-token.der
      echo proof > proof
      pkcs11-tool --module "$0" --token-label payroll --login --pin \(Ground.pin) --id \(active.keyIdentifier) \
        --sign --mechanism SHA256-RSA-PKCS --input-file proof --output-file proof.signature >/dev/null 2>&1
      openssl x509 -in payroll.pem -noout -pubkey > public.pem
      openssl dgst -sha256 -verify public.pem -signature proof.signature proof >/dev/null
      """
    let checked = try await scene.program("bash", ["-c", script, Ground.modulePath])
    if checked.exitCode != 0 { findings.append("installed: a check failed: \(checked.standardOutput)\(checked.standardError)") }
    return findings
  }
}
