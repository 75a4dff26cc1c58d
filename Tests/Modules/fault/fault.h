// A PKCS #11 module that misbehaves as it is told while it runs. What it can be told is in script.c.
//
// A call passes three layers:
//   front.c      the functions that are exported: the log, and the faults that a script asks for
//   token.c …    what a token adds to another one: session handles of its own, PIN tries, limits, attribute dialects
//   the backend  a real module, loaded beneath, or the small token of standalone.c
//
// Everything that belongs to this copy of the module stands beside it in its folder: NAME.script, NAME.log, NAME.pins, NAME.pin-log and
// NAME.release, where NAME is the path of the module itself. So several copies in one process have nothing to do with each other.

#ifndef FAULT_H
#define FAULT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "CCryptoki.h"
#include "functions.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
#define FUNCTION_ID(kind, name, parameters, arguments) ID_##name,
  FUNCTIONS_2_40(FUNCTION_ID) FUNCTIONS_3_0(FUNCTION_ID)
#undef FUNCTION_ID
  FUNCTION_COUNT
};

extern const char *const functionNames[FUNCTION_COUNT];

// What a broken script is answered with, by every function, so that no test passes by accident.
#define CKR_FAULT_SCRIPT (CKR_VENDOR_DEFINED | 0xFA17)

// ---- names.c ----

// The number that a text names: hexadecimal, decimal, or a constant such as CKR_DEVICE_ERROR.
bool parseNumber(const char *text, CK_ULONG *number);

// ---- rules.c ----

// What a crash has in a register.
extern _Thread_local const void *inUse;

typedef enum {
  ACTION_FAIL,
  ACTION_DELAY,
  ACTION_HANG,
  ACTION_DROP_SESSIONS,
  ACTION_DROP_LOGIN,
  ACTION_DROP_OBJECTS,
  ACTION_DEINITIALIZE,
  ACTION_KILL,
  ACTION_CRASH,
} Action;

// What outlives the reading of a script anew: a line that stays keeps its counts.
typedef struct RuleState {
  struct RuleState *next;
  char *line;
  unsigned long seen, fired;
  bool isPresent;
} RuleState;

typedef struct {
  Action action;
  int function;  // -1: every function that needs a token
  bool after;
  CK_RV code;
  unsigned long milliseconds;
  unsigned long on, from, every, times;  // 0: not asked for
  RuleState *state;
} Rule;

enum { RULES_AT_ONCE = 16 };

// The rules that a call has met.
typedef struct {
  int function;
  uint64_t start;
  const Rule *rules[RULES_AT_ONCE];
  int ruleCount;
} Call;

// Counts the call, and finds the rules that it meets.
void beginCall(Call *call, int function);
// Acts on those of before or after the real call. False when the call fails, with `answer`.
bool actOnRules(const Call *call, bool after, CK_RV *answer);
RuleState *ruleState(const char *line);
void forgetRules(void);
void resetAbsentRules(void);

// ---- script.c ----

typedef enum {
  ATTRIBUTE_REFUSE,
  ATTRIBUTE_REQUIRE,
  ATTRIBUTE_LIMIT,
  ATTRIBUTE_DEFAULT,
  ATTRIBUTE_SWALLOW,
  ATTRIBUTE_HIDE,
  ATTRIBUTE_FORCE,
  ATTRIBUTE_NOTE,
} AttributeAction;

enum { HALF_PUBLIC = 1, HALF_PRIVATE = 2, HALF_OTHER = 4, HALF_ALL = 7 };
enum { USE_CREATE = 1, USE_GENERATE = 2, USE_SET = 4, USE_FIND = 8 };

typedef struct {
  AttributeAction action;
  CK_ATTRIBUTE_TYPE type;
  int halves, uses;
  bool hasValue;
  CK_BYTE value[128];
  CK_ULONG valueLength, limit;
  CK_RV code;
} AttributeRule;

typedef struct {
  CK_MECHANISM_TYPE type;
  CK_MECHANISM_INFO information;
} AddedMechanism;

enum { MAXIMUM_RULES = 128, MAXIMUM_ATTRIBUTE_RULES = 64, MAXIMUM_MECHANISMS = 64, MAXIMUM_TEXT = 256 };

