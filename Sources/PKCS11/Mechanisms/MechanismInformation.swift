internal import CCryptoki

/// What a token can do with a mechanism (`CK_MECHANISM_INFO`).
public struct MechanismInformation: Hashable, Sendable {
  /// The smallest key; bits or bytes as the mechanism's own section of the standard says (bits for RSA and EC).
  public let minimumKeySize: Int
  /// The largest key, in the same unit.
  public let maximumKeySize: Int
  /// What the mechanism can be used for.
  public let flags: MechanismFlags

  /// A made-up answer, for tests of what is made of one.
  package init(minimumKeySize: Int, maximumKeySize: Int, flags: MechanismFlags) {
    self.minimumKeySize = minimumKeySize
    self.maximumKeySize = maximumKeySize
    self.flags = flags
  }

  init(_ information: CK_MECHANISM_INFO) {
    minimumKeySize = Int(clamping: information.ulMinKeySize)
    maximumKeySize = Int(clamping: information.ulMaxKeySize)
    flags = MechanismFlags(rawValue: information.flags)
  }
}

/// What a mechanism can be used for (the flags of `CK_MECHANISM_INFO`).
public struct MechanismFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  /// The device does it, not the module's software (`CKF_HW`).
  public static let hardware = MechanismFlags(rawValue: CKF_HW)
  /// Encrypts (`CKF_ENCRYPT`).
  public static let encrypt = MechanismFlags(rawValue: CKF_ENCRYPT)
  /// Decrypts (`CKF_DECRYPT`).
  public static let decrypt = MechanismFlags(rawValue: CKF_DECRYPT)
  /// Makes digests (`CKF_DIGEST`).
  public static let digest = MechanismFlags(rawValue: CKF_DIGEST)
  /// Signs (`CKF_SIGN`).
  public static let sign = MechanismFlags(rawValue: CKF_SIGN)
  /// Signs with the data inside the signature (`CKF_SIGN_RECOVER`).
  public static let signRecover = MechanismFlags(rawValue: CKF_SIGN_RECOVER)
  /// Verifies (`CKF_VERIFY`).
  public static let verify = MechanismFlags(rawValue: CKF_VERIFY)
  /// Makes secret keys (`CKF_GENERATE`).
  public static let generate = MechanismFlags(rawValue: CKF_GENERATE)
  /// Makes key pairs (`CKF_GENERATE_KEY_PAIR`).
  public static let generateKeyPair = MechanismFlags(rawValue: CKF_GENERATE_KEY_PAIR)
  /// Wraps keys (`CKF_WRAP`).
  public static let wrap = MechanismFlags(rawValue: CKF_WRAP)
  /// Unwraps keys (`CKF_UNWRAP`).
  public static let unwrap = MechanismFlags(rawValue: CKF_UNWRAP)
  /// Derives keys (`CKF_DERIVE`).
  public static let derive = MechanismFlags(rawValue: CKF_DERIVE)
}
