// A PKCS #11 module that misbehaves on demand. Tests compile it with the faults they want as macros, into a file of their own.
//
// LOG_FILE             every call appends the function's name to this file
// ALREADY_INITIALIZED  the first C_Initialize finds the module initialised by somebody else
// INTERFACE            exports C_GetInterface: 3 gives a 3.0 table, 9 a table of version 9.0, 0 fails
// LIST_VERSION         the major version of the table of C_GetFunctionList, 2 without it
// WITHOUT              this function is missing from the table
// FAIL, FAIL_WITH      this function answers this value
// SIGN_LENGTH          how many bytes C_Sign claims, whatever it was given room for
// FIND_COUNT           how many objects C_FindObjects claims, whatever it was asked for
// SLOT_COUNT           how many slots C_GetSlotList claims
// SLOW_CLOSE           C_CloseSession takes so many microseconds, and logs its end as "closed"
// ATTRIBUTES           how C_GetAttributeValue behaves: see there

#define _DEFAULT_SOURCE  // usleep
#include "CCryptoki.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x

static int failsNow(const char *name, CK_RV *answer) {
#ifdef LOG_FILE
  FILE *log = fopen(TEXT(LOG_FILE), "a");
  if (log) {
    fprintf(log, "%s\n", name);
    fclose(log);
  }
#endif
#ifdef FAIL
  if (strcmp(name, TEXT(FAIL)) == 0) {
    *answer = FAIL_WITH;
    return 1;
  }
#endif
  (void)name;
  (void)answer;
  return 0;
}

#define CALL(name) \
  do { \
    CK_RV answer; \
    if (failsNow(#name, &answer)) return answer; \
  } while (0)

static int isInitialized;
static CK_SESSION_HANDLE lastSession;
static CK_OBJECT_HANDLE objectsLeft;

static void fill(CK_UTF8CHAR *field, size_t size, const char *text) {
  memset(field, ' ', size);
  memcpy(field, text, strlen(text) < size ? strlen(text) : size);
}

static CK_RV initialize(const void *arguments) {
  const CK_C_INITIALIZE_ARGS *given = arguments;
  CALL(C_Initialize);
#ifdef ALREADY_INITIALIZED
  isInitialized = 1;
#endif
  if (isInitialized) return CKR_CRYPTOKI_ALREADY_INITIALIZED;
  if (!given || given->flags != CKF_OS_LOCKING_OK || given->pReserved || given->CreateMutex) return CKR_ARGUMENTS_BAD;
  // Memory behind the structure, where some modules look for more, is zero.
  for (int i = 0; i < 2; i++)
    if (((void *const *)(given + 1))[i]) return CKR_ARGUMENTS_BAD;
  isInitialized = 1;
  return CKR_OK;
}

static CK_RV finalize(void *reserved) {
  CALL(C_Finalize);
  isInitialized = 0;
  return reserved ? CKR_ARGUMENTS_BAD : CKR_OK;
}

static CK_RV getInfo(CK_INFO *information) {
  CALL(C_GetInfo);
  if (!isInitialized) return CKR_CRYPTOKI_NOT_INITIALIZED;
  memset(information, 0, sizeof *information);
  information->cryptokiVersion = (CK_VERSION){2, 40};
  fill(information->manufacturerID, 32, "Tests");
  fill(information->libraryDescription, 32, "Scripted module");
  information->libraryVersion = (CK_VERSION){1, 2};
  return CKR_OK;
}

static CK_RV getSlotList(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count) {
  (void)present;
  CALL(C_GetSlotList);
  if (!isInitialized) return CKR_CRYPTOKI_NOT_INITIALIZED;
#ifdef SLOT_COUNT
  *count = SLOT_COUNT;
  return CKR_OK;
#endif
  if (slots && *count < 1) return CKR_BUFFER_TOO_SMALL;
  if (slots) slots[0] = 7;
  *count = 1;
  return CKR_OK;
}

static CK_RV getSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *information) {
  CALL(C_GetSlotInfo);
  if (slot != 7) return CKR_SLOT_ID_INVALID;
  memset(information, 0, sizeof *information);
  fill(information->slotDescription, 64, "Slot of the scripted module");
  fill(information->manufacturerID, 32, "Tests");
  information->flags = CKF_TOKEN_PRESENT;
  return CKR_OK;
}

static CK_RV getTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *information) {
  CALL(C_GetTokenInfo);
  if (slot != 7) return CKR_SLOT_ID_INVALID;
  memset(information, 0, sizeof *information);
  fill(information->label, 32, "scripted");
  // Not blank-padded, and with an escape sequence in it.
  memcpy(information->manufacturerID, "Te\x1b[31mst\xffs\0\0", 14);
  fill(information->model, 16, "M1");
  fill(information->serialNumber, 16, "0001");
  information->flags = CKF_TOKEN_INITIALIZED | CKF_USER_PIN_FINAL_TRY;
  information->ulMaxSessionCount = 3;
  information->ulSessionCount = CK_UNAVAILABLE_INFORMATION;
  information->ulMaxRwSessionCount = CK_UNAVAILABLE_INFORMATION;
  return CKR_OK;
}

