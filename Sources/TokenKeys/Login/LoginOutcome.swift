import PKCS11

/// What a try of a PIN has done to the token's count of tries.
enum LoginOutcome: Hashable, Sendable {
  /// The token accepted the PIN.
  case verified
  /// The token looked at the PIN and did not accept it.
  case refused(ReturnValue)
  /// The token may have looked at the PIN.
  case uncertain(ReturnValue)
  /// The token has not looked at the PIN, or it was right and only too old.
  case untouched

  /// - Parameter answer: what `C_Login` answered, other than `CKR_OK`.
  init(_ answer: ReturnValue) {
    self =
      switch answer {
      case .pinIncorrect, .pinLengthRange, .pinInvalid, .pinLocked: .refused(answer)
      case _ where Self.untouching.contains(answer): .untouched
      default: .uncertain(answer)
      }
  }

  /// - Parameters:
  ///   - error: what came of using a PIN.
  ///   - function: the one that looks at the PIN; when another failed, it was not called.
  init(_ error: any Error, of function: String = "C_Login") {
    guard let error = error as? PKCS11Error, error.function == function, let answer = error.returnValue else {
      self = .untouched
      return
    }
    self.init(answer)
  }

  /// Answers of `C_Login` that come before the PIN is looked at. `CKR_PIN_EXPIRED` says that it was right in its time. Everything that is
  /// not here and no clear refusal, vendors' codes too, counts as a try: some cards answer a wrong PIN with `CKR_GENERAL_ERROR`.
  private static let untouching: Set<ReturnValue> = [
    .argumentsBad, .functionNotSupported, .functionCanceled, .cryptokiNotInitialized, .operationNotInitialized, .pinExpired,
    .operationActive, .sessionClosed, .sessionHandleInvalid, .sessionReadOnly, .sessionReadOnlyExists, .slotIDInvalid, .tokenNotPresent,
    .userAlreadyLoggedIn,
    .userAnotherAlreadyLoggedIn, .userNotLoggedIn, .userPINNotInitialized, .userTypeInvalid,
  ]
}

extension ReturnValue {
  /// Somebody pressed *cancel* on the device's own pad.
  fileprivate static let functionCanceled = ReturnValue(rawValue: 0x50)
}
