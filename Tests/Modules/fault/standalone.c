// A token without a backend: one slot, two PINs, objects in memory, signatures that verify.

#include "standalone.h"

#include <stdlib.h>
#include <string.h>

static pthread_mutex_t tokenMutex = PTHREAD_MUTEX_INITIALIZER;

void lockToken(void) { pthread_mutex_lock(&tokenMutex); }
void unlockToken(void) { pthread_mutex_unlock(&tokenMutex); }

typedef enum { NOBODY, THE_USER, THE_OFFICER } Login;

typedef struct {
  bool isSet;
  CK_ULONG length;
  CK_UTF8CHAR bytes[MAXIMUM_TEXT];
} StoredPIN;

static Login loggedIn;
static bool isTokenInitialized, isBegun;
static StoredPIN userPIN, officerPIN;
static CK_UTF8CHAR tokenLabel[32];
static StandaloneSession *sessions;
static CK_SESSION_HANDLE lastSession;

bool isUserLoggedIn(void) { return loggedIn == THE_USER; }

static void fill(CK_UTF8CHAR *field, size_t size, const char *text) {
  memset(field, ' ', size);
  memcpy(field, text, strlen(text));
}

static void storePIN(StoredPIN *pin, const void *bytes, CK_ULONG length) {
  pin->isSet = true;
  pin->length = length;
  memcpy(pin->bytes, bytes, length);
}

static bool isRight(const StoredPIN *pin, const CK_UTF8CHAR *given, CK_ULONG length) {
  return pin->isSet && given && pin->length == length && memcmp(pin->bytes, given, length) == 0;
}

static bool isAcceptable(const CK_UTF8CHAR *pin, CK_ULONG length) { return pin && length >= 4 && length < MAXIMUM_TEXT; }

// ---- the module and its slot ----

CK_RV standalone_C_Initialize(const void *arguments) {
  const CK_C_INITIALIZE_ARGS *given = arguments;
  if (given && given->pReserved) return CKR_ARGUMENTS_BAD;
  const Script *now = script();
  const char *user = *now->pin ? now->pin : "123456", *officer = *now->soPin ? now->soPin : "87654321";
  lockToken();
  // The token outlives C_Finalize, as one does.
  if (!isBegun) {
    isBegun = true;
    isTokenInitialized = !now->uninitialized;
    fill(tokenLabel, sizeof tokenLabel, isTokenInitialized ? "fault" : "");
    if (isTokenInitialized) {
      storePIN(&userPIN, user, strlen(user));
      storePIN(&officerPIN, officer, strlen(officer));
    }
  }
  unlockToken();
  return CKR_OK;
}

static void closeSession(StandaloneSession *session) {
  StandaloneSession **place = &sessions;
  while (*place != session) place = &(*place)->next;
  *place = session->next;
  removeObjects(session->handle);
  free(session);
  if (!sessions) loggedIn = NOBODY;
}

CK_RV standalone_C_Finalize(void *reserved) {
  (void)reserved;
  lockToken();
  while (sessions) closeSession(sessions);
  unlockToken();
  return CKR_OK;
}

CK_RV standalone_C_GetInfo(CK_INFO *information) {
  if (!information) return CKR_ARGUMENTS_BAD;
  *information = (CK_INFO){.cryptokiVersion = {2, 40}, .libraryVersion = {1, 0}};
  fill(information->manufacturerID, sizeof information->manufacturerID, "Tests");
  fill(information->libraryDescription, sizeof information->libraryDescription, "Fault module, stand-alone");
  return CKR_OK;
}

CK_RV standalone_C_GetSlotList(CK_BBOOL tokenPresent, CK_SLOT_ID *slots, CK_ULONG *count) {
  (void)tokenPresent;
  if (slots && *count < 1) return CKR_BUFFER_TOO_SMALL;
  if (slots) *slots = STANDALONE_SLOT;
  *count = 1;
  return CKR_OK;
}

CK_RV standalone_C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *information) {
  if (slot != STANDALONE_SLOT) return CKR_SLOT_ID_INVALID;
  if (!information) return CKR_ARGUMENTS_BAD;
  *information = (CK_SLOT_INFO){.flags = CKF_TOKEN_PRESENT};
  fill(information->slotDescription, sizeof information->slotDescription, "Stand-alone slot");
  fill(information->manufacturerID, sizeof information->manufacturerID, "Tests");
  return CKR_OK;
}

