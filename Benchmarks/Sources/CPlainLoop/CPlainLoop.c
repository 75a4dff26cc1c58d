#include "CPlainLoop.h"

#include "../../../Sources/CCryptoki/include/CCryptoki.h"

#include <dlfcn.h>
#include <stdlib.h>

struct PlainLoop {
  CK_FUNCTION_LIST *functions;
  CK_SESSION_HANDLE session;
};

PlainLoop *PlainLoopOpen(const char *modulePath, unsigned long slot) {
  void *module = dlopen(modulePath, RTLD_NOW | RTLD_LOCAL);
  CK_C_GetFunctionList getFunctionList = module ? (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList") : NULL;
  PlainLoop *loop = calloc(1, sizeof *loop);
  if (loop && getFunctionList && getFunctionList(&loop->functions) == CKR_OK
      && loop->functions->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &loop->session) == CKR_OK)
    return loop;
  free(loop);
  return NULL;
}

unsigned long PlainLoopSign(PlainLoop *loop, unsigned long mechanismType, unsigned long key, unsigned long count) {
  const CK_BYTE data[32] = {7};
  CK_BYTE signature[512];
  CK_MECHANISM mechanism = {mechanismType, NULL, 0};
  for (unsigned long i = 0; i < count; i++) {
    CK_RV answer = loop->functions->C_SignInit(loop->session, &mechanism, key);
    if (answer != CKR_OK) return answer;
    CK_ULONG length = sizeof signature;
    answer = loop->functions->C_Sign(loop->session, data, sizeof data, signature, &length);
    if (answer != CKR_OK) return answer;
  }
  return CKR_OK;
}

unsigned long PlainLoopFind(
  PlainLoop *loop, unsigned long objectClass, const char *label, unsigned long labelLength, unsigned long count) {
  CK_ATTRIBUTE wanted[2] = {{CKA_CLASS, &objectClass, sizeof objectClass}, {CKA_LABEL, (void *)label, labelLength}};
  for (unsigned long i = 0; i < count; i++) {
    CK_OBJECT_HANDLE found[2];
    CK_ULONG number = 0;
    CK_RV answer = loop->functions->C_FindObjectsInit(loop->session, wanted, 2);
    if (answer == CKR_OK) answer = loop->functions->C_FindObjects(loop->session, found, 2, &number);
    if (answer == CKR_OK) answer = loop->functions->C_FindObjectsFinal(loop->session);
    if (answer != CKR_OK) return answer;
    if (number != 1) return (unsigned long)-1;
  }
  return CKR_OK;
}

void PlainLoopClose(PlainLoop *loop) {
  loop->functions->C_CloseSession(loop->session);
  free(loop);
}
