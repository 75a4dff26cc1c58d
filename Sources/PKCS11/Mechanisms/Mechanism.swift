internal import CCryptoki

/// A mechanism with its parameter: how to sign, how to make keys (`CK_MECHANISM`).
public struct Mechanism: Hashable, Sendable {
  /// Which mechanism it is.
  public let type: MechanismType
  private let parameter: Parameter

  private enum Parameter: Hashable {
    case none
    case pss(hash: UInt, maskGeneration: UInt, saltLength: UInt)
    case oaep(hash: UInt, maskGeneration: UInt)
    case ecdh1(publicPoint: [UInt8])
    case bytes([UInt8])
  }

  private init(_ type: MechanismType, _ parameter: Parameter = .none) {
    self.type = type
    self.parameter = parameter
  }

  /// A mechanism without a parameter.
  public init(_ type: MechanismType) {
    self.init(type, .none)
  }

  /// A mechanism whose parameter is plain bytes, such as an initialisation vector.
  public init(_ type: MechanismType, parameter: [UInt8]) {
    self.init(type, .bytes(parameter))
  }

  /// Makes RSA key pairs (`CKM_RSA_PKCS_KEY_PAIR_GEN`).
  public static let rsaPKCSKeyPairGeneration = Mechanism(.rsaPKCSKeyPairGeneration)
  /// Makes elliptic curve key pairs (`CKM_EC_KEY_PAIR_GEN`).
  public static let ecKeyPairGeneration = Mechanism(.ecKeyPairGeneration)
  /// Makes Edwards curve key pairs (`CKM_EC_EDWARDS_KEY_PAIR_GEN`).
  public static let ecEdwardsKeyPairGeneration = Mechanism(.ecEdwardsKeyPairGeneration)
  /// RSA PKCS #1 v1.5 over a `DigestInfo` made by the caller (`CKM_RSA_PKCS`).
  public static let rsaPKCS = Mechanism(.rsaPKCS)
  /// RSA PKCS #1 v1.5 with SHA-256 over the data (`CKM_SHA256_RSA_PKCS`).
  public static let sha256RSAPKCS = Mechanism(.sha256RSAPKCS)
  /// RSA PKCS #1 v1.5 with SHA-384 over the data (`CKM_SHA384_RSA_PKCS`).
  public static let sha384RSAPKCS = Mechanism(.sha384RSAPKCS)
  /// RSA PKCS #1 v1.5 with SHA-512 over the data (`CKM_SHA512_RSA_PKCS`).
  public static let sha512RSAPKCS = Mechanism(.sha512RSAPKCS)
  /// ECDSA over a digest made by the caller (`CKM_ECDSA`). The signature is r and s, each as long as the order of the curve.
  public static let ecdsa = Mechanism(.ecdsa)
  /// ECDSA with SHA-256 over the data (`CKM_ECDSA_SHA256`).
  public static let ecdsaSHA256 = Mechanism(.ecdsaSHA256)
  /// ECDSA with SHA-384 over the data (`CKM_ECDSA_SHA384`).
  public static let ecdsaSHA384 = Mechanism(.ecdsaSHA384)
  /// ECDSA with SHA-512 over the data (`CKM_ECDSA_SHA512`).
  public static let ecdsaSHA512 = Mechanism(.ecdsaSHA512)
  /// EdDSA over the data (`CKM_EDDSA`), without a context.
  public static let edDSA = Mechanism(.edDSA)
  /// Makes ML-DSA key pairs (`CKM_ML_DSA_KEY_PAIR_GEN`); the parameter set stands in the public key's template.
  public static let mlDSAKeyPairGeneration = Mechanism(.mlDSAKeyPairGeneration)
  /// ML-DSA over the data (`CKM_ML_DSA`), without a context, hedged as the token likes.
  public static let mlDSA = Mechanism(.mlDSA)
  /// Makes AES keys (`CKM_AES_KEY_GEN`).
  public static let aesKeyGeneration = Mechanism(.aesKeyGeneration)
  /// AES key wrap, RFC 3394 (`CKM_AES_KEY_WRAP`).
  public static let aesKeyWrap = Mechanism(.aesKeyWrap)
  /// AES key wrap with padding, as 2.40 has it (`CKM_AES_KEY_WRAP_PAD`).
  public static let aesKeyWrapPad = Mechanism(.aesKeyWrapPad)
  /// AES key wrap with padding, RFC 5649 (`CKM_AES_KEY_WRAP_KWP`).
  public static let aesKeyWrapKWP = Mechanism(.aesKeyWrapKWP)

  /// RSA without padding (`CKM_RSA_X_509`).
  public static let rsaX509 = Mechanism(.rsaX509)
  /// RSA OAEP with SHA-1 and no label, which most tokens know (`CKM_RSA_PKCS_OAEP`).
  public static let rsaPKCSOAEPWithSHA1 = Mechanism(.rsaPKCSOAEP, .oaep(hash: CKM_SHA_1, maskGeneration: CKG_MGF1_SHA1))
  /// RSA OAEP with SHA-256 and no label (`CKM_RSA_PKCS_OAEP`).
  public static let rsaPKCSOAEPWithSHA256 = Mechanism(.rsaPKCSOAEP, .oaep(hash: CKM_SHA256, maskGeneration: CKG_MGF1_SHA256))
  /// Makes triple DES keys (`CKM_DES3_KEY_GEN`).
  public static let des3KeyGeneration = Mechanism(.des3KeyGeneration)

