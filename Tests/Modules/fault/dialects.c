// Ways of vendors' tokens, in the words of a script, as far as they have been reported in public. A dialect shows the obstacle, it is
// not a model of the device: what is not known of one is left as the backend does it. Any line of a script can be added to one.

#include "fault.h"

#include <string.h>

static const struct {
  const char *name, *lines;
} dialects[] = {
  {"cloudhsm",
   "token-info manufacturer \"Marvell Semiconductors, Inc.\"\n"
   "token-info model \"NITROX-III CNN35\"\n"
   // Sessions that cannot write are not offered.
   "no-read-only-sessions CKR_FUNCTION_FAILED\n"
   // Who opens sessions quickly is throttled, with a code that says something else.
   "open-burst 16 1000 CKR_ARGUMENTS_BAD\n"
   // Attributes of the standard that the device does not know are refused in templates, and unknown when they are asked for.
   "refuse-attribute CKA_SIGN_RECOVER CKR_TEMPLATE_INCONSISTENT\n"
   "refuse-attribute CKA_VERIFY_RECOVER CKR_TEMPLATE_INCONSISTENT\n"
   "refuse-attribute CKA_COPYABLE CKR_TEMPLATE_INCONSISTENT\n"
   "refuse-attribute CKA_ALWAYS_AUTHENTICATE CKR_TEMPLATE_INCONSISTENT\n"
   "refuse-attribute CKA_ALLOWED_MECHANISMS CKR_TEMPLATE_INCONSISTENT\n"
   "hide-attribute CKA_SIGN_RECOVER\n"
   "hide-attribute CKA_COPYABLE\n"
   "hide-attribute CKA_ALWAYS_AUTHENTICATE\n"
   // Public keys are private objects as well: the attribute can only be set to the value that it has anyway.
   "refuse-attribute CKA_PRIVATE = FALSE CKR_ATTRIBUTE_VALUE_INVALID\n"
   "default-attribute CKA_PRIVATE = TRUE public private\n"
   "refuse-attribute CKA_SENSITIVE = FALSE CKR_ATTRIBUTE_VALUE_INVALID private\n"
   "default-attribute CKA_SENSITIVE = TRUE private generate\n"
   // A key can be taken out unless its template says no.
   "default-attribute CKA_EXTRACTABLE = TRUE private generate\n"
   // What a key is called is settled when it is made.
   "refuse-attribute CKA_ID CKR_ATTRIBUTE_READ_ONLY set\n"
   "refuse-attribute CKA_LABEL CKR_ATTRIBUTE_READ_ONLY set\n"
   // Certificates cannot be kept.
   "refuse-attribute CKA_CLASS = CKO_CERTIFICATE CKR_ATTRIBUTE_VALUE_INVALID create\n"
   // Nothing can be initialised from here.
   "fail C_InitToken CKR_FUNCTION_NOT_SUPPORTED\n"
   "fail C_InitPIN CKR_FUNCTION_NOT_SUPPORTED\n"
   "fail C_SetPIN CKR_FUNCTION_NOT_SUPPORTED\n"},

  {"luna",
   "token-info manufacturer \"SafeNet\"\n"
   "token-info model \"LunaSA 7.7.1\"\n"
   // Partitions lock after ten tries at the user's PIN and three at the officer's.
   "pin-tries 10\n"
   "so-pin-tries 3\n"},

  {"nshield",
   "token-info manufacturer \"nCipher Corp. Ltd\"\n"
   // Keys that could be taken out or read are refused as insecure.
   "refuse-attribute CKA_EXTRACTABLE = TRUE CKR_TEMPLATE_INCONSISTENT private generate\n"
   "refuse-attribute CKA_SENSITIVE = FALSE CKR_TEMPLATE_INCONSISTENT private generate\n"
   "require-attribute CKA_SENSITIVE = TRUE CKR_TEMPLATE_INCONSISTENT private generate\n"
   // A key that may do everything is refused too.
   "refuse-attribute CKA_UNWRAP = TRUE CKR_TEMPLATE_INCONSISTENT private generate\n"
   "refuse-attribute CKA_DECRYPT = TRUE CKR_TEMPLATE_INCONSISTENT private generate\n"},

  {"yubihsm",
   "token-info manufacturer \"Yubico (www.yubico.com)\"\n"
   "token-info model \"YubiHSM\"\n"
   // Sixteen sessions in all, of every process; one that is idle for half a minute is gone.
   "max-sessions 16\n"
   "idle-expiry 30000\n"
   // What a key can do are the device's own capabilities: it says no to changes afterwards, and to classes that it does not know.
   "refuse-attribute CKA_PRIVATE = FALSE CKR_ATTRIBUTE_VALUE_INVALID private generate\n"
   "refuse-attribute CKA_COPYABLE CKR_ATTRIBUTE_TYPE_INVALID\n"
   "refuse-attribute CKA_EXTRACTABLE CKR_ATTRIBUTE_READ_ONLY set\n"
   "refuse-attribute CKA_SENSITIVE CKR_ATTRIBUTE_READ_ONLY set\n"
   "hide-attribute CKA_COPYABLE\n"
   // PINs and the device itself are set up with other tools.
   "fail C_InitToken CKR_FUNCTION_NOT_SUPPORTED\n"
   "fail C_InitPIN CKR_FUNCTION_NOT_SUPPORTED\n"},

  {"ykcs11",
   "token-info manufacturer \"Yubico (www.yubico.com)\"\n"
   "token-info model \"YubiKey YK5\"\n"
   "max-sessions 16\n"
   "pin-tries 3\n"
   // An identifier is the number of a slot for keys, one byte.
   "limit-attribute CKA_ID 1 CKR_ATTRIBUTE_VALUE_INVALID generate\n"
   // Versions differ in whether EXTRACTABLE may be named at all, even as FALSE; other attributes have the one value that they can have.
   "refuse-attribute CKA_EXTRACTABLE CKR_ATTRIBUTE_VALUE_INVALID private generate\n"
   "refuse-attribute CKA_TOKEN = FALSE CKR_ATTRIBUTE_VALUE_INVALID private generate\n"
   "refuse-attribute CKA_PRIVATE = FALSE CKR_ATTRIBUTE_VALUE_INVALID private generate\n"
   "refuse-attribute CKA_SENSITIVE = FALSE CKR_ATTRIBUTE_VALUE_INVALID private generate\n"
   "default-attribute CKA_SENSITIVE = TRUE private generate\n"
   // What the module does not know is refused.
   "refuse-attribute CKA_MODIFIABLE CKR_ATTRIBUTE_TYPE_INVALID generate\n"
   "refuse-attribute CKA_ALLOWED_MECHANISMS CKR_ATTRIBUTE_TYPE_INVALID generate\n"
   "hide-attribute CKA_COPYABLE\n"
   // The key for signatures wants the PIN each time.
   "always-authenticate on\n"},

  {"tpm2",
   "token-info manufacturer \"Infineon\"\n"
   "token-info model \"SLB9670\"\n"
   // Uses that a key of this kind cannot have are refused, also as FALSE.
   "refuse-attribute CKA_DECRYPT = FALSE CKR_GENERAL_ERROR private generate\n"
   "refuse-attribute CKA_ENCRYPT = FALSE CKR_GENERAL_ERROR public generate\n"
   "pin-tries 3\n"
   // No secret keys.
   "fail C_GenerateKey CKR_FUNCTION_NOT_SUPPORTED\n"},

  {"kmsp11",
   "token-info manufacturer \"Google\"\n"
   "token-info model \"Cloud KMS Token\"\n"
   // A key is asked for by its name and the service's own number of an algorithm, and by nothing else; the public half has no template.
   "require-attribute 0x8001e101 CKR_TEMPLATE_INCOMPLETE private generate\n"
   "refuse-attribute CKA_ID CKR_TEMPLATE_INCONSISTENT generate\n"
   "refuse-attribute CKA_TOKEN CKR_TEMPLATE_INCONSISTENT generate\n"
   "refuse-attribute CKA_PRIVATE CKR_TEMPLATE_INCONSISTENT generate\n"
   "refuse-attribute CKA_SENSITIVE CKR_TEMPLATE_INCONSISTENT generate\n"
   "refuse-attribute CKA_EXTRACTABLE CKR_TEMPLATE_INCONSISTENT generate\n"
   "refuse-attribute CKA_SIGN CKR_TEMPLATE_INCONSISTENT generate\n"
   "refuse-attribute CKA_VERIFY CKR_TEMPLATE_INCONSISTENT generate\n"
   "refuse-attribute CKA_MODULUS_BITS CKR_TEMPLATE_INCONSISTENT generate\n"
   "refuse-attribute CKA_EC_PARAMS CKR_TEMPLATE_INCONSISTENT generate\n"
   // What such a key is: this stands in for the algorithm P-256 with SHA-256, the only one here.
   "swallow-attribute 0x8001e101 private generate\n"
   "default-attribute CKA_EC_PARAMS = hex:06082a8648ce3d030107 public generate\n"
   "default-attribute CKA_TOKEN = TRUE public private generate\n"
   "default-attribute CKA_PRIVATE = TRUE private generate\n"
   "default-attribute CKA_SENSITIVE = TRUE private generate\n"
   "default-attribute CKA_EXTRACTABLE = FALSE private generate\n"
   "default-attribute CKA_SIGN = TRUE private generate\n"
   "default-attribute CKA_DECRYPT = FALSE private generate\n"
   "default-attribute CKA_UNWRAP = FALSE private generate\n"
   "default-attribute CKA_SIGN_RECOVER = FALSE private generate\n"
   "default-attribute CKA_VERIFY = TRUE public generate\n"
   // The key is as sensitive as can be, and does not claim that it always was.
   "force-attribute CKA_ALWAYS_SENSITIVE = FALSE private\n"
   // Much is left out, random numbers among it.
   "fail C_GenerateRandom CKR_FUNCTION_NOT_SUPPORTED\n"
   "fail C_CreateObject CKR_FUNCTION_NOT_SUPPORTED\n"
   "fail C_SetAttributeValue CKR_FUNCTION_NOT_SUPPORTED\n"
   "fail C_GenerateKey CKR_FUNCTION_NOT_SUPPORTED\n"
   "fail C_WrapKey CKR_FUNCTION_NOT_SUPPORTED\n"
   "fail C_InitToken CKR_FUNCTION_NOT_SUPPORTED\n"
   "fail C_InitPIN CKR_FUNCTION_NOT_SUPPORTED\n"
   "fail C_SetPIN CKR_FUNCTION_NOT_SUPPORTED\n"},

  {"opencryptoki",
   "token-info manufacturer IBM\n"
   "token-info model Soft\n"
   // A key can be taken out unless its template says no.
   "default-attribute CKA_EXTRACTABLE = TRUE private generate\n"
   // RSA with a digest of its own is not offered, and no curves.
   "hide-mechanism CKM_SHA1_RSA_PKCS CKM_SHA256_RSA_PKCS CKM_SHA384_RSA_PKCS CKM_SHA512_RSA_PKCS\n"
   "hide-mechanism CKM_EC_KEY_PAIR_GEN CKM_ECDSA CKM_EDDSA CKM_EC_EDWARDS_KEY_PAIR_GEN\n"},
};

const char *dialectLines(const char *name) {
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
    if (strcmp(dialects[i].name, name) == 0) return dialects[i].lines;
  }
  return NULL;
}
