/// What is known of each backend and refused, or put up with, with open eyes: the check, and the rule or the answer that it ends with.
/// Everything else must pass, or be skipped for want of a mechanism.
enum Expectations {
  static let findings: [String: [String: String]] = [
    "nss": [
      "generate rsa-2048": "KEY-LOCAL",
      "generate ecdsa-p256": "KEY-LOCAL",
      "generate ecdsa-p384": "KEY-LOCAL",
      "generate ecdsa-p521": "KEY-LOCAL",
      "the private rsa-2048 key cannot be wrapped out": "KEY-NOT-EXTRACTABLE",
      "the private ecdsa-p256 key cannot be wrapped out": "KEY-NOT-EXTRACTABLE",
    ],
    "tpm2": [
      "generate rsa-2048": "KEY-SIGN-ONLY",
      "generate ecdsa-p256": "KEY-SIGN-ONLY",
      "generate ecdsa-p384": "KEY-SIGN-ONLY",
      "generate ecdsa-p521": "key-unusable",
      "generate ecdsa-p521 by the policy non-exportable-signing-and-decrypting": "key-unusable",
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