static CK_RV openSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session) {
  (void)slot, (void)application, (void)notify;
  CALL(C_OpenSession);
  if (!(flags & CKF_SERIAL_SESSION)) return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
  *session = ++lastSession;
  return CKR_OK;
}

static CK_RV closeSession(CK_SESSION_HANDLE session) {
  (void)session;
  CALL(C_CloseSession);
#ifdef SLOW_CLOSE
  usleep(SLOW_CLOSE);
  CK_RV ignored;
  failsNow("closed", &ignored);
#endif
  return CKR_OK;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_UTF8CHAR *pin, CK_ULONG length) {
  (void)session, (void)user, (void)pin, (void)length;
  CALL(C_Login);
  return CKR_OK;
}

static CK_RV findObjectsInit(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template_, CK_ULONG count) {
  (void)session, (void)template_, (void)count;
  CALL(C_FindObjectsInit);
  objectsLeft = 700;
  return CKR_OK;
}

static CK_RV findObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG maximum, CK_ULONG *count) {
  (void)session;
  CALL(C_FindObjects);
#ifdef FIND_COUNT
  (void)objects, (void)maximum;
  *count = FIND_COUNT;
  return CKR_OK;
#endif
  // Fewer than asked for, although there are more.
  CK_ULONG some = maximum > 100 ? 100 : maximum;
  for (*count = 0; *count < some && objectsLeft; (*count)++) objects[*count] = objectsLeft--;
  return CKR_OK;
}

static CK_RV findObjectsFinal(CK_SESSION_HANDLE session) {
  (void)session;
  CALL(C_FindObjectsFinal);
  return CKR_OK;
}

static unsigned long randomState = 1;
static unsigned long nextRandom(void) {
  randomState = randomState * 6364136223846793005UL + 1442695040888963407UL;
  return randomState >> 33;
}

#define HUGE_LENGTHS 1
#define GROWING 2
#define STOPS_AT_THE_FIRST 3
#define RANDOM 4

