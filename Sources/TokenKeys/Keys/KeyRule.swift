/// A named rule about keys on a token. The name stands in errors, verdicts, documentation and tests.
public struct KeyRule: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  private init(_ name: String) { rawValue = name }

  /// The private value cannot be read in clear (`CKA_SENSITIVE`).
  public static let sensitive = KeyRule("KEY-SENSITIVE")
  /// The private value never could be read in clear (`CKA_ALWAYS_SENSITIVE`).
  public static let alwaysSensitive = KeyRule("KEY-ALWAYS-SENSITIVE")
  /// The key cannot be wrapped out of the token (`CKA_EXTRACTABLE` is false).
  public static let notExtractable = KeyRule("KEY-NOT-EXTRACTABLE")
  /// The key never could be wrapped out of the token (`CKA_NEVER_EXTRACTABLE`).
  public static let neverExtractable = KeyRule("KEY-NEVER-EXTRACTABLE")
  /// What keeps the key in cannot be loosened afterwards, neither on the key nor on a copy of it.
  public static let attributesFixed = KeyRule("KEY-ATTRIBUTES-FIXED")
  /// No attribute of the key can be changed any more (`CKA_MODIFIABLE` is false). Demanded by stricter policies.
  public static let notModifiable = KeyRule("KEY-NOT-MODIFIABLE")
  /// The key cannot be destroyed but with the whole token (`CKA_DESTROYABLE` is false). Demanded by the strictest policy.
  public static let notDestroyable = KeyRule("KEY-NOT-DESTROYABLE")
  /// The key names the mechanisms that it may be used with, and all of them sign (`CKA_ALLOWED_MECHANISMS`). Demanded by stricter policies.
  public static let allowedMechanisms = KeyRule("KEY-ALLOWED-MECHANISMS")
  /// A rule is overlooked only by its name and for a stated reason, and only where the policy has it.
  public static let waiverJustified = KeyRule("KEY-WAIVER-JUSTIFIED")
  /// The key was generated on this token, not brought in (`CKA_LOCAL`).
  public static let local = KeyRule("KEY-LOCAL")
  /// The mechanism that generated the key is the one that was asked for (`CKA_KEY_GEN_MECHANISM`).
  public static let generatedBy = KeyRule("KEY-GENERATED-BY")
  /// The key is visible only after login (`CKA_PRIVATE`).
  public static let isPrivate = KeyRule("KEY-PRIVATE")
  /// The key signs and does nothing else: no decryption, unwrapping, derivation or signing with recovery.
  public static let signOnly = KeyRule("KEY-SIGN-ONLY")
  /// The key cannot be copied, also not on the same token (`CKA_COPYABLE` is false).
  public static let notCopyable = KeyRule("KEY-NOT-COPYABLE")
  /// The key has the algorithm and size that were asked for.
  public static let size = KeyRule("KEY-SIZE")
  /// Both halves carry one `CKA_ID` of 20 bytes that no other key pair on the token has.
  public static let uniqueID = KeyRule("KEY-UNIQUE-ID")
  /// The two halves belong together: what the private key signs, the public key verifies.
  public static let pair = KeyRule("KEY-PAIR")
  /// A key counts as destroyed when a search that would find it finds nothing, and not because the token says so.
  public static let destroyProved = KeyRule("KEY-DESTROY-PROVED")
  /// A name (label) is used by one key pair only.
  public static let nameTaken = KeyRule("KEY-NAME-TAKEN")
  /// A signature is verified in software with the public key before anybody gets it.
  public static let verifyAfterSign = KeyRule("KEY-VERIFY-AFTER-SIGN")
  /// A certificate is stored only beside the key that it certifies.
  public static let certificateMatchesKey = KeyRule("KEY-CERTIFICATE-MATCHES")
  /// A PIN that the token calls locked is not tried, whoever's it is and wherever it comes from.
  public static let pinNotLocked = KeyRule("PIN-NOT-LOCKED")
  /// The last try before the token locks a PIN is made only when a person asks for just that, and enters the PIN.
  public static let pinFinalTry = KeyRule("PIN-FINAL-TRY")
  /// After a wrong PIN, as the token tells it, the next try is a person's: unattended use waits, and a person is asked first.
  public static let pinCountLow = KeyRule("PIN-COUNT-LOW")
  /// After two failed tries, as we have counted them, the next one is a person's, whatever the token tells.
  public static let pinOwnCount = KeyRule("PIN-OWN-COUNT")
  /// A PIN that the token refused is not tried on it again unless a person says so, in this process or any other.
  public static let pinRefusedBefore = KeyRule("PIN-REFUSED-BEFORE")
  /// Without a memory of refused PINs that can be read and written, no PIN is tried in unattended use.
  public static let pinMemory = KeyRule("PIN-MEMORY")
  /// Two processes never try a PIN of one token at the same time.
  public static let pinOneAtATime = KeyRule("PIN-ONE-AT-A-TIME")
  /// A PIN is left to the device's own pad only where the token says that it has one, and then all of one change are entered there.
  public static let pinProtectedPath = KeyRule("PIN-PROTECTED-PATH")
  /// A new PIN has a length that the token takes.
  public static let pinLength = KeyRule("PIN-LENGTH")
  /// A stored PIN is one token's: a process that has used it for one token does not send it to another.
  public static let pinOneToken = KeyRule("PIN-ONE-TOKEN")

  public static let allCases: [KeyRule] = [
    .sensitive, .alwaysSensitive, .notExtractable, .neverExtractable, .attributesFixed, .notModifiable, .notDestroyable,
    .allowedMechanisms, .waiverJustified, .local, .generatedBy, .isPrivate, .signOnly, .notCopyable, .size,
    .uniqueID, .pair, .destroyProved, .nameTaken, .verifyAfterSign, .certificateMatchesKey, .pinNotLocked, .pinFinalTry,
    .pinCountLow, .pinOwnCount, .pinRefusedBefore, .pinMemory, .pinOneAtATime, .pinOneToken, .pinProtectedPath, .pinLength,
  ]

  public var description: String { rawValue }
}
