#ifndef CRYPTOKI_FUNCTIONS_H
#define CRYPTOKI_FUNCTIONS_H

#include "CryptokiTypes.h"

// The order of these members is the binary interface: a module hands out a table of pointers, found by position.

typedef struct CK_FUNCTION_LIST CK_FUNCTION_LIST;

// The 68 functions of PKCS #11 2.40 (the same since 2.01).
#define CRYPTOKI_FUNCTIONS_2_40 \
  /* General purpose */ \
  CK_RV (*C_Initialize)(const void *arguments); \
  CK_RV (*C_Finalize)(void *reserved); \
  CK_RV (*C_GetInfo)(CK_INFO *information); \
  CK_RV (*C_GetFunctionList)(CK_FUNCTION_LIST **list); \
  /* Slots and tokens */ \
  CK_RV (*C_GetSlotList)(CK_BBOOL tokenPresent, CK_SLOT_ID *slots, CK_ULONG *count); \
  CK_RV (*C_GetSlotInfo)(CK_SLOT_ID slot, CK_SLOT_INFO *information); \
  CK_RV (*C_GetTokenInfo)(CK_SLOT_ID slot, CK_TOKEN_INFO *information); \
  CK_RV (*C_GetMechanismList)(CK_SLOT_ID slot, CK_MECHANISM_TYPE *mechanisms, CK_ULONG *count); \
  CK_RV (*C_GetMechanismInfo)(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *information); \
  CK_RV (*C_InitToken)(CK_SLOT_ID slot, const CK_UTF8CHAR *pin, CK_ULONG pinLength, const CK_UTF8CHAR *label); \
  CK_RV (*C_InitPIN)(CK_SESSION_HANDLE session, const CK_UTF8CHAR *pin, CK_ULONG pinLength); \
  CK_RV (*C_SetPIN)(CK_SESSION_HANDLE session, const CK_UTF8CHAR *oldPIN, CK_ULONG oldLength, const CK_UTF8CHAR *newPIN, \
                    CK_ULONG newLength); \
  /* Sessions */ \
  CK_RV (*C_OpenSession)(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session); \
  CK_RV (*C_CloseSession)(CK_SESSION_HANDLE session); \
  CK_RV (*C_CloseAllSessions)(CK_SLOT_ID slot); \
  CK_RV (*C_GetSessionInfo)(CK_SESSION_HANDLE session, CK_SESSION_INFO *information); \
  CK_RV (*C_GetOperationState)(CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG *length); \
  CK_RV (*C_SetOperationState)(CK_SESSION_HANDLE session, const CK_BYTE *state, CK_ULONG length, CK_OBJECT_HANDLE encryptionKey, \
                               CK_OBJECT_HANDLE authenticationKey); \
  CK_RV (*C_Login)(CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_UTF8CHAR *pin, CK_ULONG pinLength); \
  CK_RV (*C_Logout)(CK_SESSION_HANDLE session); \
  /* Objects */ \
  CK_RV (*C_CreateObject)(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *object); \
  CK_RV (*C_CopyObject)(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *template_, CK_ULONG count, \
                        CK_OBJECT_HANDLE *copy); \
  CK_RV (*C_DestroyObject)(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object); \
  CK_RV (*C_GetObjectSize)(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size); \
  CK_RV (*C_GetAttributeValue)(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template_, CK_ULONG count); \
  CK_RV (*C_SetAttributeValue)(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *template_, CK_ULONG count); \
  CK_RV (*C_FindObjectsInit)(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template_, CK_ULONG count); \
  CK_RV (*C_FindObjects)(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG maximum, CK_ULONG *count); \
  CK_RV (*C_FindObjectsFinal)(CK_SESSION_HANDLE session); \
  /* Encryption and decryption */ \
  CK_RV (*C_EncryptInit)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key); \
  CK_RV (*C_Encrypt)(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *encrypted, CK_ULONG *length); \
  CK_RV (*C_EncryptUpdate)(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *encrypted, CK_ULONG *length); \
  CK_RV (*C_EncryptFinal)(CK_SESSION_HANDLE session, CK_BYTE *encrypted, CK_ULONG *length); \
  CK_RV (*C_DecryptInit)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key); \
  CK_RV (*C_Decrypt)(CK_SESSION_HANDLE session, const CK_BYTE *encrypted, CK_ULONG encryptedLength, CK_BYTE *data, CK_ULONG *length); \
  CK_RV (*C_DecryptUpdate)(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *data, CK_ULONG *length); \
  CK_RV (*C_DecryptFinal)(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG *length); \
  /* Digests */ \
  CK_RV (*C_DigestInit)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism); \
  CK_RV (*C_Digest)(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *digest, CK_ULONG *length); \
  CK_RV (*C_DigestUpdate)(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength); \
  CK_RV (*C_DigestKey)(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key); \
  CK_RV (*C_DigestFinal)(CK_SESSION_HANDLE session, CK_BYTE *digest, CK_ULONG *length); \
  /* Signatures and MACs */ \
  CK_RV (*C_SignInit)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key); \
  CK_RV (*C_Sign)(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *signature, CK_ULONG *length); \
  CK_RV (*C_SignUpdate)(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength); \
  CK_RV (*C_SignFinal)(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *length); \
  CK_RV (*C_SignRecoverInit)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key); \
  CK_RV (*C_SignRecover)(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *signature, CK_ULONG *length); \
  /* Verification */ \
  CK_RV (*C_VerifyInit)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key); \
  CK_RV (*C_Verify)(CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, const CK_BYTE *signature, CK_ULONG length); \
  CK_RV (*C_VerifyUpdate)(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength); \
  CK_RV (*C_VerifyFinal)(CK_SESSION_HANDLE session, const CK_BYTE *signature, CK_ULONG length); \
  CK_RV (*C_VerifyRecoverInit)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key); \
  CK_RV (*C_VerifyRecover)(CK_SESSION_HANDLE session, const CK_BYTE *signature, CK_ULONG signatureLength, CK_BYTE *data, \
                           CK_ULONG *length); \
  /* Two operations at once */ \
  CK_RV (*C_DigestEncryptUpdate)(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *encrypted, \
                                 CK_ULONG *length); \
  CK_RV (*C_DecryptDigestUpdate)(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *data, \
                                 CK_ULONG *length); \
  CK_RV (*C_SignEncryptUpdate)(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *encrypted, \
                               CK_ULONG *length); \
  CK_RV (*C_DecryptVerifyUpdate)(CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *data, \
                                 CK_ULONG *length); \
  /* Keys */ \
  CK_RV (*C_GenerateKey)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *template_, CK_ULONG count, \
                         CK_OBJECT_HANDLE *key); \
  CK_RV (*C_GenerateKeyPair)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *publicTemplate, \
                             CK_ULONG publicCount, const CK_ATTRIBUTE *privateTemplate, CK_ULONG privateCount, \
                             CK_OBJECT_HANDLE *publicKey, CK_OBJECT_HANDLE *privateKey); \
  CK_RV (*C_WrapKey)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrappingKey, CK_OBJECT_HANDLE key, \
                     CK_BYTE *wrapped, CK_ULONG *length); \
  CK_RV (*C_UnwrapKey)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrappingKey, \
                       const CK_BYTE *wrapped, CK_ULONG wrappedLength, const CK_ATTRIBUTE *template_, CK_ULONG count, \
                       CK_OBJECT_HANDLE *key); \
  CK_RV (*C_DeriveKey)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE baseKey, \
                       const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *key); \
  /* Random numbers */ \
  CK_RV (*C_SeedRandom)(CK_SESSION_HANDLE session, const CK_BYTE *seed, CK_ULONG length); \
  CK_RV (*C_GenerateRandom)(CK_SESSION_HANDLE session, CK_BYTE *bytes, CK_ULONG length); \
  /* Parallel functions of old, and slot events */ \
  CK_RV (*C_GetFunctionStatus)(CK_SESSION_HANDLE session); \
  CK_RV (*C_CancelFunction)(CK_SESSION_HANDLE session); \
  CK_RV (*C_WaitForSlotEvent)(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved);

