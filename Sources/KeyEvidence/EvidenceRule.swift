/// A named rule about evidence: documents that are signed once and checked later, elsewhere, by somebody else.
public struct EvidenceRule: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ name: String) { rawValue = name }

  /// A document has at most 16 MiB, 16 levels and 1,048,576 values.
  public static let size = EvidenceRule("EVIDENCE-SIZE")
  /// A document is canonical JSON, byte for byte (RFC 8785), and its numbers are integers within 53 bits.
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

  public static let allCases: [EvidenceRule] = [
    .size, .canonical, .memberOnce, .members, .format, .digest, .manifest, .signature, .algorithm, .signers,
  ]

  public var description: String { rawValue }
}
