internal import CCryptoki
public import Secrets
internal import Synchronization

/// A place where a token can be: a reader, a partition of an HSM, or a software token's entry (`CK_SLOT_INFO`).
public struct Slot: Sendable {
  /// The module's number for the slot, valid until tokens are initialised or the module is. Never keep it.
  public let identifier: UInt
  /// What the slot is.
  public let description: String
  /// Who made the slot.
  public let manufacturer: String
  /// The version of the slot's hardware.
  public let hardwareVersion: Version
  /// The version of the slot's firmware.
  public let firmwareVersion: Version
  /// A token was in the slot when it was listed (`CKF_TOKEN_PRESENT`).
  public let isTokenPresent: Bool
  /// Tokens can be put in and taken out (`CKF_REMOVABLE_DEVICE`).
  public let isRemovable: Bool
  /// The slot is hardware, as the module says (`CKF_HW_SLOT`).
  public let isHardware: Bool

  let module: Module
  let generation: UInt

  /// `nil` when the slot is gone since it was listed.
  init?(_ module: Module, _ identifier: CK_SLOT_ID) throws(PKCS11Error) {
    let cryptoki = module.cryptoki
    var information = CK_SLOT_INFO()
    let answer = unsafe cryptoki.answer(.C_GetSlotInfo, cryptoki.functions.pointee.C_GetSlotInfo) {
      unsafe $0(identifier, &information)
    }
    if answer == .slotIDInvalid { return nil }
    guard answer == .ok else { throw cryptoki.failure(.C_GetSlotInfo, answer, token: nil, operation: "ask a slot for its information") }
    self.identifier = identifier
    self.module = module
    generation = module.generation
    description = text(of: information.slotDescription)
    manufacturer = text(of: information.manufacturerID)
    hardwareVersion = Version(information.hardwareVersion)
    firmwareVersion = Version(information.firmwareVersion)
    isTokenPresent = information.flags & CKF_TOKEN_PRESENT != 0
    isRemovable = information.flags & CKF_REMOVABLE_DEVICE != 0
    isHardware = information.flags & CKF_HW_SLOT != 0
  }

  /// The token in the slot, initialised or not (`C_GetTokenInfo`); `nil` when there is none, or none that the module knows.
  public func token() throws(PKCS11Error) -> Token? {
    try module.checkInUse()
    var information = CK_TOKEN_INFO()
    let cryptoki = module.cryptoki
    let answer = unsafe cryptoki.answer(.C_GetTokenInfo, cryptoki.functions.pointee.C_GetTokenInfo) {
      unsafe $0(identifier, &information)
    }
    switch answer {
    case .ok:
      let token = Token(information, self)
      if token.mixesUpSearchesAndChanges { cryptoki.objectTurns.isNeeded.store(true, ordering: .relaxed) }
      return token
    case .tokenNotPresent, .tokenNotRecognized, .deviceRemoved, .slotIDInvalid: return nil
    default: throw cryptoki.failure(.C_GetTokenInfo, answer, token: nil, operation: "ask a token for its information")
    }
  }

  /// The mechanisms of the token in the slot, and what each can be used for (`C_GetMechanismList`, `C_GetMechanismInfo`).
  public func mechanisms() throws(PKCS11Error) -> [MechanismType: MechanismInformation] {
    try module.checkInUse()
    let cryptoki = module.cryptoki
    let types = try unsafe numberList("list the mechanisms of the token") { (buffer, count: inout CK_ULONG) in
      unsafe cryptoki.answer(.C_GetMechanismList, cryptoki.functions.pointee.C_GetMechanismList) { unsafe $0(identifier, buffer, &count) }
    } failure: { answer, operation in
      cryptoki.failure(.C_GetMechanismList, answer, token: nil, operation: operation)
    }
    var mechanisms: [MechanismType: MechanismInformation] = [:]
    for type in types {
      var information = CK_MECHANISM_INFO()
      let answer = unsafe cryptoki.answer(.C_GetMechanismInfo, cryptoki.functions.pointee.C_GetMechanismInfo) {
        unsafe $0(identifier, type, &information)
      }
      // Some modules list mechanisms that they know nothing about.
      if answer == .mechanismInvalid { continue }
      guard answer == .ok else {
        throw cryptoki.failure(.C_GetMechanismInfo, answer, token: nil, operation: "ask about mechanism \(MechanismType(rawValue: type))")
      }
      mechanisms[MechanismType(rawValue: type)] = MechanismInformation(information)
    }
    return mechanisms
  }

  /// Initialises the token in the slot, destroying every object on it (`C_InitToken`).
  ///
  /// Afterwards the token may be in a slot with another number, and the user has no PIN: find the token by its label, log in as security
  /// officer and set the user PIN.
  ///
  /// - Parameters:
  ///   - label: at most 32 bytes of UTF-8.
  ///   - securityOfficerPIN: the present one when the token was initialised before, otherwise the new one.
  public func initializeToken(label: String, securityOfficerPIN: borrowing SecretBytes) throws(PKCS11Error) {
    try securityOfficerPIN.checkPresent("initialise the token \"\(label)\"", label)
    try securityOfficerPIN.withBytes { pin throws(PKCS11Error) in
      try unsafe pin.withUnsafeBufferPointer { pin throws(PKCS11Error) in try unsafe initializeToken(label, pin) }
    }
  }

  /// Initialises the token as ``initializeToken(label:securityOfficerPIN:)`` does, with the security officer's PIN entered on the device's
  /// own pad (`C_InitToken` with no PIN). It takes as long as the person does.
  ///
  /// - Parameter label: at most 32 bytes of UTF-8.
  public func initializeTokenOnProtectedPath(label: String) throws(PKCS11Error) {
    try unsafe initializeToken(label, UnsafeBufferPointer(start: nil, count: 0))
  }

  /// No PIN means the protected path.
  private func initializeToken(_ label: String, _ pin: UnsafeBufferPointer<UInt8>) throws(PKCS11Error) {
    try module.checkInUse()
    guard TokenLabel.isValid(label) else {
      throw PKCS11Error(
        rule: .tokenLabel, operation: "initialise the token",
        message: "a token's label has 1 to 32 bytes of UTF-8, no control characters, and does not begin with pkcs11:",
        hint: "choose another label")
    }
    let bytes = [UInt8](label.utf8)
    let padded = bytes + [UInt8](repeating: UInt8(ascii: " "), count: 32 - bytes.count)
    let cryptoki = module.cryptoki
    try unsafe cryptoki.call(
      .C_InitToken, cryptoki.functions.pointee.C_InitToken, token: label, operation: "initialise the token \"\(label)\""
    ) { function in
      unsafe padded.withUnsafeBufferPointer { unsafe function(identifier, pin.baseAddress, CK_ULONG(pin.count), $0.baseAddress) }
    }
  }
}

extension Slot: CustomStringConvertible {}
