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
  /// What is known of a probe by its name.
  private struct KnownProbe {
    /// The rule that it puts to the test.
    let rule: String
    /// The function that does what is tried.
    let function: String
    /// The function that begins it, where there is one; it may be the one that refuses.
    var beginning: String?
    /// Whether the function has done what is tried wherever it returns `CKR_OK`. A value can come without a byte, and a flag can be said to
    /// be turned and stay as it was.
    var isDoneByOK = true
  }

  private static let knownProbes = [
    "read-private-value": KnownProbe(rule: "KEY-SENSITIVE", function: "C_GetAttributeValue", isDoneByOK: false),
    "wrap-out": KnownProbe(rule: "KEY-NOT-EXTRACTABLE", function: "C_WrapKey"),
    "decrypt": KnownProbe(rule: "KEY-SIGN-ONLY", function: "C_Decrypt", beginning: "C_DecryptInit"),
    "unwrap": KnownProbe(rule: "KEY-SIGN-ONLY", function: "C_UnwrapKey"),
    "derive": KnownProbe(rule: "KEY-SIGN-ONLY", function: "C_DeriveKey"),
    "sign-recover": KnownProbe(rule: "KEY-SIGN-ONLY", function: "C_SignRecover", beginning: "C_SignRecoverInit"),
    "copy": KnownProbe(rule: "KEY-NOT-COPYABLE", function: "C_CopyObject"),
    "copy-extractable": KnownProbe(rule: "KEY-ATTRIBUTES-FIXED", function: "C_CopyObject"),
    "make-extractable": KnownProbe(rule: "KEY-ATTRIBUTES-FIXED", function: "C_SetAttributeValue", isDoneByOK: false),
    "make-readable": KnownProbe(rule: "KEY-ATTRIBUTES-FIXED", function: "C_SetAttributeValue", isDoneByOK: false),
  ]

  /// Functions that give away something of a key, or use it for more than signing, wherever they return `CKR_OK`.
  private static let givingFunctions = Set(knownProbes.values.filter(\.isDoneByOK).map(\.function))

  /// Answers that refuse nothing: there is no such thing to ask for.
  private static let impossibilities: Set = ["CKR_FUNCTION_NOT_SUPPORTED", "CKR_MECHANISM_INVALID"]

  /// The rule whose flag a probe turns. Where that can be done, the token's word on the flag is no more than a word.
  private static let turnedFlags = ["make-extractable": "KEY-NOT-EXTRACTABLE", "make-readable": "KEY-SENSITIVE"]

  /// Rules that a probe of another rule may show to be violated: it gets a value out in the course of it.
  private static let rulesOfValues: Set = ["KEY-SENSITIVE", "KEY-NOT-EXTRACTABLE"]

  private func checkProbes() throws(EvidenceError) {
    for (index, probe) in probes.enumerated() {
      let pointer = "/content/probes/\(index)"
      func demand(_ isTrue: Bool, _ message: String) throws(EvidenceError) {
        guard isTrue else { throw failure(.probe, "\(pointer)/outcome", message) }
      }
      guard rules.contains(where: { $0.rule == probe.rule }) else {
        throw failure(.probe, "\(pointer)/rule", "no finding tells what came of this rule")
      }
      try demand(
        probe.outcome == "not possible" || !probe.calls.isEmpty, "it is said to have been answered, and no call was made")
      if probe.outcome == "succeeded" {
        let isShown = rules.contains { finding in
          finding.outcome == "violated" && (finding.rule == probe.rule || Self.rulesOfValues.contains(finding.rule))
        }
        try demand(isShown, "it is said to have succeeded, and no rule to be violated by it")
      }
      guard let known = Self.knownProbes[probe.probe] else {
        try checkUnknown(probe, at: pointer)
        continue
      }
      guard probe.rule == known.rule else {
        throw failure(.probe, "\(pointer)/rule", "the probe \(probe.probe) is one of \(known.rule)")
      }
      let function = known.function
      let isAnsweredOK = probe.calls.contains { $0.function == function && $0.returned == "CKR_OK" }
      let isDone = known.isDoneByOK && isAnsweredOK
      switch probe.outcome {
      case "succeeded" where known.isDoneByOK || function == "C_GetAttributeValue":
        try demand(isAnsweredOK, "it is said to have succeeded, and \(function) did not return CKR_OK")
        try demand(
          rules.contains { $0.rule == probe.rule && $0.outcome == "violated" },
          "it is said to have succeeded, and its rule \(probe.rule) not to be violated")
      case "refused":
        let isRefused = probe.calls.contains { call in
          [function, known.beginning].contains(call.function) && call.returned != "CKR_OK"
            && !Self.impossibilities.contains(call.returned)
        }
        try demand(isRefused, "it is said to have been refused, and no call of \(function) was")
        fallthrough
      case "not possible":
        try demand(!isDone, "\(function) returned CKR_OK, so the token has done what it is said not to have done")
      default: break
      }
    }
  }

  /// What a probe that is not known here tries nobody can tell, but not that nothing was given away in the course of it.
  private func checkUnknown(_ probe: KeyProof.Probe, at pointer: String) throws(EvidenceError) {
    guard ["refused", "not possible"].contains(probe.outcome) else { return }
    if let call = probe.calls.first(where: { Self.givingFunctions.contains($0.function) && $0.returned == "CKR_OK" }) {
      throw failure(
        .probe, "\(pointer)/outcome", "\(call.function) returned CKR_OK, so the token has done something with the key that it must refuse")
    }
    guard probe.outcome == "not possible" || probe.calls.contains(where: { $0.returned != "CKR_OK" }) else {
      throw failure(.probe, "\(pointer)/outcome", "it is said to have been refused, and every call returned CKR_OK")
    }
  }

  private func checkGrades() throws(EvidenceError) {
    for (index, finding) in rules.enumerated() {
      let place = "/content/rules/\(index)/grade"
      let own = probes.filter { $0.rule == finding.rule }
      let isShown = own.contains { $0.outcome == "succeeded" }
      // Refused throughout, and the flag that the token's word rests on cannot be turned.
      let isBorneOut =
        own.contains { $0.outcome == "refused" } && !own.contains { $0.outcome == "inconclusive" || $0.outcome == "succeeded" }
        && !probes.contains { Self.turnedFlags[$0.probe] == finding.rule && $0.outcome == "succeeded" }
      let isShownByAnother = Self.rulesOfValues.contains(finding.rule) && probes.contains { $0.outcome == "succeeded" }
      let expected: Set<String> =
        switch finding.outcome {
        case "violated": isShown ? ["probed"] : isShownByAnother ? ["probed", "token-asserted"] : ["token-asserted"]
        case "met":
          isBorneOut ? ["probed"] : isShown ? ["probed", "token-asserted"] : ["token-asserted"]
        default: ["token-asserted"]
        }
      guard !expected.contains(finding.grade) else { continue }
      throw failure(
        .grade, place,
        finding.grade == "vendor-attested"
          ? "no attestation is checked by this version, so nothing can be graded by one"
          : finding.grade == "probed"
            ? "it is graded as probed, and no probe of \(finding.rule) bears it out"
            : "a probe of \(finding.rule) was answered, and it is graded as what the token asserts")
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
