internal import CCryptoki

extension CallAdviceRow {
  private static let askMechanisms = "see the mechanisms of the token's slot and choose another"
  private static let chooseCurve = "use a named curve that the token has"

  /// About mechanisms and operations: their data, parameters and order.
  static let aboutOperations: [CallAdviceRow] = [
    CallAdviceRow(
      CKR_DATA_INVALID, "CKR_DATA_INVALID", .permanent, "the mechanism cannot take these data",
      "check that what is signed has the form the mechanism needs"),
    CallAdviceRow(
      CKR_DATA_LEN_RANGE, "CKR_DATA_LEN_RANGE", .permanent, "the data are too long or too short for the mechanism and key",
      "sign a digest instead of the data"),
    CallAdviceRow(
      CKR_ENCRYPTED_DATA_INVALID, "CKR_ENCRYPTED_DATA_INVALID", .permanent, "the encrypted data are damaged", reportIt),
    CallAdviceRow(
      CKR_ENCRYPTED_DATA_LEN_RANGE, "CKR_ENCRYPTED_DATA_LEN_RANGE", .permanent, "the encrypted data are too long or too short", reportIt),
    CallAdviceRow(
      CKR_AEAD_DECRYPT_FAILED, "CKR_AEAD_DECRYPT_FAILED", .permanent, "the encrypted data are damaged", reportIt),
    CallAdviceRow(
      CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID", .permanent, "the token does not have this mechanism", askMechanisms),
    CallAdviceRow(
      CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID", .permanent, "the token refused the parameters of the mechanism",
      askMechanisms),
    CallAdviceRow(
      CKR_OPERATION_ACTIVE, "CKR_OPERATION_ACTIVE", .newSession, "the session is in the middle of another operation",
      "run this again; report it if it happens again"),
    CallAdviceRow(
      CKR_OPERATION_NOT_INITIALIZED, "CKR_OPERATION_NOT_INITIALIZED", .newSession, "the session has no operation to go on with",
      "run this again; report it if it happens again"),
    CallAdviceRow(
      CKR_OPERATION_CANCEL_FAILED, "CKR_OPERATION_CANCEL_FAILED", .newSession, "an operation could not be cancelled", reportIt),
    CallAdviceRow(
      CKR_OPERATION_NOT_VALIDATED, "CKR_OPERATION_NOT_VALIDATED", .permanent,
      "the token's validation does not cover this, and its policy forbids what is not covered",
      "choose an algorithm that is validated, or see the token's manual for its policy"),
    CallAdviceRow(
      CKR_SIGNATURE_INVALID, "CKR_SIGNATURE_INVALID", .permanent, "the signature does not belong to these data and this key",
      "do not trust the data"),
    CallAdviceRow(
      CKR_SIGNATURE_LEN_RANGE, "CKR_SIGNATURE_LEN_RANGE", .permanent, "the signature does not have the length that the key gives",
      "do not trust the data"),
    CallAdviceRow(
      CKR_DOMAIN_PARAMS_INVALID, "CKR_DOMAIN_PARAMS_INVALID", .permanent, "the token does not take these curve parameters", chooseCurve),
    CallAdviceRow(CKR_CURVE_NOT_SUPPORTED, "CKR_CURVE_NOT_SUPPORTED", .permanent, "the token does not have this curve", chooseCurve),
    CallAdviceRow(
      CKR_PARAMETER_SET_NOT_SUPPORTED, "CKR_PARAMETER_SET_NOT_SUPPORTED", .permanent, "the token does not have this parameter set",
      "use a parameter set that the token has"),
    CallAdviceRow(CKR_SAVED_STATE_INVALID, "CKR_SAVED_STATE_INVALID", .permanent, "the saved state is damaged", reportIt),
    CallAdviceRow(
      CKR_INFORMATION_SENSITIVE, "CKR_INFORMATION_SENSITIVE", .permanent, "the information does not leave the token", reportIt),
    CallAdviceRow(CKR_STATE_UNSAVEABLE, "CKR_STATE_UNSAVEABLE", .permanent, "the operation's state cannot be saved", reportIt),
    CallAdviceRow(
      CKR_EXCEEDED_MAX_ITERATIONS, "CKR_EXCEEDED_MAX_ITERATIONS", .retry, "the token found no fitting numbers in the time it takes",
      "run this again"),
  ]
}
