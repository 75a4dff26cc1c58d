/// One attribute of an object with its value (`CK_ATTRIBUTE`), as templates are made of.
public struct Attribute: Hashable, Sendable {
  /// Which attribute it is.
  public let type: AttributeType

  /// The value as the module reads it; numbers in the machine's byte order.
  public let value: [UInt8]

  /// A value of plain bytes: an identifier, a big-endian number, something in DER.
  public init(_ type: AttributeType, _ value: [UInt8]) {
    self.type = type
    self.value = value
  }

  /// A truth value (`CK_BBOOL`, one byte).
  public init(_ type: AttributeType, _ value: Bool) {
    self.init(type, [value ? 1 : 0])
  }

  /// A number (`CK_ULONG`).
  public init(_ type: AttributeType, _ value: UInt) {
    self.init(type, Self.bytes(of: value))
  }

  /// A text, in UTF-8.
  public init(_ type: AttributeType, _ value: String) {
    self.init(type, [UInt8](value.utf8))
  }

  /// A class, for ``AttributeType/objectClass``.
  public init(_ type: AttributeType, _ value: ObjectClass) {
    self.init(type, value.rawValue)
  }

  /// A kind of key, for ``AttributeType/keyType``.
  public init(_ type: AttributeType, _ value: KeyType) {
    self.init(type, value.rawValue)
  }

  /// A kind of certificate, for ``AttributeType/certificateType``.
  public init(_ type: AttributeType, _ value: CertificateType) {
    self.init(type, value.rawValue)
  }

  /// A parameter set, for ``AttributeType/parameterSet``.
  public init(_ type: AttributeType, _ value: ParameterSet) {
    self.init(type, value.rawValue)
  }

  /// A list of mechanisms, for ``AttributeType/allowedMechanisms``.
  public init(_ type: AttributeType, _ value: [MechanismType]) {
    self.init(type, value.flatMap { Self.bytes(of: $0.rawValue) })
  }

  private static func bytes(of number: UInt) -> [UInt8] {
    unsafe withUnsafeBytes(of: number) { unsafe [UInt8]($0) }
  }
}

extension Attribute: CustomStringConvertible {
  /// The attribute's name. The value may be a secret and is left out.
  public var description: String { type.description }
}
