internal import CCryptoki

/// The kind of a mechanism, such as `CKM_RSA_PKCS` (`CK_MECHANISM_TYPE`). Vendors' own keep their number.
public struct MechanismType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  /// Makes RSA key pairs (`CKM_RSA_PKCS_KEY_PAIR_GEN`).
  public static let rsaPKCSKeyPairGeneration = MechanismType(rawValue: CKM_RSA_PKCS_KEY_PAIR_GEN)
  /// RSA PKCS #1 v1.5 over a `DigestInfo` made by the caller (`CKM_RSA_PKCS`).
  public static let rsaPKCS = MechanismType(rawValue: CKM_RSA_PKCS)
  /// RSA PKCS #1 v1.5 with SHA-256 over the data (`CKM_SHA256_RSA_PKCS`).
  public static let sha256RSAPKCS = MechanismType(rawValue: CKM_SHA256_RSA_PKCS)
  /// RSA PKCS #1 v1.5 with SHA-384 over the data (`CKM_SHA384_RSA_PKCS`).
  public static let sha384RSAPKCS = MechanismType(rawValue: CKM_SHA384_RSA_PKCS)
  /// RSA PKCS #1 v1.5 with SHA-512 over the data (`CKM_SHA512_RSA_PKCS`).
  public static let sha512RSAPKCS = MechanismType(rawValue: CKM_SHA512_RSA_PKCS)
  /// RSA PSS over a digest made by the caller (`CKM_RSA_PKCS_PSS`).
  public static let rsaPKCSPSS = MechanismType(rawValue: CKM_RSA_PKCS_PSS)
  /// RSA PSS with SHA-256 over the data (`CKM_SHA256_RSA_PKCS_PSS`).
  public static let sha256RSAPKCSPSS = MechanismType(rawValue: CKM_SHA256_RSA_PKCS_PSS)
  /// RSA PSS with SHA-384 over the data (`CKM_SHA384_RSA_PKCS_PSS`).
  public static let sha384RSAPKCSPSS = MechanismType(rawValue: CKM_SHA384_RSA_PKCS_PSS)
  /// RSA PSS with SHA-512 over the data (`CKM_SHA512_RSA_PKCS_PSS`).
  public static let sha512RSAPKCSPSS = MechanismType(rawValue: CKM_SHA512_RSA_PKCS_PSS)
  /// RSA without padding (`CKM_RSA_X_509`).
  public static let rsaX509 = MechanismType(rawValue: CKM_RSA_X_509)
  /// RSA OAEP (`CKM_RSA_PKCS_OAEP`).
  public static let rsaPKCSOAEP = MechanismType(rawValue: CKM_RSA_PKCS_OAEP)
  /// Makes elliptic curve key pairs (`CKM_EC_KEY_PAIR_GEN`).
  public static let ecKeyPairGeneration = MechanismType(rawValue: CKM_EC_KEY_PAIR_GEN)
  /// Makes Edwards curve key pairs (`CKM_EC_EDWARDS_KEY_PAIR_GEN`).
  public static let ecEdwardsKeyPairGeneration = MechanismType(rawValue: CKM_EC_EDWARDS_KEY_PAIR_GEN)
  /// ECDSA over a digest made by the caller (`CKM_ECDSA`).
  public static let ecdsa = MechanismType(rawValue: CKM_ECDSA)
  /// ECDSA with SHA-256 over the data (`CKM_ECDSA_SHA256`).
  public static let ecdsaSHA256 = MechanismType(rawValue: CKM_ECDSA_SHA256)
  /// ECDSA with SHA-384 over the data (`CKM_ECDSA_SHA384`).
  public static let ecdsaSHA384 = MechanismType(rawValue: CKM_ECDSA_SHA384)
  /// ECDSA with SHA-512 over the data (`CKM_ECDSA_SHA512`).
  public static let ecdsaSHA512 = MechanismType(rawValue: CKM_ECDSA_SHA512)
  /// Elliptic curve Diffie-Hellman (`CKM_ECDH1_DERIVE`).
  public static let ecdh1Derive = MechanismType(rawValue: CKM_ECDH1_DERIVE)
  /// EdDSA over the data (`CKM_EDDSA`).
  public static let edDSA = MechanismType(rawValue: CKM_EDDSA)
  /// Makes ML-DSA key pairs, 3.2 (`CKM_ML_DSA_KEY_PAIR_GEN`).
  public static let mlDSAKeyPairGeneration = MechanismType(rawValue: CKM_ML_DSA_KEY_PAIR_GEN)
  /// ML-DSA over the data, 3.2 (`CKM_ML_DSA`).
  public static let mlDSA = MechanismType(rawValue: CKM_ML_DSA)
  /// SHA-256, and the name of that hash in PSS parameters (`CKM_SHA256`).
  public static let sha256 = MechanismType(rawValue: CKM_SHA256)
  /// SHA-384, and the name of that hash in PSS parameters (`CKM_SHA384`).
  public static let sha384 = MechanismType(rawValue: CKM_SHA384)
  /// SHA-512, and the name of that hash in PSS parameters (`CKM_SHA512`).
  public static let sha512 = MechanismType(rawValue: CKM_SHA512)
  /// Makes AES keys (`CKM_AES_KEY_GEN`).
  public static let aesKeyGeneration = MechanismType(rawValue: CKM_AES_KEY_GEN)
  /// AES, block by block (`CKM_AES_ECB`).
  public static let aesECB = MechanismType(rawValue: CKM_AES_ECB)
  /// AES in CBC mode (`CKM_AES_CBC`).
  public static let aesCBC = MechanismType(rawValue: CKM_AES_CBC)
  /// AES in CBC mode with padding (`CKM_AES_CBC_PAD`).
  public static let aesCBCPad = MechanismType(rawValue: CKM_AES_CBC_PAD)
  /// AES key wrap, RFC 3394 (`CKM_AES_KEY_WRAP`).
  public static let aesKeyWrap = MechanismType(rawValue: CKM_AES_KEY_WRAP)
  /// AES key wrap with padding, as 2.40 has it (`CKM_AES_KEY_WRAP_PAD`).
  public static let aesKeyWrapPad = MechanismType(rawValue: CKM_AES_KEY_WRAP_PAD)
  /// AES key wrap with padding, RFC 5649 (`CKM_AES_KEY_WRAP_KWP`).
  public static let aesKeyWrapKWP = MechanismType(rawValue: CKM_AES_KEY_WRAP_KWP)
  /// Makes triple DES keys (`CKM_DES3_KEY_GEN`).
  public static let des3KeyGeneration = MechanismType(rawValue: CKM_DES3_KEY_GEN)
  /// Triple DES in CBC mode with padding (`CKM_DES3_CBC_PAD`).
  public static let des3CBCPad = MechanismType(rawValue: CKM_DES3_CBC_PAD)
}

extension MechanismType: CustomStringConvertible {
  /// The standard's name, `CKM_RSA_PKCS`, or `CKM_0x…` for one that is not in our table.
  public var description: String { Self.names[rawValue] ?? "CKM_0x" + String(rawValue, radix: 16, uppercase: true) }
}
