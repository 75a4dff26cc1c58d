public import Foundation

/// What a token said of a key, what it was asked to do with it, and what it answered: the content of an evidence bundle.
///
/// It is consistent in itself, or there is none: what follows from something else in it, does. That what it says is true is another matter;
/// see `docs/evidence.md` for what each part is worth.
public struct KeyProof: Sendable, Hashable {
  /// The format's name and version.
  public static let format = "hsmkey-key-proof/1"

  /// The key.
  public let key: Key
  /// What was demanded of it, and whether it was met.
  public let policy: Policy
  /// Rule by rule what came of it.
  public let rules: [RuleFinding]
  /// What was tried, and how the token answered.
  public let probes: [Probe]
  /// The token.
  public let token: Token
  /// What the module says of itself.
  public let library: Library
  /// The file of the module.
  public let module: ModuleFile
  /// What the token offers.
  public let mechanisms: [Mechanism]
  /// The program that made the proof.
  public let tool: Tool
  /// When it was made, by the clock of the machine that made it; whole seconds.
  public let madeAt: Date
  /// Words of an auditor's, which show that the proof was made after they were told.
  public let challenge: String?
  /// Certificates of the key, DER, the key's own first.
  public let certificates: [[UInt8]]
  /// What a vendor's device says of the key, in the vendor's own format. It is attached and not checked.
  public let attestations: [Attestation]

  /// A proof from its parts.
  ///
  /// - Throws: the rule that the parts break together: `EVIDENCE-PUBLIC-KEY`, `EVIDENCE-KEY-ALGORITHM`, `EVIDENCE-ONCE`, `EVIDENCE-PROBE`,
  /// `EVIDENCE-GRADE`, `EVIDENCE-WAIVER`, `EVIDENCE-POLICY`, `EVIDENCE-CERTIFICATE`, `EVIDENCE-ATTESTATION` or `EVIDENCE-TIME`;
  /// `EVIDENCE-MEMBERS`
  ///   where a part is not as the format has it, such as a text with control characters.
  public init(
    key: Key, policy: Policy, rules: [RuleFinding], probes: [Probe], token: Token, library: Library, module: ModuleFile,
    mechanisms: [Mechanism], tool: Tool, madeAt: Date, challenge: String? = nil, certificates: [[UInt8]] = [],
    attestations: [Attestation] = []
  ) throws(EvidenceError) {
    let parts = KeyProofParts(
      key: key, policy: policy, rules: rules, probes: probes, token: token, library: library, module: module, mechanisms: mechanisms,
      tool: tool, madeAt: EvidenceTime.text(madeAt), challenge: challenge, certificates: certificates, attestations: attestations)
    // What is written is read again, so that no proof is made that nobody could read.
    try self.init(content: parts.content)
  }

  /// A proof from the content of a statement, read strictly.
  ///
  /// - Throws: `EVIDENCE-MEMBERS` for what does not belong there, and what
  /// ``init(key:policy:rules:probes:token:library:module:mechanisms:tool:madeAt:challenge:certificates:attestations:)``
  ///   throws. Places are pointers from the root of the file: `/content/rules/3/grade`.
  public init(content: JSONValue) throws(EvidenceError) {
    let parts = try KeyProofParts(content: content)
    try parts.check()
    guard let madeAt = EvidenceTime.date(parts.madeAt) else {
      throw EvidenceError(
        .time, where: "/content/made-at", operation: "read the key proof",
        message: "it is no time in UTC and whole seconds, as 2026-01-02T03:04:05Z is")
    }
    key = parts.key
    policy = parts.policy
    rules = parts.rules
    probes = parts.probes
    token = parts.token
    library = parts.library
    module = parts.module
    mechanisms = parts.mechanisms
    tool = parts.tool
    self.madeAt = madeAt
    challenge = parts.challenge
    certificates = parts.certificates
    attestations = parts.attestations
  }

  /// The proof as the content of a statement.
  public var content: JSONValue {
    KeyProofParts(
      key: key, policy: policy, rules: rules, probes: probes, token: token, library: library, module: module, mechanisms: mechanisms,
      tool: tool, madeAt: EvidenceTime.text(madeAt), challenge: challenge, certificates: certificates, attestations: attestations
    ).content
  }
}
