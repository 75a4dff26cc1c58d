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
      && loop->functions->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &loop->session) == CKR_OK)
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

unsigned long PlainLoopFind(PlainLoop *loop, unsigned long attribute, const unsigned char *value, unsigned long length) {
  CK_OBJECT_CLASS privateKey = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE wanted[2] = {{CKA_CLASS, &privateKey, sizeof privateKey}, {attribute, (void *)value, length}};
  CK_OBJECT_HANDLE found[2];
  CK_ULONG number = 0;
  CK_RV answer = loop->functions->C_FindObjectsInit(loop->session, wanted, 2);
  if (answer == CKR_OK) answer = loop->functions->C_FindObjects(loop->session, found, 2, &number);
  if (answer == CKR_OK) answer = loop->functions->C_FindObjectsFinal(loop->session);
  return answer == CKR_OK && number != 1 ? (unsigned long)-1 : answer;
}

unsigned long PlainLoopReadAll(
  PlainLoop *loop, const unsigned long *types, const unsigned long *rooms, unsigned long count, unsigned long *objects) {
  enum { MAXIMUM_ATTRIBUTES = 128, ROOM = 1024 };
  static CK_BYTE memory[MAXIMUM_ATTRIBUTES][ROOM];
  CK_ATTRIBUTE wanted[MAXIMUM_ATTRIBUTES];
  *objects = 0;
  if (count > MAXIMUM_ATTRIBUTES) return CKR_ARGUMENTS_BAD;
  CK_ULONG capacity = 0, total = 0, number = 0;
  CK_OBJECT_HANDLE *found = NULL;
  CK_RV answer = loop->functions->C_FindObjectsInit(loop->session, NULL, 0);
  while (answer == CKR_OK) {
    if (total == capacity) {
      capacity = capacity ? 2 * capacity : 1024;
      CK_OBJECT_HANDLE *larger = realloc(found, capacity * sizeof *found);
      if (!larger) {
        answer = CKR_HOST_MEMORY;
        break;
      }
      found = larger;
    }
    answer = loop->functions->C_FindObjects(loop->session, found + total, capacity - total, &number);
    if (answer != CKR_OK || number == 0) break;
    total += number;
  }
  if (answer == CKR_OK) answer = loop->functions->C_FindObjectsFinal(loop->session);
  for (CK_ULONG i = 0; i < total && answer == CKR_OK; i++) {
    for (unsigned long j = 0; j < count; j++) {
      CK_ULONG room = rooms[j] < ROOM ? rooms[j] : ROOM;
      wanted[j] = (CK_ATTRIBUTE){types[j], memory[j], room};
    }
    CK_RV read = loop->functions->C_GetAttributeValue(loop->session, found[i], wanted, count);
    // That an object has not all of them is no failure.
    if (read != CKR_OK && read != CKR_ATTRIBUTE_TYPE_INVALID && read != CKR_ATTRIBUTE_SENSITIVE && read != CKR_BUFFER_TOO_SMALL) answer = read;
  }
  *objects = total;
  free(found);
  return answer;
}

unsigned long PlainLoopGenerate(PlainLoop *loop, const unsigned char *label, unsigned long length, unsigned long count) {
  CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  CK_ULONG bits = 2048;
  CK_BYTE exponent[] = {1, 0, 1};
  CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
  CK_ATTRIBUTE public[] = {
    {CKA_TOKEN, &yes, sizeof yes},  {CKA_PRIVATE, &no, sizeof no},          {CKA_LABEL, (void *)label, length},
    {CKA_VERIFY, &yes, sizeof yes}, {CKA_MODULUS_BITS, &bits, sizeof bits}, {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent},
  };
  CK_ATTRIBUTE private[] = {
    {CKA_TOKEN, &yes, sizeof yes},     {CKA_PRIVATE, &yes, sizeof yes},    {CKA_LABEL, (void *)label, length},
    {CKA_SENSITIVE, &yes, sizeof yes}, {CKA_EXTRACTABLE, &no, sizeof no},  {CKA_SIGN, &yes, sizeof yes},
    {CKA_DECRYPT, &no, sizeof no},     {CKA_UNWRAP, &no, sizeof no},
  };
  CK_RV answer = CKR_OK;
  for (unsigned long i = 0; i < count && answer == CKR_OK; i++) {
    CK_OBJECT_HANDLE halves[2];
    answer = loop->functions->C_GenerateKeyPair(
      loop->session, &mechanism, public, sizeof public / sizeof *public, private, sizeof private / sizeof *private, &halves[0], &halves[1]);
  }
  return answer;
}

void PlainLoopClose(PlainLoop *loop) {
  loop->functions->C_CloseSession(loop->session);
  free(loop);
}
