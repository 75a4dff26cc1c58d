/// What is known of each backend and refused, or put up with, with open eyes: the check, and the rule or the answer that it ends with.
/// Everything else must pass, or be skipped for want of a mechanism.
enum Expectations {
  static let findings: [String: [String: String]] = [
    "nss": [
      "generate rsa-2048": "CKR_GENERAL_ERROR",
      "generate ecdsa-p256": "CKR_GENERAL_ERROR",
      "generate ecdsa-p384": "CKR_GENERAL_ERROR",
      "generate ecdsa-p521": "CKR_GENERAL_ERROR",
      "the private rsa-2048 key cannot be wrapped out": "KEY-NOT-EXTRACTABLE",
      "the private ecdsa-p256 key cannot be wrapped out": "KEY-NOT-EXTRACTABLE",
    ],
    "opencryptoki": [
      "generate rsa-2048": "CKR_ATTRIBUTE_TYPE_INVALID"
    ],
    "tpm2": [
      "generate rsa-2048": "CKR_GENERAL_ERROR",
      "generate ecdsa-p256": "CKR_GENERAL_ERROR",
      "generate ecdsa-p384": "CKR_GENERAL_ERROR",
      "generate ecdsa-p521": "CKR_GENERAL_ERROR",
      "find ecdsa-p521 by name, identifier and public key": "key-unusable",
      "a certificate request signed by ecdsa-p521": "key-unusable",
      "ecdsa-p521 signs ecdsa-sha512": "key-unusable",
      "sign with CKM_ECDSA, ecdsa-p521": "CKR_HOST_MEMORY",
      "sign with CKM_ECDSA_SHA512, ecdsa-p521": "CKR_HOST_MEMORY",
      "the private rsa-2048 key cannot be made extractable": "KEY-NOT-EXTRACTABLE",
      "the private rsa-2048 key cannot be made readable": "KEY-SENSITIVE",
      "the private ecdsa-p256 key cannot be made extractable": "KEY-NOT-EXTRACTABLE",
      "the private ecdsa-p256 key cannot be made readable": "KEY-SENSITIVE",
      "everything that was made is destroyed": "CKR_FUNCTION_FAILED",
    ],
  ]
}
