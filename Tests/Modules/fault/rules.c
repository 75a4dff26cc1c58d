// The faults that a script asks for: which call meets them, and what happens then.

#include "fault.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static RuleState *states;

// The counts of a line: those that it had in the script before, if it stood there. Called with the state locked.
RuleState *ruleState(const char *line) {
  for (RuleState *state = states; state; state = state->next) {
    if (!state->isPresent && strcmp(state->line, line) == 0) {
      state->isPresent = true;
      return state;
    }
  }
  RuleState *state = calloc(1, sizeof *state);
  state->line = strdup(line);
  state->isPresent = true;
  state->next = states;
  states = state;
  return state;
}

void forgetRules(void) {
  for (RuleState *state = states; state; state = state->next) state->isPresent = false;
}

// A line that was taken out and comes back begins anew.
void resetAbsentRules(void) {
  for (RuleState *state = states; state; state = state->next) {
    if (!state->isPresent) state->seen = state->fired = 0;
  }
}

static bool needsToken(int function) {
  switch (function) {
    case ID_C_Initialize: case ID_C_Finalize: case ID_C_GetInfo: case ID_C_GetFunctionList:
    case ID_C_GetInterface: case ID_C_GetInterfaceList:
      return false;
    default:
      return true;
  }
}

static bool meets(const Rule *rule, int function) {
  if (rule->function >= 0 ? rule->function != function : !needsToken(function)) return false;
  RuleState *state = rule->state;
  unsigned long call = ++state->seen;
  if (rule->on && call != rule->on) return false;
  if (rule->from && call < rule->from) return false;
  if (rule->every && call % rule->every != 0) return false;
  if (rule->times && state->fired >= rule->times) return false;
  state->fired++;
  return true;
}

void beginCall(Call *call, int function) {
  call->function = function;
  call->start = nanoseconds();
  call->ruleCount = 0;
  lockState();
  refreshScript();
  const Script *now = script();
  for (int i = 0; i < now->ruleCount && call->ruleCount < RULES_AT_ONCE; i++) {
    if (meets(&now->rules[i], function)) call->rules[call->ruleCount++] = &now->rules[i];
  }
  unlockState();
}

// Waits until the time is over, the line is gone from the script, or somebody has made the file that releases everything. A test that is
// over takes its folder away, and so the script: nothing waits beyond that.
static void waitFor(const Rule *rule, uint64_t limit) {
  char path[2200];
  besideModule(path, sizeof path, ".release");
  uint64_t start = nanoseconds();
  for (;;) {
    uint64_t waited = nanoseconds() - start;
    if (waited >= limit) return;
    uint64_t rest = limit - waited, slice = 5000000;
    struct timespec pause = {0, (long)(rest < slice ? rest : slice)};
    nanosleep(&pause, NULL);
    lockState();
    refreshScript();
    bool isPresent = rule->state->isPresent;
    unlockState();
    if (!isPresent || access(path, F_OK) == 0) return;
  }
}

// What the function was given: in a register at the moment of the crash, as it would be in a module that crashes over it.
_Thread_local const void *inUse;

__attribute__((noinline, noclone)) static void crashWith(const void *given) {
  __asm__ volatile("" : : "r"(given));
  *(volatile int *)1 = 0;
}

bool actOnRules(const Call *call, bool after, CK_RV *answer) {
  const char *name = functionNames[call->function];
  for (int i = 0; i < call->ruleCount; i++) {
    const Rule *rule = call->rules[i];
    if (rule->after != after) continue;
    switch (rule->action) {
      case ACTION_FAIL:
        *answer = rule->code;
        return false;
      case ACTION_DELAY:
        waitFor(rule, rule->milliseconds * 1000000);
        break;
      case ACTION_HANG:
        logEvent("HANG %s", name);
        waitFor(rule, UINT64_MAX);
        logEvent("RELEASED %s", name);
        break;
      case ACTION_DROP_SESSIONS:
        logEvent("DROP-SESSIONS %s", name);
        dropSessions(NULL, true);
        break;
      case ACTION_DROP_LOGIN:
        logEvent("DROP-LOGIN %s", name);
        dropLogin();
        break;
      case ACTION_DROP_OBJECTS:
        logEvent("DROP-OBJECTS %s", name);
        dropObjects();
        break;
      case ACTION_DEINITIALIZE:
        // As if other code of this process had finalized the module.
        logEvent("DEINITIALIZE %s", name);
        dropSessions(NULL, true);
        isInitialized = false;
        break;
      case ACTION_KILL:
        // The process ends here and now, as when the power goes.
        logEvent("KILL %s", name);
        kill(getpid(), SIGKILL);
        break;
      case ACTION_CRASH:
        logEvent("CRASH %s", name);
        crashWith(inUse);
        break;
    }
  }
  return true;
}
