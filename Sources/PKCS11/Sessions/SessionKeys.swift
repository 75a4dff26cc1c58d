internal import CCryptoki

extension Session {
  /// Makes a key pair on the token (`C_GenerateKeyPair`).
  ///
  /// Tokens fill in what the templates leave out, each in its own way: name every attribute that matters, and read it back afterwards.
  public mutating func generateKeyPair(
    _ mechanism: Mechanism, publicKey: [Attribute], privateKey: [Attribute]
  ) throws(PKCS11Error) -> KeyPairHandles {
    let handle = try handle
    var publicHandle: CK_OBJECT_HANDLE = 0
    var privateHandle: CK_OBJECT_HANDLE = 0
    try unsafe call(
      .C_GenerateKeyPair, cryptoki.functions.pointee.C_GenerateKeyPair, operation: "generate a key pair with \(mechanism)"
    ) { function in
      unsafe mechanism.withC { mechanism in
        unsafe publicKey.withTemplate { publicTemplate, publicCount in
          unsafe privateKey.withTemplate { privateTemplate, privateCount in
            unsafe ReturnValue(
              function(
                handle, mechanism, publicTemplate, publicCount, privateTemplate, privateCount, &publicHandle, &privateHandle))
          }
        }
      }.rawValue
    }
    return KeyPairHandles(publicKey: ObjectHandle(rawValue: publicHandle), privateKey: ObjectHandle(rawValue: privateHandle))
  }

  /// Makes a secret key on the token (`C_GenerateKey`).
  public mutating func generateKey(_ mechanism: Mechanism, _ attributes: [Attribute]) throws(PKCS11Error) -> ObjectHandle {
    let handle = try handle
    var key: CK_OBJECT_HANDLE = 0
    try unsafe call(
      .C_GenerateKey, cryptoki.functions.pointee.C_GenerateKey, operation: "generate a key with \(mechanism)"
    ) { function in
      unsafe mechanism.withC { mechanism in
        unsafe attributes.withTemplate { unsafe ReturnValue(function(handle, mechanism, $0, $1, &key)) }
      }.rawValue
    }
    return ObjectHandle(rawValue: key)
  }

  /// Asks the token for a key, encrypted under another (`C_WrapKey`). A key that may not leave the token must be refused.
  ///
  /// - Parameter maximumSize: the longest answer to take, in bytes, up to 1 MiB.
  public mutating func wrapKey(
    _ key: ObjectHandle, with mechanism: Mechanism, wrappingKey: ObjectHandle, maximumSize: Int = 16_384
  ) throws(PKCS11Error) -> [UInt8] {
    let handle = try handle
    let operation = "wrap a key with \(mechanism)"
    let maximumSize = max(1, min(maximumSize, 1 << 20))
    var wrapped = [UInt8](repeating: 0, count: maximumSize)
    var length = CK_ULONG(maximumSize)
    try unsafe call(.C_WrapKey, cryptoki.functions.pointee.C_WrapKey, operation: operation) { function in
      unsafe mechanism.withC { mechanism in
        unsafe wrapped.withUnsafeMutableBufferPointer {
          unsafe ReturnValue(function(handle, mechanism, wrappingKey.rawValue, key.rawValue, $0.baseAddress, &length))
        }
      }.rawValue
    }
    guard length <= maximumSize else {
      throw PKCS11Error(
        rule: .listSize, function: CryptokiFunction.C_WrapKey.name, token: token.label, operation: operation,
        message: "the module claims \(length) bytes where \(maximumSize) were lent to it")
    }
    wrapped.removeLast(maximumSize - Int(length))
    return wrapped
  }

  /// Random bytes from the token (`C_GenerateRandom`).
  ///
  /// - Parameter count: 1 byte to 1 MiB.
  public mutating func generateRandom(count: Int) throws(PKCS11Error) -> [UInt8] {
    let operation = "ask the token for random bytes"
    guard (1...1 << 20).contains(count) else {
      throw PKCS11Error(
        rule: .randomCount, token: token.label, operation: operation, message: "\(count) bytes were asked for, which is not 1 to 1048576")
    }
    let handle = try handle
    var bytes = [UInt8](repeating: 0, count: count)
    try unsafe call(.C_GenerateRandom, cryptoki.functions.pointee.C_GenerateRandom, operation: operation) { function in
      unsafe bytes.withUnsafeMutableBufferPointer { unsafe function(handle, $0.baseAddress, CK_ULONG($0.count)) }
    }
    return bytes
  }
}
