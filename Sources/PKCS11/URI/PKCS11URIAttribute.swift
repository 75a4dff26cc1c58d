/// The attributes of RFC 7512 that we read and write, in the order in which we write them.
enum PKCS11URIAttribute: String, CaseIterable {
  case token, manufacturer, serial, model
  case libraryManufacturer = "library-manufacturer"
  case libraryDescription = "library-description"
  case libraryVersion = "library-version"
  case slotManufacturer = "slot-manufacturer"
  case slotDescription = "slot-description"
  case slotID = "slot-id"
  case object, type, id
  case modulePath = "module-path"
  case moduleName = "module-name"

  /// Behind the question mark, and not before it.
  var isQuery: Bool { self == .modulePath || self == .moduleName }

  /// The attributes whose values are plain text.
  var textMember: WritableKeyPath<PKCS11URI, String?>? {
    switch self {
    case .token: \.label
    case .manufacturer: \.manufacturer
    case .serial: \.serialNumber
    case .model: \.model
    case .libraryManufacturer: \.libraryManufacturer
    case .libraryDescription: \.libraryDescription
    case .slotManufacturer: \.slotManufacturer
    case .slotDescription: \.slotDescription
    case .object: \.objectLabel
    case .modulePath: \.modulePath
    case .moduleName: \.moduleName
    case .libraryVersion, .slotID, .type, .id: nil
    }
  }

  /// The values of `type`.
  static let classNames: [(name: String, objectClass: ObjectClass)] = [
    ("public", .publicKey), ("private", .privateKey), ("cert", .certificate), ("secret-key", .secretKey), ("data", .data),
  ]
}
