// Handles of objects, and the functions that give some out.

#include "fault.h"

#include <string.h>

enum { EPOCH_SHIFT = 40 };

static atomic_ulong epoch;

CK_OBJECT_HANDLE shownObject(CK_OBJECT_HANDLE real) {
  return real ? (CK_OBJECT_HANDLE)atomic_load(&epoch) << EPOCH_SHIFT | real : real;
}

bool realObject(CK_OBJECT_HANDLE *object) {
  if (*object >> EPOCH_SHIFT != atomic_load(&epoch)) return false;
  *object &= ((CK_OBJECT_HANDLE)1 << EPOCH_SHIFT) - 1;
  return true;
}

void dropObjects(void) { atomic_fetch_add(&epoch, 1); }

static void show(CK_RV answer, CK_OBJECT_HANDLE *object) {
  if (answer == CKR_OK && object) *object = shownObject(*object);
}

static int halfOf(CK_OBJECT_CLASS class_) {
  return class_ == CKO_PUBLIC_KEY ? HALF_PUBLIC : class_ == CKO_PRIVATE_KEY ? HALF_PRIVATE : HALF_OTHER;
}

// The class that a template names.
static int halfInTemplate(const CK_ATTRIBUTE *template_, CK_ULONG count) {
  for (CK_ULONG i = 0; template_ && i < count; i++) {
    CK_OBJECT_CLASS class_;
    if (template_[i].type != CKA_CLASS || template_[i].ulValueLen != sizeof class_ || !template_[i].pValue) continue;
    memcpy(&class_, template_[i].pValue, sizeof class_);
    return halfOf(class_);
  }
  return HALF_OTHER;
}

// The class of an object of the backend.
int halfOfObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
  CK_OBJECT_CLASS class_ = CKO_DATA;
  CK_ATTRIBUTE asked = {CKA_CLASS, &class_, sizeof class_};
  return backend->C_GetAttributeValue(session, object, &asked, 1) == CKR_OK ? halfOf(class_) : HALF_OTHER;
}

CK_RV token_C_CreateObject(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *object) {
  Template made;
  Session *use;
  CK_RV answer = enterSession(&session, ID_C_CreateObject, &use);
  if (answer != CKR_OK) return answer;
  answer = checkTemplate(USE_CREATE, halfInTemplate(template_, count), template_, count, &made);
  if (answer == CKR_OK) answer = backend->C_CreateObject(session, made.attributes, made.count, object);
  show(answer, object);
  leaveSession(use);
  return answer;
}

CK_RV token_C_CopyObject(
  CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *copy) {
  Session *use;
  if (!backend->C_CopyObject) return CKR_FUNCTION_NOT_SUPPORTED;
  CK_RV answer = enterSession(&session, ID_C_CopyObject, &use);
  if (answer != CKR_OK) return answer;
  if (!realObject(&object)) answer = CKR_OBJECT_HANDLE_INVALID;
  else if (script()->copyNumber) *copy = script()->copyNumber;
  else answer = backend->C_CopyObject(session, object, template_, count, copy);
  show(answer, copy);
  leaveSession(use);
  return answer;
}

CK_RV token_C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *template_, CK_ULONG count) {
  Template made;
  Session *use;
  CK_RV answer = enterSession(&session, ID_C_SetAttributeValue, &use);
  if (answer != CKR_OK) return answer;
  if (!realObject(&object)) answer = CKR_OBJECT_HANDLE_INVALID;
  if (answer == CKR_OK) answer = checkTemplate(USE_SET, halfOfObject(session, object), template_, count, &made);
  if (answer == CKR_OK) takeNotes(object, halfOfObject(session, object), &made);
  if (answer == CKR_OK && (made.count || !count)) answer = backend->C_SetAttributeValue(session, object, made.attributes, made.count);
  leaveSession(use);
  return answer;
}

CK_RV token_C_FindObjectsInit(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template_, CK_ULONG count) {
  Template made;
  Session *use;
  CK_RV answer = enterSession(&session, ID_C_FindObjectsInit, &use);
  if (answer != CKR_OK) return answer;
  answer = checkTemplate(USE_FIND, halfInTemplate(template_, count), template_, count, &made);
  if (answer == CKR_OK) answer = backend->C_FindObjectsInit(session, made.attributes, made.count);
  leaveSession(use);
  return answer;
}

CK_RV token_C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG maximum, CK_ULONG *count) {
  Session *use;
  CK_RV answer = enterSession(&session, ID_C_FindObjects, &use);
  if (answer != CKR_OK) return answer;
  answer = backend->C_FindObjects(session, objects, maximum, count);
  for (CK_ULONG i = 0; answer == CKR_OK && objects && count && i < *count; i++) objects[i] = shownObject(objects[i]);
  leaveSession(use);
  return answer;
}

