/// A named rule about evidence: documents that are signed once and checked later, elsewhere, by somebody else.
public struct EvidenceRule: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ name: String) { rawValue = name }

  /// A document has at most 16 MiB, 16 levels and 1,048,576 values, and the names of its members have at most 256 bytes.
  public static let size = EvidenceRule("EVIDENCE-SIZE")
  /// A document is canonical JSON, byte for byte (RFC 8785), its numbers are integers within 53 bits, and names of members are ASCII.
  public static let canonical = EvidenceRule("EVIDENCE-CANONICAL")
  /// An object has each member once.
  public static let memberOnce = EvidenceRule("EVIDENCE-MEMBER-ONCE")
  /// An object has the members that its format gives it, of the right types, and no others.
  public static let members = EvidenceRule("EVIDENCE-MEMBERS")
  /// A document is of the format that was asked for, in a version that is known.
  public static let format = EvidenceRule("EVIDENCE-FORMAT")
  /// Each section and each element of one has the SHA-256 that the signed manifest gives it, and nothing is there beside them.
  public static let digest = EvidenceRule("EVIDENCE-DIGEST")
  /// The manifest is the one that was signed.
  public static let manifest = EvidenceRule("EVIDENCE-MANIFEST")
  /// Each signature verifies over the manifest with its own public key.
  public static let signature = EvidenceRule("EVIDENCE-SIGNATURE")
  /// The algorithm of a signature fits its key, and the key is strong enough: RSA has 2048 to 16384 bits.
  public static let algorithm = EvidenceRule("EVIDENCE-ALGORITHM")
  /// There are 1 to 16 signatures with known roles, sorted by role and SHA-256 of the public key, and no key signs twice.
  public static let signers = EvidenceRule("EVIDENCE-SIGNERS")

  /// Words of a fingerprint are words of the PGP list, those of two and of three syllables in turn.
  public static let words = EvidenceRule("EVIDENCE-WORDS")
  /// A point in time is written in RFC 3339, in UTC and whole seconds, and a proof was not made in the future.
  public static let time = EvidenceRule("EVIDENCE-TIME")
  /// The SHA-256 and the words of a key follow from the public key beside them.
  public static let publicKey = EvidenceRule("EVIDENCE-PUBLIC-KEY")
  /// A public key is of the algorithm and size that its proof names.
  public static let keyAlgorithm = EvidenceRule("EVIDENCE-KEY-ALGORITHM")
  /// A proof names each rule and each probe once.
  public static let once = EvidenceRule("EVIDENCE-ONCE")
  /// A probe is of its own rule, its outcome follows from what its calls returned, and a rule whose probe succeeded is violated.
  public static let probe = EvidenceRule("EVIDENCE-PROBE")
  /// A rule is graded probed if a probe of it was answered, and otherwise not: nothing is claimed that was not tried.
  public static let grade = EvidenceRule("EVIDENCE-GRADE")
  /// Each waiver is of a rule that is listed, and that rule is marked as waived.
  public static let waiver = EvidenceRule("EVIDENCE-WAIVER")
  /// Whether a policy is met follows from the outcome of each rule and the waivers.
  public static let policy = EvidenceRule("EVIDENCE-POLICY")
  /// The first certificate of a proof holds the public key that the proof is about.
  public static let certificate = EvidenceRule("EVIDENCE-CERTIFICATE")
  /// The data of an attestation has the SHA-256 that stands beside it.
  public static let attestation = EvidenceRule("EVIDENCE-ATTESTATION")
  /// A proof is signed by the very key that it is about.
  public static let keySigned = EvidenceRule("EVIDENCE-KEY-SIGNED")

  /// A proof is about the key that the checker named.
  public static let keyNamed = EvidenceRule("EVIDENCE-KEY-NAMED")
  /// Each auditor whose key the checker named has signed.
  public static let auditorSigned = EvidenceRule("EVIDENCE-AUDITOR-SIGNED")
  /// A proof repeats the challenge that the checker gave out.
  public static let challenge = EvidenceRule("EVIDENCE-CHALLENGE")
  /// A proof is held against a policy that the checker knows, and shows all that the one which the checker named demands.
  public static let policyNamed = EvidenceRule("EVIDENCE-POLICY-NAMED")
  /// A proof for a checker who takes no waivers has none.
  public static let noWaivers = EvidenceRule("EVIDENCE-NO-WAIVERS")
  /// A proof for a checker who requires probes has each of them made, and an answer that says something.
  public static let probed = EvidenceRule("EVIDENCE-PROBED")

  public static let allCases: [EvidenceRule] = [
    .size, .canonical, .memberOnce, .members, .format, .digest, .manifest, .signature, .algorithm, .signers,
    .words, .time, .publicKey, .keyAlgorithm, .once, .probe, .grade, .waiver, .policy, .certificate, .attestation, .keySigned, .keyNamed,
    .auditorSigned, .challenge, .policyNamed, .noWaivers, .probed,
  ]

  public var description: String { rawValue }
}
