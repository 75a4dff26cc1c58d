internal import CCryptoki
internal import Secrets

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
      .C_GenerateKeyPair, cryptoki.functions.pointee.C_GenerateKeyPair, mechanism: mechanism.type,
      operation: "generate a key pair with \(mechanism)"
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
    var wrapped = [UInt8](repeating: 0, count: max(1, min(maximumSize, 1 << 20)))
    let length = try unsafe wrapped.withUnsafeMutableBufferPointer { memory throws(PKCS11Error) in
      try unsafe wrap(key, mechanism, wrappingKey, into: memory)
    }
    guard length <= wrapped.count else {
      throw PKCS11Error(
        rule: .listSize, function: CryptokiFunction.C_WrapKey.name, token: token.label, operation: "wrap a key with \(mechanism)",
        message: "the module claims \(length) bytes where \(wrapped.count) were lent to it")
    }
    wrapped.removeLast(wrapped.count - length)
    return wrapped
  }

  /// Finds out whether the token gives a key out, encrypted under another (`C_WrapKey`). What it gives is wiped, and nobody gets it.
  ///
  /// - Returns: how many bytes the token gave, or says that it gave, which can be more than there was room for.
  public mutating func wrappedKeySize(
    _ key: ObjectHandle, with mechanism: Mechanism, wrappingKey: ObjectHandle
  ) throws(PKCS11Error) -> Int {
    var length = 0
    _ = try SecretBytes(capacity: 16_384) { output throws(PKCS11Error) in
      try unsafe output.withUnsafeMutableBufferPointer { memory, count throws(PKCS11Error) in
        unsafe memory.initialize(repeating: 0)
        count = memory.count
        length = try unsafe wrap(key, mechanism, wrappingKey, into: memory)
      }
    }
    return length
  }

  private mutating func wrap(
    _ key: ObjectHandle, _ mechanism: Mechanism, _ wrappingKey: ObjectHandle, into memory: UnsafeMutableBufferPointer<UInt8>
  ) throws(PKCS11Error) -> Int {
    let handle = try handle
    let operation = "wrap a key with \(mechanism)"
    var length = CK_ULONG(memory.count)
    try unsafe call(.C_WrapKey, cryptoki.functions.pointee.C_WrapKey, operation: operation) { function in
      unsafe mechanism.withC { mechanism in
        unsafe ReturnValue(function(handle, mechanism, wrappingKey.rawValue, key.rawValue, memory.baseAddress, &length))
      }.rawValue
    }
    return Int(clamping: length)
  }

  /// Makes a key of one that was encrypted under another (`C_UnwrapKey`).
  public mutating func unwrapKey(
    _ wrapped: [UInt8], with mechanism: Mechanism, unwrappingKey: ObjectHandle, _ attributes: [Attribute]
  ) throws(PKCS11Error) -> ObjectHandle {
    let handle = try handle
    var key: CK_OBJECT_HANDLE = 0
    try unsafe call(
      .C_UnwrapKey, cryptoki.functions.pointee.C_UnwrapKey, operation: "unwrap a key with \(mechanism)"
    ) { function in
      unsafe mechanism.withC { mechanism in
        unsafe wrapped.withUnsafeBufferPointer { wrapped in
          unsafe attributes.withTemplate { template, count in
            unsafe ReturnValue(
              function(
                handle, mechanism, unwrappingKey.rawValue, wrapped.baseAddress, CK_ULONG(wrapped.count), template, count, &key))
          }
        }
      }.rawValue
    }
    return ObjectHandle(rawValue: key)
  }

  /// Derives a key from another (`C_DeriveKey`).
  public mutating func deriveKey(
    _ mechanism: Mechanism, from base: ObjectHandle, _ attributes: [Attribute]
  ) throws(PKCS11Error) -> ObjectHandle {
    let handle = try handle
    var key: CK_OBJECT_HANDLE = 0
    try unsafe call(
      .C_DeriveKey, cryptoki.functions.pointee.C_DeriveKey, operation: "derive a key with \(mechanism)"
    ) { function in
      unsafe mechanism.withC { mechanism in
        unsafe attributes.withTemplate { unsafe ReturnValue(function(handle, mechanism, base.rawValue, $0, $1, &key)) }
      }.rawValue
    }
    return ObjectHandle(rawValue: key)
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
