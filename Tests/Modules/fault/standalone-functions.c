// What the stand-alone token does with objects and keys, and its table.

#include "standalone.h"

#include <string.h>

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

// ---- mechanisms ----

static const struct {
  CK_MECHANISM_TYPE type;
  CK_MECHANISM_INFO information;
} mechanisms[] = {
  {CKM_RSA_PKCS_KEY_PAIR_GEN, {2048, 3072, CKF_GENERATE_KEY_PAIR}},
  {CKM_RSA_PKCS, {2048, 3072, CKF_SIGN | CKF_VERIFY}},
  {CKM_EC_KEY_PAIR_GEN, {256, 521, CKF_GENERATE_KEY_PAIR | CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS}},
  {CKM_ECDSA, {256, 521, CKF_SIGN | CKF_VERIFY | CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS}},
  {CKM_AES_KEY_GEN, {16, 32, CKF_GENERATE}},
  {CKM_AES_KEY_WRAP, {16, 32, CKF_WRAP}},
};

enum { MECHANISM_COUNT = sizeof mechanisms / sizeof *mechanisms };

CK_RV standalone_C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count) {
  if (slot != STANDALONE_SLOT) return CKR_SLOT_ID_INVALID;
  if (list && *count < MECHANISM_COUNT) return CKR_BUFFER_TOO_SMALL;
  for (int i = 0; list && i < MECHANISM_COUNT; i++) list[i] = mechanisms[i].type;
  *count = MECHANISM_COUNT;
  return CKR_OK;
}

CK_RV standalone_C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *information) {
  if (slot != STANDALONE_SLOT) return CKR_SLOT_ID_INVALID;
  for (int i = 0; i < MECHANISM_COUNT; i++) {
    if (mechanisms[i].type != type) continue;
    *information = mechanisms[i].information;
    return CKR_OK;
  }
  return CKR_MECHANISM_INVALID;
}

// ---- objects ----

// Adds the object, or frees it.
static CK_RV keep(const StandaloneSession *session, Object *object, CK_OBJECT_HANDLE *handle) {
  CK_RV answer = checkWriting(session, object);
  if (answer != CKR_OK) {
    freeObject(object);
    return answer;
  }
  object->owner = boolOf(object, CKA_TOKEN, false) ? 0 : session->handle;
  addObject(object);
  *handle = object->handle;
  return CKR_OK;
}

#define WITH_SESSION(...) \
  CK_RV answer = CKR_SESSION_HANDLE_INVALID; \
  lockToken(); \
  StandaloneSession *session = standaloneSession(handle); \
  if (session) { \
    answer = CKR_OK; \
    __VA_ARGS__ \
  } \
  unlockToken(); \
  return answer;

CK_RV standalone_C_CreateObject(CK_SESSION_HANDLE handle, const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *object) {
  WITH_SESSION(
    Object *made = newObject();
    if (!made || !setTemplate(made, template_, count)) answer = CKR_HOST_MEMORY;
    else if (!valueOf(made, CKA_CLASS)) answer = CKR_TEMPLATE_INCOMPLETE;
    if (answer == CKR_OK) {
      setDefault(made, CKA_TOKEN, &no, 1);
      setDefault(made, CKA_PRIVATE, &no, 1);
      setDefault(made, CKA_LABEL, "", 0);
      answer = keep(session, made, object);
    } else if (made) {
      freeObject(made);
    }
  )
}

CK_RV standalone_C_DestroyObject(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object) {
  WITH_SESSION(
    Object *found = findObject(object);
    if (!found) answer = CKR_OBJECT_HANDLE_INVALID;
    else if (!boolOf(found, CKA_DESTROYABLE, true)) answer = CKR_ACTION_PROHIBITED;
    else answer = checkWriting(session, found);
    if (answer == CKR_OK) removeObject(found);
  )
}

