// Every function of Cryptoki once: how the layers treat it, its name, its parameters, and the parameters' names.
//
// OWN                 has code of its own in the token layer
// SESSION             is passed on with the backend's handle of the session
// MECHANISM           and takes a mechanism, which may be hidden
// KEY                 and takes a key
// KEY_WITH_MECHANISM  and takes both
// OBJECT              and takes an object

#ifndef FAULT_FUNCTIONS_H
#define FAULT_FUNCTIONS_H

#define FUNCTIONS_2_40(F) \
  F(OWN, C_Initialize, (const void *arguments), (arguments)) \
  F(OWN, C_Finalize, (void *reserved), (reserved)) \
  F(OWN, C_GetInfo, (CK_INFO *information), (information)) \
  F(OWN, C_GetFunctionList, (CK_FUNCTION_LIST **list), (list)) \
  F(OWN, C_GetSlotList, (CK_BBOOL tokenPresent, CK_SLOT_ID *slots, CK_ULONG *count), (tokenPresent, slots, count)) \
  F(OWN, C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *information), (slot, information)) \
  F(OWN, C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *information), (slot, information)) \
  F(OWN, C_GetMechanismList, (CK_SLOT_ID slot, CK_MECHANISM_TYPE *mechanisms, CK_ULONG *count), (slot, mechanisms, count)) \
  F(OWN, C_GetMechanismInfo, (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *information), (slot, type, information)) \
  F(OWN, C_InitToken, \
    (CK_SLOT_ID slot, const CK_UTF8CHAR *pin, CK_ULONG pinLength, const CK_UTF8CHAR *label), \
    (slot, pin, pinLength, label)) \
  F(OWN, C_InitPIN, (CK_SESSION_HANDLE session, const CK_UTF8CHAR *pin, CK_ULONG pinLength), (session, pin, pinLength)) \
  F(OWN, C_SetPIN, \
    (CK_SESSION_HANDLE session, const CK_UTF8CHAR *oldPIN, CK_ULONG oldLength, const CK_UTF8CHAR *newPIN, CK_ULONG newLength), \
    (session, oldPIN, oldLength, newPIN, newLength)) \
  F(OWN, C_OpenSession, \
    (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session), \
    (slot, flags, application, notify, session)) \
  F(OWN, C_CloseSession, (CK_SESSION_HANDLE session), (session)) \
  F(OWN, C_CloseAllSessions, (CK_SLOT_ID slot), (slot)) \
  F(SESSION, C_GetSessionInfo, (CK_SESSION_HANDLE session, CK_SESSION_INFO *information), (session, information)) \
  F(SESSION, C_GetOperationState, (CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG *length), (session, state, length)) \
  F(OWN, C_SetOperationState, \
    (CK_SESSION_HANDLE session, const CK_BYTE *state, CK_ULONG length, CK_OBJECT_HANDLE encryptionKey, \
     CK_OBJECT_HANDLE authenticationKey), \
    (session, state, length, encryptionKey, authenticationKey)) \
  F(OWN, C_Login, \
    (CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_UTF8CHAR *pin, CK_ULONG pinLength), \
    (session, user, pin, pinLength)) \
  F(OWN, C_Logout, (CK_SESSION_HANDLE session), (session)) \
  F(OWN, C_CreateObject, \
    (CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *object), \
    (session, template_, count, object)) \
  F(OWN, C_CopyObject, \
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *copy), \
    (session, object, template_, count, copy)) \
  F(OBJECT, C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object)) \
  F(OBJECT, C_GetObjectSize, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size), (session, object, size)) \
  F(OWN, C_GetAttributeValue, \
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template_, CK_ULONG count), \
    (session, object, template_, count)) \
  F(OWN, C_SetAttributeValue, \
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *template_, CK_ULONG count), \
    (session, object, template_, count)) \
  F(OWN, C_FindObjectsInit, (CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template_, CK_ULONG count), (session, template_, count)) \
  F(OWN, C_FindObjects, \
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG maximum, CK_ULONG *count), \
    (session, objects, maximum, count)) \
  F(SESSION, C_FindObjectsFinal, (CK_SESSION_HANDLE session), (session)) \
  F(KEY_WITH_MECHANISM, C_EncryptInit, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), \
    (session, mechanism, key)) \
  F(SESSION, C_Encrypt, \
    (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *encrypted, CK_ULONG *length), \
    (session, data, dataLength, encrypted, length)) \
  F(SESSION, C_EncryptUpdate, \
    (CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *encrypted, CK_ULONG *length), \
    (session, part, partLength, encrypted, length)) \
  F(SESSION, C_EncryptFinal, (CK_SESSION_HANDLE session, CK_BYTE *encrypted, CK_ULONG *length), (session, encrypted, length)) \
  F(KEY_WITH_MECHANISM, C_DecryptInit, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), \
    (session, mechanism, key)) \
  F(SESSION, C_Decrypt, \
    (CK_SESSION_HANDLE session, const CK_BYTE *encrypted, CK_ULONG encryptedLength, CK_BYTE *data, CK_ULONG *length), \
    (session, encrypted, encryptedLength, data, length)) \
  F(SESSION, C_DecryptUpdate, \
    (CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *data, CK_ULONG *length), \
    (session, part, partLength, data, length)) \
  F(SESSION, C_DecryptFinal, (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG *length), (session, data, length)) \
  F(MECHANISM, C_DigestInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism), (session, mechanism)) \
  F(SESSION, C_Digest, \
    (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *digest, CK_ULONG *length), \
    (session, data, dataLength, digest, length)) \
  F(SESSION, C_DigestUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength), (session, part, partLength)) \
  F(KEY, C_DigestKey, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key), (session, key)) \
  F(SESSION, C_DigestFinal, (CK_SESSION_HANDLE session, CK_BYTE *digest, CK_ULONG *length), (session, digest, length)) \
  F(OWN, C_SignInit, (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), (session, mechanism, key)) \
  F(OWN, C_Sign, \
    (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *signature, CK_ULONG *length), \
    (session, data, dataLength, signature, length)) \
  F(OWN, C_SignUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength), (session, part, partLength)) \
  F(OWN, C_SignFinal, (CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *length), (session, signature, length)) \
  F(OWN, C_SignRecoverInit, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), \
    (session, mechanism, key)) \
  F(OWN, C_SignRecover, \
    (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, CK_BYTE *signature, CK_ULONG *length), \
    (session, data, dataLength, signature, length)) \
  F(KEY_WITH_MECHANISM, C_VerifyInit, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), \
    (session, mechanism, key)) \
  F(SESSION, C_Verify, \
    (CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG dataLength, const CK_BYTE *signature, CK_ULONG length), \
    (session, data, dataLength, signature, length)) \
  F(SESSION, C_VerifyUpdate, (CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength), (session, part, partLength)) \
  F(SESSION, C_VerifyFinal, (CK_SESSION_HANDLE session, const CK_BYTE *signature, CK_ULONG length), (session, signature, length)) \
  F(KEY_WITH_MECHANISM, C_VerifyRecoverInit, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), \
    (session, mechanism, key)) \
  F(SESSION, C_VerifyRecover, \
    (CK_SESSION_HANDLE session, const CK_BYTE *signature, CK_ULONG signatureLength, CK_BYTE *data, CK_ULONG *length), \
    (session, signature, signatureLength, data, length)) \
  F(SESSION, C_DigestEncryptUpdate, \
    (CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *encrypted, CK_ULONG *length), \
    (session, part, partLength, encrypted, length)) \
  F(SESSION, C_DecryptDigestUpdate, \
    (CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *data, CK_ULONG *length), \
    (session, part, partLength, data, length)) \
  F(SESSION, C_SignEncryptUpdate, \
    (CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *encrypted, CK_ULONG *length), \
    (session, part, partLength, encrypted, length)) \
  F(SESSION, C_DecryptVerifyUpdate, \
    (CK_SESSION_HANDLE session, const CK_BYTE *part, CK_ULONG partLength, CK_BYTE *data, CK_ULONG *length), \
    (session, part, partLength, data, length)) \
  F(OWN, C_GenerateKey, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *key), \
    (session, mechanism, template_, count, key)) \
  F(OWN, C_GenerateKeyPair, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *publicTemplate, CK_ULONG publicCount, \
     const CK_ATTRIBUTE *privateTemplate, CK_ULONG privateCount, CK_OBJECT_HANDLE *publicKey, CK_OBJECT_HANDLE *privateKey), \
    (session, mechanism, publicTemplate, publicCount, privateTemplate, privateCount, publicKey, privateKey)) \
  F(OWN, C_WrapKey, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrappingKey, CK_OBJECT_HANDLE key, \
     CK_BYTE *wrapped, CK_ULONG *length), \
    (session, mechanism, wrappingKey, key, wrapped, length)) \
  F(OWN, C_UnwrapKey, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrappingKey, const CK_BYTE *wrapped, \
     CK_ULONG wrappedLength, const CK_ATTRIBUTE *template_, CK_ULONG count, CK_OBJECT_HANDLE *key), \
    (session, mechanism, unwrappingKey, wrapped, wrappedLength, template_, count, key)) \
  F(OWN, C_DeriveKey, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE baseKey, const CK_ATTRIBUTE *template_, \
     CK_ULONG count, CK_OBJECT_HANDLE *key), \
    (session, mechanism, baseKey, template_, count, key)) \
  F(SESSION, C_SeedRandom, (CK_SESSION_HANDLE session, const CK_BYTE *seed, CK_ULONG length), (session, seed, length)) \
  F(SESSION, C_GenerateRandom, (CK_SESSION_HANDLE session, CK_BYTE *bytes, CK_ULONG length), (session, bytes, length)) \
  F(SESSION, C_GetFunctionStatus, (CK_SESSION_HANDLE session), (session)) \
  F(SESSION, C_CancelFunction, (CK_SESSION_HANDLE session), (session)) \
  F(OWN, C_WaitForSlotEvent, (CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved), (flags, slot, reserved))

