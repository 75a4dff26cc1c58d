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
