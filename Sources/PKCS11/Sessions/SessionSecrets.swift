internal import CCryptoki
public import Secrets

/// What a token did when it was asked for an attribute that it should keep to itself.
public struct AttributeDisclosure: Hashable, Sendable {
  /// What `C_GetAttributeValue` answered: `CKR_OK`, `CKR_ATTRIBUTE_SENSITIVE` or `CKR_ATTRIBUTE_TYPE_INVALID`.
  public let returnValue: ReturnValue
  /// How many bytes the token gave; 0 when it refused. The bytes themselves are gone.
  public let byteCount: Int
  /// The token left something in the memory that it was lent although it refused. Some decrypt their store there and wipe less than that.
  public let hasResidue: Bool
}

extension Session {
  /// The longest secret that is taken, in bytes.
  private static let secretSizeLimit = 16_384

  /// Finds out whether the token gives out the value of an attribute (`C_GetAttributeValue`). What it gives is wiped, and nobody gets it.
  ///
  /// - Throws: what the module answered, but for `CKR_OK`, `CKR_ATTRIBUTE_SENSITIVE` and `CKR_ATTRIBUTE_TYPE_INVALID`, which are results.
  public mutating func disclosure(of type: AttributeType, by object: ObjectHandle) throws(PKCS11Error) -> AttributeDisclosure {
    let handle = try handle
    var answer = ReturnValue.ok
    var byteCount = 0
    var isTouched = false
    _ = SecretBytes(capacity: Self.secretSizeLimit) { output in
      unsafe output.withUnsafeMutableBufferPointer { memory, count in
        unsafe memory.initialize(repeating: 0)
        count = memory.count
        var record = unsafe CK_ATTRIBUTE(type: type.rawValue, pValue: memory.baseAddress, ulValueLen: CK_ULONG(memory.count))
        answer = unsafe cryptoki.answer(.C_GetAttributeValue, cryptoki.functions.pointee.C_GetAttributeValue) {
          unsafe $0(handle, object.rawValue, &record, 1)
        }
        isTouched = unsafe memory.contains { $0 != 0 }
        if answer == .ok, unsafe record.ulValueLen != CK_UNAVAILABLE_INFORMATION {
          byteCount = min(Int(clamping: unsafe record.ulValueLen), memory.count)
        }
      }
    }
    guard answer == .ok || answer == .attributeSensitive || answer == .attributeTypeInvalid else {
      throw failure(.C_GetAttributeValue, answer, operation: "ask for \(type)")
    }
    return AttributeDisclosure(returnValue: answer, byteCount: byteCount, hasResidue: isTouched && byteCount == 0)
  }

  /// Decrypts (`C_DecryptInit`, `C_Decrypt`).
  ///
  /// - Throws: what the module answered. Any failure after `C_DecryptInit` poisons the session.
  public mutating func decrypt(_ data: [UInt8], with mechanism: Mechanism, key: ObjectHandle) throws(PKCS11Error) -> SecretBytes {
    try beginDecryption(with: mechanism, key: key)
    let handle = try unpoisonedHandle()
    return try unsafe finish(.C_Decrypt, cryptoki.functions.pointee.C_Decrypt, "decrypt with \(mechanism)") { function, memory, length in
      unsafe data.withUnsafeBufferPointer {
        unsafe function(handle, $0.baseAddress, CK_ULONG($0.count), memory, &length)
      }
    }
  }

  /// Begins a decryption (`C_DecryptInit`). All that the session can do afterwards is close.
  public mutating func beginDecryption(with mechanism: Mechanism, key: ObjectHandle) throws(PKCS11Error) {
    let handle = try handle
    try unsafe call(
      .C_DecryptInit, cryptoki.functions.pointee.C_DecryptInit, operation: "decrypt with \(mechanism)"
    ) { function in
      unsafe mechanism.withC { unsafe ReturnValue(function(handle, $0, key.rawValue)) }.rawValue
    }
    isPoisoned = true
  }

  /// Signs in a way that leaves the data inside the signature (`C_SignRecoverInit`, `C_SignRecover`).
  ///
  /// - Throws: what the module answered. Any failure after `C_SignRecoverInit` poisons the session.
  public mutating func signRecoverably(
    _ data: [UInt8], with mechanism: Mechanism, key: ObjectHandle
  ) throws(PKCS11Error) -> SecretBytes {
    try beginRecoverableSignature(with: mechanism, key: key)
    let handle = try unpoisonedHandle()
    return try unsafe finish(
      .C_SignRecover, cryptoki.functions.pointee.C_SignRecover, "sign recoverably with \(mechanism)"
    ) { function, memory, length in
      unsafe data.withUnsafeBufferPointer {
        unsafe function(handle, $0.baseAddress, CK_ULONG($0.count), memory, &length)
      }
    }
  }

  /// Begins a signature that leaves the data inside it (`C_SignRecoverInit`). All that the session can do afterwards is close.
  public mutating func beginRecoverableSignature(with mechanism: Mechanism, key: ObjectHandle) throws(PKCS11Error) {
    let handle = try handle
    try unsafe call(
      .C_SignRecoverInit, cryptoki.functions.pointee.C_SignRecoverInit, operation: "sign recoverably with \(mechanism)"
    ) { function in
      unsafe mechanism.withC { unsafe ReturnValue(function(handle, $0, key.rawValue)) }.rawValue
    }
    isPoisoned = true
  }

  /// The session's number while an operation of ours is under way in it.
  private mutating func unpoisonedHandle() throws(PKCS11Error) -> CK_SESSION_HANDLE {
    isPoisoned = false
    defer { isPoisoned = true }
    return try handle
  }

  /// Ends an operation that was begun, and takes what comes out into memory that is wiped.
  private mutating func finish<Function>(
    _ function: CryptokiFunction, _ pointer: Function?, _ operation: String,
    _ invoke: (Function, UnsafeMutablePointer<UInt8>?, inout CK_ULONG) -> CK_RV
  ) throws(PKCS11Error) -> SecretBytes {
    var answer = ReturnValue.ok
    var length: CK_ULONG = 0
    let output = SecretBytes(capacity: Self.secretSizeLimit) { output in
      unsafe output.withUnsafeMutableBufferPointer { memory, count in
        unsafe memory.initialize(repeating: 0)
        length = CK_ULONG(memory.count)
        answer = cryptoki.answer(function, pointer) { unsafe invoke($0, memory.baseAddress, &length) }
        count = answer == .ok ? min(Int(clamping: length), memory.count) : 0
      }
    }
    guard answer == .ok else { throw failure(function, answer, isMissing: pointer == nil, operation: operation) }
    isPoisoned = false
    return output
  }
}
