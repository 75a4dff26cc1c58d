/// One line of a ``FaultModule``'s script. A line that has no function here is written as it is: `"pad-refuses-pin CKR_PIN_INCORRECT"`.
public struct FaultLine: Sendable, Hashable, ExpressibleByStringLiteral {
  public let text: String

  public init(stringLiteral text: String) {
    self.text = text
  }

  /// A word and a text, which is quoted.
  init(_ word: String, quoting text: String) {
    self.text = "\(word) \"\(text)\""
  }

  private init(_ words: String...) {
    text = words.joined(separator: " ")
  }
}

/// A return value: a number, or a name such as `CKR_DEVICE_ERROR`.
public struct FaultCode: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  let text: String

  public init(_ number: UInt) {
    text = "0x" + String(number, radix: 16)
  }

  public init(integerLiteral number: UInt) {
    self.init(number)
  }

  public init(stringLiteral text: String) {
    self.text = text
  }
}

/// Which calls a fault befalls, counted since its line stands in the script. Several narrow each other down.
public struct FaultTiming: Sendable, Hashable {
  let text: String

  /// Only the call with this number; the first is 1.
  public static func on(_ call: Int) -> FaultTiming { FaultTiming(text: "on \(call)") }
  /// This call and all later ones.
  public static func from(_ call: Int) -> FaultTiming { FaultTiming(text: "from \(call)") }
  /// Each call whose number can be divided by this.
  public static func every(_ count: Int) -> FaultTiming { FaultTiming(text: "every \(count)") }
  /// At most so many calls.
  public static func times(_ count: Int) -> FaultTiming { FaultTiming(text: "times \(count)") }
  /// Only the first call.
  public static let once = FaultTiming.times(1)
  /// The token has done what it was asked for, and then the fault comes.
  public static let after = FaultTiming(text: "after")
}

/// Faults of calls. `function` is a name such as `C_Sign`, or `*` for every function that needs a token.
extension FaultLine {
  private init(_ word: String, _ function: String, _ argument: String?, _ timing: [FaultTiming]) {
    text = ([word, function] + [argument].compactMap(\.self) + timing.map(\.text)).joined(separator: " ")
  }

  /// The function answers this value, without having been called, or (``FaultTiming/after``) although it has been.
  public static func fail(_ function: String, _ code: FaultCode, _ timing: FaultTiming...) -> FaultLine {
    FaultLine("fail", function, code.text, timing)
  }

  /// The function takes longer.
  public static func delay(_ function: String, _ time: Duration, _ timing: FaultTiming...) -> FaultLine {
    FaultLine("delay", function, milliseconds(time), timing)
  }

  /// The function does not return until this line is gone from the script, or ``FaultModule/release()``.
  public static func hang(_ function: String, _ timing: FaultTiming...) -> FaultLine { FaultLine("hang", function, nil, timing) }

  /// All sessions are gone, and the login with them.
  public static func dropSessions(on function: String, _ timing: FaultTiming...) -> FaultLine {
    FaultLine("drop-sessions", function, nil, timing)
  }

  /// The login is gone, the sessions stay.
  public static func dropLogin(on function: String, _ timing: FaultTiming...) -> FaultLine {
    FaultLine("drop-login", function, nil, timing)
  }

  /// Every handle of an object is void; objects found anew have new ones.
  public static func dropObjects(on function: String, _ timing: FaultTiming...) -> FaultLine {
    FaultLine("drop-objects", function, nil, timing)
  }

  /// As if other code of this process had called `C_Finalize`.
  public static func deinitialize(on function: String, _ timing: FaultTiming...) -> FaultLine {
    FaultLine("deinitialize", function, nil, timing)
  }

  /// The process ends by a fault of the module's own, as when it writes where nothing is.
  public static func crash(in function: String, _ timing: FaultTiming...) -> FaultLine { FaultLine("crash", function, nil, timing) }

  /// The process is killed.
  public static func kill(on function: String, _ timing: FaultTiming...) -> FaultLine { FaultLine("kill", function, nil, timing) }

  static func milliseconds(_ time: Duration) -> String {
    String(time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000)
  }
}

