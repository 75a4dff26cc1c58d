/// What an object answered for one attribute.
public struct AttributeValue: Hashable, Sendable {
  enum Content: Hashable {
    case bytes([UInt8])
    case sensitive
    case unavailable
  }

  let content: Content

  /// The value; `nil` when it is sensitive or unavailable.
  public var bytes: [UInt8]? {
    if case .bytes(let bytes) = content { bytes } else { nil }
  }

  /// The token has the value and does not give it out (`CKR_ATTRIBUTE_SENSITIVE`).
  public var isSensitive: Bool { content == .sensitive }

  /// The object does not have, or the token does not know, the attribute (`CKR_ATTRIBUTE_TYPE_INVALID`).
  public var isUnavailable: Bool { content == .unavailable }
}

/// The values of several attributes of one object, read at once.
public struct AttributeValues: Hashable, Sendable {
  private let values: [AttributeType: AttributeValue]
  private let token: String?

  /// What was asked for.
  var types: [AttributeType] { Array(values.keys) }

  init(_ values: [AttributeType: AttributeValue], token: String? = nil) {
    self.values = values
    self.token = token
  }

  /// The answer for an attribute; unavailable when it was not asked for.
  public subscript(type: AttributeType) -> AttributeValue {
    values[type] ?? AttributeValue(content: .unavailable)
  }

  /// These values and those of a later question about the same object, which win.
  public func merging(_ later: AttributeValues) -> AttributeValues {
    AttributeValues(values.merging(later.values) { $1 }, token: token)
  }

  /// A value as bytes; `nil` when it is sensitive or unavailable.
  public func bytes(_ type: AttributeType) -> [UInt8]? {
    self[type].bytes
  }

  /// A truth value; `nil` when it is sensitive or unavailable.
  ///
  /// - Throws: ``PKCS11Rule/attributeLength`` unless it is one byte with the value 0 or 1.
  public func bool(_ type: AttributeType) throws(PKCS11Error) -> Bool? {
    guard let bytes = bytes(type) else { return nil }
    guard bytes.count == 1, bytes[0] <= 1 else { throw malformed(type, bytes, "a truth value of one byte, 0 or 1") }
    return bytes[0] == 1
  }

  /// A number; `nil` when it is sensitive or unavailable.
  ///
  /// - Throws: ``PKCS11Rule/attributeLength`` unless it is as long as a `CK_ULONG`.
  public func unsignedLong(_ type: AttributeType) throws(PKCS11Error) -> UInt? {
    guard let bytes = bytes(type) else { return nil }
    guard bytes.count == MemoryLayout<UInt>.size else { throw malformed(type, bytes, "a number of \(MemoryLayout<UInt>.size) bytes") }
    return Self.number(bytes[...])
  }

  /// A text; `nil` when it is sensitive or unavailable. What is not UTF-8 or is a control character becomes U+FFFD.
  public func string(_ type: AttributeType) -> String? {
    bytes(type).map { displayable($0) }
  }

  /// The object's class; `nil` when the token does not tell.
  public func objectClass() throws(PKCS11Error) -> ObjectClass? {
    try unsignedLong(.objectClass).map { ObjectClass(rawValue: $0) }
  }

  /// The key's type; `nil` when the token does not tell.
  public func keyType() throws(PKCS11Error) -> KeyType? {
    try unsignedLong(.keyType).map { KeyType(rawValue: $0) }
  }

  /// A list of mechanisms, such as ``AttributeType/allowedMechanisms``; `nil` when it is sensitive or unavailable.
  ///
  /// - Throws: ``PKCS11Rule/attributeLength`` unless the length is a multiple of that of a `CK_MECHANISM_TYPE`.
  public func mechanisms(_ type: AttributeType) throws(PKCS11Error) -> [MechanismType]? {
    guard let bytes = bytes(type) else { return nil }
    let size = MemoryLayout<UInt>.size
    guard bytes.count.isMultiple(of: size) else { throw malformed(type, bytes, "a list of numbers of \(size) bytes") }
    return stride(from: 0, to: bytes.count, by: size).map { MechanismType(rawValue: Self.number(bytes[$0..<$0 + size])) }
  }

  /// A number in the machine's byte order.
  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt {
    UInt(littleEndian: bytes.reversed().reduce(0) { $0 << 8 | UInt($1) })
  }

  private func malformed(_ type: AttributeType, _ bytes: [UInt8], _ expected: String) -> PKCS11Error {
    PKCS11Error(
      rule: .attributeLength, function: CryptokiFunction.C_GetAttributeValue.name, token: token, operation: "read \(type)",
      message: "the token gave \(bytes.count) bytes that are not \(expected)")
  }
}