  /// Elliptic curve Diffie-Hellman with somebody's public point, without a key derivation function (`CKM_ECDH1_DERIVE`).
  ///
  /// - Parameter publicPoint: uncompressed (X9.62), bare or as an OCTET STRING in DER: tokens differ in which they take.
  public static func ecdh1Derive(publicPoint: [UInt8]) -> Mechanism {
    Mechanism(.ecdh1Derive, .ecdh1(publicPoint: publicPoint))
  }

  /// AES in CBC mode with padding, under an initialisation vector of 16 bytes.
  public static func aesCBCPad(initializationVector: [UInt8]) -> Mechanism {
    Mechanism(.aesCBCPad, parameter: initializationVector)
  }

  /// A hash that RSA PSS can use, for the data and for the mask.
  public enum PSSHash: Hashable, Sendable {
    case sha256, sha384, sha512

    /// The length of the digest in bytes, and the usual length of the salt.
    public var byteCount: Int {
      switch self {
      case .sha256: 32
      case .sha384: 48
      case .sha512: 64
      }
    }
  }

  /// RSA PSS over a digest that the caller made with `hash` (`CKM_RSA_PKCS_PSS`, `CK_RSA_PKCS_PSS_PARAMS`).
  ///
  /// - Parameter saltLength: in bytes; as long as the digest when left out.
  public static func rsaPKCSPSS(hash: PSSHash, saltLength: Int? = nil) -> Mechanism {
    pss(.rsaPKCSPSS, hash, saltLength)
  }

  /// RSA PSS over the data, hashed by the token (`CKM_SHA256_RSA_PKCS_PSS` and its sisters).
  public static func hashingRSAPKCSPSS(hash: PSSHash, saltLength: Int? = nil) -> Mechanism {
    switch hash {
    case .sha256: pss(.sha256RSAPKCSPSS, hash, saltLength)
    case .sha384: pss(.sha384RSAPKCSPSS, hash, saltLength)
    case .sha512: pss(.sha512RSAPKCSPSS, hash, saltLength)
    }
  }

  private static func pss(_ type: MechanismType, _ hash: PSSHash, _ saltLength: Int?) -> Mechanism {
    let salt = UInt(clamping: saltLength ?? hash.byteCount)
    switch hash {
    case .sha256: return Mechanism(type, .pss(hash: CKM_SHA256, maskGeneration: CKG_MGF1_SHA256, saltLength: salt))
    case .sha384: return Mechanism(type, .pss(hash: CKM_SHA384, maskGeneration: CKG_MGF1_SHA384, saltLength: salt))
    case .sha512: return Mechanism(type, .pss(hash: CKM_SHA512, maskGeneration: CKG_MGF1_SHA512, saltLength: salt))
    }
  }

  /// The length of the digest that PSS without hashing signs, in bytes; nil for other mechanisms and hashes that we do not know.
  var pssDigestSize: Int? {
    guard case .pss(let hash, _, _) = parameter else { return nil }
    return switch hash {
    case CKM_SHA256: 32
    case CKM_SHA384: 48
    case CKM_SHA512: 64
    default: nil
    }
  }

  /// Lends the mechanism in the form that the module reads, for the length of one call.
  @inline(__always)
  func withC(_ body: (UnsafePointer<CK_MECHANISM>) -> ReturnValue) -> ReturnValue {
    switch parameter {
    case .none:
      var mechanism = unsafe CK_MECHANISM(mechanism: type.rawValue, pParameter: nil, ulParameterLen: 0)
      return unsafe body(&mechanism)
    case .pss(let hash, let maskGeneration, let saltLength):
      var parameters = CK_RSA_PKCS_PSS_PARAMS(hashAlg: hash, mgf: maskGeneration, sLen: saltLength)
      return unsafe withUnsafeBytes(of: &parameters) { unsafe Self.withC(type, $0, body) }
    case .oaep(let hash, let maskGeneration):
      var parameters = unsafe CK_RSA_PKCS_OAEP_PARAMS(
        hashAlg: hash, mgf: maskGeneration, source: CKZ_DATA_SPECIFIED, pSourceData: nil, ulSourceDataLen: 0)
      return unsafe withUnsafeBytes(of: &parameters) { unsafe Self.withC(type, $0, body) }
    case .ecdh1(let publicPoint):
      return unsafe publicPoint.withUnsafeBufferPointer { point in
        var parameters = unsafe CK_ECDH1_DERIVE_PARAMS(
          kdf: CKD_NULL, ulSharedDataLen: 0, pSharedData: nil, ulPublicDataLen: CK_ULONG(point.count), pPublicData: point.baseAddress)
        return unsafe withUnsafeBytes(of: &parameters) { unsafe Self.withC(type, $0, body) }
      }
    case .bytes(let bytes):
      return unsafe bytes.withUnsafeBytes { unsafe Self.withC(type, $0, body) }
    }
  }

  private static func withC(
    _ type: MechanismType, _ parameter: UnsafeRawBufferPointer, _ body: (UnsafePointer<CK_MECHANISM>) -> ReturnValue
  ) -> ReturnValue {
    var mechanism = unsafe CK_MECHANISM(
      mechanism: type.rawValue, pParameter: parameter.baseAddress, ulParameterLen: CK_ULONG(parameter.count))
    return unsafe body(&mechanism)
  }
}

extension Mechanism: CustomStringConvertible {
  public var description: String { type.description }
}