CK_RV standalone_C_GetAttributeValue(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template_, CK_ULONG count) {
  WITH_SESSION(
    const Object *found = findObject(object);
    answer = found ? readValues(found, template_, count) : CKR_OBJECT_HANDLE_INVALID;
  )
}

CK_RV standalone_C_SetAttributeValue(
  CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *template_, CK_ULONG count) {
  WITH_SESSION(
    Object *found = findObject(object);
    answer = found ? checkWriting(session, found) : CKR_OBJECT_HANDLE_INVALID;
    if (answer == CKR_OK) answer = changeValues(found, template_, count);
  )
}

CK_RV standalone_C_FindObjectsInit(CK_SESSION_HANDLE handle, const CK_ATTRIBUTE *template_, CK_ULONG count) {
  WITH_SESSION(
    if (session->isSearching) answer = CKR_OPERATION_ACTIVE;
    if (answer == CKR_OK) {
      session->isSearching = true;
      session->resultCount = session->nextResult = 0;
      const Object *found = NULL;
      while (session->resultCount < MAXIMUM_RESULTS && (found = nextMatch(found, template_, count))) {
        session->results[session->resultCount++] = found->handle;
      }
    }
  )
}

CK_RV standalone_C_FindObjects(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE *objects, CK_ULONG maximum, CK_ULONG *count) {
  WITH_SESSION(
    if (!session->isSearching) answer = CKR_OPERATION_NOT_INITIALIZED;
    for (*count = 0; answer == CKR_OK && *count < maximum && session->nextResult < session->resultCount; ++*count) {
      objects[*count] = session->results[session->nextResult++];
    }
  )
}

CK_RV standalone_C_FindObjectsFinal(CK_SESSION_HANDLE handle) {
  WITH_SESSION(
    if (!session->isSearching) answer = CKR_OPERATION_NOT_INITIALIZED;
    session->isSearching = false;
  )
}

// ---- keys ----

static CK_RV makeMaterial(const CK_MECHANISM *mechanism, const Object *publicHalf, KeyMaterial *material) {
  static uint64_t count;
  char path[2200];
  if (mechanism->mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN) {
    CK_ULONG bits = numberOf(publicHalf, CKA_MODULUS_BITS, 0);
    if (!bits) return CKR_TEMPLATE_INCOMPLETE;
    if (bits != 2048 && bits != 3072) return CKR_KEY_SIZE_RANGE;
    *material = (KeyMaterial){.curve = -1, .modulusBytes = (int)bits / 8};
    return CKR_OK;
  }
  if (mechanism->mechanism != CKM_EC_KEY_PAIR_GEN) return CKR_MECHANISM_INVALID;
  const Value *parameters = valueOf(publicHalf, CKA_EC_PARAMS);
  if (!parameters) return CKR_TEMPLATE_INCOMPLETE;
  // Two copies of the module make different keys, and each the same ones whenever it is asked again.
  uint64_t own = 5381;
  for (const char *letter = besideModule(path, sizeof path, ""); *letter; letter++) own = own * 33 + (unsigned char)*letter;
  *material = (KeyMaterial){.curve = curveOf(parameters->value, parameters->length), .scalar = (own & 0xFFFF) << 16 | (++count + 1)};
  return material->curve < 0 ? CKR_CURVE_NOT_SUPPORTED : CKR_OK;
}

