internal import CCryptoki

extension CallAdviceRow {
  private static let lostSession = "run this again; if the token goes on closing sessions, see its own log"

  /// About sessions, logins and PINs.
  static let aboutSessions: [CallAdviceRow] = [
    CallAdviceRow(CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", .newSession, "the session was closed during the call", lostSession),
    CallAdviceRow(
      CKR_SESSION_COUNT, "CKR_SESSION_COUNT", .operatorAction, "the token has no room for another session",
      "close sessions that are not needed, here or in other programs"),
    CallAdviceRow(
      CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", .newSession, "the session is not open any more", lostSession),
    CallAdviceRow(
      CKR_SESSION_PARALLEL_NOT_SUPPORTED, "CKR_SESSION_PARALLEL_NOT_SUPPORTED", .permanent,
      "the token does not have sessions of this kind", reportIt),
    CallAdviceRow(CKR_SESSION_READ_ONLY, "CKR_SESSION_READ_ONLY", .permanent, "the session is read-only", "open a read-write session"),
    CallAdviceRow(
      CKR_SESSION_EXISTS, "CKR_SESSION_EXISTS", .operatorAction, "a session with the token is open",
      "close every session first, in this program and in others"),
    CallAdviceRow(
      CKR_SESSION_READ_ONLY_EXISTS, "CKR_SESSION_READ_ONLY_EXISTS", .operatorAction,
      "a read-only session is open, so the security officer cannot log in", "close read-only sessions first"),
    CallAdviceRow(
      CKR_SESSION_READ_WRITE_SO_EXISTS, "CKR_SESSION_READ_WRITE_SO_EXISTS", .operatorAction,
      "the security officer is logged in, which allows read-write sessions only", "log the security officer out first"),
    CallAdviceRow(
      CKR_SESSION_ASYNC_NOT_SUPPORTED, "CKR_SESSION_ASYNC_NOT_SUPPORTED", .permanent, "the token does not have sessions of this kind",
      reportIt),

    CallAdviceRow(
      CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT", .operatorAction, "the token refused the PIN",
      "do not try again by guess: after a few wrong PINs the token locks itself"
    )
    .from(
      [.C_InitToken], .operatorAction, "the token refused the security officer PIN",
      "a token that is initialised again needs its present security officer PIN"),
    CallAdviceRow(
      CKR_PIN_INVALID, "CKR_PIN_INVALID", .operatorAction, "the token does not take the characters of this PIN",
      "use the characters that the token's manual allows"),
    CallAdviceRow(
      CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE", .operatorAction, "the PIN is too short or too long",
      "see the token's minimum and maximum PIN length"),
    CallAdviceRow(CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED", .operatorAction, "the PIN has expired", "set a new PIN first"),
    CallAdviceRow(
      CKR_PIN_LOCKED, "CKR_PIN_LOCKED", .operatorAction, "the PIN is locked after too many wrong ones", "unlock it as security officer"
    )
    .from(
      [.C_InitToken, .C_InitPIN], .operatorAction, "the security officer PIN is locked after too many wrong ones",
      "see the token's manual; on many tokens there is no way back but to erase it"),
    CallAdviceRow(CKR_PIN_TOO_WEAK, "CKR_PIN_TOO_WEAK", .operatorAction, "the token finds the PIN too weak", "choose a longer PIN"),
    CallAdviceRow(
      CKR_NEW_PIN_MODE, "CKR_NEW_PIN_MODE", .operatorAction, "the one-time password token wants a new PIN", "set its PIN first"),
    CallAdviceRow(
      CKR_NEXT_OTP, "CKR_NEXT_OTP", .operatorAction, "the one-time password token wants another password", "wait for the next password"),

    CallAdviceRow(
      CKR_USER_ALREADY_LOGGED_IN, "CKR_USER_ALREADY_LOGGED_IN", .permanent, "the user is logged in already",
      "go on, or log out first to log in as somebody else"),
    CallAdviceRow(
      CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", .logInAgain, "a login is needed",
      "log in first; a logout anywhere in the program ends the login of every session"
    )
    .from(
      [.C_Sign], .logInAgain, "the key wants a PIN for this very signature, or the login was lost",
      "for a key with CKA_ALWAYS_AUTHENTICATE, sign with its PIN at hand"
    )
    .from([.C_Logout], .permanent, "nobody is logged in", "go on: there is no login to end")
    .from([.C_InitPIN], .operatorAction, "the security officer is not logged in", "log in as security officer first"),
    CallAdviceRow(
      CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED", .operatorAction, "the user has no PIN yet",
      "log in as security officer and set the user PIN"),
    CallAdviceRow(
      CKR_USER_TYPE_INVALID, "CKR_USER_TYPE_INVALID", .permanent, "the token does not know this kind of user",
      "see the token's manual for the users it has"),
    CallAdviceRow(
      CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN", .operatorAction, "another kind of user is logged in",
      "log that user out first"),
    CallAdviceRow(
      CKR_USER_TOO_MANY_TYPES, "CKR_USER_TOO_MANY_TYPES", .operatorAction, "too many kinds of users are logged in",
      "log another user out first"),
  ]
}
