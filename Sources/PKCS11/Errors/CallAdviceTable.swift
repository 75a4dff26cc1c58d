internal import CCryptoki

/// One return value of the standard, with what it means from most functions and from those where it means something else.
struct CallAdviceRow: Sendable {
  let returnValue: ReturnValue
  /// The standard's name.
  let name: String
  /// What it means in general.
  let advice: CallAdvice
  /// Where it means something else.
  private(set) var exceptions: [Exception] = []

  struct Exception: Sendable {
    let functions: [CryptokiFunction]
    let advice: CallAdvice
  }

  init(_ code: CK_RV, _ name: String, _ recovery: Recovery, _ message: String, _ hint: String) {
    returnValue = ReturnValue(code)
    self.name = name
    advice = CallAdvice(recovery, message, hint)
  }

  /// The same row with an exception for some functions.
  func from(_ functions: [CryptokiFunction], _ recovery: Recovery, _ message: String, _ hint: String) -> CallAdviceRow {
    var row = self
    row.exceptions.append(Exception(functions: functions, advice: CallAdvice(recovery, message, hint)))
    return row
  }
}

extension CallAdviceRow {
  /// Every return value of the standard but `CKR_OK`, by number.
  static let all: [CallAdviceRow] = (aboutModules + aboutDevices + aboutSessions + aboutObjects + aboutOperations)
    .sorted { $0.returnValue.rawValue < $1.returnValue.rawValue }

  static let byReturnValue: [ReturnValue: CallAdviceRow] = Dictionary(uniqueKeysWithValues: all.map { ($0.returnValue, $0) })

  /// For answers to questions that are never asked here.
  static let reportIt = "no function that is called here should answer this; report it with the module's name and version"
}

extension PKCS11Error {
  /// What can be done so that the next call may succeed.
  public var recovery: Recovery {
    guard let returnValue else { return Self.recoveries[rule] ?? .permanent }
    return CallAdvice(returnValue, from: function).recovery
  }

  /// The verdicts on our own findings; those that are not here are ``Recovery/permanent``.
  static let recoveries: [PKCS11Rule: Recovery] = [
    .sessionUsable: .newSession, .signatureSize: .newSession, .moduleInUse: .reinitializeModule,
    .tokenPresent: .operatorAction, .tokenUnambiguous: .operatorAction, .modulePath: .operatorAction, .moduleLoads: .operatorAction,
    .moduleOwner: .operatorAction, .moduleNotWritable: .operatorAction, .moduleDigest: .operatorAction, .moduleUnchanged: .operatorAction,
    .pinPresent: .operatorAction, .loginKept: .logInAgain,
    .callDeadline: .newSession, .poolFull: .retry, .poolWait: .retry, .circuitOpen: .retry,
  ]
}
