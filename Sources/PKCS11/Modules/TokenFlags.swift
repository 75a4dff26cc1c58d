internal import CCryptoki

/// What a token can do and what state it is in (the flags of `CK_TOKEN_INFO`, section 3.2).
public struct TokenFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  /// The token has a random number generator.
  public static let randomNumberGenerator = TokenFlags(rawValue: CKF_RNG)
  /// Nothing on the token can be changed.
  public static let writeProtected = TokenFlags(rawValue: CKF_WRITE_PROTECTED)
  /// Some functions need a login.
  public static let loginRequired = TokenFlags(rawValue: CKF_LOGIN_REQUIRED)
  /// The user's PIN was set.
  public static let userPINInitialized = TokenFlags(rawValue: CKF_USER_PIN_INITIALIZED)
  /// The token has a clock.
  public static let clockOnToken = TokenFlags(rawValue: CKF_CLOCK_ON_TOKEN)
  /// The PIN is entered on the device's own pad.
  public static let protectedAuthenticationPath = TokenFlags(rawValue: CKF_PROTECTED_AUTHENTICATION_PATH)
  /// The token was initialised.
  public static let tokenInitialized = TokenFlags(rawValue: CKF_TOKEN_INITIALIZED)
  /// A wrong user PIN was given since the last right one.
  public static let userPINCountLow = TokenFlags(rawValue: CKF_USER_PIN_COUNT_LOW)
  /// One more wrong user PIN locks it.
  public static let userPINFinalTry = TokenFlags(rawValue: CKF_USER_PIN_FINAL_TRY)
  /// The user PIN is locked.
  public static let userPINLocked = TokenFlags(rawValue: CKF_USER_PIN_LOCKED)
  /// The user PIN is the one it was delivered with, or has expired.
  public static let userPINToBeChanged = TokenFlags(rawValue: CKF_USER_PIN_TO_BE_CHANGED)
  /// A wrong security officer PIN was given since the last right one.
  public static let securityOfficerPINCountLow = TokenFlags(rawValue: CKF_SO_PIN_COUNT_LOW)
  /// One more wrong security officer PIN locks it.
  public static let securityOfficerPINFinalTry = TokenFlags(rawValue: CKF_SO_PIN_FINAL_TRY)
  /// The security officer PIN is locked.
  public static let securityOfficerPINLocked = TokenFlags(rawValue: CKF_SO_PIN_LOCKED)
  /// The security officer PIN is the one it was delivered with, or has expired.
  public static let securityOfficerPINToBeChanged = TokenFlags(rawValue: CKF_SO_PIN_TO_BE_CHANGED)
  /// The token failed a test of itself.
  public static let errorState = TokenFlags(rawValue: CKF_ERROR_STATE)
}

extension TokenFlags: CustomStringConvertible {
  /// The standard's names, such as `CKF_RNG CKF_LOGIN_REQUIRED`.
  public var description: String {
    var names = Self.names.filter { contains($0.flag) }.map(\.name)
    let unknown = subtracting(TokenFlags(Self.names.map(\.flag)))
    if !unknown.isEmpty { names.append("0x" + String(unknown.rawValue, radix: 16)) }
    return names.joined(separator: " ")
  }

  private static let names: [(flag: TokenFlags, name: String)] = [
    (.randomNumberGenerator, "CKF_RNG"),
    (.writeProtected, "CKF_WRITE_PROTECTED"),
    (.loginRequired, "CKF_LOGIN_REQUIRED"),
    (.userPINInitialized, "CKF_USER_PIN_INITIALIZED"),
    (TokenFlags(rawValue: CKF_RESTORE_KEY_NOT_NEEDED), "CKF_RESTORE_KEY_NOT_NEEDED"),
    (.clockOnToken, "CKF_CLOCK_ON_TOKEN"),
    (.protectedAuthenticationPath, "CKF_PROTECTED_AUTHENTICATION_PATH"),
    (TokenFlags(rawValue: CKF_DUAL_CRYPTO_OPERATIONS), "CKF_DUAL_CRYPTO_OPERATIONS"),
    (.tokenInitialized, "CKF_TOKEN_INITIALIZED"),
    (TokenFlags(rawValue: CKF_SECONDARY_AUTHENTICATION), "CKF_SECONDARY_AUTHENTICATION"),
    (.userPINCountLow, "CKF_USER_PIN_COUNT_LOW"),
    (.userPINFinalTry, "CKF_USER_PIN_FINAL_TRY"),
    (.userPINLocked, "CKF_USER_PIN_LOCKED"),
    (.userPINToBeChanged, "CKF_USER_PIN_TO_BE_CHANGED"),
    (.securityOfficerPINCountLow, "CKF_SO_PIN_COUNT_LOW"),
    (.securityOfficerPINFinalTry, "CKF_SO_PIN_FINAL_TRY"),
    (.securityOfficerPINLocked, "CKF_SO_PIN_LOCKED"),
    (.securityOfficerPINToBeChanged, "CKF_SO_PIN_TO_BE_CHANGED"),
    (.errorState, "CKF_ERROR_STATE"),
  ]
}
