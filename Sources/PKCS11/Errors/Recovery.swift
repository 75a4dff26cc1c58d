/// What can be done after a call failed, so that the next one may succeed: the verdict of an error.
///
/// Each verdict is a rung of a ladder; ``SessionPool`` climbs it by itself as far as it may. Which error has which verdict is one table,
/// shown in `docs/errors.md`. A verdict is about the call that failed: whether the operation around it may be repeated, such as the making
/// of a key, is for its caller to know. An open set: compare, do not switch exhaustively.
public struct Recovery: RawRepresentable, Hashable, Sendable {
  public let rawValue: String

  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  /// The same call, in the same session, may succeed a moment later. Never the verdict on a call that shows a PIN, makes an object or ends
  /// an operation.
  public static let retry = Recovery(rawValue: "retry")
  /// The session is lost or in an unknown state: close it and open another. The operation may have been done all the same.
  public static let newSession = Recovery(rawValue: "new session")
  /// The login is gone: log in again, and look private objects up again.
  public static let logInAgain = Recovery(rawValue: "log in again")
  /// The handle is void: look the object up again.
  public static let findKeyAgain = Recovery(rawValue: "find the key again")
  /// The module has lost its token or its state: `C_Finalize`, `C_Initialize`, and everything from the beginning.
  public static let reinitializeModule = Recovery(rawValue: "reinitialise the module")
  /// Only a person can help: connect the device, unlock the PIN, make room on the token.
  public static let operatorAction = Recovery(rawValue: "operator")
  /// The same request will never succeed: it asks for something that the token does not do.
  public static let permanent = Recovery(rawValue: "permanent")
}

extension Recovery: CustomStringConvertible {
  public var description: String { rawValue }
}
