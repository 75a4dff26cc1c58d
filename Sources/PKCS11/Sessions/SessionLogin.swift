internal import CCryptoki
public import Secrets

/// Who logs in (`CK_USER_TYPE`). Vendors' own kinds keep their number.
public struct UserType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  /// The one who uses the keys.
  public static let user = UserType(rawValue: CKU_USER)
  /// The one who initialises the token and sets the user's PIN.
  public static let securityOfficer = UserType(rawValue: CKU_SO)
  /// Whoever is logged in, once more, for an operation that was begun with a key that wants it.
  public static let contextSpecific = UserType(rawValue: CKU_CONTEXT_SPECIFIC)
}

extension UserType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .user: "the user"
    case .securityOfficer: "the security officer"
    case .contextSpecific: "the user, for one operation"
    default: "a user of type 0x" + String(rawValue, radix: 16)
    }
  }
}

extension Session {
  /// Logs in (`C_Login`), for every session of this program with the token.
  ///
  /// A wrong PIN may cost one of a few tries, so look at the token's flags first. That the same kind of user is logged in already is
  /// success.
  ///
  /// - Returns: whether the PIN was looked at: `false` when the same kind of user was logged in already (`CKR_USER_ALREADY_LOGGED_IN`).
  @discardableResult
  public mutating func login(_ user: UserType, pin: borrowing SecretBytes) throws(PKCS11Error) -> Bool {
    try login(try handle, user, pin)
  }

  /// Logs in with the PIN entered on the device's own pad (`C_Login` with no PIN). It takes as long as the person does.
  ///
  /// - Returns: whether a PIN was asked for: `false` when the same kind of user was logged in already.
  @discardableResult
  public mutating func loginOnProtectedPath(_ user: UserType) throws(PKCS11Error) -> Bool {
    try unsafe login(try handle, user, UnsafeBufferPointer(start: nil, count: 0))
  }

  @discardableResult
  mutating func login(_ handle: CK_SESSION_HANDLE, _ user: UserType, _ pin: borrowing SecretBytes) throws(PKCS11Error) -> Bool {
    try pin.checkPresent("log in as \(user)", token.label)
    return try pin.withBytes { pin throws(PKCS11Error) in
      try unsafe pin.withUnsafeBufferPointer { pin throws(PKCS11Error) in try unsafe login(handle, user, pin) }
    }
  }

  /// Logs in; no PIN means the protected path.
  @discardableResult
  mutating func login(_ handle: CK_SESSION_HANDLE, _ user: UserType, _ pin: UnsafeBufferPointer<UInt8>) throws(PKCS11Error) -> Bool {
    let answer = unsafe cryptoki.answer(.C_Login, cryptoki.functions.pointee.C_Login) {
      unsafe $0(handle, user.rawValue, pin.baseAddress, CK_ULONG(pin.count))
    }
    if answer == .userAlreadyLoggedIn, user != .contextSpecific { return false }
    guard answer == .ok else { throw failure(.C_Login, answer, operation: "log in as \(user)") }
    return true
  }

  /// Logs out (`C_Logout`): every session of this program with the token, and every handle of a private object is void, for good.
  public mutating func logout() throws(PKCS11Error) {
    let handle = try handle
    try unsafe call(.C_Logout, cryptoki.functions.pointee.C_Logout, operation: "log out") { $0(handle) }
  }

  /// Sets the user's PIN, as the security officer who is logged in (`C_InitPIN`).
  public mutating func initializeUserPIN(_ pin: borrowing SecretBytes) throws(PKCS11Error) {
    let handle = try handle
    try pin.checkPresent("set the user PIN", token.label)
    try pin.withBytes { pin throws(PKCS11Error) in
      try unsafe call(.C_InitPIN, cryptoki.functions.pointee.C_InitPIN, operation: "set the user PIN") { function in
        unsafe pin.withUnsafeBufferPointer { unsafe function(handle, $0.baseAddress, CK_ULONG($0.count)) }
      }
    }
  }

  /// Sets the user's PIN, as the security officer who is logged in, with the new PIN entered on the device's own pad (`C_InitPIN` with no
  /// PIN).
  public mutating func initializeUserPINOnProtectedPath() throws(PKCS11Error) {
    let handle = try handle
    try unsafe call(.C_InitPIN, cryptoki.functions.pointee.C_InitPIN, operation: "set the user PIN") { $0(handle, nil, 0) }
  }

  /// Changes the PIN of whoever is logged in, or the user's when nobody is, with both PINs entered on the device's own pad (`C_SetPIN` with
  /// no PINs).
  public mutating func setPINOnProtectedPath() throws(PKCS11Error) {
    let handle = try handle
    try unsafe call(.C_SetPIN, cryptoki.functions.pointee.C_SetPIN, operation: "change the PIN") { $0(handle, nil, 0, nil, 0) }
  }

  /// Changes the PIN of whoever is logged in, or the user's when nobody is (`C_SetPIN`).
  public mutating func setPIN(old: borrowing SecretBytes, new: borrowing SecretBytes) throws(PKCS11Error) {
    let handle = try handle
    try old.checkPresent("change the PIN", token.label)
    try new.checkPresent("change the PIN", token.label)
    try old.withBytes { old throws(PKCS11Error) in
      try new.withBytes { new throws(PKCS11Error) in
        try unsafe call(.C_SetPIN, cryptoki.functions.pointee.C_SetPIN, operation: "change the PIN") { function in
          unsafe old.withUnsafeBufferPointer { old in
            unsafe new.withUnsafeBufferPointer { new in
              unsafe function(handle, old.baseAddress, CK_ULONG(old.count), new.baseAddress, CK_ULONG(new.count))
            }
          }
        }
      }
    }
  }
}

extension SecretBytes {
  /// Refuses an empty PIN, which a module would take for the wish to use the protected path, and wait for a person at the pad.
  borrowing func checkPresent(_ operation: String, _ token: String) throws(PKCS11Error) {
    if count == 0 {
      throw PKCS11Error(
        rule: .pinPresent, token: token, operation: operation, message: "the PIN is empty",
        hint: "check the PIN's source; for the device's own pad use the protected path")
    }
  }
}
