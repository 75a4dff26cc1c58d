// An OpenSSL provider that does one thing: it signs with keys that are elsewhere. See provider-keymgmt(7) and provider-signature(7).
//
// Everything that is asked about a key is answered by its public half, an ordinary key of OpenSSL's own. There is no export: nobody who has
// this key can make another one of it, so OpenSSL never signs by itself and cannot ask for RSA without padding.

#include "CTransportKey.h"

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char provider_name[] = "hsmkey-client-key";

/// The parameter by which `transport_key` hands a key to the provider: the address of a `handover`. Nobody else knows the name.
static const char handover_name[] = "hsmkey-handover";

typedef struct {
  EVP_PKEY *public_half;
  const transport_identity *identity;
} handover;

// MARK: - Keys

typedef struct {
  EVP_PKEY *public_half;
  /// NULL in a key that is only a public half.
  const transport_identity *identity;
} provider_key;

static void *key_new(void *provider) {
  (void)provider;
  return calloc(1, sizeof(provider_key));
}

static void key_free(void *data) {
  provider_key *key = data;
  if (!key) return;
  EVP_PKEY_free(key->public_half);
  free(key);
}

static int key_has(const void *data, int selection) {
  const provider_key *key = data;
  if (!key || !key->public_half) return 0;
  return !(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) || key->identity;
}

static int key_match(const void *one, const void *other, int selection) {
  const provider_key *left = one, *right = other;
  if (!(selection & OSSL_KEYMGMT_SELECT_KEYPAIR)) return 1;
  return left->public_half && right->public_half && EVP_PKEY_eq(left->public_half, right->public_half) == 1;
}

/// Takes a key of ours, or the public half of another provider's key, which is to be compared with ours.
static int key_import(provider_key *key, const char *type, int selection, const OSSL_PARAM parameters[]) {
  if (key->public_half) return 0;
  const OSSL_PARAM *parameter = OSSL_PARAM_locate_const(parameters, handover_name);
  if (parameter) {
    const void *value = NULL;
    size_t size = 0;
    if (!OSSL_PARAM_get_octet_string_ptr(parameter, &value, &size) || size != sizeof(handover)) return 0;
    const handover *given = value;
    if (!EVP_PKEY_up_ref(given->public_half)) return 0;
    key->public_half = given->public_half;
    key->identity = given->identity;
    return 1;
  }
  (void)selection;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
  if (!context) return 0;
  EVP_PKEY *public_half = NULL;
  // EVP_PKEY_fromdata(3) reads the parameters, though its type does not say so.
  int result = EVP_PKEY_fromdata_init(context) == 1 &&
               EVP_PKEY_fromdata(context, &public_half, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)parameters) == 1;
  EVP_PKEY_CTX_free(context);
  if (result) key->public_half = public_half;
  return result;
}

static int rsa_import(void *key, int selection, const OSSL_PARAM parameters[]) {
  return key_import(key, "RSA", selection, parameters);
}

static int ec_import(void *key, int selection, const OSSL_PARAM parameters[]) {
  return key_import(key, "EC", selection, parameters);
}

static const OSSL_PARAM *rsa_import_types(int selection) {
  static const OSSL_PARAM types[] = {
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0), OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0), OSSL_PARAM_END};
  (void)selection;
  return types;
}

static const OSSL_PARAM *ec_import_types(int selection) {
  static const OSSL_PARAM types[] = {
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0), OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
      OSSL_PARAM_END};
  (void)selection;
  return types;
}

static int key_get_params(void *data, OSSL_PARAM parameters[]) {
  const provider_key *key = data;
  return key->public_half && EVP_PKEY_get_params(key->public_half, parameters);
}

static const OSSL_PARAM *key_gettable_params(void *provider) {
  static const OSSL_PARAM gettable[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
      OSSL_PARAM_END};
  (void)provider;
  return gettable;
}

static const char *rsa_operation_name(int operation) {
  (void)operation;
  return "RSA";
}

static const char *ec_operation_name(int operation) { return operation == OSSL_OP_SIGNATURE ? "ECDSA" : "EC"; }

#define FUNCTION(name, function) {name, (void (*)(void))(function)}

#define KEY_FUNCTIONS(type)                                                                                                     \
  FUNCTION(OSSL_FUNC_KEYMGMT_NEW, key_new), FUNCTION(OSSL_FUNC_KEYMGMT_FREE, key_free),                                         \
      FUNCTION(OSSL_FUNC_KEYMGMT_HAS, key_has), FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, key_match),                                   \
      FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, type##_import), FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, type##_import_types),         \
      FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params), FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable_params), \
      FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, type##_operation_name), {0, NULL}

static const OSSL_DISPATCH rsa_key_functions[] = {KEY_FUNCTIONS(rsa)};
static const OSSL_DISPATCH ec_key_functions[] = {KEY_FUNCTIONS(ec)};

