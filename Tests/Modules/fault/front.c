// The functions that the module exports. Each counts and logs its call, meets the faults of the script, and passes on what is left.

#include "fault.h"

#include <string.h>

// Whether the call may go on; otherwise `answer` is what it gets.
static bool mayPass(Call *call, CK_RV *answer) {
  if (script()->isBroken) {
    *answer = CKR_FAULT_SCRIPT;
    return false;
  }
  if (!actOnRules(call, false, answer)) return false;
  switch (call->function) {
    case ID_C_Initialize: case ID_C_GetFunctionList: case ID_C_GetInterface: case ID_C_GetInterfaceList:
      return true;
  }
  if (!isInitialized || isForked()) {
    *answer = CKR_CRYPTOKI_NOT_INITIALIZED;
    return false;
  }
  return true;
}

#define FRONT_FUNCTION(name, parameters, passing) \
  static CK_RV front_##name parameters { \
    Call call; \
    CK_RV answer; \
    beginCall(&call, ID_##name); \
    if (mayPass(&call, &answer)) { \
      answer = passing; \
      CK_RV instead; \
      if (!actOnRules(&call, true, &instead)) answer = instead; \
    } \
    logCall(ID_##name, answer, call.start, nanoseconds()); \
    return answer; \
  }

#define FRONT(kind, name, parameters, arguments) FRONT_FUNCTION(name, parameters, token_##name arguments)
FUNCTIONS_2_40(FRONT)

#define MEMBER(kind, name, parameters, arguments) .name = front_##name,

static CK_FUNCTION_LIST functions = {.version = {2, 40}, FUNCTIONS_2_40(MEMBER)};

CK_RV token_C_GetFunctionList(CK_FUNCTION_LIST **list) {
  if (!list) return CKR_ARGUMENTS_BAD;
  *list = &functions;
  return CKR_OK;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) { return front_C_GetFunctionList(list); }

#ifdef FAULT_INTERFACE

// What 3.0 adds is not supported, but for the interfaces themselves and the end of an operation.
static CK_RV notSupported(CK_SESSION_HANDLE session, ...) {
  (void)session;
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV token_C_GetInterfaceList(CK_INTERFACE *interfaces, CK_ULONG *count);
static CK_RV token_C_GetInterface(const CK_UTF8CHAR *name, const CK_VERSION *version, CK_INTERFACE **interface_, CK_FLAGS flags);

#define LATER_OWN(name, arguments) token_##name arguments
#define LATER_SESSION(name, arguments) notSupported arguments
#define LATER_KEY_WITH_MECHANISM(name, arguments) notSupported arguments
#define LATER(kind, name, parameters, arguments) FRONT_FUNCTION(name, parameters, LATER_##kind(name, arguments))
FUNCTIONS_3_0(LATER)

static const CK_FUNCTION_LIST_3_0 laterFunctions = {.version = {3, 0}, FUNCTIONS_2_40(MEMBER) FUNCTIONS_3_0(MEMBER)};

static CK_INTERFACE interfaces[] = {
  {(const CK_UTF8CHAR *)"PKCS 11", &laterFunctions, 0},
  {(const CK_UTF8CHAR *)"PKCS 11", &functions, 0},
};

enum { INTERFACE_COUNT = sizeof interfaces / sizeof *interfaces };

static CK_RV token_C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count) {
  if (!count) return CKR_ARGUMENTS_BAD;
  bool fits = *count >= INTERFACE_COUNT;
  *count = INTERFACE_COUNT;
  if (!list) return CKR_OK;
  if (!fits) return CKR_BUFFER_TOO_SMALL;
  memcpy(list, interfaces, sizeof interfaces);
  return CKR_OK;
}

static CK_RV token_C_GetInterface(const CK_UTF8CHAR *name, const CK_VERSION *version, CK_INTERFACE **found, CK_FLAGS flags) {
  if (!found || flags) return CKR_ARGUMENTS_BAD;
  if (name && strcmp((const char *)name, "PKCS 11") != 0) return CKR_ARGUMENTS_BAD;
  for (int i = 0; i < INTERFACE_COUNT; i++) {
    const CK_VERSION *offered = interfaces[i].pFunctionList;
    if (version && (version->major != offered->major || version->minor != offered->minor)) continue;
    *found = &interfaces[i];
    return CKR_OK;
  }
  return CKR_ARGUMENTS_BAD;
}

__attribute__((visibility("default"))) CK_RV C_GetInterfaceList(CK_INTERFACE *list, CK_ULONG *count) {
  return front_C_GetInterfaceList(list, count);
}

__attribute__((visibility("default"))) CK_RV C_GetInterface(
  const CK_UTF8CHAR *name, const CK_VERSION *version, CK_INTERFACE **found, CK_FLAGS flags) {
  return front_C_GetInterface(name, version, found, flags);
}

#endif
