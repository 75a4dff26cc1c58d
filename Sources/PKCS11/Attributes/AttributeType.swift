internal import CCryptoki

/// The kind of an attribute, such as `CKA_LABEL` (`CK_ATTRIBUTE_TYPE`). Vendors' own keep their number.
public struct AttributeType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  /// What kind of object it is: an ``ObjectClass`` (`CKA_CLASS`).
  public static let objectClass = AttributeType(rawValue: CKA_CLASS)
  /// Whether the object is kept on the token or ends with the session (`CKA_TOKEN`).
  public static let token = AttributeType(rawValue: CKA_TOKEN)
  /// Whether the object is seen only after login (`CKA_PRIVATE`).
  public static let isPrivate = AttributeType(rawValue: CKA_PRIVATE)
  /// A name for people (`CKA_LABEL`).
  public static let label = AttributeType(rawValue: CKA_LABEL)
  /// The token's own unique identifier of the object, 3.0 and later (`CKA_UNIQUE_ID`).
  public static let uniqueID = AttributeType(rawValue: CKA_UNIQUE_ID)
  /// The application that manages a data object (`CKA_APPLICATION`).
  public static let application = AttributeType(rawValue: CKA_APPLICATION)
  /// A certificate in DER, a data object's content, or the secret itself (`CKA_VALUE`).
  public static let value = AttributeType(rawValue: CKA_VALUE)
  /// The kind of certificate: 0 for X.509 (`CKA_CERTIFICATE_TYPE`).
  public static let certificateType = AttributeType(rawValue: CKA_CERTIFICATE_TYPE)
  /// A certificate's issuer, a Name in DER (`CKA_ISSUER`).
  public static let issuer = AttributeType(rawValue: CKA_ISSUER)
  /// A certificate's serial number, an INTEGER in DER (`CKA_SERIAL_NUMBER`).
  public static let serialNumber = AttributeType(rawValue: CKA_SERIAL_NUMBER)
  /// Whether the security officer trusts the certificate or wrapping key (`CKA_TRUSTED`).
  public static let trusted = AttributeType(rawValue: CKA_TRUSTED)
  /// Whose certificate it is (`CKA_CERTIFICATE_CATEGORY`).
  public static let certificateCategory = AttributeType(rawValue: CKA_CERTIFICATE_CATEGORY)
  /// The kind of key: a ``KeyType`` (`CKA_KEY_TYPE`).
  public static let keyType = AttributeType(rawValue: CKA_KEY_TYPE)
  /// A subject, a Name in DER (`CKA_SUBJECT`).
  public static let subject = AttributeType(rawValue: CKA_SUBJECT)
  /// The identifier that a private key, its public key and its certificate share (`CKA_ID`).
  public static let id = AttributeType(rawValue: CKA_ID)
  /// Whether the secret parts cannot be read (`CKA_SENSITIVE`).
  public static let sensitive = AttributeType(rawValue: CKA_SENSITIVE)
  /// Whether the key may encrypt (`CKA_ENCRYPT`).
  public static let encrypt = AttributeType(rawValue: CKA_ENCRYPT)
  /// Whether the key may decrypt (`CKA_DECRYPT`).
  public static let decrypt = AttributeType(rawValue: CKA_DECRYPT)
  /// Whether the key may wrap other keys (`CKA_WRAP`).
  public static let wrap = AttributeType(rawValue: CKA_WRAP)
  /// Whether the key may unwrap other keys (`CKA_UNWRAP`).
  public static let unwrap = AttributeType(rawValue: CKA_UNWRAP)
  /// Whether the key may sign (`CKA_SIGN`).
  public static let sign = AttributeType(rawValue: CKA_SIGN)
  /// Whether the key may sign with the data inside the signature (`CKA_SIGN_RECOVER`).
  public static let signRecover = AttributeType(rawValue: CKA_SIGN_RECOVER)
  /// Whether the key may verify (`CKA_VERIFY`).
  public static let verify = AttributeType(rawValue: CKA_VERIFY)
  /// Whether the key may verify with the data inside the signature (`CKA_VERIFY_RECOVER`).
  public static let verifyRecover = AttributeType(rawValue: CKA_VERIFY_RECOVER)
  /// Whether other keys may be derived from the key (`CKA_DERIVE`).
  public static let derive = AttributeType(rawValue: CKA_DERIVE)
  /// The first day of the key's use (`CKA_START_DATE`).
  public static let startDate = AttributeType(rawValue: CKA_START_DATE)
  /// The last day of the key's use (`CKA_END_DATE`).
  public static let endDate = AttributeType(rawValue: CKA_END_DATE)
  /// An RSA modulus, big-endian (`CKA_MODULUS`).
  public static let modulus = AttributeType(rawValue: CKA_MODULUS)
  /// The length of an RSA modulus in bits (`CKA_MODULUS_BITS`).
  public static let modulusBits = AttributeType(rawValue: CKA_MODULUS_BITS)
  /// An RSA public exponent, big-endian (`CKA_PUBLIC_EXPONENT`).
  public static let publicExponent = AttributeType(rawValue: CKA_PUBLIC_EXPONENT)
  /// An RSA private exponent: secret (`CKA_PRIVATE_EXPONENT`).
  public static let privateExponent = AttributeType(rawValue: CKA_PRIVATE_EXPONENT)
  /// An RSA prime: secret (`CKA_PRIME_1`).
  public static let prime1 = AttributeType(rawValue: CKA_PRIME_1)
  /// An RSA prime: secret (`CKA_PRIME_2`).
  public static let prime2 = AttributeType(rawValue: CKA_PRIME_2)
  /// An RSA exponent: secret (`CKA_EXPONENT_1`).
  public static let exponent1 = AttributeType(rawValue: CKA_EXPONENT_1)
  /// An RSA exponent: secret (`CKA_EXPONENT_2`).
  public static let exponent2 = AttributeType(rawValue: CKA_EXPONENT_2)
  /// An RSA coefficient: secret (`CKA_COEFFICIENT`).
  public static let coefficient = AttributeType(rawValue: CKA_COEFFICIENT)
  /// The public key as a SubjectPublicKeyInfo in DER (`CKA_PUBLIC_KEY_INFO`).
  public static let publicKeyInfo = AttributeType(rawValue: CKA_PUBLIC_KEY_INFO)
  /// The length of a secret key in bytes (`CKA_VALUE_LEN`).
  public static let valueLength = AttributeType(rawValue: CKA_VALUE_LEN)
  /// Whether the key may leave the token (`CKA_EXTRACTABLE`).
  public static let extractable = AttributeType(rawValue: CKA_EXTRACTABLE)
  /// Whether the key was made on the token (`CKA_LOCAL`).
  public static let local = AttributeType(rawValue: CKA_LOCAL)
  /// Whether the key could never leave the token (`CKA_NEVER_EXTRACTABLE`).
  public static let neverExtractable = AttributeType(rawValue: CKA_NEVER_EXTRACTABLE)
  /// Whether the secret parts could never be read (`CKA_ALWAYS_SENSITIVE`).
  public static let alwaysSensitive = AttributeType(rawValue: CKA_ALWAYS_SENSITIVE)
  /// The mechanism that made the key (`CKA_KEY_GEN_MECHANISM`).
  public static let keyGenerationMechanism = AttributeType(rawValue: CKA_KEY_GEN_MECHANISM)
  /// Whether attributes may be changed (`CKA_MODIFIABLE`).
  public static let modifiable = AttributeType(rawValue: CKA_MODIFIABLE)
  /// Whether the object may be copied (`CKA_COPYABLE`).
  public static let copyable = AttributeType(rawValue: CKA_COPYABLE)
  /// Whether the object may be destroyed (`CKA_DESTROYABLE`).
  public static let destroyable = AttributeType(rawValue: CKA_DESTROYABLE)
  /// A curve, its ECParameters in DER (`CKA_EC_PARAMS`).
  public static let ecParameters = AttributeType(rawValue: CKA_EC_PARAMS)
  /// A public point, as an OCTET STRING in DER or, on some tokens, bare (`CKA_EC_POINT`).
  public static let ecPoint = AttributeType(rawValue: CKA_EC_POINT)
  /// Whether the key wants a PIN at each use (`CKA_ALWAYS_AUTHENTICATE`).
  public static let alwaysAuthenticate = AttributeType(rawValue: CKA_ALWAYS_AUTHENTICATE)
  /// Whether only trusted keys may wrap the key (`CKA_WRAP_WITH_TRUSTED`).
  public static let wrapWithTrusted = AttributeType(rawValue: CKA_WRAP_WITH_TRUSTED)
  /// What keys must be like that the key wraps (`CKA_WRAP_TEMPLATE`).
  public static let wrapTemplate = AttributeType(rawValue: CKA_WRAP_TEMPLATE)
  /// What keys become that the key unwraps (`CKA_UNWRAP_TEMPLATE`).
  public static let unwrapTemplate = AttributeType(rawValue: CKA_UNWRAP_TEMPLATE)
  /// What keys become that are derived from the key (`CKA_DERIVE_TEMPLATE`).
  public static let deriveTemplate = AttributeType(rawValue: CKA_DERIVE_TEMPLATE)
  /// The only mechanisms that the key may be used with: a list of ``MechanismType`` (`CKA_ALLOWED_MECHANISMS`).
  public static let allowedMechanisms = AttributeType(rawValue: CKA_ALLOWED_MECHANISMS)

  /// Which parameter set of its algorithm a key has, such as one of ``ParameterSet`` (`CKA_PARAMETER_SET`, 3.2).
  public static let parameterSet = AttributeType(rawValue: CKA_PARAMETER_SET)

  /// Whether the value is a template, an array of attributes with pointers of its own. What the flag means in a vendor's number is not
  /// known, and NSS has it set in all of its own.
  var isTemplate: Bool {
    rawValue & CKF_ARRAY_ATTRIBUTE != 0 && rawValue < CKA_VENDOR_DEFINED && self != .allowedMechanisms
  }
}

extension AttributeType: CustomStringConvertible {
  /// The standard's name, `CKA_LABEL`, or `CKA_0x…` for one that is not in our table.
  public var description: String { Self.names[rawValue] ?? "CKA_0x" + String(rawValue, radix: 16, uppercase: true) }
}