// The names under which OpenSSL's own provider has them: by these libssl knows what kind of key it has.
static const OSSL_ALGORITHM key_kinds[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=hsmkey-client-key", rsa_key_functions, NULL},
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=hsmkey-client-key", ec_key_functions, NULL},
    {NULL, NULL, NULL, NULL}};

// MARK: - Signatures

typedef struct {
  /// Lives as long as OpenSSL's EVP_PKEY_CTX, which holds the EVP_PKEY.
  const provider_key *key;
  uint32_t digest_bits;
  transport_padding padding;
} provider_signature;

static void *signature_new(void *provider, const char *properties) {
  (void)provider;
  (void)properties;
  return calloc(1, sizeof(provider_signature));
}

static void signature_free(void *context) { free(context); }

static void *signature_duplicate(void *context) {
  provider_signature *copy = malloc(sizeof(provider_signature));
  if (copy) *copy = *(provider_signature *)context;
  return copy;
}

/// 0 for a digest that is none of ours.
static uint32_t digest_bits(const char *name) {
  static const struct {
    const char *name;
    uint32_t bits;
  } known[] = {{"SHA256", 256}, {"SHA2-256", 256}, {"SHA-256", 256}, {"SHA384", 384},  {"SHA2-384", 384},
               {"SHA-384", 384}, {"SHA512", 512},  {"SHA2-512", 512}, {"SHA-512", 512}};
  for (size_t index = 0; index < sizeof(known) / sizeof(known[0]); index++) {
    if (OPENSSL_strcasecmp(name, known[index].name) == 0) return known[index].bits;
  }
  ERR_raise_data(ERR_LIB_PROV, PROV_R_INVALID_DIGEST, "%s", name);
  return 0;
}

static int refuse(const char *what) {
  ERR_raise_data(ERR_LIB_PROV, PROV_R_NOT_SUPPORTED, "%s", what);
  return 0;
}

/// RSA's padding: a number or a name.
static int set_padding(provider_signature *signature, const OSSL_PARAM *parameter) {
  int mode = 0;
  if (parameter->data_type == OSSL_PARAM_UTF8_STRING) {
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(parameter, &name)) return 0;
    mode = strcmp(name, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0       ? RSA_PKCS1_PSS_PADDING
           : strcmp(name, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0 ? RSA_PKCS1_PADDING
                                                               : 0;
  } else if (!OSSL_PARAM_get_int(parameter, &mode)) {
    return 0;
  }
  if (mode != RSA_PKCS1_PSS_PADDING && mode != RSA_PKCS1_PADDING) return refuse("padding other than PKCS #1 v1.5 and PSS");
  signature->padding = mode == RSA_PKCS1_PSS_PADDING ? transport_pss : transport_pkcs1;
  return 1;
}

/// The salt is as long as the digest, as TLS has it.
static int check_salt(const provider_signature *signature, const OSSL_PARAM *parameter) {
  int length = 0;
  if (parameter->data_type == OSSL_PARAM_UTF8_STRING) {
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(parameter, &name)) return 0;
    length = strcmp(name, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST) == 0 ? RSA_PSS_SALTLEN_DIGEST : atoi(name);
  } else if (!OSSL_PARAM_get_int(parameter, &length)) {
    return 0;
  }
  if (length == RSA_PSS_SALTLEN_DIGEST || (length > 0 && (uint32_t)length * 8 == signature->digest_bits)) return 1;
  return refuse("a salt of another length than the digest's");
}

static int check_digest(const provider_signature *signature, const OSSL_PARAM *parameter) {
  const char *name = NULL;
  if (!OSSL_PARAM_get_utf8_string_ptr(parameter, &name)) return 0;
  return digest_bits(name) == signature->digest_bits ? 1 : refuse("two digests in one signature");
}

static int signature_set_params(void *context, const OSSL_PARAM parameters[]) {
  provider_signature *signature = context;
  if (!parameters) return 1;
  for (const OSSL_PARAM *parameter = parameters; parameter->key; parameter++) {
    int result = 1;
    if (strcmp(parameter->key, OSSL_SIGNATURE_PARAM_DIGEST) == 0 || strcmp(parameter->key, OSSL_SIGNATURE_PARAM_MGF1_DIGEST) == 0) {
      result = check_digest(signature, parameter);
    } else if (strcmp(parameter->key, OSSL_SIGNATURE_PARAM_PAD_MODE) == 0) {
      result = signature->padding == transport_ecdsa ? 0 : set_padding(signature, parameter);
    } else if (strcmp(parameter->key, OSSL_SIGNATURE_PARAM_PSS_SALTLEN) == 0) {
      result = check_salt(signature, parameter);
    }
    if (!result) return 0;
  }
  return 1;
}

