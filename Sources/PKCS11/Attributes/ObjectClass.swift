internal import CCryptoki

/// What kind of object something on a token is (`CKA_CLASS`).
public struct ObjectClass: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  /// An application's own data (`CKO_DATA`).
  public static let data = ObjectClass(rawValue: CKO_DATA)
  /// A certificate (`CKO_CERTIFICATE`).
  public static let certificate = ObjectClass(rawValue: CKO_CERTIFICATE)
  /// A public key (`CKO_PUBLIC_KEY`).
  public static let publicKey = ObjectClass(rawValue: CKO_PUBLIC_KEY)
  /// A private key (`CKO_PRIVATE_KEY`).
  public static let privateKey = ObjectClass(rawValue: CKO_PRIVATE_KEY)
  /// A secret key (`CKO_SECRET_KEY`).
  public static let secretKey = ObjectClass(rawValue: CKO_SECRET_KEY)
}

extension ObjectClass: CustomStringConvertible {
  /// The standard's name, `CKO_PRIVATE_KEY`, or `CKO_0x…`.
  public var description: String {
    switch rawValue {
    case CKO_DATA: "CKO_DATA"
    case CKO_CERTIFICATE: "CKO_CERTIFICATE"
    case CKO_PUBLIC_KEY: "CKO_PUBLIC_KEY"
    case CKO_PRIVATE_KEY: "CKO_PRIVATE_KEY"
    case CKO_SECRET_KEY: "CKO_SECRET_KEY"
    case CKO_HW_FEATURE: "CKO_HW_FEATURE"
    case CKO_DOMAIN_PARAMETERS: "CKO_DOMAIN_PARAMETERS"
    case CKO_MECHANISM: "CKO_MECHANISM"
    case CKO_OTP_KEY: "CKO_OTP_KEY"
    case CKO_PROFILE: "CKO_PROFILE"
    default: "CKO_0x" + String(rawValue, radix: 16, uppercase: true)
    }
  }
}

/// What kind of key a key is (`CKA_KEY_TYPE`).
public struct KeyType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  /// RSA (`CKK_RSA`).
  public static let rsa = KeyType(rawValue: CKK_RSA)
  /// A key on a Weierstrass curve, for ECDSA and ECDH.
  public static let ec = KeyType(rawValue: CKK_EC)
  /// A key on an Edwards curve, for EdDSA.
  public static let ecEdwards = KeyType(rawValue: CKK_EC_EDWARDS)
  /// ML-DSA, signatures on module lattices, FIPS 204 (`CKK_ML_DSA`, 3.2).
  public static let mlDSA = KeyType(rawValue: CKK_ML_DSA)
  /// AES (`CKK_AES`).
  public static let aes = KeyType(rawValue: CKK_AES)
  /// Triple DES with three keys (`CKK_DES3`).
  public static let des3 = KeyType(rawValue: CKK_DES3)
  /// A secret of any length, for HMAC and derivation (`CKK_GENERIC_SECRET`).
  public static let genericSecret = KeyType(rawValue: CKK_GENERIC_SECRET)
}

extension KeyType: CustomStringConvertible {
  /// The standard's name, `CKK_RSA`, or `CKK_0x…`.
  public var description: String {
    switch rawValue {
    case CKK_RSA: "CKK_RSA"
    case CKK_DSA: "CKK_DSA"
    case CKK_DH: "CKK_DH"
    case CKK_EC: "CKK_EC"
    case CKK_GENERIC_SECRET: "CKK_GENERIC_SECRET"
    case CKK_DES3: "CKK_DES3"
    case CKK_AES: "CKK_AES"
    case CKK_EC_EDWARDS: "CKK_EC_EDWARDS"
    case CKK_EC_MONTGOMERY: "CKK_EC_MONTGOMERY"
    case CKK_ML_DSA: "CKK_ML_DSA"
    default: "CKK_0x" + String(rawValue, radix: 16, uppercase: true)
    }
  }
}

/// A parameter set of an algorithm that comes in several strengths (`CKA_PARAMETER_SET`, 3.2). The numbers of different key types overlap.
public struct ParameterSet: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  /// ML-DSA-44 (`CKP_ML_DSA_44`).
  public static let mlDSA44 = ParameterSet(rawValue: CKP_ML_DSA_44)
  /// ML-DSA-65 (`CKP_ML_DSA_65`).
  public static let mlDSA65 = ParameterSet(rawValue: CKP_ML_DSA_65)
  /// ML-DSA-87 (`CKP_ML_DSA_87`).
  public static let mlDSA87 = ParameterSet(rawValue: CKP_ML_DSA_87)
}

/// What kind of certificate a certificate object holds (`CKA_CERTIFICATE_TYPE`).
public struct CertificateType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  /// An X.509 public key certificate (`CKC_X_509`).
  public static let x509 = CertificateType(rawValue: CKC_X_509)
}

/// The number by which a session's module knows an object (`CK_OBJECT_HANDLE`).
///
/// It is void after a logout, after the module was finalized, and when the object was destroyed by anyone.
public struct ObjectHandle: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }
}

/// The two halves of a key pair.
public struct KeyPairHandles: Hashable, Sendable {
  /// The public key.
  public let publicKey: ObjectHandle
  /// The private key.
  public let privateKey: ObjectHandle
}
