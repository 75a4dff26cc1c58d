/// What an answer of the module means to a person, what can be done, and what state it leaves behind.
///
/// Everything comes from one table, ``CallAdviceRow/all``, which is also what `docs/errors.md` shows. Return values are described in
/// section 5.1 of the standard.
struct CallAdvice: Sendable, Equatable {
  /// One sentence about what came back; lower case, no full stop.
  let message: String
  /// What a person does next; lower case, no full stop.
  let hint: String
  /// What can be done so that the next call may succeed.
  let recovery: Recovery
  /// Whether nobody can tell any more what state the module keeps for the session: all that is left is to close it.
  let poisonsSession: Bool

  /// The advice of a row of the table.
  init(_ recovery: Recovery, _ message: String, _ hint: String) {
    self.init(message, hint, recovery, poisonsSession: Self.lostSession.contains(recovery))
  }

  private init(_ message: String, _ hint: String, _ recovery: Recovery, poisonsSession: Bool) {
    self.message = message
    self.hint = hint
    self.recovery = recovery
    self.poisonsSession = poisonsSession
  }

  /// Looks up what a function's answer means: the table's row for it, seen in the light of what the function does.
  init(_ returnValue: ReturnValue, from function: CryptokiFunction) {
    self = function.kind.adapt(Self.row(returnValue, function), to: returnValue)
  }

  /// Looks up by a function's name; without one, or by one that is not called here, what the answer means in general.
  init(_ returnValue: ReturnValue, from function: String?) {
    if let function = function.flatMap(CryptokiFunction.init(name:)) {
      self.init(returnValue, from: function)
    } else {
      self = Self.row(returnValue, nil)
    }
  }

  private static func row(_ returnValue: ReturnValue, _ function: CryptokiFunction?) -> CallAdvice {
    guard let row = CallAdviceRow.byReturnValue[returnValue] else {
      return returnValue.isVendorDefined ? vendorDefined : unknown
    }
    return row.exceptions.first { exception in function.map(exception.functions.contains) ?? false }?.advice ?? row.advice
  }

  /// After these, the session is of no use.
  private static let lostSession: Set<Recovery> = [.newSession, .reinitializeModule]

  /// For the codes that the standard leaves to vendors. Nobody but the vendor knows what state is left, so the session is given up.
  static let vendorDefined = CallAdvice(
    .newSession, "the module failed for a reason of its vendor's own", "look the number up in the module's manual")
  /// For codes that no version of the standard lists.
  static let unknown = CallAdvice(
    .newSession, "the module gave an answer that the standard does not know", "look at the module's own log, and report it to the vendor")
}

extension CallAdvice {
  /// The same, with another verdict.
  func with(_ recovery: Recovery, poisonsSession: Bool, alsoDo step: String? = nil) -> CallAdvice {
    CallAdvice(message, step.map { "\(hint); \($0)" } ?? hint, recovery, poisonsSession: poisonsSession)
  }
}