CK_RV standalone_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *information) {
  if (slot != STANDALONE_SLOT) return CKR_SLOT_ID_INVALID;
  if (!information) return CKR_ARGUMENTS_BAD;
  CK_ULONG unknown = CK_UNAVAILABLE_INFORMATION;
  *information = (CK_TOKEN_INFO){
    .flags = CKF_RNG | CKF_LOGIN_REQUIRED, .ulMaxPinLen = MAXIMUM_TEXT - 1, .ulMinPinLen = 4, .ulTotalPublicMemory = unknown,
    .ulFreePublicMemory = unknown, .ulTotalPrivateMemory = unknown, .ulFreePrivateMemory = unknown};
  lockToken();
  memcpy(information->label, tokenLabel, sizeof tokenLabel);
  if (isTokenInitialized) information->flags |= CKF_TOKEN_INITIALIZED;
  if (userPIN.isSet) information->flags |= CKF_USER_PIN_INITIALIZED;
  for (const StandaloneSession *session = sessions; session; session = session->next) {
    information->ulSessionCount++;
    if (session->isReadWrite) information->ulRwSessionCount++;
  }
  unlockToken();
  fill(information->manufacturerID, sizeof information->manufacturerID, "Tests");
  fill(information->model, sizeof information->model, "Stand-alone");
  fill(information->serialNumber, sizeof information->serialNumber, "FA17000000000001");
  return CKR_OK;
}

CK_RV standalone_C_InitToken(CK_SLOT_ID slot, const CK_UTF8CHAR *pin, CK_ULONG length, const CK_UTF8CHAR *label) {
  if (slot != STANDALONE_SLOT) return CKR_SLOT_ID_INVALID;
  if (!pin || !label) return CKR_ARGUMENTS_BAD;
  CK_RV answer = CKR_OK;
  lockToken();
  if (sessions) answer = CKR_SESSION_EXISTS;
  else if (isTokenInitialized && !isRight(&officerPIN, pin, length)) answer = CKR_PIN_INCORRECT;
  else if (!isAcceptable(pin, length)) answer = CKR_PIN_LEN_RANGE;
  if (answer == CKR_OK) {
    removeObjects(0);
    isTokenInitialized = true;
    userPIN.isSet = false;
    storePIN(&officerPIN, pin, length);
    memcpy(tokenLabel, label, sizeof tokenLabel);
  }
  unlockToken();
  return answer;
}

// ---- sessions ----

StandaloneSession *standaloneSession(CK_SESSION_HANDLE handle) {
  for (StandaloneSession *session = sessions; session; session = session->next) {
    if (session->handle == handle) return session;
  }
  return NULL;
}

CK_RV standalone_C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *handle) {
  (void)application, (void)notify;
  if (slot != STANDALONE_SLOT) return CKR_SLOT_ID_INVALID;
  if (!(flags & CKF_SERIAL_SESSION)) return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
  bool isReadWrite = flags & CKF_RW_SESSION;
  StandaloneSession *session = calloc(1, sizeof *session);
  if (!session) return CKR_HOST_MEMORY;
  CK_RV answer = CKR_OK;
  lockToken();
  if (!isTokenInitialized) answer = CKR_TOKEN_NOT_RECOGNIZED;
  else if (loggedIn == THE_OFFICER && !isReadWrite) answer = CKR_SESSION_READ_WRITE_SO_EXISTS;
  if (answer == CKR_OK) {
    session->handle = *handle = ++lastSession;
    session->isReadWrite = isReadWrite;
    session->next = sessions;
    sessions = session;
  }
  unlockToken();
  if (answer != CKR_OK) free(session);
  return answer;
}

