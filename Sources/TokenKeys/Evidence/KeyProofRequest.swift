public import KeyEvidence
public import X509

/// What goes into a key proof beside the key: what it is held against, what is tried, and what is attached.
public struct KeyProofRequest: Sendable {
  /// What the key must be.
  public var policy: KeyPolicy
  /// What is tried; none for the token's word alone.
  public var probes: Set<KeyProbe>
  /// Words of an auditor's, which show that the proof was made after they were told.
  public var challenge: String?
  /// Certificates of the key, its own first; nil for the one on the token that is valid longest.
  public var certificates: [Certificate]?
  /// What the vendor's device says of the key. It is attached, and not checked here.
  public var attestations: [KeyProof.Attestation]
  /// The program that makes the proof.
  public var tool: KeyProof.Tool

  /// A request from its parts.
  public init(
    policy: KeyPolicy = .nonExportableSigning, probes: Set<KeyProbe> = .all, challenge: String? = nil, certificates: [Certificate]? = nil,
    attestations: [KeyProof.Attestation] = [], tool: KeyProof.Tool
  ) {
    self.policy = policy
    self.probes = probes
    self.challenge = challenge
    self.certificates = certificates
    self.attestations = attestations
    self.tool = tool
  }
}