static void describe(Object *half, const KeyMaterial *material, CK_OBJECT_CLASS class_, CK_MECHANISM_TYPE mechanism) {
  CK_KEY_TYPE type = material->curve < 0 ? CKK_RSA : CKK_EC;
  half->key = *material;
  setValue(half, CKA_CLASS, &class_, sizeof class_);
  setValue(half, CKA_KEY_TYPE, &type, sizeof type);
  setValue(half, CKA_LOCAL, &yes, 1);
  setValue(half, CKA_KEY_GEN_MECHANISM, &mechanism, sizeof mechanism);
  static const CK_ATTRIBUTE_TYPE otherwiseNo[] = {CKA_TOKEN, CKA_DERIVE}, otherwiseYes[] = {CKA_MODIFIABLE, CKA_COPYABLE, CKA_DESTROYABLE};
  for (int i = 0; i < 2; i++) setDefault(half, otherwiseNo[i], &no, 1);
  for (int i = 0; i < 3; i++) setDefault(half, otherwiseYes[i], &yes, 1);
  setDefault(half, CKA_LABEL, "", 0);
  setDefault(half, CKA_ID, "", 0);
  if (type == CKK_RSA) {
    CK_BYTE modulus[MAXIMUM_SIGNATURE];
    publicModulus(material, modulus);
    setValue(half, CKA_MODULUS, modulus, (CK_ULONG)material->modulusBytes);
    setValue(half, CKA_PUBLIC_EXPONENT, "\x01\x00\x01", 3);
  }
}

// What a token assumes that is not told: as SoftHSM, uses that nobody asked for included.
static void assume(Object *publicHalf, Object *privateHalf) {
  static const CK_ATTRIBUTE_TYPE ofPublic[] = {CKA_VERIFY, CKA_ENCRYPT, CKA_WRAP, CKA_VERIFY_RECOVER};
  static const CK_ATTRIBUTE_TYPE ofPrivate[] = {CKA_PRIVATE, CKA_SIGN, CKA_DECRYPT, CKA_UNWRAP, CKA_SIGN_RECOVER};
  for (int i = 0; i < 4; i++) setDefault(publicHalf, ofPublic[i], &yes, 1);
  for (int i = 0; i < 5; i++) setDefault(privateHalf, ofPrivate[i], &yes, 1);
  setDefault(publicHalf, CKA_PRIVATE, &no, 1);
  setDefault(privateHalf, CKA_SENSITIVE, &no, 1);
  setDefault(privateHalf, CKA_EXTRACTABLE, &no, 1);
  setDefault(privateHalf, CKA_ALWAYS_AUTHENTICATE, &no, 1);
  setDefault(privateHalf, CKA_WRAP_WITH_TRUSTED, &no, 1);
  CK_BBOOL isSensitive = boolOf(privateHalf, CKA_SENSITIVE, false), isInside = !boolOf(privateHalf, CKA_EXTRACTABLE, false);
  setValue(privateHalf, CKA_ALWAYS_SENSITIVE, &isSensitive, 1);
  setValue(privateHalf, CKA_NEVER_EXTRACTABLE, &isInside, 1);
}

CK_RV standalone_C_GenerateKeyPair(
  CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *publicTemplate, CK_ULONG publicCount,
  const CK_ATTRIBUTE *privateTemplate, CK_ULONG privateCount, CK_OBJECT_HANDLE *publicKey, CK_OBJECT_HANDLE *privateKey) {
  KeyMaterial material;
  CK_BYTE point[200];
  if (!mechanism || !publicKey || !privateKey) return CKR_ARGUMENTS_BAD;
  WITH_SESSION(
    Object *publicHalf = newObject(); Object *privateHalf = newObject();
    if (!setTemplate(publicHalf, publicTemplate, publicCount) || !setTemplate(privateHalf, privateTemplate, privateCount)) {
      answer = CKR_HOST_MEMORY;
    }
    if (answer == CKR_OK) answer = makeMaterial(mechanism, publicHalf, &material);
    if (answer == CKR_OK) {
      describe(publicHalf, &material, CKO_PUBLIC_KEY, mechanism->mechanism);
      describe(privateHalf, &material, CKO_PRIVATE_KEY, mechanism->mechanism);
      assume(publicHalf, privateHalf);
      if (material.curve >= 0) {
        setValue(publicHalf, CKA_EC_POINT, point, publicPoint(&material, point));
        const Value *parameters = valueOf(publicHalf, CKA_EC_PARAMS);
        setValue(privateHalf, CKA_EC_PARAMS, parameters->value, parameters->length);
      }
      answer = checkWriting(session, publicHalf);
    }
    if (answer == CKR_OK) answer = checkWriting(session, privateHalf);
    if (answer == CKR_OK) {
      keep(session, publicHalf, publicKey);
      keep(session, privateHalf, privateKey);
    } else {
      freeObject(publicHalf);
      freeObject(privateHalf);
    }
  )
}

