extension PKCS11Error {
  /// What can be done so that the next call may succeed.
  public var recovery: Recovery {
    guard let returnValue else { return Self.recoveries[rule] ?? .permanent }
    return CallAdvice.recovery(after: returnValue)
  }

  private static let recoveries: [PKCS11Rule: Recovery] = [
    .sessionUsable: .newSession, .moduleInUse: .reinitializeModule, .tokenPresent: .operatorAction, .tokenUnambiguous: .operatorAction,
    .signatureSize: .newSession, .loginKept: .logInAgain, .callDeadline: .newSession, .poolFull: .retry, .poolWait: .retry,
    .circuitOpen: .retry,
  ]
}

extension CallAdvice {
  static func recovery(after returnValue: ReturnValue) -> Recovery { recoveries[returnValue] ?? .permanent }

  private static let recoveries: [ReturnValue: Recovery] = [
    .sessionHandleInvalid: .newSession, .sessionClosed: .newSession, .operationActive: .newSession, .operationNotInitialized: .newSession,
    .functionFailed: .retry, .generalError: .newSession,
    .userNotLoggedIn: .logInAgain,
    .keyHandleInvalid: .findKeyAgain, .objectHandleInvalid: .findKeyAgain,
    .deviceError: .reinitializeModule, .deviceRemoved: .reinitializeModule, .tokenNotPresent: .reinitializeModule,
    .cryptokiNotInitialized: .reinitializeModule,
    .pinIncorrect: .operatorAction, .pinLocked: .operatorAction, .pinExpired: .operatorAction, .deviceMemory: .operatorAction,
    .sessionCount: .operatorAction,
  ]
}
