// Signatures, and keys that want the PIN for each use (CKA_ALWAYS_AUTHENTICATE): C_SignInit, C_Login for this use, C_Sign, and nothing
// between, as cards have it.

#include "fault.h"

#include <string.h>

static CK_UTF8CHAR lastPIN[256];
static CK_ULONG lastPINLength;

void noteCall(Session *session, int function) {
  if (!session->wantsPIN || session->isCanceled || !script()->strictAuthenticate) return;
  switch (function) {
    case ID_C_Login: case ID_C_Sign: case ID_C_SignUpdate: case ID_C_SignFinal: case ID_C_CloseSession:
      return;
  }
  logEvent("CANCELED-BY %s", functionNames[function]);
  session->isCanceled = true;
}

bool mayLogInForOneUse(const Session *use) { return !(use->wantsPIN && use->isCanceled); }

CK_RV logInForReal(Session *use, CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_UTF8CHAR *pin, CK_ULONG length) {
  CK_RV answer;
  if (user == CKU_CONTEXT_SPECIFIC && use->wantsPIN && use->isEmulated) {
    lockState();
    bool isRight = pin && length == lastPINLength && memcmp(pin, lastPIN, length) == 0;
    unlockState();
    answer = isRight ? CKR_OK : CKR_PIN_INCORRECT;
  } else {
    answer = backend->C_Login(session, user, pin, length);
  }
  if (answer != CKR_OK) return answer;
  if (user == CKU_CONTEXT_SPECIFIC) use->hasPIN = true;
  if (user == CKU_USER && length <= sizeof lastPIN) {
    lockState();
    memcpy(lastPIN, pin, length);
    lastPINLength = length;
    unlockState();
  }
  return CKR_OK;
}

static void forgetOperation(Session *use) { use->wantsPIN = use->isEmulated = use->hasPIN = use->isCanceled = false; }

// 2.40 has no way to end a signature but to make it.
static void cancelForReal(Session *use) {
  CK_BYTE data[32] = {0}, signature[2048];
  CK_ULONG length = sizeof signature;
  if (backend->C_Sign(use->real, data, sizeof data, signature, &length) != CKR_OK && backend->C_SignFinal) {
    length = sizeof signature;
    backend->C_SignFinal(use->real, signature, &length);
  }
  forgetOperation(use);
}

static bool wantsPINEachTime(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key) {
  CK_BBOOL value = CK_FALSE;
  CK_ATTRIBUTE asked = {CKA_ALWAYS_AUTHENTICATE, &value, sizeof value};
  return backend->C_GetAttributeValue(session, key, &asked, 1) == CKR_OK && value == CK_TRUE;
}

CK_RV token_C_SignInit(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
  Session *use;
  CK_RV answer = enterSession(&session, ID_C_SignInit, &use);
  if (answer != CKR_OK) return answer;
  if (use->wantsPIN && use->isCanceled) cancelForReal(use);
  if (mechanism && isHidden(mechanism->mechanism)) answer = CKR_MECHANISM_INVALID;
  if (!realObject(&key)) answer = CKR_KEY_HANDLE_INVALID;
  if (answer == CKR_OK) {
    bool isItself = mechanism && wantsPINEachTime(session, key);
    answer = backend->C_SignInit(session, mechanism, key);
    if (answer == CKR_OK) {
      use->isEmulated = !isItself && script()->alwaysAuthenticate;
      use->wantsPIN = isItself || use->isEmulated;
      use->hasPIN = use->isCanceled = false;
    }
  }
  leaveSession(use);
  return answer;
}

// Whether the signature that was begun may go on; otherwise it is over.
static CK_RV checkOperation(Session *use, bool isSizeQuery) {
  if (isSizeQuery) logEvent("SIZE-QUERY");
  if (!use->wantsPIN) return CKR_OK;
  if (!use->isCanceled && use->hasPIN) return CKR_OK;
  CK_RV answer = use->isCanceled ? CKR_OPERATION_NOT_INITIALIZED : CKR_USER_NOT_LOGGED_IN;
  cancelForReal(use);
  return answer;
}

// A question for the size uses the PIN up, where the token is strict.
static void settle(Session *use, bool isSizeQuery, CK_RV answer) {
  if (isSizeQuery && answer == CKR_OK) {
    if (use->wantsPIN && script()->strictAuthenticate) use->isCanceled = true;
  } else if (answer != CKR_BUFFER_TOO_SMALL) {
    forgetOperation(use);
  }
}

CK_RV token_C_Sign(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *signature, CK_ULONG *length) {
  Session *use;
  CK_RV answer = enterSession(&session, ID_C_Sign, &use);
  if (answer != CKR_OK) return answer;
  answer = checkOperation(use, !signature);
  if (answer == CKR_OK) {
    answer = backend->C_Sign(session, data, dataLength, signature, length);
    settle(use, !signature, answer);
  }
  leaveSession(use);
  return answer;
}

CK_RV token_C_SignUpdate(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength) {
  Session *use;
  if (!backend->C_SignUpdate) return CKR_FUNCTION_NOT_SUPPORTED;
  CK_RV answer = enterSession(&session, ID_C_SignUpdate, &use);
  if (answer != CKR_OK) return answer;
  answer = checkOperation(use, false);
  if (answer == CKR_OK) answer = backend->C_SignUpdate(session, part, partLength);
  leaveSession(use);
  return answer;
}

CK_RV token_C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *length) {
  Session *use;
  if (!backend->C_SignFinal) return CKR_FUNCTION_NOT_SUPPORTED;
  CK_RV answer = enterSession(&session, ID_C_SignFinal, &use);
  if (answer != CKR_OK) return answer;
  answer = checkOperation(use, !signature);
  if (answer == CKR_OK) {
    answer = backend->C_SignFinal(session, signature, length);
    settle(use, !signature, answer);
  }
  leaveSession(use);
  return answer;
}

CK_RV token_C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags) {
  Session *use;
  CK_RV answer = enterSession(&session, ID_C_SessionCancel, &use);
  if (answer != CKR_OK) return answer;
  if (flags & CKF_SIGN) cancelForReal(use);
  leaveSession(use);
  return CKR_OK;
}

CK_RV token_C_SignRecoverInit(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
  Session *use;
  bool isSigning = script()->signRecover;
  if (!isSigning && !backend->C_SignRecoverInit) return CKR_FUNCTION_NOT_SUPPORTED;
  CK_RV answer = enterSession(&session, ID_C_SignRecoverInit, &use);
  if (answer != CKR_OK) return answer;
  if (mechanism && isHidden(mechanism->mechanism)) answer = CKR_MECHANISM_INVALID;
  if (!realObject(&key)) answer = CKR_KEY_HANDLE_INVALID;
  if (answer == CKR_OK) answer = (isSigning ? backend->C_SignInit : backend->C_SignRecoverInit)(session, mechanism, key);
  leaveSession(use);
  return answer;
}

CK_RV token_C_SignRecover(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *signature, CK_ULONG *length) {
  Session *use;
  bool isSigning = script()->signRecover;
  if (!isSigning && !backend->C_SignRecover) return CKR_FUNCTION_NOT_SUPPORTED;
  CK_RV answer = enterSession(&session, ID_C_SignRecover, &use);
  if (answer != CKR_OK) return answer;
  answer = (isSigning ? backend->C_Sign : backend->C_SignRecover)(session, data, dataLength, signature, length);
  leaveSession(use);
  return answer;
}