static CK_RV getAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template_, CK_ULONG count) {
  (void)session, (void)object;
  CALL(C_GetAttributeValue);
#if ATTRIBUTES == HUGE_LENGTHS
  // The object's handle says how long each claims to be.
  for (CK_ULONG i = 0; i < count; i++) template_[i].ulValueLen = object;
  return CKR_OK;
#elif ATTRIBUTES == GROWING
  for (CK_ULONG i = 0; i < count; i++) template_[i].ulValueLen = template_[i].pValue ? 9 : 8;
  return CKR_OK;
#elif ATTRIBUTES == STOPS_AT_THE_FIRST
  for (CK_ULONG i = 0; i < count; i++) {
    if (template_[i].type == CKA_VALUE) return template_[i].ulValueLen = CK_UNAVAILABLE_INFORMATION, CKR_ATTRIBUTE_SENSITIVE;
    if (template_[i].type == CKA_URL) return template_[i].ulValueLen = CK_UNAVAILABLE_INFORMATION, CKR_ATTRIBUTE_TYPE_INVALID;
    if (template_[i].pValue) memcpy(template_[i].pValue, "ab", 2);
    template_[i].ulValueLen = 2;
  }
  return CKR_OK;
#elif ATTRIBUTES == RANDOM
  static const CK_RV answers[] = {
    CKR_OK, CKR_OK, CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID, CKR_BUFFER_TOO_SMALL, CKR_GENERAL_ERROR};
  for (CK_ULONG i = 0; i < count; i++) {
    CK_ULONG room = template_[i].pValue ? template_[i].ulValueLen : 0;
    for (CK_ULONG j = 0; j < room; j++) ((CK_BYTE *)template_[i].pValue)[j] = (CK_BYTE)nextRandom();
    switch (nextRandom() % 8) {
      case 0: template_[i].ulValueLen = CK_UNAVAILABLE_INFORMATION; break;
      case 1: template_[i].ulValueLen = nextRandom() << (nextRandom() % 34); break;
      case 2: break;
      default: template_[i].ulValueLen = room ? nextRandom() % (room + 1) : nextRandom() % 40;
    }
  }
  return answers[nextRandom() % 6];
#else
  (void)template_, (void)count, (void)nextRandom;
  return CKR_OBJECT_HANDLE_INVALID;
#endif
}

static CK_RV signInit(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
  (void)session, (void)mechanism, (void)key;
  CALL(C_SignInit);
  return CKR_OK;
}

static CK_RV sign(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *signature, CK_ULONG *length) {
  (void)session, (void)data, (void)dataLength;
  CALL(C_Sign);
  // A question for the size is what our side never asks.
  if (!signature) return CKR_ARGUMENTS_BAD;
#ifdef SIGN_LENGTH
  *length = SIGN_LENGTH;
#else
  memset(signature, 0x5A, *length);
#endif
  return CKR_OK;
}

static CK_RV getFunctionList(CK_FUNCTION_LIST **list);

#define TABLE(major_) \
  { \
    .version = {major_, major_ == 2 ? 40 : 0}, .C_Initialize = initialize, .C_Finalize = finalize, .C_GetInfo = getInfo, \
    .C_GetFunctionList = getFunctionList, .C_GetSlotList = getSlotList, .C_GetSlotInfo = getSlotInfo, .C_GetTokenInfo = getTokenInfo, \
    .C_OpenSession = openSession, .C_CloseSession = closeSession, .C_Login = login, .C_FindObjectsInit = findObjectsInit, \
    .C_FindObjects = findObjects, .C_FindObjectsFinal = findObjectsFinal, .C_GetAttributeValue = getAttributeValue, \
    .C_SignInit = signInit, .C_Sign = sign, \
  }

#ifndef LIST_VERSION
#define LIST_VERSION 2
#endif

static CK_FUNCTION_LIST table = TABLE(LIST_VERSION);

static CK_RV getFunctionList(CK_FUNCTION_LIST **list) {
  CALL(C_GetFunctionList);
#ifdef WITHOUT
  table.WITHOUT = 0;
#endif
  *list = &table;
  return CKR_OK;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) { return getFunctionList(list); }

#ifdef INTERFACE
static CK_FUNCTION_LIST_3_0 laterTable = TABLE(INTERFACE);
static CK_INTERFACE interface_ = {(const CK_UTF8CHAR *)"PKCS 11", &laterTable, 0};

__attribute__((visibility("default"))) CK_RV C_GetInterface(
  const CK_UTF8CHAR *name, const CK_VERSION *version, CK_INTERFACE **found, CK_FLAGS flags) {
  CALL(C_GetInterface);
  if (!name || strcmp((const char *)name, "PKCS 11") != 0 || version || flags) return CKR_ARGUMENTS_BAD;
  if (INTERFACE == 0) return CKR_FUNCTION_FAILED;
  *found = &interface_;
  return CKR_OK;
}
#endif