// The 24 functions that 3.0 adds behind them.
#define CRYPTOKI_FUNCTIONS_3_0 \
  CK_RV (*C_GetInterfaceList)(CK_INTERFACE *interfaces, CK_ULONG *count); \
  CK_RV (*C_GetInterface)(const CK_UTF8CHAR *name, const CK_VERSION *version, CK_INTERFACE **interface_, CK_FLAGS flags); \
  CK_RV (*C_LoginUser)(CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_UTF8CHAR *pin, CK_ULONG pinLength, \
                       const CK_UTF8CHAR *userName, CK_ULONG userNameLength); \
  CK_RV (*C_SessionCancel)(CK_SESSION_HANDLE session, CK_FLAGS flags); \
  CK_RV (*C_MessageEncryptInit)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key); \
  CK_RV (*C_EncryptMessage)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *associated, \
                            CK_ULONG associatedLength, const CK_BYTE *plain, CK_ULONG plainLength, CK_BYTE *encrypted, \
                            CK_ULONG *length); \
  CK_RV (*C_EncryptMessageBegin)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *associated, \
                                 CK_ULONG associatedLength); \
  CK_RV (*C_EncryptMessageNext)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *plain, \
                                CK_ULONG plainLength, CK_BYTE *encrypted, CK_ULONG *length, CK_FLAGS flags); \
  CK_RV (*C_MessageEncryptFinal)(CK_SESSION_HANDLE session); \
  CK_RV (*C_MessageDecryptInit)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key); \
  CK_RV (*C_DecryptMessage)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *associated, \
                            CK_ULONG associatedLength, const CK_BYTE *encrypted, CK_ULONG encryptedLength, CK_BYTE *plain, \
                            CK_ULONG *length); \
  CK_RV (*C_DecryptMessageBegin)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *associated, \
                                 CK_ULONG associatedLength); \
  CK_RV (*C_DecryptMessageNext)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *encrypted, \
                                CK_ULONG encryptedLength, CK_BYTE *plain, CK_ULONG *length, CK_FLAGS flags); \
  CK_RV (*C_MessageDecryptFinal)(CK_SESSION_HANDLE session); \
  CK_RV (*C_MessageSignInit)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key); \
  CK_RV (*C_SignMessage)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *data, \
                         CK_ULONG dataLength, CK_BYTE *signature, CK_ULONG *length); \
  CK_RV (*C_SignMessageBegin)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength); \
  CK_RV (*C_SignMessageNext)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *data, \
                             CK_ULONG dataLength, CK_BYTE *signature, CK_ULONG *length); \
  CK_RV (*C_MessageSignFinal)(CK_SESSION_HANDLE session); \
  CK_RV (*C_MessageVerifyInit)(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key); \
  CK_RV (*C_VerifyMessage)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *data, \
                           CK_ULONG dataLength, const CK_BYTE *signature, CK_ULONG length); \
  CK_RV (*C_VerifyMessageBegin)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength); \
  CK_RV (*C_VerifyMessageNext)(CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *data, \
                               CK_ULONG dataLength, const CK_BYTE *signature, CK_ULONG length); \
  CK_RV (*C_MessageVerifyFinal)(CK_SESSION_HANDLE session);

struct CK_FUNCTION_LIST {
  CK_VERSION version;
  CRYPTOKI_FUNCTIONS_2_40
};

typedef struct CK_FUNCTION_LIST_3_0 {
  CK_VERSION version;
  CRYPTOKI_FUNCTIONS_2_40
  CRYPTOKI_FUNCTIONS_3_0
} CK_FUNCTION_LIST_3_0;

// The two entry points that a module exports by name.
typedef CK_RV (*CK_C_GetFunctionList)(CK_FUNCTION_LIST **list);
typedef CK_RV (*CK_C_GetInterface)(const CK_UTF8CHAR *name, const CK_VERSION *version, CK_INTERFACE **interface_, CK_FLAGS flags);

#endif