/// What kind of token it is.
extension FaultLine {
  /// The token takes so many wrong user PINs in a row before it locks. With flags off it does so without a warning.
  public static func pinTries(_ count: Int) -> FaultLine { FaultLine("pin-tries", "\(count)") }
  public static func securityOfficerPINTries(_ count: Int) -> FaultLine { FaultLine("so-pin-tries", "\(count)") }
  public static let noPINFlags: FaultLine = "pin-flags off"
  /// How many tries were lost before the test.
  public static func userFailures(_ count: Int) -> FaultLine { FaultLine("user-failures", "\(count)") }

  /// At most so many sessions at once. The token tells its limits, unless it claims others: 0 is none, nil is not told.
  public static func maxSessions(_ count: Int) -> FaultLine { FaultLine("max-sessions", "\(count)") }
  public static func maxReadWriteSessions(_ count: Int) -> FaultLine { FaultLine("max-rw-sessions", "\(count)") }
  public static func claimSessions(_ count: Int?) -> FaultLine {
    FaultLine("claim-sessions", count.map { "\($0)" } ?? "unavailable")
  }
  public static func claimReadWriteSessions(_ count: Int?) -> FaultLine {
    FaultLine("claim-rw-sessions", count.map { "\($0)" } ?? "unavailable")
  }

  /// Sessions that cannot write are refused.
  public static func noReadOnlySessions(_ code: FaultCode = "CKR_SESSION_READ_ONLY") -> FaultLine {
    FaultLine("no-read-only-sessions", code.text)
  }

  /// Sessions that can write are refused.
  public static func noReadWriteSessions(_ code: FaultCode = "CKR_TOKEN_WRITE_PROTECTED") -> FaultLine {
    FaultLine("no-read-write-sessions", code.text)
  }

  /// Whoever opens more sessions than this within the time is refused.
  public static func openBurst(_ count: Int, within time: Duration, _ code: FaultCode = "CKR_ARGUMENTS_BAD") -> FaultLine {
    FaultLine("open-burst", "\(count)", milliseconds(time), code.text)
  }

  /// A session that was not used for so long is gone.
  public static func idleExpiry(_ time: Duration) -> FaultLine { FaultLine("idle-expiry", milliseconds(time)) }

  /// Processes that did not initialise the module themselves are refused.
  public static let forkRule: FaultLine = "fork-rule on"
  /// The token was taken out.
  public static let tokenAbsent: FaultLine = "token-absent on"

  /// The PIN is typed at the device; this is what the person types.
  public static func pad(pin: String, securityOfficerPIN: String = "87654321", newPIN: String = "234567") -> [FaultLine] {
    [
      "protected-path on", FaultLine("pad-pin", quoting: pin), FaultLine("pad-so-pin", quoting: securityOfficerPIN),
      FaultLine("pad-new-pin", quoting: newPIN),
    ]
  }
  /// The person at the pad presses the button for "no".
  public static let padCancel: FaultLine = "pad-cancel on"
  /// What a token with a pad says to a PIN.
  public static func padRefusesPIN(_ code: FaultCode) -> FaultLine { FaultLine("pad-refuses-pin", code.text) }

  /// Every private key wants the PIN for each use, as if it had `CKA_ALWAYS_AUTHENTICATE`.
  public static let alwaysAuthenticate: FaultLine = "always-authenticate on"

  public static func tokenInfo(_ field: TokenField, _ text: String) -> FaultLine {
    FaultLine("token-info \(field.rawValue)", quoting: text)
  }
  public enum TokenField: String, Sendable { case label, manufacturer, model, serial }
  public static func tokenFlag(_ flag: String, _ isOn: Bool) -> FaultLine { FaultLine("token-flag", flag, isOn ? "on" : "off") }

  public static func hideMechanism(_ name: String) -> FaultLine { FaultLine("hide-mechanism", name) }
  public static func hideAttribute(_ name: String) -> FaultLine { FaultLine("hide-attribute", name) }

  /// A vendor's way, as `Tests/Modules/fault/dialects.c` has it.
  public static func dialect(_ dialect: Dialect) -> FaultLine { FaultLine("dialect", dialect.rawValue) }
  public enum Dialect: String, Sendable, CaseIterable { case cloudhsm, luna, nshield, yubihsm, ykcs11, tpm2, kmsp11, opencryptoki }
}
