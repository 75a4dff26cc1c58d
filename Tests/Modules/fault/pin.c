// PINs: tries that are counted, for every process that uses this copy of the module; and the pad of a protected path.

#include "fault.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { USER, OFFICER, WHO_COUNT, MAXIMUM_TOKENS = 128 };

// How often each PIN was wrong since it was last right, a line for each token: serial number, user, security officer.
typedef struct {
  char serial[17];
  unsigned long failures[WHO_COUNT];
} Tries;

typedef struct {
  int file, count, mine;
  Tries tokens[MAXIMUM_TOKENS];
} TriesFile;

static unsigned long limitOf(int who) { return who == OFFICER ? script()->soPinTries : script()->pinTries; }

static bool isCounting(void) { return script()->pinTries || script()->soPinTries; }

static void readTries(TriesFile *tries) {
  char text[MAXIMUM_TOKENS * 64] = "", *rest = text;
  ssize_t length = read(tries->file, text, sizeof text - 1);
  if (length < 0) return;
  for (char *line = strsep(&rest, "\n"); line && tries->count < MAXIMUM_TOKENS; line = strsep(&rest, "\n")) {
    Tries *token = &tries->tokens[tries->count];
    if (sscanf(line, "%16s %lu %lu", token->serial, &token->failures[USER], &token->failures[OFFICER]) == 3) tries->count++;
  }
}

