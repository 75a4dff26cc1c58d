public import PKCS11

/// Why a key on a token cannot be had, made or used.
///
/// What a Cryptoki function answered is thrown as `PKCS11Error` instead; this error is about keys.
public struct TokenKeysError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is. An open set: compare, do not switch exhaustively.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// No key has the name, identifier or public key that was asked for.
    public static let keyNotFound = Code(rawValue: "key-not-found")
    /// Several keys answer to what should name one.
    public static let keyAmbiguous = Code(rawValue: "key-ambiguous")
    /// The key exists but cannot be used: one half is missing, or it is of a kind that is not supported.
    public static let keyUnusable = Code(rawValue: "key-unusable")
    /// A named rule refused.
    public static let ruleRefused = Code(rawValue: "rule-refused")
    /// The token offers no mechanism for what was asked.
    public static let mechanismMissing = Code(rawValue: "mechanism-missing")
    /// Keys of this kind are not made here, although the token would.
    public static let algorithmUnsupported = Code(rawValue: "algorithm-unsupported")
    /// The token took no template for a new key, not even the smallest.
    public static let templateRefused = Code(rawValue: "template-refused")
    /// The key cannot sign with the algorithm that was asked for.
    public static let algorithmMismatch = Code(rawValue: "algorithm-mismatch")
    /// The token has dropped our login.
    public static let loginLost = Code(rawValue: "login-lost")
    /// The token has dropped our login, and the PIN for another one cannot be had without somebody's help.
    public static let loginNotRepeatable = Code(rawValue: "login-not-repeatable")
    /// The PIN was not tried: that would have locked it or brought it closer to that, or it is locked already.
    public static let pinGuarded = Code(rawValue: "pin-guarded")
    /// A token was initialised, and then its user PIN could not be set.
    public static let tokenHalfMade = Code(rawValue: "token-half-made")
    /// The PIN was not tried: the memory of refused PINs cannot be used.
    public static let pinMemory = Code(rawValue: "pin-memory")
    /// The PIN was not tried: another process is trying one on this token.
    public static let pinBusy = Code(rawValue: "pin-busy")
  }

  /// What kind of failure it is.
  public let code: Code
  /// The rule that refused, where one did.
  public let rule: KeyRule?
  /// What was being done: `generate key payroll`.
  public let operation: String
  /// What came back, in one sentence without a full stop.
  public let message: String
  /// What to do next.
  public let hint: String?
  /// The error this one rests on.
  public let underlying: (any Error)?

  /// An error from its parts.
  public init(
    _ code: Code, rule: KeyRule? = nil, operation: String, message: String, hint: String? = nil, underlying: (any Error)? = nil
  ) {
    self.code = code
    self.rule = rule
    self.operation = operation
    self.message = message
    self.hint = hint
    self.underlying = underlying
  }

  public var description: String { "\(operation): \(message)" + (rule.map { " [\($0)]" } ?? "") }
}

extension TokenKeysError: RecoveryAdvising {
  /// What can be done so that the next try may succeed.
  public var recovery: Recovery {
    if let underlying = underlying as? any RecoveryAdvising { return underlying.recovery }
    switch code {
    case .loginLost: return .logInAgain
    case .pinBusy: return .retry
    case .pinGuarded, .pinMemory, .loginNotRepeatable: return .operatorAction
    default: return .permanent
    }
  }
}
