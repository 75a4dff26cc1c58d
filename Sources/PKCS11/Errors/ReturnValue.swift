internal import CCryptoki

/// What a Cryptoki function answered (`CK_RV`).
///
/// The set is open: a code that the standard does not list, or a vendor's own, keeps its number.
public struct ReturnValue: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  init(_ rawValue: CK_RV) {
    self.rawValue = rawValue
  }
}

extension ReturnValue {
  /// The function did what was asked (`CKR_OK`).
  public static let ok = ReturnValue(CKR_OK)
  /// A slot identifier is not, or no longer, valid.
  public static let slotIDInvalid = ReturnValue(CKR_SLOT_ID_INVALID)
  /// The module failed for a reason it does not tell.
  public static let generalError = ReturnValue(CKR_GENERAL_ERROR)
  /// The function could not be performed.
  public static let functionFailed = ReturnValue(CKR_FUNCTION_FAILED)
  /// The module found the arguments of the call improper.
  public static let argumentsBad = ReturnValue(CKR_ARGUMENTS_BAD)
  /// An attribute cannot be set, or not any more.
  public static let attributeReadOnly = ReturnValue(CKR_ATTRIBUTE_READ_ONLY)
  /// The value of an attribute does not leave the token.
  public static let attributeSensitive = ReturnValue(CKR_ATTRIBUTE_SENSITIVE)
  /// The object does not have, or the token does not know, the attribute.
  public static let attributeTypeInvalid = ReturnValue(CKR_ATTRIBUTE_TYPE_INVALID)
  /// The value given for an attribute is not one that the token takes.
  public static let attributeValueInvalid = ReturnValue(CKR_ATTRIBUTE_VALUE_INVALID)
  /// The object's own attributes forbid the action.
  public static let actionProhibited = ReturnValue(CKR_ACTION_PROHIBITED)
  /// The data are not what the mechanism can take.
  public static let dataInvalid = ReturnValue(CKR_DATA_INVALID)
  /// The data are too long or too short for the mechanism and key.
  public static let dataLengthRange = ReturnValue(CKR_DATA_LEN_RANGE)
  /// The encrypted data are not what they should be.
  public static let encryptedDataInvalid = ReturnValue(CKR_ENCRYPTED_DATA_INVALID)
  /// The encrypted data are too long or too short.
  public static let encryptedDataLengthRange = ReturnValue(CKR_ENCRYPTED_DATA_LEN_RANGE)
  /// The device has a fault.
  public static let deviceError = ReturnValue(CKR_DEVICE_ERROR)
  /// The device has no memory left.
  public static let deviceMemory = ReturnValue(CKR_DEVICE_MEMORY)
  /// The device or token was removed during the call.
  public static let deviceRemoved = ReturnValue(CKR_DEVICE_REMOVED)
  /// The module does not have this function.
  public static let functionNotSupported = ReturnValue(CKR_FUNCTION_NOT_SUPPORTED)
  /// A key handle is not, or no longer, valid.
  public static let keyHandleInvalid = ReturnValue(CKR_KEY_HANDLE_INVALID)
  /// The key's size is outside what the token or mechanism takes.
  public static let keySizeRange = ReturnValue(CKR_KEY_SIZE_RANGE)
  /// The key is not of the type that the mechanism needs.
  public static let keyTypeInconsistent = ReturnValue(CKR_KEY_TYPE_INCONSISTENT)
  /// The key's attributes do not allow this use.
  public static let keyFunctionNotPermitted = ReturnValue(CKR_KEY_FUNCTION_NOT_PERMITTED)
  /// The key cannot be wrapped.
  public static let keyNotWrappable = ReturnValue(CKR_KEY_NOT_WRAPPABLE)
  /// The key may not leave the token, not even wrapped.
  public static let keyUnextractable = ReturnValue(CKR_KEY_UNEXTRACTABLE)
  /// The token does not have this mechanism, or not for this use.
  public static let mechanismInvalid = ReturnValue(CKR_MECHANISM_INVALID)
  /// The parameters of the mechanism were refused.
  public static let mechanismParameterInvalid = ReturnValue(CKR_MECHANISM_PARAM_INVALID)
  /// A wrapped key is not what it should be.
  public static let wrappedKeyInvalid = ReturnValue(CKR_WRAPPED_KEY_INVALID)
  /// A wrapped key is too long or too short.
  public static let wrappedKeyLengthRange = ReturnValue(CKR_WRAPPED_KEY_LEN_RANGE)
  /// The size of the wrapping key is outside what the token takes.
  public static let wrappingKeySizeRange = ReturnValue(CKR_WRAPPING_KEY_SIZE_RANGE)
  /// The wrapping key is not of the type that the mechanism needs.
  public static let wrappingKeyTypeInconsistent = ReturnValue(CKR_WRAPPING_KEY_TYPE_INCONSISTENT)
  /// The size of the unwrapping key is outside what the token takes.
  public static let unwrappingKeySizeRange = ReturnValue(CKR_UNWRAPPING_KEY_SIZE_RANGE)
  /// An object handle is not, or no longer, valid.
  public static let objectHandleInvalid = ReturnValue(CKR_OBJECT_HANDLE_INVALID)
  /// The session is in the middle of another operation.
  public static let operationActive = ReturnValue(CKR_OPERATION_ACTIVE)
  /// There is no operation to go on with.
  public static let operationNotInitialized = ReturnValue(CKR_OPERATION_NOT_INITIALIZED)
  /// The PIN is wrong. It may have cost one of a few tries.
  public static let pinIncorrect = ReturnValue(CKR_PIN_INCORRECT)
  /// A new PIN has characters that the token does not take.
  public static let pinInvalid = ReturnValue(CKR_PIN_INVALID)
  /// A PIN is too long or too short.
  public static let pinLengthRange = ReturnValue(CKR_PIN_LEN_RANGE)
  /// The PIN has to be changed before it can be used.
  public static let pinExpired = ReturnValue(CKR_PIN_EXPIRED)
  /// The PIN is locked after too many wrong ones.
  public static let pinLocked = ReturnValue(CKR_PIN_LOCKED)
  /// The session was closed during the call.
  public static let sessionClosed = ReturnValue(CKR_SESSION_CLOSED)
  /// The token has no room for another session.
  public static let sessionCount = ReturnValue(CKR_SESSION_COUNT)
  /// The session is not, or no longer, open.
  public static let sessionHandleInvalid = ReturnValue(CKR_SESSION_HANDLE_INVALID)
  /// The session cannot change anything on the token.
  public static let sessionReadOnly = ReturnValue(CKR_SESSION_READ_ONLY)
  /// A session is open that would have to be closed first.
  public static let sessionExists = ReturnValue(CKR_SESSION_EXISTS)
  /// A read-only session is open, so the security officer cannot log in.
  public static let sessionReadOnlyExists = ReturnValue(CKR_SESSION_READ_ONLY_EXISTS)
  /// The security officer is logged in, so no read-only session can be opened.
  public static let sessionReadWriteSecurityOfficerExists = ReturnValue(CKR_SESSION_READ_WRITE_SO_EXISTS)
  /// The signature does not belong to the data and key.
  public static let signatureInvalid = ReturnValue(CKR_SIGNATURE_INVALID)
  /// The signature does not have the length that the key gives.
  public static let signatureLengthRange = ReturnValue(CKR_SIGNATURE_LEN_RANGE)
  /// An attribute that the token needs is missing.
  public static let templateIncomplete = ReturnValue(CKR_TEMPLATE_INCOMPLETE)
  /// Attributes contradict each other, or the token.
  public static let templateInconsistent = ReturnValue(CKR_TEMPLATE_INCONSISTENT)
  /// There is no token in the slot.
  public static let tokenNotPresent = ReturnValue(CKR_TOKEN_NOT_PRESENT)
  /// The token in the slot is not one that the module knows.
  public static let tokenNotRecognized = ReturnValue(CKR_TOKEN_NOT_RECOGNIZED)
  /// The token is write protected.
  public static let tokenWriteProtected = ReturnValue(CKR_TOKEN_WRITE_PROTECTED)
  /// The user is logged in already.
  public static let userAlreadyLoggedIn = ReturnValue(CKR_USER_ALREADY_LOGGED_IN)
  /// The action needs a login.
  public static let userNotLoggedIn = ReturnValue(CKR_USER_NOT_LOGGED_IN)
  /// The user's PIN was never set.
  public static let userPINNotInitialized = ReturnValue(CKR_USER_PIN_NOT_INITIALIZED)
  /// The token does not know this kind of user.
  public static let userTypeInvalid = ReturnValue(CKR_USER_TYPE_INVALID)
  /// Another kind of user is logged in.
  public static let userAnotherAlreadyLoggedIn = ReturnValue(CKR_USER_ANOTHER_ALREADY_LOGGED_IN)
  /// The parameters of the curve were refused.
  public static let domainParametersInvalid = ReturnValue(CKR_DOMAIN_PARAMS_INVALID)
  /// The token does not have this curve.
  public static let curveNotSupported = ReturnValue(CKR_CURVE_NOT_SUPPORTED)
  /// The answer did not fit the memory lent for it.
  public static let bufferTooSmall = ReturnValue(CKR_BUFFER_TOO_SMALL)
  /// The module is not initialised.
  public static let cryptokiNotInitialized = ReturnValue(CKR_CRYPTOKI_NOT_INITIALIZED)
  /// The module was initialised before, in this process.
  public static let cryptokiAlreadyInitialized = ReturnValue(CKR_CRYPTOKI_ALREADY_INITIALIZED)
  /// The token takes no PIN that is this easy to guess.
  public static let pinTooWeak = ReturnValue(CKR_PIN_TOO_WEAK)
  /// The token refused by a policy of its own.
  public static let functionRejected = ReturnValue(CKR_FUNCTION_REJECTED)
}

extension ReturnValue {
  /// Whether the code is in the range that the standard leaves to vendors.
  public var isVendorDefined: Bool { rawValue >= CKR_VENDOR_DEFINED }

  /// The standard's name, such as `CKR_PIN_INCORRECT`; `nil` for a code that the standard does not list.
  public var name: String? { self == .ok ? "CKR_OK" : CallAdviceRow.byReturnValue[self]?.name }
}

extension ReturnValue: CustomStringConvertible {
  /// The name and the number: `CKR_PIN_INCORRECT (0xA0)`.
  public var description: String {
    if let name { return "\(name) (\(number))" }
    return isVendorDefined ? "a return value of the vendor's own (\(number))" : "a return value unknown to the standard (\(number))"
  }

  /// The number as people write it: `0xA0`.
  var number: String { "0x" + String(rawValue, radix: 16, uppercase: true) }
}
