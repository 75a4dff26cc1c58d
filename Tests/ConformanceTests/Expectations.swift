/// What is known of each backend and refused, or put up with, with open eyes: the check, and the rule or the answer that it ends with.
/// Everything else must pass, or be skipped for want of a mechanism.
enum Expectations {
  static let findings: [String: [String: String]] = [
    "nss": [
      "generate rsa-2048": "KEY-NOT-EXTRACTABLE",
      "generate ecdsa-p256": "KEY-NOT-EXTRACTABLE",
      "generate ecdsa-p384": "KEY-NOT-EXTRACTABLE",
      "generate ecdsa-p521": "KEY-NOT-EXTRACTABLE",
      "probe wrap-out, rsa-2048": "KEY-NOT-EXTRACTABLE",
      "probe wrap-out, ecdsa-p256": "KEY-NOT-EXTRACTABLE",
      "probe derive, ecdsa-p256": "KEY-SIGN-ONLY",
      "probe sign-recover, rsa-2048": "KEY-SIGN-ONLY",
      "probe copy, rsa-2048": "KEY-NOT-COPYABLE",
      "probe copy, ecdsa-p256": "KEY-NOT-COPYABLE",
      "probe copy-extractable, rsa-2048": "KEY-ATTRIBUTES-FIXED",
      "probe copy-extractable, ecdsa-p256": "KEY-ATTRIBUTES-FIXED",
    ],
    "opencryptoki": [
      "generate rsa-2048": "KEY-NOT-COPYABLE",
      "probe copy, rsa-2048": "KEY-NOT-COPYABLE",
      "probe sign-recover, rsa-2048": "KEY-SIGN-ONLY",
    ],
    "tpm2": [
      "generate rsa-2048": "KEY-ATTRIBUTES-FIXED",
      "generate ecdsa-p256": "KEY-ATTRIBUTES-FIXED",
      "generate ecdsa-p384": "KEY-ATTRIBUTES-FIXED",
      "generate ecdsa-p521": "key-unusable",
      "generate ecdsa-p521 by the policy non-exportable-signing-and-decrypting, with waivers": "key-unusable",
      "find ecdsa-p521 by name, identifier and public key": "key-unusable",
      "a certificate request signed by ecdsa-p521": "key-unusable",
      "ecdsa-p521 signs ecdsa-sha512": "key-unusable",
      "sign with CKM_ECDSA, ecdsa-p521": "CKR_HOST_MEMORY",
      "sign with CKM_ECDSA_SHA512, ecdsa-p521": "CKR_HOST_MEMORY",
      "probe decrypt, rsa-2048": "KEY-SIGN-ONLY",
      "probe make-extractable, rsa-2048": "KEY-ATTRIBUTES-FIXED",
      "probe make-readable, rsa-2048": "KEY-ATTRIBUTES-FIXED",
      "probe make-extractable, ecdsa-p256": "KEY-ATTRIBUTES-FIXED",
      "probe make-readable, ecdsa-p256": "KEY-ATTRIBUTES-FIXED",
      "everything that was made is destroyed": "CKR_FUNCTION_FAILED",
    ],
  ]
}