// Opens the file and keeps every other thread and process out until it is closed: a token looks at one PIN at a time.
static void openTries(TriesFile *tries, CK_SLOT_ID slot) {
  char path[2200];
  CK_TOKEN_INFO information;
  *tries = (TriesFile){.file = open(besideModule(path, sizeof path, ".pins"), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (tries->file >= 0) {
    flock(tries->file, LOCK_EX);
    readTries(tries);
  }
  Tries mine = {.serial = "-", .failures = {script()->userFailures, script()->soFailures}};
  if (backend->C_GetTokenInfo(slot, &information) == CKR_OK) {
    for (int i = 0; i < 16; i++) mine.serial[i] = information.serialNumber[i] > ' ' ? (char)information.serialNumber[i] : '_';
  }
  for (tries->mine = 0; tries->mine < tries->count; tries->mine++) {
    if (strcmp(tries->tokens[tries->mine].serial, mine.serial) == 0) return;
  }
  if (tries->mine == MAXIMUM_TOKENS) tries->mine--;
  tries->tokens[tries->mine] = mine;
  tries->count = tries->mine + 1;
}

static void closeTries(TriesFile *tries, bool isChanged) {
  if (tries->file < 0) return;
  if (isChanged && lseek(tries->file, 0, SEEK_SET) == 0 && ftruncate(tries->file, 0) == 0) {
    for (int i = 0; i < tries->count; i++) {
      const Tries *token = &tries->tokens[i];
      dprintf(tries->file, "%s %lu %lu\n", token->serial, token->failures[USER], token->failures[OFFICER]);
    }
  }
  close(tries->file);
}

static bool isLocked(const TriesFile *tries, int who) {
  return limitOf(who) && tries->tokens[tries->mine].failures[who] >= limitOf(who);
}

// One line for each try that reached the token, by all processes. Never the PIN.
static void logTry(const char *function, int who, CK_RV answer) {
  char path[2200], line[128];
  int file = open(besideModule(path, sizeof path, ".pin-log"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  int length = snprintf(line, sizeof line, "%s %s 0x%lx %d\n", function, who == OFFICER ? "so" : "user", answer, (int)getpid());
  ssize_t written = write(file, line, (size_t)length);
  (void)written;
  close(file);
}

// Takes the backend's answer to a PIN into account.
static void settle(TriesFile *tries, const char *function, int who, CK_RV answer) {
  unsigned long *failures = &tries->tokens[tries->mine].failures[who];
  if (answer == CKR_OK) *failures = 0;
  if (answer == CKR_PIN_INCORRECT) *failures += 1;
  // Whoever is logged in already was not asked for a PIN.
  if (answer == CKR_OK || answer == CKR_PIN_INCORRECT || answer == CKR_PIN_LOCKED) logTry(function, who, answer);
}

void showPINState(CK_SLOT_ID slot, CK_TOKEN_INFO *information) {
  static const CK_FLAGS flags[WHO_COUNT][3] = {
    {CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED}, {CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_LOCKED}};
  if (!isCounting()) return;
  TriesFile tries;
  openTries(&tries, slot);
  for (int who = USER; who < WHO_COUNT; who++) {
    information->flags &= ~(flags[who][0] | flags[who][1] | flags[who][2]);
    unsigned long failures = tries.tokens[tries.mine].failures[who], limit = limitOf(who);
    if (!limit || !script()->pinFlags) continue;
    if (failures > 0 && failures < limit) information->flags |= flags[who][0];
    if (failures + 1 == limit) information->flags |= flags[who][1];
    if (failures >= limit) information->flags |= flags[who][2];
  }
  closeTries(&tries, false);
}

// ---- the pad ----

typedef struct {
  const CK_UTF8CHAR *bytes;
  CK_ULONG length;
} PIN;

// On a token with a pad, no PIN means the one that is typed there, and a PIN is refused.
static CK_RV typed(PIN *pin, const char *padPIN) {
  const Script *now = script();
  if (!now->protectedPath) return CKR_OK;
  if (pin->bytes) return now->padRefusesPin ? now->padRefusesPin : CKR_ARGUMENTS_BAD;
  logEvent("PAD");
  if (now->padCancel) return CKR_FUNCTION_CANCELED;
  *pin = (PIN){(const CK_UTF8CHAR *)padPIN, strlen(padPIN)};
  return CKR_OK;
}

static const char *padPINOf(int who) { return who == OFFICER ? script()->padSoPin : script()->padPin; }

// ---- the functions that take a PIN ----

CK_RV token_C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_UTF8CHAR *given, CK_ULONG length) {
  PIN pin = {given, length};
  Session *use;
  int who = user == CKU_SO ? OFFICER : USER;
  inUse = given;
  CK_RV answer = enterSession(&session, ID_C_Login, &use);
  if (answer != CKR_OK) return answer;
  answer = typed(&pin, padPINOf(who));
  if (answer == CKR_OK && user == CKU_CONTEXT_SPECIFIC && !mayLogInForOneUse(use)) answer = CKR_OPERATION_NOT_INITIALIZED;
  if (answer == CKR_OK) {
    TriesFile tries;
    openTries(&tries, use->slot);
    answer = isLocked(&tries, who) ? CKR_PIN_LOCKED : logInForReal(use, session, user, pin.bytes, pin.length);
    settle(&tries, user == CKU_CONTEXT_SPECIFIC ? "C_Login(context)" : "C_Login", who, answer);
    closeTries(&tries, true);
  }
  leaveSession(use);
  return answer;
}

CK_RV token_C_Logout(CK_SESSION_HANDLE session) {
  Session *use;
  CK_RV answer = enterSession(&session, ID_C_Logout, &use);
  if (answer != CKR_OK) return answer;
  answer = backend->C_Logout(session);
  leaveSession(use);
  return answer;
}

CK_RV token_C_InitToken(CK_SLOT_ID slot, const CK_UTF8CHAR *given, CK_ULONG length, const CK_UTF8CHAR *label) {
  PIN pin = {given, length};
  if (script()->tokenAbsent) return CKR_TOKEN_NOT_PRESENT;
  CK_RV answer = typed(&pin, script()->padSoPin);
  if (answer != CKR_OK) return answer;
  TriesFile tries;
  openTries(&tries, slot);
  answer = isLocked(&tries, OFFICER) ? CKR_PIN_LOCKED : backend->C_InitToken(slot, pin.bytes, pin.length, label);
  settle(&tries, "C_InitToken", OFFICER, answer);
  if (answer == CKR_OK) tries.tokens[tries.mine].failures[USER] = 0;
  closeTries(&tries, true);
  return answer;
}

CK_RV token_C_InitPIN(CK_SESSION_HANDLE session, const CK_UTF8CHAR *given, CK_ULONG length) {
  PIN pin = {given, length};
  Session *use;
  CK_RV answer = enterSession(&session, ID_C_InitPIN, &use);
  if (answer != CKR_OK) return answer;
  answer = typed(&pin, *script()->padNewPin ? script()->padNewPin : script()->padPin);
  if (answer == CKR_OK) answer = backend->C_InitPIN(session, pin.bytes, pin.length);
  if (answer == CKR_OK) {
    TriesFile tries;
    openTries(&tries, use->slot);
    tries.tokens[tries.mine].failures[USER] = 0;
    closeTries(&tries, true);
  }
  leaveSession(use);
  return answer;
}

CK_RV token_C_SetPIN(
  CK_SESSION_HANDLE session, const CK_UTF8CHAR *oldPIN, CK_ULONG oldLength, const CK_UTF8CHAR *newPIN, CK_ULONG newLength) {
  PIN old = {oldPIN, oldLength}, new = {newPIN, newLength};
  Session *use;
  CK_SESSION_INFO information;
  CK_RV answer = enterSession(&session, ID_C_SetPIN, &use);
  if (answer != CKR_OK) return answer;
  bool isOfficer = backend->C_GetSessionInfo(session, &information) == CKR_OK && information.state == CKS_RW_SO_FUNCTIONS;
  int who = isOfficer ? OFFICER : USER;
  answer = typed(&old, padPINOf(who));
  if (answer == CKR_OK) answer = typed(&new, script()->padNewPin);
  if (answer == CKR_OK) {
    TriesFile tries;
    openTries(&tries, use->slot);
    answer =
      isLocked(&tries, who) ? CKR_PIN_LOCKED : backend->C_SetPIN(session, old.bytes, old.length, new.bytes, new.length);
    settle(&tries, "C_SetPIN", who, answer);
    closeTries(&tries, true);
  }
  leaveSession(use);
  return answer;
}
