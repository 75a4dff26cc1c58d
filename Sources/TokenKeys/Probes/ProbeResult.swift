public import PKCS11

/// One call that a probe made, and what came back.
public struct ProbeCall: Sendable, Hashable, CustomStringConvertible {
  /// The Cryptoki function, such as `C_WrapKey`.
  public let function: String
  /// The mechanism that was asked for, where there was one.
  public let mechanism: MechanismType?
  /// What the function answered.
  public let returned: ReturnValue

  /// A call from its parts.
  public init(_ function: String, _ mechanism: MechanismType? = nil, returned: ReturnValue) {
    self.function = function
    self.mechanism = mechanism
    self.returned = returned
  }

  /// For example `C_WrapKey (CKM_AES_CBC_PAD): CKR_KEY_UNEXTRACTABLE (0x6A)`.
  public var description: String { "\(function)\(mechanism.map { " (\($0))" } ?? ""): \(returned)" }
}

/// What came of one probe, with every call that it made.
public struct ProbeResult: Sendable, Hashable {
  /// How a probe ended.
  public struct Outcome: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The token refused, as it should.
    public static let refused = Outcome(rawValue: "refused")
    /// The token did what it must not do: a violation.
    public static let succeeded = Outcome(rawValue: "succeeded")
    /// The token has no means to be asked for it: a mechanism or function that it does not offer.
    public static let notPossible = Outcome(rawValue: "not possible")
    /// Nothing came out, but not because the token refused: it began and then failed, or failed for a reason of its own.
    public static let inconclusive = Outcome(rawValue: "inconclusive")

    public var description: String { rawValue }
  }

  /// What was tried.
  public let probe: KeyProbe
  /// How it ended.
  public let outcome: Outcome
  /// Every call, in order.
  public let calls: [ProbeCall]
  /// What happened, in a few words without a full stop, where there is more to tell than the outcome.
  public let detail: String?
  /// The rules that the key was shown to violate.
  let violations: [KeyRule: String]

  init(_ probe: KeyProbe, _ outcome: Outcome, _ calls: [ProbeCall], detail: String? = nil, violations: [KeyRule: String] = [:]) {
    self.probe = probe
    self.outcome = outcome
    self.calls = calls
    self.detail = detail
    self.violations = violations
  }
}
