// Session handles of our own, so that sessions can die while the backend's are still in use by another thread.

#include "fault.h"

#include <stdlib.h>
#include <string.h>

enum { MAXIMUM_SESSIONS = 4096 };

static Session *sessions[MAXIMUM_SESSIONS];
static int sessionCount;
static CK_SESSION_HANDLE lastHandle = 0x1000;
static uint64_t burstStart;
static unsigned long burstOpened;

// The functions below without a lock are called with the state locked.

static void removeSession(Session *session) {
  for (int i = 0; i < sessionCount; i++) {
    if (sessions[i] == session) {
      sessions[i] = sessions[--sessionCount];
      return;
    }
  }
}

static void closeReal(Session *session) {
  if (session->real) backend->C_CloseSession(session->real);
  free(session);
}

// Takes the sessions out that nobody uses and that are dead, or idle for too long.
static int takeDead(Session **dead, int capacity) {
  uint64_t now = nanoseconds(), limit = (uint64_t)script()->idleMilliseconds * 1000000;
  int count = 0;
  for (int i = 0; i < sessionCount && count < capacity;) {
    Session *session = sessions[i];
    bool isIdle = limit && session->isLive && session->real && session->users == 0 && now - session->lastUse > limit;
    if (isIdle) {
      session->isLive = false;
      logEvent("IDLE-EXPIRED");
    }
    if (session->isLive || session->users) {
      i++;
    } else {
      dead[count++] = session;
      sessions[i] = sessions[--sessionCount];
    }
  }
  return count;
}

static void buryDead(void) {
  Session *dead[64];
  int count;
  do {
    lockState();
    count = takeDead(dead, 64);
    unlockState();
    for (int i = 0; i < count; i++) closeReal(dead[i]);
  } while (count == 64);
}

static Session *find(CK_SESSION_HANDLE handle) {
  for (int i = 0; i < sessionCount; i++) {
    if (sessions[i]->handle == handle && sessions[i]->isLive && sessions[i]->real) return sessions[i];
  }
  return NULL;
}

CK_RV enterSession(CK_SESSION_HANDLE *handle, int function, Session **session) {
  if (script()->tokenAbsent) {
    dropSessions(NULL, true);
    return CKR_DEVICE_REMOVED;
  }
  buryDead();
  lockState();
  Session *found = find(*handle);
  if (found) {
    // The standard leaves it to the application that a session does one thing at a time.
    if (found->users++ > found->keepers) logEvent("SESSION-SHARED %s", functionNames[function]);
    noteCall(found, function);
    *handle = found->real;
  }
  unlockState();
  *session = found;
  return found ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

static void leave(Session *session, bool isKeeper) {
  lockState();
  session->users--;
  if (isKeeper) session->keepers--;
  session->lastUse = nanoseconds();
  bool isDead = !session->isLive && session->users == 0;
  if (isDead) removeSession(session);
  unlockState();
  if (isDead) closeReal(session);
}

void leaveSession(Session *session) { leave(session, false); }

// Logs out of the slots that live sessions belong to. Their handles stay valid.
static void logOut(const CK_SLOT_ID *slot) {
  Session *used[64];
  int count = 0;
  lockState();
  for (int i = 0; i < sessionCount && count < 64; i++) {
    Session *session = sessions[i];
    bool isFirst = session->isLive && session->real && (!slot || session->slot == *slot);
    for (int j = 0; j < count; j++) isFirst = isFirst && used[j]->slot != session->slot;
    if (isFirst) {
      session->users++;
      session->keepers++;
      used[count++] = session;
    }
  }
  unlockState();
  for (int i = 0; i < count; i++) {
    backend->C_Logout(used[i]->real);
    leave(used[i], true);
  }
}

void dropLogin(void) { logOut(NULL); }

void dropSessions(const CK_SLOT_ID *slot, bool loggingOut) {
  if (loggingOut) logOut(slot);
  lockState();
  for (int i = 0; i < sessionCount; i++) {
    if (!slot || sessions[i]->slot == *slot) sessions[i]->isLive = false;
  }
  unlockState();
  buryDead();
}

void forgetSessions(void) {
  lockState();
  sessionCount = 0;
  unlockState();
}

void countSessions(CK_SLOT_ID slot, unsigned long *all, unsigned long *readWrite) {
  *all = *readWrite = 0;
  buryDead();
  lockState();
  for (int i = 0; i < sessionCount; i++) {
    if (!sessions[i]->isLive || (slot != CK_UNAVAILABLE_INFORMATION && sessions[i]->slot != slot)) continue;
    *all += 1;
    if (sessions[i]->isReadWrite) *readWrite += 1;
  }
  unlockState();
}

// Some tokens refuse those who open many sessions at once.
static bool isBurst(const Script *now) {
  if (!now->burstCount) return false;
  uint64_t time = nanoseconds();
  if (time - burstStart > (uint64_t)now->burstMilliseconds * 1000000) {
    burstStart = time;
    burstOpened = 0;
  }
  return ++burstOpened > now->burstCount;
}

// A session that has no real one yet, counted already so that two threads cannot both take the last place. Called with the state locked.
static CK_RV reserve(CK_SLOT_ID slot, bool isReadWrite, Session **reserved) {
  const Script *now = script();
  if (isBurst(now)) return now->burstRefusal;
  unsigned long all = 0, readWrite = 0;
  for (int i = 0; i < sessionCount; i++) {
    if (!sessions[i]->isLive || sessions[i]->slot != slot) continue;
    all++;
    if (sessions[i]->isReadWrite) readWrite++;
  }
  if (sessionCount == MAXIMUM_SESSIONS || (now->maxSessions && all >= now->maxSessions) ||
      (isReadWrite && now->maxRwSessions && readWrite >= now->maxRwSessions)) {
    return CKR_SESSION_COUNT;
  }
  Session *session = calloc(1, sizeof *session);
  if (!session) return CKR_HOST_MEMORY;
  *session = (Session){.handle = ++lastHandle, .slot = slot, .isReadWrite = isReadWrite, .isLive = true, .users = 1};
  sessions[sessionCount++] = session;
  *reserved = session;
  return CKR_OK;
}

CK_RV token_C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *handle) {
  const Script *now = script();
  bool isReadWrite = flags & CKF_RW_SESSION;
  if (!handle) return CKR_ARGUMENTS_BAD;
  if (now->tokenAbsent) return CKR_TOKEN_NOT_PRESENT;
  if (!isReadWrite && now->readOnlyRefusal) return now->readOnlyRefusal;
  if (isReadWrite && now->readWriteRefusal) return now->readWriteRefusal;
  buryDead();
  Session *session = NULL;
  lockState();
  CK_RV answer = reserve(slot, isReadWrite, &session);
  unlockState();
  if (answer != CKR_OK) return answer;
  CK_SESSION_HANDLE real = 0;
  answer = backend->C_OpenSession(slot, flags, application, notify, &real);
  lockState();
  session->real = real;
  if (answer != CKR_OK) session->isLive = false;
  unlockState();
  *handle = session->handle;
  leaveSession(session);
  return answer;
}

CK_RV token_C_CloseSession(CK_SESSION_HANDLE handle) {
  Session *session;
  CK_RV answer = enterSession(&handle, ID_C_CloseSession, &session);
  if (answer != CKR_OK) return answer;
  lockState();
  session->isLive = false;
  unlockState();
  leaveSession(session);
  return CKR_OK;
}

CK_RV token_C_CloseAllSessions(CK_SLOT_ID slot) {
  dropSessions(&slot, false);
  return CKR_OK;
}
