/// How a statement is signed: the algorithm with its padding and hash.
///
/// The names are those of keys on tokens (`KeySignatureAlgorithm` in `TokenKeys`), as far as X.509 public keys carry them. ECDSA signatures
/// are the DER sequence of r and s (RFC 3279 section 2.2.3), so that `openssl dgst -verify` takes them.
public struct StatementSignatureAlgorithm: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
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
  public static let rsaPKCS1SHA256 = StatementSignatureAlgorithm("rsa-pkcs1-sha256", .rsaPKCS1(.sha256))
  /// RSA PKCS #1 v1.5 with SHA-384.
  public static let rsaPKCS1SHA384 = StatementSignatureAlgorithm("rsa-pkcs1-sha384", .rsaPKCS1(.sha384))
  /// RSA PKCS #1 v1.5 with SHA-512.
  public static let rsaPKCS1SHA512 = StatementSignatureAlgorithm("rsa-pkcs1-sha512", .rsaPKCS1(.sha512))
  /// RSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes (RFC 8017 section 8.1).
  public static let rsaPSSSHA256 = StatementSignatureAlgorithm("rsa-pss-sha256", .rsaPSS(.sha256))
  /// RSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.
  public static let rsaPSSSHA384 = StatementSignatureAlgorithm("rsa-pss-sha384", .rsaPSS(.sha384))
  /// RSA-PSS with SHA-512, MGF1 with SHA-512 and a salt of 64 bytes.
  public static let rsaPSSSHA512 = StatementSignatureAlgorithm("rsa-pss-sha512", .rsaPSS(.sha512))
  /// ECDSA with SHA-256, by a key on P-256.
  public static let ecdsaSHA256 = StatementSignatureAlgorithm("ecdsa-sha256", .ecdsa(.sha256))
  /// ECDSA with SHA-384, by a key on P-384.
  public static let ecdsaSHA384 = StatementSignatureAlgorithm("ecdsa-sha384", .ecdsa(.sha384))
  /// ECDSA with SHA-512, by a key on P-521.
  public static let ecdsaSHA512 = StatementSignatureAlgorithm("ecdsa-sha512", .ecdsa(.sha512))
  /// Ed25519 over the message itself (RFC 8032).
  public static let ed25519 = StatementSignatureAlgorithm("ed25519", .edwards)

  public static let allCases: [StatementSignatureAlgorithm] = [
    .rsaPKCS1SHA256, .rsaPKCS1SHA384, .rsaPKCS1SHA512, .rsaPSSSHA256, .rsaPSSSHA384, .rsaPSSSHA512, .ecdsaSHA256, .ecdsaSHA384,
    .ecdsaSHA512, .ed25519,
  ]

  public var description: String { rawValue }
}

extension StatementSignatureAlgorithm {
  enum Form: Hashable, Sendable {
    case rsaPKCS1(Hash)
    case rsaPSS(Hash)
    case ecdsa(Hash)
    case edwards
  }

  enum Hash: Hashable, Sendable {
    case sha256
    case sha384
    case sha512
  }
}
