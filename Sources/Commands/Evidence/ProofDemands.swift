import KeyEvidence
import TokenKeys

/// What a checker demands of a key proof beyond that it holds and that its own policy is met: whoever makes a proof chooses that one.
struct ProofDemands {
  /// The policy that the key must meet, whichever the proof was made for.
  let policy: KeyPolicy?
  let noWaivers: Bool
  let requireProbes: Bool

  /// A demand that a proof does not meet.
  struct Unmet: Encodable, Sendable {
    let rule: String
    let message: String

    init(_ rule: EvidenceRule, _ message: String) {
      self.rule = rule.rawValue
      self.message = message
    }
  }

  func unmet(by proof: KeyProof) -> [Unmet] {
    var unmet: [Unmet] = []
    if let policy {
      let lacking = ProofLimits.lacking(proof, policy)
      if !lacking.isEmpty { unmet.append(Unmet(.policyNamed, "for the policy \(policy.name): \(lacking.joined(separator: ", "))")) }
    } else if KeyPolicy(named: proof.policy.name) == nil {
      unmet.append(
        Unmet(.policyNamed, "the policy \(proof.policy.name) is not known here; name one that the key must meet with --policy"))
    }
    if noWaivers, !proof.policy.waivers.isEmpty {
      unmet.append(Unmet(.noWaivers, "waived: \(proof.policy.waivers.map(\.rule).joined(separator: ", "))"))
    }
    if requireProbes, let missing = missingProbes(proof) { unmet.append(Unmet(.probed, missing)) }
    return unmet
  }

  private func missingProbes(_ proof: KeyProof) -> String? {
    if proof.probes.isEmpty { return "nothing was probed" }
    let answered = proof.probes.filter { $0.outcome != "inconclusive" }.map(\.probe)
    let missing = KeyProbe.allCases.map(\.rawValue).filter { !answered.contains($0) }
    if !missing.isEmpty { return "not made, or without an answer that says anything: \(missing.joined(separator: ", "))" }
    return proof.probes.allSatisfy { $0.outcome == "not possible" } ? "not one of the probes was possible" : nil
  }
}
