/// The Cryptoki functions that we call, by the standard's names.
enum CryptokiFunction: String, CaseIterable {
  case C_Initialize, C_Finalize, C_GetInfo, C_GetFunctionList, C_GetInterface
  case C_GetSlotList, C_GetSlotInfo, C_GetTokenInfo, C_GetMechanismList, C_GetMechanismInfo, C_InitToken, C_InitPIN, C_SetPIN
  case C_OpenSession, C_CloseSession, C_GetSessionInfo, C_Login, C_Logout
  case C_CreateObject, C_DestroyObject, C_GetAttributeValue, C_SetAttributeValue
  case C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal
  case C_SignInit, C_Sign, C_VerifyInit, C_Verify
  case C_GenerateKey, C_GenerateKeyPair, C_WrapKey
  case C_GenerateRandom
}