typedef struct {
  bool isBroken;
  char backend[MAXIMUM_TEXT * 4], token[MAXIMUM_TEXT];
  bool finalizeBackend, log, forkRule, tokenAbsent, uninitialized;

  unsigned long pinTries, soPinTries, userFailures, soFailures;
  bool pinFlags;
  char pin[MAXIMUM_TEXT], soPin[MAXIMUM_TEXT];

  bool protectedPath, padCancel;
  char padPin[MAXIMUM_TEXT], padSoPin[MAXIMUM_TEXT], padNewPin[MAXIMUM_TEXT];
  CK_RV padRefusesPin;

  unsigned long maxSessions, maxRwSessions;
  bool hasClaimedSessions, hasClaimedRwSessions;
  CK_ULONG claimedSessions, claimedRwSessions;
  CK_RV readOnlyRefusal, readWriteRefusal, burstRefusal;
  unsigned long burstCount, burstMilliseconds, idleMilliseconds;

  bool alwaysAuthenticate, strictAuthenticate, signRecover;
  CK_ULONG wrapLength, copyNumber;

  char label[MAXIMUM_TEXT], manufacturer[MAXIMUM_TEXT], model[MAXIMUM_TEXT], serial[MAXIMUM_TEXT];
  char moduleManufacturer[MAXIMUM_TEXT], moduleDescription[MAXIMUM_TEXT];
  CK_FLAGS flagsAdded, flagsRemoved;

  Rule rules[MAXIMUM_RULES];
  int ruleCount;
  AttributeRule attributes[MAXIMUM_ATTRIBUTE_RULES];
  int attributeCount;
  CK_MECHANISM_TYPE hidden[MAXIMUM_MECHANISMS], only[MAXIMUM_MECHANISMS];
  int hiddenCount, onlyCount;
  AddedMechanism added[MAXIMUM_MECHANISMS];
  int addedCount;
} Script;

// The script as it is now. What it points to stays valid for ever.
const Script *script(void);
// Reads the script again if its file has changed. Call with the state locked.
void refreshScript(void);
// The lines of a named dialect; NULL when there is none. dialects.c
const char *dialectLines(const char *name);

// ---- state.c ----

// The path of this copy of the module with something behind it.
const char *besideModule(char *buffer, size_t size, const char *suffix);
// Guards what the module keeps for itself; never held while a backend is called, nor while waiting.
void lockState(void);
void unlockState(void);
uint64_t nanoseconds(void);
// Notes what a test may want to know. Never a PIN.
void logEvent(const char *format, ...) __attribute__((format(printf, 1, 2)));
void logCall(int function, CK_RV answer, uint64_t start, uint64_t end);

// ---- backend.c ----

extern CK_FUNCTION_LIST *backend;

// Loads the backend that the script names.
CK_RV loadBackend(void);
extern CK_FUNCTION_LIST standaloneFunctions;

extern atomic_bool isInitialized;
// Whether this process may use the module: a child after fork may be refused.
bool isForked(void);

// ---- sessions.c ----

typedef struct {
  CK_SESSION_HANDLE handle, real;
  CK_SLOT_ID slot;
  bool isReadWrite, isLive;
  int users, keepers;  // keepers: those among the users that belong to the module itself
  uint64_t lastUse;
  // A signature was begun with a key that wants the PIN for each use, of itself or because the script says so; the PIN was given for it;
  // something else came between.
  bool wantsPIN, isEmulated, hasPIN, isCanceled;
} Session;

// Exchanges a handle for the backend's and keeps the session open until it is left.
CK_RV enterSession(CK_SESSION_HANDLE *handle, int function, Session **session);
void leaveSession(Session *session);
// The sessions of one slot, or of all; their handles are invalid from now on.
void dropSessions(const CK_SLOT_ID *slot, bool loggingOut);
void dropLogin(void);
void forgetSessions(void);
void countSessions(CK_SLOT_ID slot, unsigned long *all, unsigned long *readWrite);

// ---- objects.c ----

// Handles of objects are the backend's with an epoch above them, so that all that were handed out can be made invalid at once.
CK_OBJECT_HANDLE shownObject(CK_OBJECT_HANDLE real);
bool realObject(CK_OBJECT_HANDLE *object);
void dropObjects(void);
int halfOfObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);

// ---- attributes.c ----

typedef struct {
  CK_ATTRIBUTE attributes[MAXIMUM_ATTRIBUTE_RULES * 2];
  CK_ULONG count;
} Template;

// Holds a template against the dialect, and makes the one that the backend is given.
CK_RV checkTemplate(int use, int half, const CK_ATTRIBUTE *given, CK_ULONG count, Template *made);
bool isHidden(CK_MECHANISM_TYPE type);
// Takes the attributes out of a template that are mere notes of the module, and remembers them.
void takeNotes(CK_OBJECT_HANDLE object, int half, Template *made);

// ---- signing.c ----

// The backend's C_Login, or what stands in for it where the backend does not know that a key wants the PIN for each use.
CK_RV logInForReal(Session *use, CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_UTF8CHAR *pin, CK_ULONG length);
// Whether a signature waits for a PIN of its own.
bool mayLogInForOneUse(const Session *use);
// Called with the state locked: whatever comes between the beginning of such a signature and its end cancels it.
void noteCall(Session *session, int function);

// ---- pin.c ----

void showPINState(CK_SLOT_ID slot, CK_TOKEN_INFO *information);

// ---- the token layer: every function of the table, under a name of its own ----

#define DECLARE_TOKEN_FUNCTION(kind, name, parameters, arguments) CK_RV token_##name parameters;
FUNCTIONS_2_40(DECLARE_TOKEN_FUNCTION)
#undef DECLARE_TOKEN_FUNCTION
CK_RV token_C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags);

#endif
