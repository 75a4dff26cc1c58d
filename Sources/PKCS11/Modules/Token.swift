internal import CCryptoki

/// A token: what holds keys (`CK_TOKEN_INFO`, section 3.2), as it was when this value was made.
public struct Token: Sendable {
  /// The name it was given when it was initialised. Several tokens can have the same.
  public let label: String
  /// Who made the token.
  public let manufacturer: String
  /// The model of the token.
  public let model: String
  /// The serial number, as text.
  public let serialNumber: String
  /// What the token can do and what state it is in.
  public let flags: TokenFlags
  /// The version of the token's hardware.
  public let hardwareVersion: Version
  /// The version of the token's firmware.
  public let firmwareVersion: Version
  /// The shortest PIN, in bytes; `nil` when the token does not tell.
  public let minimumPINLength: Int?
  /// The longest PIN, in bytes; `nil` when the token does not tell.
  public let maximumPINLength: Int?
  /// How many sessions one application can have open.
  public let maximumSessionCount: Limit
  /// How many of them can be read-write.
  public let maximumReadWriteSessionCount: Limit
  /// How many sessions this application has open; `nil` when the token does not tell.
  public let sessionCount: Int?
  /// The time of the token's own clock, `YYYYMMDDhhmmss` and two characters more, in UTC; `nil` when it has none.
  public let clock: String?
  /// Where the token is.
  public let slot: Slot

  init(_ information: CK_TOKEN_INFO, _ slot: Slot) {
    label = text(of: information.label)
    manufacturer = text(of: information.manufacturerID)
    model = text(of: information.model)
    serialNumber = text(of: information.serialNumber)
    flags = TokenFlags(rawValue: information.flags)
    hardwareVersion = Version(information.hardwareVersion)
    firmwareVersion = Version(information.firmwareVersion)
    minimumPINLength = Self.count(information.ulMinPinLen)
    maximumPINLength = Self.count(information.ulMaxPinLen)
    maximumSessionCount = Limit(information.ulMaxSessionCount)
    maximumReadWriteSessionCount = Limit(information.ulMaxRwSessionCount)
    sessionCount = Self.count(information.ulSessionCount)
    clock = flags.contains(.clockOnToken) ? text(of: information.utcTime) : nil
    self.slot = slot
  }

  /// The module that the token belongs to.
  public var module: Module { slot.module }

  /// Describes this token and, as far as serial numbers are unique, no other.
  public var uri: PKCS11URI {
    var uri = PKCS11URI(label: label)
    uri.manufacturer = manufacturer
    uri.model = model
    uri.serialNumber = serialNumber
    return uri
  }

  /// Whether two values describe the same token: same label, serial number, model and manufacturer.
  public func isSame(as other: Token) -> Bool {
    label == other.label && serialNumber == other.serialNumber && model == other.model && manufacturer == other.manufacturer
  }

  /// The same token with its present flags and counts (`C_GetTokenInfo`).
  ///
  /// - Throws: ``PKCS11Rule/tokenPresent`` when the slot holds another token by now, or none.
  public func information() throws(PKCS11Error) -> Token {
    guard let now = try slot.token(), now.isSame(as: self) else {
      throw PKCS11Error(
        rule: .tokenPresent, token: label, operation: "ask the token \"\(label)\" for its state",
        message: "the token is not in its slot any more", hint: "find the token again")
    }
    return now
  }

  /// What the token can do: the mechanisms of its slot (`C_GetMechanismList`, `C_GetMechanismInfo`).
  public func mechanisms() throws(PKCS11Error) -> [MechanismType: MechanismInformation] {
    try slot.mechanisms()
  }

  /// Opens a session with the token (`C_OpenSession`).
  ///
  /// A session is bound to the token that is in the slot when it is opened; that it is this one is checked before it is returned, so that
  /// no PIN reaches another token.
  public func openSession(_ access: SessionAccess) throws(PKCS11Error) -> Session {
    let session = try openSessionInSlot(access)
    _ = try information()
    return session
  }

  /// Opens a session with whatever token is in the slot by now. Only for what is of use on this token alone: a login that is there already.
  func openSessionInSlot(_ access: SessionAccess) throws(PKCS11Error) -> Session {
    try module.checkInUse()
    let cryptoki = module.cryptoki
    let flags = access == .readWrite ? CKF_SERIAL_SESSION | CKF_RW_SESSION : CKF_SERIAL_SESSION
    var handle: CK_SESSION_HANDLE = 0
    try unsafe cryptoki.call(
      .C_OpenSession, cryptoki.functions.pointee.C_OpenSession, token: label, operation: "open a session with the token \"\(label)\""
    ) { function in
      // Within the call, so that waiting here is held to the call's deadline too.
      cryptoki.opening.alone(in: slot.identifier) { unsafe function(slot.identifier, flags, nil, nil, &handle) }
    }
    return Session(handle, of: self, access)
  }

  private static func count(_ value: CK_ULONG) -> Int? {
    value == CK_UNAVAILABLE_INFORMATION ? nil : Int(clamping: value)
  }
}

extension Token: CustomStringConvertible {
  /// The token's URI.
  public var description: String { uri.description }
}
