public import KeyEvidence
import PKCS11

extension KeyPolicy {
  /// Whether this policy overlooks by itself that a rule is violated in a proof: ``KeyRule/signOnly``, where the key is neither said nor
  /// shown to do anything that this policy does not allow it.
  public func mayTolerate(_ finding: KeyProof.RuleFinding, of proof: KeyProof) -> Bool {
    guard mayTolerate(KeyRule(rawValue: finding.rule)) else { return false }
    let shown = proof.probes.filter { $0.rule == finding.rule && $0.outcome == "succeeded" }
    guard shown.allSatisfy({ KeyProbe(rawValue: $0.probe)?.use.map(mayAlso.contains) == true }) else { return false }
    let others = Set(KeyProbe.allCases.compactMap(\.use)).subtracting(mayAlso).map(\.description)
    let words = finding.observed.split { !($0.isLetter || $0 == "_") }.map(String.init)
    return words.contains(AttributeType.sign.description) && !words.contains(where: others.contains)
  }
}
