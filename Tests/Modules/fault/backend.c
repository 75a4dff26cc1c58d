// The module beneath, and the life of this one above it.

#include "fault.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

CK_FUNCTION_LIST *backend = &standaloneFunctions;
atomic_bool isInitialized;
static pid_t initializer;
static bool backendIsOurs;

bool isForked(void) { return script()->forkRule && initializer != getpid(); }

CK_RV loadBackend(void) {
  const char *path = script()->backend;
  if (strcmp(path, "none") == 0 || !*path) {
    backend = &standaloneFunctions;
    return CKR_OK;
  }
  // The loader knows a file that is loaded already, and gives the same module.
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  CK_C_GetFunctionList getFunctionList = NULL;
  if (library) *(void **)&getFunctionList = dlsym(library, "C_GetFunctionList");
  if (!getFunctionList) {
    logEvent("BACKEND %s", dlerror());
    return CKR_LIBRARY_LOAD_FAILED;
  }
  return getFunctionList(&backend);
}

CK_RV token_C_Initialize(const void *arguments) {
  if (isInitialized && !isForked()) return CKR_CRYPTOKI_ALREADY_INITIALIZED;
  // What a child inherited belongs to its parent.
  if (isInitialized) forgetSessions();
  CK_RV answer = loadBackend();
  if (answer != CKR_OK) return answer;
  answer = backend->C_Initialize(arguments);
  // The backend may serve others in this process as well.
  backendIsOurs = answer == CKR_OK;
  if (answer != CKR_OK && answer != CKR_CRYPTOKI_ALREADY_INITIALIZED) return answer;
  initializer = getpid();
  isInitialized = true;
  return CKR_OK;
}

CK_RV token_C_Finalize(void *reserved) {
  if (reserved) return CKR_ARGUMENTS_BAD;
  unsigned long all, readWrite;
  countSessions(CK_UNAVAILABLE_INFORMATION, &all, &readWrite);
  if (all) logEvent("OPEN-AT-FINALIZE %lu", all);
  dropSessions(NULL, false);
  isInitialized = false;
  if (backend == &standaloneFunctions || (script()->finalizeBackend && backendIsOurs)) return backend->C_Finalize(NULL);
  return CKR_OK;
}
