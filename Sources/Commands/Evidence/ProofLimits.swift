import KeyEvidence
import TokenKeys

/// What a key proof does not show, said of the one at hand.
enum ProofLimits {
  /// Whether this version knows a rule.
  static func isKnown(_ rule: String) -> Bool { KeyRule.allCases.contains { $0.rawValue == rule } }

  /// What stands in the way of a policy as this version knows it, although the proof calls itself met: a rule and what it lacks, each.
  ///
  /// A policy's name is only a name: whoever makes a proof may have had an older version of the policy, or none. Empty for a name that is
  /// not known; see ``ProofDemands``.
  static func lacking(_ proof: KeyProof) -> [String] { KeyPolicy(named: proof.policy.name).map { lacking(proof, $0) } ?? [] }

  /// What stands in the way of a policy of this version.
  static func lacking(_ proof: KeyProof, _ policy: KeyPolicy) -> [String] {
    let findings = Dictionary(proof.rules.map { ($0.rule, $0) }) { first, _ in first }
    return policy.rules.compactMap { rule in
      guard let finding = findings[rule.rawValue] else { return "\(rule) not judged" }
      if finding.isWaived || finding.outcome == "met" { return nil }
      if finding.outcome == "violated" { return policy.mayTolerate(finding, of: proof) ? nil : "\(rule) violated" }
      return policy.mustBeClaimed.contains(rule) ? "\(rule) not claimed" : nil
    }
  }

  /// A sentence for each thing that a reader could take for shown, and is not.
  static func sentences(
    _ proof: KeyProof, isKeyNamed: Bool, hasNamedAuditor: Bool, isChainChecked: Bool, isChallengeCompared: Bool,
    hasOtherSigners: Bool
  ) -> [String] {
    var sentences: [String] = []
    if !isKeyNamed {
      sentences.append("Nothing ties this proof to the key that you use: name that with --key or --certificate, or compare the words.")
    }
    if !hasNamedAuditor {
      sentences.append(
        "The key signed this itself, and so could a key that lies outside of any token: whose word it is that it does not is not checked. "
          + "Name the key of somebody who was there with --auditor-key.")
    }
    sentences.append(
      proof.token.isSoftware
        ? "No hardware is shown: this token is a program, and whoever can read its files can have the key."
        : "That the token is a device is its own word: no attestation by its vendor was checked.")
    let asserted = proof.rules.filter { $0.outcome != "not claimed" && $0.grade == "token-asserted" }.count
    if asserted > 0 {
      sentences.append(
        "\(asserted) of the \(proof.rules.count) rules \(asserted == 1 ? "rests" : "rest") on the token's word about itself: "
          + "nothing that was tried bears it out.")
    }
    if KeyPolicy(named: proof.policy.name) == nil {
      sentences.append("What the policy \(proof.policy.name) demands is not known to this version: read its rules.")
    }
    sentences += proof.policy.waivers.map { waiver in
      let outcome = proof.rules.first { $0.rule == waiver.rule }?.outcome ?? "not judged"
      return "That \(waiver.rule) is met: it was waived by whoever made this (\(waiver.reason)), and is \(outcome)."
    }
    if proof.probes.isEmpty {
      sentences.append("Nothing was probed: the token was not asked to break a single rule, and this is its own word alone.")
    }
    let open = proof.probes.filter { $0.outcome == "inconclusive" }.map(\.probe)
    if !open.isEmpty { sentences.append("What came of these probes says nothing: \(open.joined(separator: ", ")).") }
    let unknown = proof.rules.map(\.rule).filter { !isKnown($0) }
    if !unknown.isEmpty { sentences.append("This version does not know what these rules mean: \(unknown.joined(separator: ", ")).") }
    let unknownProbes = proof.probes.map(\.probe).filter { KeyProbe(rawValue: $0) == nil }
    if !unknownProbes.isEmpty {
      sentences.append("This version does not know what these probes try: \(unknownProbes.joined(separator: ", ")).")
    }
    if hasOtherSigners { sentences.append("In which role somebody signed beside the key is the signer's word, and is not signed.") }
    if !proof.certificates.isEmpty, !isChainChecked {
      sentences.append("Who issued the certificate is not checked: name the authorities with --trust.")
    }
    if !proof.attestations.isEmpty {
      sentences.append("The attestations are attached as they are, and not checked here: that is done with the vendor's own program.")
    }
    if proof.challenge == nil {
      sentences.append("When it was made is the word of the machine that made it: there is no challenge in it.")
    } else if !isChallengeCompared {
      sentences.append("Whether the challenge is one that you gave is not checked: repeat it with --challenge.")
    }
    sentences.append("It tells how things stood when it was made, and nothing of what was done to the token since.")
    return sentences
  }
}
