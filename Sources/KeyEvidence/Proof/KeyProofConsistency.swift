import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
public import X509

extension KeyProofParts {
  /// That what follows from something else in the proof does follow from it.
  func check() throws(EvidenceError) {
    guard let algorithm = key.publicKey.algorithmName, algorithm == key.algorithm else {
      throw failure(
        .keyAlgorithm, "/content/key/algorithm", "the public key is of another kind: \(key.publicKey.algorithmName ?? "none that is known")"
      )
    }
    try checkOnce()
    try checkProbes()
    try checkGrades()
    try checkPolicy()
    try checkCertificates()
  }

  private func failure(_ rule: EvidenceRule, _ place: String, _ message: String) -> EvidenceError {
    EvidenceError(rule, where: place, operation: Self.operation, message: message)
  }

  private func checkOnce() throws(EvidenceError) {
    let lists = [
      ("/content/rules", rules.map(\.rule)), ("/content/probes", probes.map(\.probe)),
      ("/content/policy/must-be-claimed", policy.mustBeClaimed), ("/content/policy/tolerated", policy.tolerated),
      ("/content/policy/waivers", policy.waivers.map(\.rule)), ("/content/mechanisms", mechanisms.map(\.name)),
    ]
    for (pointer, names) in lists {
      var seen: Set<String> = []
      for (index, name) in names.enumerated() where !seen.insert(name).inserted {
        throw failure(.once, JSONPointer.appending(index, to: pointer), "it is listed a second time")
      }
    }
  }
}

extension KeyProofParts {
  /// The function that does what a probe tries. Where it returns `CKR_OK`, the token has done it.
  private static let decisiveFunctions = [
    "wrap-out": "C_WrapKey", "decrypt": "C_Decrypt", "unwrap": "C_UnwrapKey", "derive": "C_DeriveKey", "sign-recover": "C_SignRecover",
    "copy": "C_CopyObject",
  ]

  private func checkProbes() throws(EvidenceError) {
    for (index, probe) in probes.enumerated() {
      let pointer = "/content/probes/\(index)"
      func demand(_ isTrue: Bool, _ message: String) throws(EvidenceError) {
        guard isTrue else { throw failure(.probe, "\(pointer)/outcome", message) }
      }
      guard let finding = rules.first(where: { $0.rule == probe.rule }) else {
        throw failure(.probe, "\(pointer)/rule", "no finding tells what came of this rule")
      }
      let accepted = probe.calls.filter { $0.returned == "CKR_OK" }
      switch probe.outcome {
      case "succeeded":
        try demand(!accepted.isEmpty, "it is said to have succeeded, and no call returned CKR_OK")
        try demand(finding.outcome == "violated", "it is said to have succeeded, and its rule \(probe.rule) not to be violated")
      case "refused":
        try demand(accepted.count < probe.calls.count, "it is said to have been refused, and no call returned anything but CKR_OK")
      default: break
      }
      if let function = Self.decisiveFunctions[probe.probe] {
        let isDone = accepted.contains { $0.function == function }
        if probe.outcome == "succeeded" {
          try demand(isDone, "it is said to have succeeded, and \(function) did not return CKR_OK")
        } else {
          try demand(!isDone, "\(function) returned CKR_OK, so the token has done what it is said not to have done")
        }
      }
    }
  }

  private func checkGrades() throws(EvidenceError) {
    for (index, finding) in rules.enumerated() {
      let place = "/content/rules/\(index)/grade"
      let answered = probes.contains { $0.rule == finding.rule && ($0.outcome == "refused" || $0.outcome == "succeeded") }
      switch finding.grade {
      case "vendor-attested":
        throw failure(.grade, place, "no attestation is checked by this version, so nothing can be graded by one")
      case "probed":
        // A probe of one rule may show that another is violated.
        let isShown = finding.outcome == "violated" && probes.contains { $0.outcome == "succeeded" }
        guard answered || isShown else {
          throw failure(.grade, place, "it is graded as probed, and no probe of \(finding.rule) was answered")
        }
      default:
        // To claim less than was tried is no lie: a refusal bears out only the word that it belongs to. A success leaves no room for a word.
        guard !probes.contains(where: { $0.rule == finding.rule && $0.outcome == "succeeded" }) else {
          throw failure(.grade, place, "a probe of \(finding.rule) succeeded, and it is graded as what the token asserts")
        }
      }
    }
  }

  private func checkPolicy() throws(EvidenceError) {
    for (index, waiver) in policy.waivers.enumerated() {
      guard let finding = rules.first(where: { $0.rule == waiver.rule }) else {
        throw failure(.waiver, "/content/policy/waivers/\(index)/rule", "no finding tells what came of the rule that is waived")
      }
      guard finding.isWaived else {
        throw failure(.waiver, "/content/policy/waivers/\(index)/rule", "its finding is not marked as waived")
      }
    }
    for (index, finding) in rules.enumerated() where finding.isWaived && !policy.waivers.contains(where: { $0.rule == finding.rule }) {
      throw failure(.waiver, "/content/rules/\(index)/waived", "no waiver says why")
    }
    let missing = policy.mustBeClaimed.firstIndex { name in !rules.contains { $0.rule == name } }
    if let missing {
      throw failure(.policy, "/content/policy/must-be-claimed/\(missing)", "no finding tells what came of this rule")
    }
    let objections = policy.objections(to: rules)
    guard policy.isMet == objections.isEmpty else {
      throw failure(
        .policy, "/content/policy/is-met",
        policy.isMet
          ? "it is said to be met, and there is an objection: \(objections[0].rule) \(objections[0].outcome)"
          : "it is said not to be met, and there is no objection")
    }
  }

  private func checkCertificates() throws(EvidenceError) {
    for (index, der) in certificates.enumerated() {
      let pointer = "/content/certificates/\(index)"
      guard let certificate = try? Certificate(derEncoded: der) else {
        throw failure(.certificate, pointer, "it is no DER certificate")
      }
      guard index > 0 || certificate.publicKey == key.publicKey else {
        throw failure(.certificate, pointer, "the certificate is another key's")
      }
    }
  }
}

extension KeyProof.Policy {
  /// The findings that this policy objects to: what is violated, and what is not claimed although it must be, but for what is tolerated or
  /// waived.
  func objections(to rules: [KeyProof.RuleFinding]) -> [KeyProof.RuleFinding] {
    rules.filter { finding in
      guard !waivers.contains(where: { $0.rule == finding.rule }) else { return false }
      return (finding.outcome == "violated" && !tolerated.contains(finding.rule))
        || (finding.outcome == "not claimed" && mustBeClaimed.contains(finding.rule))
    }
  }
}

extension KeyProof {
  /// The findings for which the policy is not met.
  public var objections: [RuleFinding] { policy.objections(to: rules) }
}

extension Certificate.PublicKey {
  /// Algorithm and size in the tool's words: `rsa-2048`, `ecdsa-p256`.
  public var algorithmName: String? {
    if let key = _RSA.Signing.PublicKey(self) { return "rsa-\(key.keySizeInBits)" }
    if P256.Signing.PublicKey(self) != nil { return "ecdsa-p256" }
    if P384.Signing.PublicKey(self) != nil { return "ecdsa-p384" }
    if P521.Signing.PublicKey(self) != nil { return "ecdsa-p521" }
    if Curve25519.Signing.PublicKey(self) != nil { return "ed25519" }
    return nil
  }
}