CK_RV token_C_GenerateKey(
  CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *key) {
  Template made;
  Session *use;
  if (!backend->C_GenerateKey) return CKR_FUNCTION_NOT_SUPPORTED;
  CK_RV answer = enterSession(&session, ID_C_GenerateKey, &use);
  if (answer != CKR_OK) return answer;
  if (mechanism && isHidden(mechanism->mechanism)) answer = CKR_MECHANISM_INVALID;
  if (answer == CKR_OK) answer = checkTemplate(USE_GENERATE, HALF_OTHER, template_, count, &made);
  if (answer == CKR_OK) answer = backend->C_GenerateKey(session, mechanism, made.attributes, made.count, key);
  show(answer, key);
  leaveSession(use);
  return answer;
}

CK_RV token_C_GenerateKeyPair(
  CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *publicTemplate, CK_ULONG publicCount,
  const CK_ATTRIBUTE *privateTemplate, CK_ULONG privateCount, CK_OBJECT_HANDLE *publicKey, CK_OBJECT_HANDLE *privateKey) {
  Template publicMade, privateMade;
  Session *use;
  CK_RV answer = enterSession(&session, ID_C_GenerateKeyPair, &use);
  if (answer != CKR_OK) return answer;
  if (mechanism && isHidden(mechanism->mechanism)) answer = CKR_MECHANISM_INVALID;
  if (answer == CKR_OK) answer = checkTemplate(USE_GENERATE, HALF_PUBLIC, publicTemplate, publicCount, &publicMade);
  if (answer == CKR_OK) answer = checkTemplate(USE_GENERATE, HALF_PRIVATE, privateTemplate, privateCount, &privateMade);
  if (answer == CKR_OK) {
    answer = backend->C_GenerateKeyPair(
      session, mechanism, publicMade.attributes, publicMade.count, privateMade.attributes, privateMade.count, publicKey, privateKey);
  }
  show(answer, publicKey);
  show(answer, privateKey);
  leaveSession(use);
  return answer;
}

CK_RV token_C_WrapKey(
  CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrappingKey, CK_OBJECT_HANDLE key, CK_BYTE *wrapped,
  CK_ULONG *length) {
  Session *use;
  if (!backend->C_WrapKey) return CKR_FUNCTION_NOT_SUPPORTED;
  CK_RV answer = enterSession(&session, ID_C_WrapKey, &use);
  if (answer != CKR_OK) return answer;
  if (mechanism && isHidden(mechanism->mechanism)) answer = CKR_MECHANISM_INVALID;
  if (!realObject(&wrappingKey)) answer = CKR_WRAPPING_KEY_HANDLE_INVALID;
  if (!realObject(&key)) answer = CKR_KEY_HANDLE_INVALID;
  bool isClaimed = script()->wrapLength && mechanism && mechanism->mechanism == CKM_AES_KEY_WRAP_PAD;
  if (answer == CKR_OK && isClaimed) *length = script()->wrapLength;
  else if (answer == CKR_OK) answer = backend->C_WrapKey(session, mechanism, wrappingKey, key, wrapped, length);
  leaveSession(use);
  return answer;
}

CK_RV token_C_UnwrapKey(
  CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrappingKey, const CK_BYTE *wrapped,
  CK_ULONG wrappedLength, const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *key) {
  Session *use;
  if (!backend->C_UnwrapKey) return CKR_FUNCTION_NOT_SUPPORTED;
  CK_RV answer = enterSession(&session, ID_C_UnwrapKey, &use);
  if (answer != CKR_OK) return answer;
  if (mechanism && isHidden(mechanism->mechanism)) answer = CKR_MECHANISM_INVALID;
  if (!realObject(&unwrappingKey)) answer = CKR_UNWRAPPING_KEY_HANDLE_INVALID;
  if (answer == CKR_OK) answer = backend->C_UnwrapKey(session, mechanism, unwrappingKey, wrapped, wrappedLength, template_, count, key);
  show(answer, key);
  leaveSession(use);
  return answer;
}

CK_RV token_C_DeriveKey(
  CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE baseKey, const CK_ATTRIBUTE *template_, CK_ULONG count,
  CK_OBJECT_HANDLE *key) {
  Session *use;
  if (!backend->C_DeriveKey) return CKR_FUNCTION_NOT_SUPPORTED;
  CK_RV answer = enterSession(&session, ID_C_DeriveKey, &use);
  if (answer != CKR_OK) return answer;
  if (mechanism && isHidden(mechanism->mechanism)) answer = CKR_MECHANISM_INVALID;
  if (!realObject(&baseKey)) answer = CKR_KEY_HANDLE_INVALID;
  if (answer == CKR_OK) answer = backend->C_DeriveKey(session, mechanism, baseKey, template_, count, key);
  show(answer, key);
  leaveSession(use);
  return answer;
}
