/// What failing means for a function, whatever it answers.
enum FunctionKind: CaseIterable {
  /// Can be called again without harm.
  case repeatable
  /// Shows a PIN to the token. A failure may have cost one of a few tries, so nothing is tried again without a person.
  case presentsPIN
  /// Makes something that stays. A failure does not prove that nothing was made, so it is not simply called again.
  case makesObject
  /// Ends an operation that another function began. After a failure nobody can tell whether the operation is still there.
  case endsOperation
}

extension CryptokiFunction {
  /// What failing means for this function.
  var kind: FunctionKind {
    switch self {
    case .C_Login, .C_InitToken, .C_InitPIN, .C_SetPIN: .presentsPIN
    case .C_GenerateKey, .C_GenerateKeyPair, .C_CreateObject, .C_CopyObject, .C_UnwrapKey, .C_DeriveKey: .makesObject
    case .C_Sign, .C_SignRecover, .C_Verify, .C_Decrypt, .C_FindObjectsFinal: .endsOperation
    default: .repeatable
    }
  }
}

extension FunctionKind {
  /// Changes a row of the table to what it means for functions of this kind.
  func adapt(_ advice: CallAdvice, to returnValue: ReturnValue) -> CallAdvice {
    switch self {
    case .repeatable: advice
    case .presentsPIN: adaptToPIN(advice, returnValue)
    case .makesObject: adaptToMaking(advice, returnValue)
    case .endsOperation: adaptToEnd(advice, returnValue)
    }
  }

  private func adaptToPIN(_ advice: CallAdvice, _ returnValue: ReturnValue) -> CallAdvice {
    if Self.pinNotLookedAt.contains(returnValue) || !Self.automatic.contains(advice.recovery) { return advice }
    return advice.with(
      .operatorAction, poisonsSession: advice.poisonsSession,
      alsoDo: "it may have cost one of the few PIN tries, so look at the token's PIN flags first")
  }

  private func adaptToMaking(_ advice: CallAdvice, _ returnValue: ReturnValue) -> CallAdvice {
    if Self.nothingBegun.contains(returnValue) { return advice }
    let isDoubtful = advice.recovery == .retry || advice.poisonsSession
    if !isDoubtful { return advice }
    return advice.with(
      advice.recovery == .retry ? .newSession : advice.recovery, poisonsSession: true, alsoDo: "look first whether it was made after all")
  }

  private func adaptToEnd(_ advice: CallAdvice, _ returnValue: ReturnValue) -> CallAdvice {
    if Self.completed.contains(returnValue) { return advice }
    return advice.with(advice.recovery == .retry ? .newSession : advice.recovery, poisonsSession: true)
  }

  /// The verdicts that are acted upon without a person.
  private static let automatic: Set<Recovery> = [.retry, .newSession, .logInAgain, .findKeyAgain, .reinitializeModule]

  /// After these answers the module had no session, no token or no operation to show the PIN to. A device that was removed is not among
  /// them: it may have gone in the middle of the look.
  static let pinNotLookedAt: Set<ReturnValue> = [
    .cryptokiNotInitialized, .sessionHandleInvalid, .sessionClosed, .slotIDInvalid, .tokenNotPresent, .operationActive,
    .operationNotInitialized,
  ]

  /// After these answers nothing was begun, so nothing can have been made.
  private static let nothingBegun: Set<ReturnValue> = [
    .cryptokiNotInitialized, .sessionHandleInvalid, .slotIDInvalid, .tokenNotPresent, .operationActive,
  ]

  /// These are what the operation came to: it has ended in good order.
  static let completed: Set<ReturnValue> = [.signatureInvalid, .signatureLengthRange]
}
