// The token layer: what is told of slots, tokens and mechanisms, and the functions that are passed on with exchanged handles.

#include "fault.h"

#include <string.h>

#define PASS_ON(name, arguments, conversion) \
  Session *use; \
  if (!backend->name) return CKR_FUNCTION_NOT_SUPPORTED; \
  CK_RV answer = enterSession(&session, ID_##name, &use); \
  if (answer != CKR_OK) return answer; \
  conversion; \
  if (answer == CKR_OK) answer = backend->name arguments; \
  leaveSession(use); \
  return answer;

#define CHECK_MECHANISM if (mechanism && isHidden(mechanism->mechanism)) answer = CKR_MECHANISM_INVALID
#define CHECK_KEY if (!realObject(&key)) answer = CKR_KEY_HANDLE_INVALID
#define CHECK_OBJECT if (!realObject(&object)) answer = CKR_OBJECT_HANDLE_INVALID

#define TOKEN_OWN(name, parameters, arguments)
#define TOKEN_SESSION(name, parameters, arguments) \
  CK_RV token_##name parameters { PASS_ON(name, arguments, (void)0) }
#define TOKEN_MECHANISM(name, parameters, arguments) \
  CK_RV token_##name parameters { PASS_ON(name, arguments, CHECK_MECHANISM) }
#define TOKEN_KEY(name, parameters, arguments) \
  CK_RV token_##name parameters { PASS_ON(name, arguments, CHECK_KEY) }
#define TOKEN_KEY_WITH_MECHANISM(name, parameters, arguments) \
  CK_RV token_##name parameters { PASS_ON(name, arguments, CHECK_MECHANISM; CHECK_KEY) }
#define TOKEN_OBJECT(name, parameters, arguments) \
  CK_RV token_##name parameters { PASS_ON(name, arguments, CHECK_OBJECT) }

#define TOKEN_FUNCTION(kind, name, parameters, arguments) TOKEN_##kind(name, parameters, arguments)
FUNCTIONS_2_40(TOKEN_FUNCTION)

CK_RV token_C_SetOperationState(
  CK_SESSION_HANDLE session, const CK_BYTE *state, CK_ULONG length, CK_OBJECT_HANDLE encryptionKey, CK_OBJECT_HANDLE authenticationKey) {
  PASS_ON(
    C_SetOperationState, (session, state, length, encryptionKey, authenticationKey),
    if (!realObject(&encryptionKey) || !realObject(&authenticationKey)) answer = CKR_KEY_HANDLE_INVALID)
}

// ---- the module and its slots ----

static void fill(CK_UTF8CHAR *field, size_t size, const char *text) {
  if (!*text) return;
  memset(field, ' ', size);
  memcpy(field, text, strlen(text) < size ? strlen(text) : size);
}

CK_RV token_C_GetInfo(CK_INFO *information) {
  CK_RV answer = backend->C_GetInfo(information);
  if (answer != CKR_OK) return answer;
  fill(information->manufacturerID, sizeof information->manufacturerID, script()->moduleManufacturer);
  fill(information->libraryDescription, sizeof information->libraryDescription, script()->moduleDescription);
  return CKR_OK;
}

// Whether the script lets the slot show: all do, unless it names the one token that is there.
static bool shows(CK_SLOT_ID slot) {
  CK_TOKEN_INFO information;
  CK_UTF8CHAR label[sizeof information.label];
  if (!*script()->token) return true;
  if (backend->C_GetTokenInfo(slot, &information) != CKR_OK) return false;
  fill(label, sizeof label, script()->token);
  return memcmp(label, information.label, sizeof label) == 0;
}

CK_RV token_C_GetSlotList(CK_BBOOL tokenPresent, CK_SLOT_ID *slots, CK_ULONG *count) {
  CK_SLOT_ID all[1024];
  CK_ULONG allCount = sizeof all / sizeof *all, shownCount = 0;
  if (!count) return CKR_ARGUMENTS_BAD;
  CK_RV answer = backend->C_GetSlotList(tokenPresent, all, &allCount);
  if (answer != CKR_OK) return answer;
  if (script()->tokenAbsent && tokenPresent) allCount = 0;
  for (CK_ULONG i = 0; i < allCount; i++) {
    if (shows(all[i])) all[shownCount++] = all[i];
  }
  bool fits = *count >= shownCount;
  *count = shownCount;
  if (!slots) return CKR_OK;
  if (!fits) return CKR_BUFFER_TOO_SMALL;
  memcpy(slots, all, shownCount * sizeof *slots);
  return CKR_OK;
}

CK_RV token_C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *information) {
  CK_RV answer = backend->C_GetSlotInfo(slot, information);
  if (answer == CKR_OK && script()->tokenAbsent) information->flags &= ~CKF_TOKEN_PRESENT;
  return answer;
}

