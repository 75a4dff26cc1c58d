internal import CCryptoki

extension Session {
  /// Whether the user is logged in, as the token sees it (`C_GetSessionInfo`). A login is lost when the token was reset or taken out.
  public mutating func isUserLoggedIn() throws(PKCS11Error) -> Bool { try isLoggedIn(as: .user) }

  /// Whether the user or the security officer is logged in, as the token sees it (`C_GetSessionInfo`); `false` for other kinds of user.
  public mutating func isLoggedIn(as user: UserType) throws(PKCS11Error) -> Bool {
    let handle = try handle
    var information = CK_SESSION_INFO()
    try unsafe call(.C_GetSessionInfo, cryptoki.functions.pointee.C_GetSessionInfo, operation: "ask for the state of the session") {
      unsafe $0(handle, &information)
    }
    switch user {
    case .user: return information.state == CKS_RO_USER_FUNCTIONS || information.state == CKS_RW_USER_FUNCTIONS
    case .securityOfficer: return information.state == CKS_RW_SO_FUNCTIONS
    default: return false
    }
  }
}