static const OSSL_PARAM *signature_settable_params(void *context, void *provider) {
  static const OSSL_PARAM settable[] = {
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0), OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0), OSSL_PARAM_END};
  (void)context;
  (void)provider;
  return settable;
}

/// EVP_DigestSignInit_ex(3)
static int signature_begin(
    provider_signature *signature, transport_padding padding, const char *digest, void *key, const OSSL_PARAM parameters[]) {
  if (key) signature->key = key;
  if (!signature->key || !signature->key->identity) return refuse("signing with a public key");
  signature->padding = padding;
  signature->digest_bits = digest ? digest_bits(digest) : 0;
  if (!signature->digest_bits) return 0;
  return signature_set_params(signature, parameters);
}

static int rsa_begin(void *context, const char *digest, void *key, const OSSL_PARAM parameters[]) {
  return signature_begin(context, transport_pkcs1, digest, key, parameters);
}

static int ecdsa_begin(void *context, const char *digest, void *key, const OSSL_PARAM parameters[]) {
  return signature_begin(context, transport_ecdsa, digest, key, parameters);
}

/// EVP_DigestSign(3), all in one: asked twice, the first time without room, for the size.
static int signature_sign(
    void *context, unsigned char *place, size_t *count, size_t capacity, const unsigned char *message, size_t message_count) {
  provider_signature *signature = context;
  int largest = EVP_PKEY_get_size(signature->key->public_half);
  if (largest <= 0) return 0;
  if (!place) {
    *count = (size_t)largest;
    return 1;
  }
  if (capacity < (size_t)largest) {
    ERR_raise(ERR_LIB_PROV, PROV_R_OUTPUT_BUFFER_TOO_SMALL);
    return 0;
  }
  const transport_identity *identity = signature->key->identity;
  transport_signing_request request = {signature->padding, signature->digest_bits, message, message_count};
  size_t written = 0;
  if (!identity->sign(identity->context, &request, place, (size_t)largest, &written) || written == 0 || written > (size_t)largest) {
    ERR_raise(ERR_LIB_PROV, PROV_R_FAILED_TO_SIGN);
    return 0;
  }
  *count = written;
  return 1;
}

#define SIGNATURE_FUNCTIONS(type)                                                                                                    \
  FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, signature_new), FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, signature_free),                        \
      FUNCTION(OSSL_FUNC_SIGNATURE_DUPCTX, signature_duplicate), FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, type##_begin),       \
      FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signature_sign), FUNCTION(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, signature_set_params), \
      FUNCTION(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, signature_settable_params), {0, NULL}

static const OSSL_DISPATCH rsa_signature_functions[] = {SIGNATURE_FUNCTIONS(rsa)};
static const OSSL_DISPATCH ecdsa_signature_functions[] = {SIGNATURE_FUNCTIONS(ecdsa)};

static const OSSL_ALGORITHM signature_kinds[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=hsmkey-client-key", rsa_signature_functions, NULL},
    {"ECDSA", "provider=hsmkey-client-key", ecdsa_signature_functions, NULL},
    {NULL, NULL, NULL, NULL}};

// MARK: - The provider

static const OSSL_ALGORITHM *provider_query(void *provider, int operation, int *must_not_store) {
  (void)provider;
  *must_not_store = 0;
  if (operation == OSSL_OP_KEYMGMT) return key_kinds;
  return operation == OSSL_OP_SIGNATURE ? signature_kinds : NULL;
}

static const OSSL_DISPATCH provider_functions[] = {FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, provider_query), {0, NULL}};

static int provider_begin(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *given, const OSSL_DISPATCH **functions, void **context) {
  (void)given;
  *functions = provider_functions;
  *context = (void *)core;
  return 1;
}

/// A library context in which there is no other provider; made once, and kept until the process ends, because keys refer to it.
static OSSL_LIB_CTX *library;
static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void make_library(void) {
  OSSL_LIB_CTX *made = OSSL_LIB_CTX_new();
  if (made && OSSL_PROVIDER_add_builtin(made, provider_name, provider_begin) == 1 && OSSL_PROVIDER_load(made, provider_name)) {
    library = made;
  } else {
    OSSL_LIB_CTX_free(made);
  }
}

EVP_PKEY *transport_key(EVP_PKEY *public_half, const transport_identity *identity) {
  const char *kind = EVP_PKEY_is_a(public_half, "RSA") ? "RSA" : EVP_PKEY_is_a(public_half, "EC") ? "EC" : NULL;
  if (!kind) {
    refuse("keys other than RSA and EC");
    return NULL;
  }
  pthread_once(&library_once, make_library);
  if (!library) return NULL;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(library, kind, NULL);
  if (!context) return NULL;
  handover given = {public_half, identity};
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(handover_name, &given, sizeof given), OSSL_PARAM_construct_end()};
  EVP_PKEY *key = NULL;
  if (EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) != 1) key = NULL;
  EVP_PKEY_CTX_free(context);
  return key;
}
