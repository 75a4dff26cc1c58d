import CTransport

/// How a TLS client signs to prove that it has the key of its certificate, by the names of RFC 8446, section 4.2.3.
///
/// An open set. The same names hold for TLS 1.2, where a scheme for ECDSA says the digest only.
public struct SignatureScheme: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String

  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  private init(_ name: String) { rawValue = name }

  /// RSA-PSS over SHA-256 with a key that may sign otherwise too: MGF1 with SHA-256 and a salt of 32 bytes. TLS 1.2 and 1.3.
  public static let rsaPSSSHA256 = SignatureScheme("rsa_pss_rsae_sha256")
  /// RSA-PSS over SHA-384, with a salt of 48 bytes. TLS 1.2 and 1.3.
  public static let rsaPSSSHA384 = SignatureScheme("rsa_pss_rsae_sha384")
  /// RSA-PSS over SHA-512, with a salt of 64 bytes. TLS 1.2 and 1.3.
  public static let rsaPSSSHA512 = SignatureScheme("rsa_pss_rsae_sha512")
  /// RSA PKCS #1 v1.5 over SHA-256. TLS 1.2 only.
  public static let rsaPKCS1SHA256 = SignatureScheme("rsa_pkcs1_sha256")
  /// RSA PKCS #1 v1.5 over SHA-384. TLS 1.2 only.
  public static let rsaPKCS1SHA384 = SignatureScheme("rsa_pkcs1_sha384")
  /// RSA PKCS #1 v1.5 over SHA-512. TLS 1.2 only.
  public static let rsaPKCS1SHA512 = SignatureScheme("rsa_pkcs1_sha512")
  /// ECDSA over SHA-256, on P-256 in TLS 1.3; the signature is the DER sequence of r and s.
  public static let ecdsaSHA256 = SignatureScheme("ecdsa_secp256r1_sha256")
  /// ECDSA over SHA-384, on P-384 in TLS 1.3.
  public static let ecdsaSHA384 = SignatureScheme("ecdsa_secp384r1_sha384")
  /// ECDSA over SHA-512, on P-521 in TLS 1.3.
  public static let ecdsaSHA512 = SignatureScheme("ecdsa_secp521r1_sha512")

  public static let allCases: [SignatureScheme] = [
    .rsaPSSSHA256, .rsaPSSSHA384, .rsaPSSSHA512, .rsaPKCS1SHA256, .rsaPKCS1SHA384, .rsaPKCS1SHA512, .ecdsaSHA256, .ecdsaSHA384,
    .ecdsaSHA512,
  ]

  public var description: String { rawValue }

  /// The scheme that OpenSSL asks the key for.
  init?(_ padding: transport_padding, digestBits: UInt32) {
    let prefix =
      switch padding {
      case transport_pss: "rsa_pss_rsae_sha"
      case transport_pkcs1: "rsa_pkcs1_sha"
      default: [256: "ecdsa_secp256r1_sha", 384: "ecdsa_secp384r1_sha", 512: "ecdsa_secp521r1_sha"][digestBits] ?? ""
      }
    self.init(rawValue: "\(prefix)\(digestBits)")
  }
}