// A secret key is good for nothing but to be refused as a key to wrap others with.
CK_RV standalone_C_GenerateKey(
  CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *key) {
  CK_OBJECT_CLASS class_ = CKO_SECRET_KEY;
  CK_KEY_TYPE type = CKK_AES;
  if (!mechanism || mechanism->mechanism != CKM_AES_KEY_GEN) return CKR_MECHANISM_INVALID;
  WITH_SESSION(
    Object *made = newObject();
    if (!setTemplate(made, template_, count)) answer = CKR_HOST_MEMORY;
    if (answer == CKR_OK) {
      setValue(made, CKA_CLASS, &class_, sizeof class_);
      setValue(made, CKA_KEY_TYPE, &type, sizeof type);
      setDefault(made, CKA_PRIVATE, &yes, 1);
      answer = keep(session, made, key);
    } else {
      freeObject(made);
    }
  )
}

CK_RV standalone_C_WrapKey(
  CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrappingKey, CK_OBJECT_HANDLE key, CK_BYTE *wrapped,
  CK_ULONG *length) {
  if (!mechanism || mechanism->mechanism != CKM_AES_KEY_WRAP) return CKR_MECHANISM_INVALID;
  WITH_SESSION(
    const Object *found = findObject(key);
    if (!findObject(wrappingKey)) answer = CKR_WRAPPING_KEY_HANDLE_INVALID;
    else if (!found) answer = CKR_KEY_HANDLE_INVALID;
    else if (!boolOf(found, CKA_EXTRACTABLE, false)) answer = CKR_KEY_UNEXTRACTABLE;
    else if (wrapped && *length < 48) answer = CKR_BUFFER_TOO_SMALL;
    else if (wrapped) memset(wrapped, 0x77, 48);
    *length = 48;
  )
}

CK_RV standalone_C_GenerateRandom(CK_SESSION_HANDLE handle, CK_BYTE *bytes, CK_ULONG length) {
  static uint64_t state = 1;
  WITH_SESSION(
    for (CK_ULONG i = 0; i < length; i++) {
      state = state * 6364136223846793005 + 1442695040888963407;
      bytes[i] = (CK_BYTE)(state >> 56);
    }
  )
}

// ---- signatures ----

static CK_RV beginWith(
  const CK_MECHANISM *mechanism, const Object *key, CK_OBJECT_CLASS class_, CK_ATTRIBUTE_TYPE use, KeyMaterial *material) {
  if (!key) return CKR_KEY_HANDLE_INVALID;
  if (numberOf(key, CKA_CLASS, CKO_DATA) != class_ || !signatureSize(&key->key)) return CKR_KEY_TYPE_INCONSISTENT;
  if (!boolOf(key, use, false)) return CKR_KEY_FUNCTION_NOT_PERMITTED;
  if (mechanism->mechanism != CKM_ECDSA && mechanism->mechanism != CKM_RSA_PKCS) return CKR_MECHANISM_INVALID;
  if ((mechanism->mechanism == CKM_ECDSA) != (key->key.curve >= 0)) return CKR_KEY_TYPE_INCONSISTENT;
  *material = key->key;
  return CKR_OK;
}

CK_RV standalone_C_SignInit(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
  if (!mechanism) return CKR_ARGUMENTS_BAD;
  WITH_SESSION(
    const Object *found = findObject(key);
    answer = session->isSigning ? CKR_OPERATION_ACTIVE
                                : beginWith(mechanism, found, CKO_PRIVATE_KEY, CKA_SIGN, &session->signingKey);
    if (answer == CKR_OK) {
      session->isSigning = true;
      session->wantsPIN = boolOf(found, CKA_ALWAYS_AUTHENTICATE, false);
    }
  )
}

