// What a token answers may be a secret, also where it should not be: no text and no reflection of these types has a value in it.

extension AttributeValue: CustomStringConvertible, CustomReflectable {
  /// `32 bytes`, `sensitive` or `unavailable`.
  public var description: String {
    switch content {
    case .bytes(let bytes): bytes.count == 1 ? "one byte" : "\(bytes.count) bytes"
    case .sensitive: "sensitive"
    case .unavailable: "unavailable"
    }
  }

  /// Without the value.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension AttributeValues: CustomStringConvertible, CustomReflectable {
  /// `CKA_ID: 16 bytes, CKA_VALUE: sensitive`.
  public var description: String { lines.joined(separator: ", ") }

  /// Without the values.
  public var customMirror: Mirror { Mirror(self, unlabeledChildren: lines) }

  private var lines: [String] {
    types.map { "\($0): \(self[$0])" }.sorted()
  }
}

extension Attribute: CustomReflectable {
  /// Without the value.
  public var customMirror: Mirror { Mirror(self, children: ["type": type.description]) }
}
