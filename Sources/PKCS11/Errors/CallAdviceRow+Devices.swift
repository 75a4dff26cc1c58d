internal import CCryptoki

extension CallAdviceRow {
  private static let checkDevice = "check the device and its connection"
  private static let makeRoom = "destroy objects that are not needed any more"

  /// About slots, tokens and the devices behind them.
  static let aboutDevices: [CallAdviceRow] = [
    CallAdviceRow(
      CKR_SLOT_ID_INVALID, "CKR_SLOT_ID_INVALID", .reinitializeModule, "the slot does not exist any more",
      "list the slots again; slot numbers change"),
    CallAdviceRow(CKR_NO_EVENT, "CKR_NO_EVENT", .permanent, "nothing has happened in any slot", reportIt),
    CallAdviceRow(CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", .reinitializeModule, "the device has a fault", checkDevice),
    CallAdviceRow(CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", .operatorAction, "the device is full", makeRoom)
      .from(
        [.C_OpenSession, .C_FindObjectsInit, .C_FindObjects, .C_SignInit, .C_Sign, .C_VerifyInit, .C_Verify, .C_GenerateRandom], .retry,
        "the device has no memory left for this at the moment", "use fewer sessions at a time, here and in other programs"),
    CallAdviceRow(CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", .reinitializeModule, "the device was removed", checkDevice),
    CallAdviceRow(
      CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", .reinitializeModule, "there is no token in the slot",
      "insert or connect the token"),
    CallAdviceRow(
      CKR_TOKEN_NOT_RECOGNIZED, "CKR_TOKEN_NOT_RECOGNIZED", .operatorAction, "the module does not know the token in the slot",
      "use the module that belongs to this token"),
    CallAdviceRow(
      CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED", .operatorAction, "the token is write protected",
      "take the protection off where the token's manual says"),
    CallAdviceRow(
      CKR_TOKEN_NOT_INITIALIZED, "CKR_TOKEN_NOT_INITIALIZED", .operatorAction, "the token is not initialised",
      "initialise the token first"),
    CallAdviceRow(
      CKR_TOKEN_RESOURCE_EXCEEDED, "CKR_TOKEN_RESOURCE_EXCEEDED", .retry, "the token has no resources left for this at the moment",
      "use fewer sessions at a time, here and in other programs, or raise the token's quota"),
    CallAdviceRow(
      CKR_RANDOM_SEED_NOT_SUPPORTED, "CKR_RANDOM_SEED_NOT_SUPPORTED", .permanent, "the token's random generator takes no seed", reportIt),
    CallAdviceRow(
      CKR_RANDOM_NO_RNG, "CKR_RANDOM_NO_RNG", .permanent, "the token has no random generator", "take random bytes from elsewhere"),
    CallAdviceRow(
      CKR_SEED_RANDOM_REQUIRED, "CKR_SEED_RANDOM_REQUIRED", .operatorAction, "the token's random generator has not been seeded",
      "seed it as the token's manual says"),
  ]
}