CK_RV standalone_C_Sign(CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *signature, CK_ULONG *length) {
  KeyMaterial key;
  if (!length || (dataLength && !data)) return CKR_ARGUMENTS_BAD;
  lockToken();
  StandaloneSession *session = standaloneSession(handle);
  CK_RV answer = !session ? CKR_SESSION_HANDLE_INVALID : !session->isSigning ? CKR_OPERATION_NOT_INITIALIZED : CKR_OK;
  bool isQuestion = false;
  if (answer == CKR_OK) {
    key = session->signingKey;
    CK_ULONG size = signatureSize(&key);
    isQuestion = !signature || *length < size;
    if (session->wantsPIN) answer = CKR_USER_NOT_LOGGED_IN;
    else if (signature && *length < size) answer = CKR_BUFFER_TOO_SMALL;
    *length = size;
    session->isSigning = isQuestion && answer != CKR_USER_NOT_LOGGED_IN;
  }
  unlockToken();
  // The token is free for others meanwhile.
  return answer != CKR_OK || isQuestion ? answer : makeSignature(&key, data, dataLength, signature);
}

CK_RV standalone_C_VerifyInit(CK_SESSION_HANDLE handle, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
  if (!mechanism) return CKR_ARGUMENTS_BAD;
  WITH_SESSION(
    answer = session->isVerifying
      ? CKR_OPERATION_ACTIVE
      : beginWith(mechanism, findObject(key), CKO_PUBLIC_KEY, CKA_VERIFY, &session->verifyingKey);
    if (answer == CKR_OK) session->isVerifying = true;
  )
}

// A key gives one signature only for the same data, so the right one is the one that it would give.
CK_RV standalone_C_Verify(
  CK_SESSION_HANDLE handle, const CK_BYTE *data, CK_ULONG dataLength, const CK_BYTE *signature, CK_ULONG length) {
  CK_BYTE right[MAXIMUM_SIGNATURE];
  WITH_SESSION(
    if (!session->isVerifying) answer = CKR_OPERATION_NOT_INITIALIZED;
    else if (length != signatureSize(&session->verifyingKey)) answer = CKR_SIGNATURE_LEN_RANGE;
    else answer = makeSignature(&session->verifyingKey, data, dataLength, right);
    session->isVerifying = false;
    if (answer == CKR_OK && memcmp(right, signature, length) != 0) answer = CKR_SIGNATURE_INVALID;
  )
}

// ---- the table ----

#define HAS(name) .name = standalone_##name

CK_FUNCTION_LIST standaloneFunctions = {
  .version = {2, 40}, HAS(C_Initialize), HAS(C_Finalize), HAS(C_GetInfo), HAS(C_GetSlotList), HAS(C_GetSlotInfo), HAS(C_GetTokenInfo),
  HAS(C_GetMechanismList), HAS(C_GetMechanismInfo), HAS(C_InitToken), HAS(C_InitPIN), HAS(C_SetPIN), HAS(C_OpenSession),
  HAS(C_CloseSession), HAS(C_CloseAllSessions), HAS(C_GetSessionInfo), HAS(C_Login), HAS(C_Logout), HAS(C_CreateObject),
  HAS(C_DestroyObject), HAS(C_GetAttributeValue), HAS(C_SetAttributeValue), HAS(C_FindObjectsInit), HAS(C_FindObjects),
  HAS(C_FindObjectsFinal), HAS(C_SignInit), HAS(C_Sign), HAS(C_VerifyInit), HAS(C_Verify), HAS(C_GenerateKey), HAS(C_GenerateKeyPair),
  HAS(C_WrapKey), HAS(C_GenerateRandom),
};
