import CertificateService
import Foundation
import KeyEvidence
import SwiftASN1
import X509

/// What a checked key proof says, and what it does not.
struct ProofReport: Answer {
  struct Key: Encodable, Sendable {
    let name: String
    let id: String
    let algorithm: String
    let uri: String
    let publicKeySha256: String
    let publicKeyWords: String
    /// Whether it is the key that was named with --key or --certificate.
    let isTheOneNamed: Bool
  }

  struct Policy: Encodable, Sendable {
    let name: String
    /// By the proof's own rules, and by those that this version has for the policy of that name.
    let isMet: Bool
    /// What the policy of this name demands in this version, and the proof does not show.
    let lacking: [String]
    let mustBeClaimed: [String]
    let tolerated: [String]
    let waivers: [VerdictReport.Waiver]
  }

  struct Finding: Encodable, Sendable {
    let rule: String
    let outcome: String
    let grade: String
    let observed: String
    let isWaived: Bool
    /// Whether this version of the tool knows what the rule means.
    let isKnown: Bool
  }

  struct Signer: Encodable, Sendable {
    let role: String
    let algorithm: String
    let publicKeySha256: String
    /// `the key itself`, `named`, or `not checked`.
    let who: String
  }

  struct Token: Encodable, Sendable {
    let label: String
    let manufacturer: String
    let model: String
    let serial: String
    let hardwareVersion: String
    let firmwareVersion: String
    let isSoftware: Bool
  }

  struct Origin: Encodable, Sendable {
    let library: String
    let libraryVersion: String
    let cryptokiVersion: String
    let module: String
    let moduleSha256: String
    let moduleOwner: Int
    let moduleMode: String
    let tool: String
    let toolVersion: String
    let toolSha256: String
  }

  struct Attestation: Encodable, Sendable {
    let type: String
    let sha256: String
    let bytes: Int
  }

  let file: String
  let format: String
  let madeAt: Date
  let checkedAt: Date
  let challenge: String?
  let isChallengeCompared: Bool
  let key: Key
  let policy: Policy
  let objections: [Finding]
  let rules: [Finding]
  let probes: [VerdictReport.Probe]
  let token: Token
  let origin: Origin
  let signers: [Signer]
  let certificates: [KeyReport.CertificateSummary]
  let isChainChecked: Bool
  let attestations: [Attestation]
  /// What the proof does not show, a sentence each.
  let notShown: [String]

  /// What the checker demanded of the proof beyond its own policy, and it does not show.
  let unmetDemands: [ProofDemands.Unmet]

  var exitStatus: ExitStatus { policy.isMet && unmetDemands.isEmpty ? .done : .ruleRefused }

  init(
    file: String, verified: VerifiedKeyProof, isKeyNamed: Bool, auditors: [Certificate.PublicKey], isChainChecked: Bool,
    isChallengeCompared: Bool, demands: ProofDemands
  ) throws {
    let proof = verified.proof
    self.file = file
    format = KeyProof.format
    madeAt = proof.madeAt
    checkedAt = verified.checkedAt
    challenge = proof.challenge
    self.isChallengeCompared = isChallengeCompared
    key = Key(
      name: proof.key.name, id: proof.key.identifier, algorithm: proof.key.algorithm, uri: proof.key.uri,
      publicKeySha256: proof.key.publicKeySHA256, publicKeyWords: proof.key.publicKeyWords.joined(separator: " "),
      isTheOneNamed: isKeyNamed)
    let lacking = proof.policy.isMet ? ProofLimits.lacking(proof) : []
    policy = Policy(
      name: proof.policy.name, isMet: proof.policy.isMet && lacking.isEmpty, lacking: lacking,
      mustBeClaimed: proof.policy.mustBeClaimed, tolerated: proof.policy.tolerated,
      waivers: proof.policy.waivers.map { VerdictReport.Waiver(rule: $0.rule, reason: $0.reason) })
    unmetDemands = demands.unmet(by: proof)
    objections = proof.objections.map(Finding.init)
    rules = proof.rules.map(Finding.init)
    probes = proof.probes.map(VerdictReport.Probe.init)
    token = Token(
      label: proof.token.label, manufacturer: proof.token.manufacturer, model: proof.token.model, serial: proof.token.serial,
      hardwareVersion: proof.token.hardwareVersion, firmwareVersion: proof.token.firmwareVersion, isSoftware: proof.token.isSoftware)
    origin = Origin(
      library: [proof.library.description, proof.library.manufacturer].filter { !$0.isEmpty }.joined(separator: ", "),
      libraryVersion: proof.library.version, cryptokiVersion: proof.library.cryptokiVersion, module: proof.module.realPath,
      moduleSha256: proof.module.sha256, moduleOwner: proof.module.owner, moduleMode: proof.module.mode, tool: proof.tool.name,
      toolVersion: proof.tool.version, toolSha256: proof.tool.sha256)
    signers = verified.signatures.map { signature in
      Signer(
        role: signature.role, algorithm: signature.algorithm.rawValue, publicKeySha256: signature.publicKeySHA256,
        who: signature.role == "key" ? "the key itself" : auditors.contains(signature.publicKey) ? "named" : "not checked")
    }
    certificates = try proof.certificates.map { KeyReport.CertificateSummary(try Certificate(derEncoded: $0)) }
    self.isChainChecked = isChainChecked
    attestations = proof.attestations.map { Attestation(type: $0.type, sha256: $0.sha256, bytes: $0.data.count) }
    notShown = ProofLimits.sentences(
      proof, isKeyNamed: isKeyNamed, hasNamedAuditor: !auditors.isEmpty, isChainChecked: isChainChecked,
      isChallengeCompared: isChallengeCompared, hasOtherSigners: signers.contains { $0.role != "key" })
  }
}

extension ProofReport.Finding {
  fileprivate init(_ finding: KeyProof.RuleFinding) {
    self.init(
      rule: finding.rule, outcome: finding.outcome, grade: finding.grade, observed: finding.observed, isWaived: finding.isWaived,
      isKnown: ProofLimits.isKnown(finding.rule))
  }
}

extension VerdictReport.Probe {
  fileprivate init(_ probe: KeyProof.Probe) {
    self.init(
      probe: probe.probe, rule: probe.rule, action: probe.action, outcome: probe.outcome,
      calls: probe.calls.map { "\($0.function)\($0.mechanism.map { " (\($0))" } ?? ""): \($0.returned)" }, detail: probe.detail)
  }
}
