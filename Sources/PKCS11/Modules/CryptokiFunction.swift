/// The Cryptoki functions that we call, by the standard's names. The number is ours: it lets one be kept in a byte.
enum CryptokiFunction: UInt8, CaseIterable {
  case C_Initialize, C_Finalize, C_GetInfo, C_GetFunctionList, C_GetInterface
  case C_GetSlotList, C_GetSlotInfo, C_GetTokenInfo, C_GetMechanismList, C_GetMechanismInfo, C_InitToken, C_InitPIN, C_SetPIN
  case C_OpenSession, C_CloseSession, C_GetSessionInfo, C_Login, C_Logout
  case C_CreateObject, C_CopyObject, C_DestroyObject, C_GetAttributeValue, C_SetAttributeValue
  case C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal
  case C_SignInit, C_Sign, C_SignRecoverInit, C_SignRecover, C_VerifyInit, C_Verify, C_DecryptInit, C_Decrypt
  case C_GenerateKey, C_GenerateKeyPair, C_WrapKey, C_UnwrapKey, C_DeriveKey
  case C_GenerateRandom

  /// The standard's name, such as `C_Sign`.
  var name: String { String(describing: self) }

  /// The function with a standard's name.
  init?(name: String) {
    guard let function = Self.byName[name] else { return nil }
    self = function
  }

  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })
}
