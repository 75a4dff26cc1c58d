internal import CCryptoki
public import Secrets

extension Session {
  /// The longest signature that any mechanism of today gives, with room to spare: the limit of `maximumSignatureSize`.
  public static let signatureSizeLimit = 65_536

  /// Signs (`C_SignInit`, `C_Sign`).
  ///
  /// The module is not asked for the signature's size first: keys that want a PIN for each use would spend it on that question, and some
  /// modules keep the operation open when the question is all there was.
  ///
  /// - Parameters:
  ///   - data: what the mechanism takes: the message, its digest, or a `DigestInfo`. Some tokens cut a digest that is too long for the key
  ///     without a word, so the length of a digest is checked here before the token is asked.
  ///   - maximumSignatureSize: in bytes, known from the public key: the length of an RSA modulus, twice the length of a curve's order.
  /// - Throws: what the module answered; ``PKCS11Rule/signatureInput`` for data that the mechanism cannot take;
  ///   ``PKCS11Rule/signatureSize`` for a signature without a byte or with too many. Any failure after
  ///   `C_SignInit` poisons the session.
  public mutating func sign(
    _ data: Span<UInt8>, with mechanism: Mechanism, key: ObjectHandle, maximumSignatureSize: Int
  ) throws(PKCS11Error) -> [UInt8] {
    let handle = try beginSignature(of: data.count, with: mechanism, key: key, maximumSignatureSize: maximumSignatureSize)
    return try finishSignature(handle, data, maximumSignatureSize: maximumSignatureSize)
  }

  /// Signs bytes of an array.
  public mutating func sign(
    _ data: [UInt8], with mechanism: Mechanism, key: ObjectHandle, maximumSignatureSize: Int
  ) throws(PKCS11Error) -> [UInt8] {
    try sign(data.span, with: mechanism, key: key, maximumSignatureSize: maximumSignatureSize)
  }

  /// Signs with a key that wants a PIN for each use (`CKA_ALWAYS_AUTHENTICATE`): `C_SignInit`, `C_Login` with `CKU_CONTEXT_SPECIFIC`,
  /// `C_Sign`, and nothing in between.
  public mutating func sign(
    _ data: Span<UInt8>, with mechanism: Mechanism, key: ObjectHandle, maximumSignatureSize: Int,
    authenticatingWith pin: borrowing SecretBytes
  ) throws(PKCS11Error) -> [UInt8] {
    let handle = try beginSignature(of: data.count, with: mechanism, key: key, maximumSignatureSize: maximumSignatureSize)
    try login(handle, .contextSpecific, pin)
    return try finishSignature(handle, data, maximumSignatureSize: maximumSignatureSize)
  }

  /// Signs with a key that wants a PIN for each use, entered on the device's own pad.
  public mutating func signAuthenticatingOnProtectedPath(
    _ data: Span<UInt8>, with mechanism: Mechanism, key: ObjectHandle, maximumSignatureSize: Int
  ) throws(PKCS11Error) -> [UInt8] {
    let handle = try beginSignature(of: data.count, with: mechanism, key: key, maximumSignatureSize: maximumSignatureSize)
    try unsafe login(handle, .contextSpecific, UnsafeBufferPointer(start: nil, count: 0))
    return try finishSignature(handle, data, maximumSignatureSize: maximumSignatureSize)
  }

  /// Verifies a signature on the token (`C_VerifyInit`, `C_Verify`).
  ///
  /// - Throws: ``ReturnValue/signatureInvalid`` or ``ReturnValue/signatureLengthRange`` for a signature that is not right; the session
  ///   stays usable after those. Any other failure after `C_VerifyInit` poisons it.
  public mutating func verify(
    signature: [UInt8], of data: [UInt8], with mechanism: Mechanism, key: ObjectHandle
  ) throws(PKCS11Error) {
    let handle = try handle
    let operation = "verify a signature with \(mechanism)"
    try unsafe call(
      .C_VerifyInit, cryptoki.functions.pointee.C_VerifyInit, mechanism: mechanism.type, operation: operation
    ) { function in
      unsafe mechanism.withC { unsafe ReturnValue(function(handle, $0, key.rawValue)) }.rawValue
    }
    let answer = unsafe cryptoki.answer(.C_Verify, cryptoki.functions.pointee.C_Verify) { function in
      unsafe data.withUnsafeBufferPointer { data in
        unsafe signature.withUnsafeBufferPointer { signature in
          unsafe function(
            handle, data.baseAddress, CK_ULONG(data.count), signature.baseAddress, CK_ULONG(signature.count))
        }
      }
    }
    if answer == .ok { return }
    isPoisoned = answer != .signatureInvalid && answer != .signatureLengthRange
    throw failure(.C_Verify, answer, operation: operation)
  }

  /// Begins a signature. From here until the signature is there, the session counts as poisoned.
  @inline(__always)
  private mutating func beginSignature(
    of byteCount: Int, with mechanism: Mechanism, key: ObjectHandle, maximumSignatureSize: Int
  ) throws(PKCS11Error) -> CK_SESSION_HANDLE {
    guard maximumSignatureSize > 0, maximumSignatureSize <= Self.signatureSizeLimit else {
      throw wrongSize("a signature of at most \(maximumSignatureSize) bytes was asked for, which is not 1 to \(Self.signatureSizeLimit)")
    }
    try mechanism.checkInput(byteCount: byteCount, signatureSize: maximumSignatureSize, token: token.label)
    let handle = try handle
    let type = mechanism.type
    let answer = unsafe mechanism.withC { mechanism in
      unsafe cryptoki.answer(.C_SignInit, cryptoki.functions.pointee.C_SignInit, mechanism: type) {
        unsafe $0(handle, mechanism, key.rawValue)
      }
    }
    guard answer == .ok else { throw failure(.C_SignInit, answer, operation: "sign with \(mechanism)") }
    isPoisoned = true
    return handle
  }

  /// Gets the signature that was begun, straight into the array that is returned.
  @inline(__always)
  private mutating func finishSignature(
    _ handle: CK_SESSION_HANDLE, _ data: Span<UInt8>, maximumSignatureSize: Int
  ) throws(PKCS11Error) -> [UInt8] {
    var answer = ReturnValue.ok
    var length = CK_ULONG(maximumSignatureSize)
    let signature = [UInt8](capacity: maximumSignatureSize) { output in
      unsafe output.withUnsafeMutableBufferPointer { memory, count in
        unsafe memory.initialize(repeating: 0)
        answer = unsafe cryptoki.answer(.C_Sign, cryptoki.functions.pointee.C_Sign) { function in
          unsafe data.withUnsafeBufferPointer { data in
            unsafe function(handle, data.baseAddress, CK_ULONG(data.count), memory.baseAddress, &length)
          }
        }
        if answer == .ok, length <= maximumSignatureSize { count = Int(length) }
      }
    }
    guard answer == .ok else { throw failure(.C_Sign, answer, operation: "sign") }
    guard !signature.isEmpty else {
      throw wrongSize("the module gave \(length) bytes of signature where 1 to \(maximumSignatureSize) are possible")
    }
    isPoisoned = false
    return signature
  }

  private func wrongSize(_ message: String) -> PKCS11Error {
    PKCS11Error(
      rule: .signatureSize, function: CryptokiFunction.C_Sign.name, token: token.label, operation: "sign", message: message,
      hint: "check that the mechanism fits the key's type")
  }
}