CK_RV standalone_C_CloseSession(CK_SESSION_HANDLE handle) {
  lockToken();
  StandaloneSession *session = standaloneSession(handle);
  if (session) closeSession(session);
  unlockToken();
  return session ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

CK_RV standalone_C_CloseAllSessions(CK_SLOT_ID slot) { return slot == STANDALONE_SLOT ? standalone_C_Finalize(NULL) : CKR_SLOT_ID_INVALID; }

CK_RV standalone_C_GetSessionInfo(CK_SESSION_HANDLE handle, CK_SESSION_INFO *information) {
  static const CK_STATE states[2][3] = {
    {CKS_RO_PUBLIC_SESSION, CKS_RO_USER_FUNCTIONS, CKS_RO_PUBLIC_SESSION},
    {CKS_RW_PUBLIC_SESSION, CKS_RW_USER_FUNCTIONS, CKS_RW_SO_FUNCTIONS}};
  if (!information) return CKR_ARGUMENTS_BAD;
  lockToken();
  const StandaloneSession *session = standaloneSession(handle);
  if (session) {
    CK_FLAGS flags = CKF_SERIAL_SESSION | (session->isReadWrite ? CKF_RW_SESSION : 0);
    *information = (CK_SESSION_INFO){.slotID = STANDALONE_SLOT, .state = states[session->isReadWrite][loggedIn], .flags = flags};
  }
  unlockToken();
  return session ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

CK_RV checkWriting(const StandaloneSession *session, const Object *object) {
  if (boolOf(object, CKA_TOKEN, false) && !session->isReadWrite) return CKR_SESSION_READ_ONLY;
  return boolOf(object, CKA_PRIVATE, false) && !isUserLoggedIn() ? CKR_USER_NOT_LOGGED_IN : CKR_OK;
}

// ---- login and PINs ----

static CK_RV logIn(StandaloneSession *session, CK_USER_TYPE user, const CK_UTF8CHAR *pin, CK_ULONG length) {
  if (user == CKU_CONTEXT_SPECIFIC) {
    if (!session->isSigning || !session->wantsPIN) return CKR_OPERATION_NOT_INITIALIZED;
    if (!isRight(&userPIN, pin, length)) return CKR_PIN_INCORRECT;
    session->wantsPIN = false;
    return CKR_OK;
  }
  if (user != CKU_USER && user != CKU_SO) return CKR_USER_TYPE_INVALID;
  Login wanted = user == CKU_SO ? THE_OFFICER : THE_USER;
  if (loggedIn == wanted) return CKR_USER_ALREADY_LOGGED_IN;
  if (loggedIn != NOBODY) return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
  for (const StandaloneSession *other = sessions; other && user == CKU_SO; other = other->next) {
    if (!other->isReadWrite) return CKR_SESSION_READ_ONLY_EXISTS;
  }
  if (user == CKU_USER && !userPIN.isSet) return CKR_USER_PIN_NOT_INITIALIZED;
  if (!isRight(user == CKU_SO ? &officerPIN : &userPIN, pin, length)) return CKR_PIN_INCORRECT;
  loggedIn = wanted;
  return CKR_OK;
}

CK_RV standalone_C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE user, const CK_UTF8CHAR *pin, CK_ULONG length) {
  if (!pin) return CKR_ARGUMENTS_BAD;
  lockToken();
  StandaloneSession *session = standaloneSession(handle);
  CK_RV answer = session ? logIn(session, user, pin, length) : CKR_SESSION_HANDLE_INVALID;
  unlockToken();
  return answer;
}

CK_RV standalone_C_Logout(CK_SESSION_HANDLE handle) {
  CK_RV answer = CKR_OK;
  lockToken();
  if (!standaloneSession(handle)) answer = CKR_SESSION_HANDLE_INVALID;
  else if (loggedIn == NOBODY) answer = CKR_USER_NOT_LOGGED_IN;
  if (answer == CKR_OK) {
    loggedIn = NOBODY;
    renewPrivateHandles();
  }
  unlockToken();
  return answer;
}

CK_RV standalone_C_InitPIN(CK_SESSION_HANDLE handle, const CK_UTF8CHAR *pin, CK_ULONG length) {
  CK_RV answer = CKR_OK;
  lockToken();
  if (!standaloneSession(handle)) answer = CKR_SESSION_HANDLE_INVALID;
  else if (loggedIn != THE_OFFICER) answer = CKR_USER_NOT_LOGGED_IN;
  else if (!isAcceptable(pin, length)) answer = pin ? CKR_PIN_LEN_RANGE : CKR_ARGUMENTS_BAD;
  else storePIN(&userPIN, pin, length);
  unlockToken();
  return answer;
}

CK_RV standalone_C_SetPIN(
  CK_SESSION_HANDLE handle, const CK_UTF8CHAR *oldPIN, CK_ULONG oldLength, const CK_UTF8CHAR *newPIN, CK_ULONG newLength) {
  CK_RV answer = CKR_OK;
  lockToken();
  const StandaloneSession *session = standaloneSession(handle);
  StoredPIN *pin = loggedIn == THE_OFFICER ? &officerPIN : &userPIN;
  if (!session) answer = CKR_SESSION_HANDLE_INVALID;
  else if (!session->isReadWrite) answer = CKR_SESSION_READ_ONLY;
  else if (!oldPIN || !newPIN) answer = CKR_ARGUMENTS_BAD;
  else if (!isRight(pin, oldPIN, oldLength)) answer = CKR_PIN_INCORRECT;
  else if (!isAcceptable(newPIN, newLength)) answer = CKR_PIN_LEN_RANGE;
  else storePIN(pin, newPIN, newLength);
  unlockToken();
  return answer;
}
