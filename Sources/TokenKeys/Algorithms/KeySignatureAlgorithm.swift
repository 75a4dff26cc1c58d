public import X509

/// How a key on a token signs: the algorithm with its padding and hash.
///
/// An open set with the names used on the command line. X.509's own algorithms map onto it; RSA-PSS, which swift-certificates does not
/// know, is here as well.
public struct KeySignatureAlgorithm: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String
  let form: Form

  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  private init(_ name: String, _ form: Form) {
    rawValue = name
    self.form = form
  }

  /// RSA PKCS #1 v1.5 with SHA-256 (RFC 8017 section 8.2).
  public static let rsaPKCS1SHA256 = KeySignatureAlgorithm("rsa-pkcs1-sha256", .rsaPKCS1(.sha256))
  /// RSA PKCS #1 v1.5 with SHA-384.
  public static let rsaPKCS1SHA384 = KeySignatureAlgorithm("rsa-pkcs1-sha384", .rsaPKCS1(.sha384))
  /// RSA PKCS #1 v1.5 with SHA-512.
  public static let rsaPKCS1SHA512 = KeySignatureAlgorithm("rsa-pkcs1-sha512", .rsaPKCS1(.sha512))
  /// RSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes (RFC 8017 section 8.1).
  public static let rsaPSSSHA256 = KeySignatureAlgorithm("rsa-pss-sha256", .rsaPSS(.sha256))
  /// RSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.
  public static let rsaPSSSHA384 = KeySignatureAlgorithm("rsa-pss-sha384", .rsaPSS(.sha384))
  /// RSA-PSS with SHA-512, MGF1 with SHA-512 and a salt of 64 bytes.
  public static let rsaPSSSHA512 = KeySignatureAlgorithm("rsa-pss-sha512", .rsaPSS(.sha512))
  /// ECDSA with SHA-256, by a key on P-256.
  public static let ecdsaSHA256 = KeySignatureAlgorithm("ecdsa-sha256", .ecdsa(.sha256))
  /// ECDSA with SHA-384, by a key on P-384.
  public static let ecdsaSHA384 = KeySignatureAlgorithm("ecdsa-sha384", .ecdsa(.sha384))
  /// ECDSA with SHA-512, by a key on P-521.
  public static let ecdsaSHA512 = KeySignatureAlgorithm("ecdsa-sha512", .ecdsa(.sha512))
  /// Ed25519 over the message itself (RFC 8032).
  public static let ed25519 = KeySignatureAlgorithm("ed25519", .edwards)
  /// ML-DSA over the message itself, without a context (FIPS 204).
  public static let mlDSA = KeySignatureAlgorithm("ml-dsa", .moduleLattice)

  public static let allCases: [KeySignatureAlgorithm] = [
    .rsaPKCS1SHA256, .rsaPKCS1SHA384, .rsaPKCS1SHA512, .rsaPSSSHA256, .rsaPSSSHA384, .rsaPSSSHA512, .ecdsaSHA256, .ecdsaSHA384,
    .ecdsaSHA512, .ed25519, .mlDSA,
  ]

  public var description: String { rawValue }
}

extension KeySignatureAlgorithm {
  enum Form: Hashable, Sendable {
    case rsaPKCS1(SignatureHash)
    case rsaPSS(SignatureHash)
    case ecdsa(SignatureHash)
    case edwards
    case moduleLattice
  }

  /// The hash over the message, such as `sha256`; nil where the algorithm takes the message itself.
  public var hashName: String? {
    switch form {
    case .rsaPKCS1(let hash), .rsaPSS(let hash), .ecdsa(let hash): hash.rawValue
    case .edwards, .moduleLattice: nil
    }
  }

  /// Whether it is RSA with the padding PSS.
  public var usesPSS: Bool { if case .rsaPSS = form { true } else { false } }

  /// The same algorithm in X.509's words; nil for what swift-certificates does not know.
  public var certificateAlgorithm: Certificate.SignatureAlgorithm? { Self.certificateAlgorithms[self] }

  /// The algorithm that X.509 means; nil for those that nobody should sign with any more, or that we do not know.
  public init?(_ algorithm: Certificate.SignatureAlgorithm) {
    guard let known = Self.certificateAlgorithms.first(where: { $0.value == algorithm }) else { return nil }
    self = known.key
  }

  private static let certificateAlgorithms: [KeySignatureAlgorithm: Certificate.SignatureAlgorithm] = [
    .rsaPKCS1SHA256: .sha256WithRSAEncryption, .rsaPKCS1SHA384: .sha384WithRSAEncryption, .rsaPKCS1SHA512: .sha512WithRSAEncryption,
    .ecdsaSHA256: .ecdsaWithSHA256, .ecdsaSHA384: .ecdsaWithSHA384, .ecdsaSHA512: .ecdsaWithSHA512, .ed25519: .ed25519,
  ]
}

extension KeyAlgorithm {
  /// How a key of this kind signs, the preferred way first.
  ///
  /// An ECDSA key signs over the digest of its own strength only: a longer digest would be cut, a shorter one would weaken it.
  public var signatureAlgorithms: [KeySignatureAlgorithm] {
    switch kind {
    case .rsa: [.rsaPKCS1SHA256, .rsaPKCS1SHA384, .rsaPKCS1SHA512, .rsaPSSSHA256, .rsaPSSSHA384, .rsaPSSSHA512]
    case .elliptic(.p256): [.ecdsaSHA256]
    case .elliptic(.p384): [.ecdsaSHA384]
    case .elliptic(.p521): [.ecdsaSHA512]
    case .edwards25519: [.ed25519]
    case .moduleLattice: [.mlDSA]
    }
  }
}