static void showLimits(CK_SLOT_ID slot, CK_TOKEN_INFO *information) {
  const Script *now = script();
  unsigned long all, readWrite;
  if (!now->maxSessions && !now->maxRwSessions && !now->hasClaimedSessions && !now->hasClaimedRwSessions) return;
  countSessions(slot, &all, &readWrite);
  information->ulSessionCount = all;
  information->ulRwSessionCount = readWrite;
  if (now->maxSessions) information->ulMaxSessionCount = now->maxSessions;
  if (now->maxRwSessions) information->ulMaxRwSessionCount = now->maxRwSessions;
  if (now->hasClaimedSessions) information->ulMaxSessionCount = now->claimedSessions;
  if (now->hasClaimedRwSessions) information->ulMaxRwSessionCount = now->claimedRwSessions;
}

CK_RV token_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *information) {
  const Script *now = script();
  if (now->tokenAbsent) return CKR_TOKEN_NOT_PRESENT;
  CK_RV answer = backend->C_GetTokenInfo(slot, information);
  if (answer != CKR_OK) return answer;
  showPINState(slot, information);
  showLimits(slot, information);
  if (now->protectedPath) information->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
  information->flags = (information->flags | now->flagsAdded) & ~now->flagsRemoved;
  fill(information->label, sizeof information->label, now->label);
  fill(information->manufacturerID, sizeof information->manufacturerID, now->manufacturer);
  fill(information->model, sizeof information->model, now->model);
  fill(information->serialNumber, sizeof information->serialNumber, now->serial);
  return CKR_OK;
}

// ---- mechanisms ----

static bool isAdded(CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *information) {
  const Script *now = script();
  for (int i = 0; i < now->addedCount; i++) {
    if (now->added[i].type != type) continue;
    if (information) *information = now->added[i].information;
    return true;
  }
  return false;
}

CK_RV token_C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *mechanisms, CK_ULONG *count) {
  CK_MECHANISM_TYPE all[1024];
  CK_ULONG allCount = sizeof all / sizeof *all - MAXIMUM_MECHANISMS, shownCount = 0;
  if (!count) return CKR_ARGUMENTS_BAD;
  if (script()->tokenAbsent) return CKR_TOKEN_NOT_PRESENT;
  CK_RV answer = backend->C_GetMechanismList(slot, all, &allCount);
  if (answer != CKR_OK) return answer;
  for (CK_ULONG i = 0; i < allCount; i++) {
    if (!isHidden(all[i]) && !isAdded(all[i], NULL)) all[shownCount++] = all[i];
  }
  for (int i = 0; i < script()->addedCount; i++) all[shownCount++] = script()->added[i].type;
  bool fits = *count >= shownCount;
  *count = shownCount;
  if (!mechanisms) return CKR_OK;
  if (!fits) return CKR_BUFFER_TOO_SMALL;
  memcpy(mechanisms, all, shownCount * sizeof *mechanisms);
  return CKR_OK;
}

CK_RV token_C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *information) {
  if (!information) return CKR_ARGUMENTS_BAD;
  if (script()->tokenAbsent) return CKR_TOKEN_NOT_PRESENT;
  if (isAdded(type, information)) return CKR_OK;
  return isHidden(type) ? CKR_MECHANISM_INVALID : backend->C_GetMechanismInfo(slot, type, information);
}

CK_RV token_C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved) {
  return backend->C_WaitForSlotEvent ? backend->C_WaitForSlotEvent(flags, slot, reserved) : CKR_FUNCTION_NOT_SUPPORTED;
}