// What 3.0 adds.
#define FUNCTIONS_3_0(F) \
  F(OWN, C_GetInterfaceList, (CK_INTERFACE *interfaces, CK_ULONG *count), (interfaces, count)) \
  F(OWN, C_GetInterface, \
    (const CK_UTF8CHAR *name, const CK_VERSION *version, CK_INTERFACE **interface_, CK_FLAGS flags), \
    (name, version, interface_, flags)) \
  F(SESSION, C_LoginUser, \
    (CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_UTF8CHAR *pin, CK_ULONG pinLength, const CK_UTF8CHAR *userName, \
     CK_ULONG userNameLength), \
    (session, user, pin, pinLength, userName, userNameLength)) \
  F(OWN, C_SessionCancel, (CK_SESSION_HANDLE session, CK_FLAGS flags), (session, flags)) \
  F(KEY_WITH_MECHANISM, C_MessageEncryptInit, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), \
    (session, mechanism, key)) \
  F(SESSION, C_EncryptMessage, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *associated, \
     CK_ULONG associatedLength, const CK_BYTE *plain, CK_ULONG plainLength, CK_BYTE *encrypted, CK_ULONG *length), \
    (session, parameter, parameterLength, associated, associatedLength, plain, plainLength, encrypted, length)) \
  F(SESSION, C_EncryptMessageBegin, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *associated, CK_ULONG associatedLength), \
    (session, parameter, parameterLength, associated, associatedLength)) \
  F(SESSION, C_EncryptMessageNext, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *plain, CK_ULONG plainLength, \
     CK_BYTE *encrypted, CK_ULONG *length, CK_FLAGS flags), \
    (session, parameter, parameterLength, plain, plainLength, encrypted, length, flags)) \
  F(SESSION, C_MessageEncryptFinal, (CK_SESSION_HANDLE session), (session)) \
  F(KEY_WITH_MECHANISM, C_MessageDecryptInit, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), \
    (session, mechanism, key)) \
  F(SESSION, C_DecryptMessage, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *associated, \
     CK_ULONG associatedLength, const CK_BYTE *encrypted, CK_ULONG encryptedLength, CK_BYTE *plain, CK_ULONG *length), \
    (session, parameter, parameterLength, associated, associatedLength, encrypted, encryptedLength, plain, length)) \
  F(SESSION, C_DecryptMessageBegin, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *associated, CK_ULONG associatedLength), \
    (session, parameter, parameterLength, associated, associatedLength)) \
  F(SESSION, C_DecryptMessageNext, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *encrypted, CK_ULONG encryptedLength, \
     CK_BYTE *plain, CK_ULONG *length, CK_FLAGS flags), \
    (session, parameter, parameterLength, encrypted, encryptedLength, plain, length, flags)) \
  F(SESSION, C_MessageDecryptFinal, (CK_SESSION_HANDLE session), (session)) \
  F(KEY_WITH_MECHANISM, C_MessageSignInit, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), \
    (session, mechanism, key)) \
  F(SESSION, C_SignMessage, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *data, CK_ULONG dataLength, \
     CK_BYTE *signature, CK_ULONG *length), \
    (session, parameter, parameterLength, data, dataLength, signature, length)) \
  F(SESSION, C_SignMessageBegin, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength), \
    (session, parameter, parameterLength)) \
  F(SESSION, C_SignMessageNext, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *data, CK_ULONG dataLength, \
     CK_BYTE *signature, CK_ULONG *length), \
    (session, parameter, parameterLength, data, dataLength, signature, length)) \
  F(SESSION, C_MessageSignFinal, (CK_SESSION_HANDLE session), (session)) \
  F(KEY_WITH_MECHANISM, C_MessageVerifyInit, \
    (CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key), \
    (session, mechanism, key)) \
  F(SESSION, C_VerifyMessage, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *data, CK_ULONG dataLength, \
     const CK_BYTE *signature, CK_ULONG length), \
    (session, parameter, parameterLength, data, dataLength, signature, length)) \
  F(SESSION, C_VerifyMessageBegin, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength), \
    (session, parameter, parameterLength)) \
  F(SESSION, C_VerifyMessageNext, \
    (CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameterLength, const CK_BYTE *data, CK_ULONG dataLength, \
     const CK_BYTE *signature, CK_ULONG length), \
    (session, parameter, parameterLength, data, dataLength, signature, length)) \
  F(SESSION, C_MessageVerifyFinal, (CK_SESSION_HANDLE session), (session))

#endif
