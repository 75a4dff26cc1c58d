internal import CCryptoki

extension CallAdviceRow {
  private static let lookAtLog = "look at the module's own log"
  private static let couldNotStart = "the module could not start"
  private static let checkConfiguration =
    "check its configuration file and the owner and mode of its token folder (for SoftHSM: SOFTHSM2_CONF)"
  private static let needsThreads = "use a build of the module that several threads may call"

  /// About the module as a whole: its start, its memory, its functions.
  static let aboutModules: [CallAdviceRow] = [
    CallAdviceRow(CKR_CANCEL, "CKR_CANCEL", .newSession, "the module took the call for cancelled, which nobody asked for", reportIt),
    CallAdviceRow(
      CKR_HOST_MEMORY, "CKR_HOST_MEMORY", .retry, "the computer has no memory left for the module",
      "end programs that take much memory, or raise the limit of this one"),
    CallAdviceRow(
      CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", .newSession, "the module failed without saying why", lookAtLog
    )
    .from([.C_Initialize], .operatorAction, couldNotStart, checkConfiguration)
    .from(
      [
        .C_GetInfo, .C_GetSlotList, .C_GetSlotInfo, .C_GetTokenInfo, .C_GetMechanismList, .C_GetMechanismInfo, .C_OpenSession,
      ], .reinitializeModule, "the module has lost its token or its own state", "look at the module's own log, and that the token is there"
    )
    .from(
      [.C_Sign], .newSession, "the token failed to sign", "check that the mechanism fits the key's type, and look at the module's own log"),
    CallAdviceRow(
      CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", .retry, "the module could not perform the function", lookAtLog
    )
    .from([.C_Initialize], .operatorAction, couldNotStart, checkConfiguration),
    CallAdviceRow(
      CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD", .permanent, "the module found the arguments of the call improper",
      "\(lookAtLog), and report it with the module's name and version"
    )
    .from(
      [.C_Initialize], .operatorAction, "the module cannot be initialised without parameters of its own",
      "some modules (NSS softoken) need an initialisation string; use them through p11-kit-proxy.so, which can pass one"
    )
    .from(
      [.C_OpenSession], .retry, "the module refused to open a session",
      "some modules (AWS CloudHSM) answer so when sessions are opened too fast or there are too many; use fewer"),
    CallAdviceRow(
      CKR_NEED_TO_CREATE_THREADS, "CKR_NEED_TO_CREATE_THREADS", .permanent, "the module does not start without threads of its own",
      needsThreads),
    CallAdviceRow(CKR_CANT_LOCK, "CKR_CANT_LOCK", .permanent, "the module cannot be called by several threads", needsThreads),
    CallAdviceRow(
      CKR_FUNCTION_CANCELED, "CKR_FUNCTION_CANCELED", .operatorAction, "the call was cancelled, as at the device's own pad",
      "run this again when the person at the device is ready"),
    CallAdviceRow(
      CKR_FUNCTION_NOT_PARALLEL, "CKR_FUNCTION_NOT_PARALLEL", .permanent, "no function is running beside this one", reportIt),
    CallAdviceRow(
      CKR_FUNCTION_NOT_SUPPORTED, "CKR_FUNCTION_NOT_SUPPORTED", .permanent, "the module does not have this function",
      "use another module for this token, or the vendor's own tool for this step"),
    CallAdviceRow(
      CKR_BUFFER_TOO_SMALL, "CKR_BUFFER_TOO_SMALL", .permanent, "the answer is longer than it can be",
      "report it with the module's name and version"
    )
    .from(
      [.C_GetSlotList, .C_GetMechanismList, .C_GetAttributeValue], .retry, "the answer became longer while it was read", "run this again"
    )
    .from(
      [.C_Sign], .permanent, "the signature is longer than the public key says", "check that the mechanism fits the key's type"),
    CallAdviceRow(
      CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED", .reinitializeModule, "the module is not initialised",
      "find out what else in the process finalizes the module, if it happens again"),
    CallAdviceRow(
      CKR_CRYPTOKI_ALREADY_INITIALIZED, "CKR_CRYPTOKI_ALREADY_INITIALIZED", .permanent,
      "something else in the process has initialised the module", "leave the module to whoever initialised it"),
    CallAdviceRow(CKR_MUTEX_BAD, "CKR_MUTEX_BAD", .reinitializeModule, "a lock inside the module is broken", reportIt),
    CallAdviceRow(CKR_MUTEX_NOT_LOCKED, "CKR_MUTEX_NOT_LOCKED", .reinitializeModule, "a lock inside the module is broken", reportIt),
    CallAdviceRow(
      CKR_FIPS_SELF_TEST_FAILED, "CKR_FIPS_SELF_TEST_FAILED", .operatorAction, "the module failed its own test",
      "do as the module's manual says; until then it does nothing"),
    CallAdviceRow(
      CKR_LIBRARY_LOAD_FAILED, "CKR_LIBRARY_LOAD_FAILED", .operatorAction, "the module could not load a library that it needs",
      "install what the module's manual demands"),
    CallAdviceRow(
      CKR_FUNCTION_REJECTED, "CKR_FUNCTION_REJECTED", .operatorAction, "the person at the device, or the token's own policy, refused",
      "see the token's audit log"),
    CallAdviceRow(
      CKR_PENDING, "CKR_PENDING", .newSession, "the module goes on with the call by itself, which nobody asked for", reportIt),
  ]
}
