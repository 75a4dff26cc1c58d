internal import CCryptoki

extension CallAdviceRow {
  private static let searchAgain = "look the object up again: it was destroyed, or a logout made its handle void"
  private static let seeSizes = "see the mechanism's information for the sizes that the token takes"

  /// About objects: their handles, attributes and templates, and keys as such.
  static let aboutObjects: [CallAdviceRow] = [
    CallAdviceRow(
      CKR_ATTRIBUTE_READ_ONLY, "CKR_ATTRIBUTE_READ_ONLY", .permanent, "an attribute cannot be changed",
      "leave it out, or make a new object"),
    CallAdviceRow(
      CKR_ATTRIBUTE_SENSITIVE, "CKR_ATTRIBUTE_SENSITIVE", .permanent, "an attribute does not leave the token",
      "do without it: that it stays there is what the token is for"),
    CallAdviceRow(
      CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID", .permanent, "the token does not know one of the attributes",
      "leave the optional attributes out"),
    CallAdviceRow(
      CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID", .permanent,
      "the token does not take the value of one of the attributes", "check lengths and allowed values"),
    CallAdviceRow(
      CKR_ACTION_PROHIBITED, "CKR_ACTION_PROHIBITED", .permanent, "the object's own attributes forbid this",
      "see CKA_MODIFIABLE, CKA_COPYABLE and CKA_DESTROYABLE"),
    CallAdviceRow(CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID", .findKeyAgain, "the key is not there any more", searchAgain),
    CallAdviceRow(
      CKR_KEY_SIZE_RANGE, "CKR_KEY_SIZE_RANGE", .permanent, "the token does not take keys of this size", seeSizes),
    CallAdviceRow(
      CKR_KEY_TYPE_INCONSISTENT, "CKR_KEY_TYPE_INCONSISTENT", .permanent, "the key is not of the type that the mechanism needs",
      "choose the mechanism by the key's type"),
    CallAdviceRow(CKR_KEY_NOT_NEEDED, "CKR_KEY_NOT_NEEDED", .permanent, "a key was given that is not needed", reportIt),
    CallAdviceRow(CKR_KEY_CHANGED, "CKR_KEY_CHANGED", .permanent, "a key is not the one that was used before", reportIt),
    CallAdviceRow(CKR_KEY_NEEDED, "CKR_KEY_NEEDED", .permanent, "a key is missing", reportIt),
    CallAdviceRow(
      CKR_KEY_INDIGESTIBLE, "CKR_KEY_INDIGESTIBLE", .permanent, "the key's value cannot be digested", "use another key"),
    CallAdviceRow(
      CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED", .permanent, "the key's attributes do not allow this use",
      "see CKA_SIGN and CKA_ALLOWED_MECHANISMS of the key; they cannot be added later"),
    CallAdviceRow(
      CKR_KEY_NOT_WRAPPABLE, "CKR_KEY_NOT_WRAPPABLE", .permanent, "the key cannot be wrapped", "do without a copy of the key"),
    CallAdviceRow(
      CKR_KEY_UNEXTRACTABLE, "CKR_KEY_UNEXTRACTABLE", .permanent, "the key may not leave the token",
      "do without a copy of the key: that it stays there is what the token is for"),
    CallAdviceRow(
      CKR_KEY_EXHAUSTED, "CKR_KEY_EXHAUSTED", .permanent, "the key has made all the signatures that it can", "make a new key"),
    CallAdviceRow(
      CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID", .findKeyAgain, "the object is not there any more", searchAgain),
    CallAdviceRow(
      CKR_TEMPLATE_INCOMPLETE, "CKR_TEMPLATE_INCOMPLETE", .permanent, "an attribute that the token needs is missing",
      "check the attributes, and that the token has the mechanism"),
    CallAdviceRow(
      CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT", .permanent,
      "attributes contradict each other or what the token allows", "leave out what is not needed"),
    CallAdviceRow(
      CKR_UNWRAPPING_KEY_HANDLE_INVALID, "CKR_UNWRAPPING_KEY_HANDLE_INVALID", .findKeyAgain, "the unwrapping key is not there any more",
      searchAgain),
    CallAdviceRow(
      CKR_UNWRAPPING_KEY_SIZE_RANGE, "CKR_UNWRAPPING_KEY_SIZE_RANGE", .permanent, "the token does not unwrap with keys of this size",
      seeSizes),
    CallAdviceRow(
      CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT", .permanent,
      "the unwrapping key is not of the type that the mechanism needs", "choose the mechanism by the key's type"),
    CallAdviceRow(
      CKR_WRAPPED_KEY_INVALID, "CKR_WRAPPED_KEY_INVALID", .permanent, "the wrapped key is damaged", "have it wrapped again"),
    CallAdviceRow(
      CKR_WRAPPED_KEY_LEN_RANGE, "CKR_WRAPPED_KEY_LEN_RANGE", .permanent, "the wrapped key is too long or too short",
      "have it wrapped again"),
    CallAdviceRow(
      CKR_WRAPPING_KEY_HANDLE_INVALID, "CKR_WRAPPING_KEY_HANDLE_INVALID", .findKeyAgain, "the wrapping key is not there any more",
      searchAgain),
    CallAdviceRow(
      CKR_WRAPPING_KEY_SIZE_RANGE, "CKR_WRAPPING_KEY_SIZE_RANGE", .permanent, "the token does not wrap with keys of this size", seeSizes),
    CallAdviceRow(
      CKR_WRAPPING_KEY_TYPE_INCONSISTENT, "CKR_WRAPPING_KEY_TYPE_INCONSISTENT", .permanent,
      "the wrapping key is not of the type that the mechanism needs", "choose the mechanism by the key's type"),
    CallAdviceRow(
      CKR_PUBLIC_KEY_INVALID, "CKR_PUBLIC_KEY_INVALID", .permanent, "the token finds the public key invalid",
      "check where the key comes from"),
  ]
}
