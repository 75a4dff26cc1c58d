/// Names a module, a slot, a token or an object on it by what they say of themselves (RFC 7512): `pkcs11:token=payroll;serial=5a1c`.
///
/// Attributes that are `nil` match anything; one with an empty value matches what is empty. Values are compared byte by byte, so case and
/// Unicode's several spellings of one character count (sections 2.5 and 2.6).
///
/// What a URI does not carry here: a PIN, or the place of one (any attribute whose name begins with `pin` is refused without being
/// repeated), attributes that the RFC does not name, and attributes given twice. By the RFC an attribute of a vendor's own in the path
/// makes the URI match nothing, and one in the query should be passed over; here both are refused, because a misspelt attribute that
/// silently means less than it says picks the wrong key.
///
/// `module-path` and `module-name` are kept and written back, and nothing here loads a module because of them: whoever names the module
/// gets the PIN.
public struct PKCS11URI: Sendable {
  /// The token's label (`token`).
  public var label: String?
  /// The token's manufacturer (`manufacturer`).
  public var manufacturer: String?
  /// The token's serial number (`serial`).
  public var serialNumber: String?
  /// The token's model (`model`).
  public var model: String?

  /// Who made the module (`library-manufacturer`).
  public var libraryManufacturer: String?
  /// What the module calls itself (`library-description`).
  public var libraryDescription: String?
  /// The module's own version (`library-version`).
  public var libraryVersion: Version?

  /// Who made the slot (`slot-manufacturer`).
  public var slotManufacturer: String?
  /// What the slot is (`slot-description`).
  public var slotDescription: String?
  /// The slot's number (`slot-id`). It changes; better not used.
  public var slotIdentifier: UInt?

  /// The object's label (`object`).
  public var objectLabel: String?
  /// The object's class (`type`): data, certificate, public, private or secret key.
  public var objectClass: ObjectClass?
  /// The object's `CKA_ID` (`id`).
  public var objectID: [UInt8]?

  /// The module's file (`module-path`); not honoured.
  public var modulePath: String?
  /// The module's name without `lib` and suffix (`module-name`); not honoured.
  public var moduleName: String?

  /// A URI that matches anything.
  public init() {}

  /// The URI of the tokens with a label.
  public init(label: String) {
    self.label = label
  }

  /// Reads a URI.
  ///
  /// - Throws: ``PKCS11Rule/uriSyntax``, ``PKCS11Rule/uriAttributeKnown``, ``PKCS11Rule/uriAttributeOnce`` or ``PKCS11Rule/uriNoPIN``.
  ///   Messages name attributes and never hold a value.
  public init(_ text: String) throws(PKCS11Error) {
    self = try PKCS11URIParser.parse(text)
  }

  /// Reads what people give to name a token: a URI when it begins as one, otherwise the token's label as it is.
  ///
  /// - Throws: as ``init(_:)``, and ``PKCS11Rule/tokenLabel`` for what can be no label.
  public init(uriOrLabel text: String) throws(PKCS11Error) {
    self = try Self.begins(text) ? PKCS11URIParser.parse(text) : PKCS11URIParser.bareLabel(text)
  }

  /// Whether a text begins as a URI of this kind, in any case of its letters. Where something else is expected, such as a file, such a text
  /// is a mistake.
  public static func begins(_ text: some StringProtocol) -> Bool {
    text.utf8.count >= PKCS11URIParser.scheme.utf8.count
      && zip(text.utf8, PKCS11URIParser.scheme.utf8).allSatisfy { PKCS11URIParser.lowercased($0) == $1 }
  }
}

extension PKCS11URI: Hashable {
  /// Two URIs are equal when they are written the same (section 2.6), whatever the order of their attributes and the case of the digits
  /// after percent signs.
  public static func == (first: PKCS11URI, second: PKCS11URI) -> Bool {
    first.objectClass == second.objectClass && first.description == second.description
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(objectClass)
    hasher.combine(description)
  }
}

extension PKCS11URI {
  /// Whether the attributes about module, slot and token describe this token. Attributes about objects do not matter here.
  public func matches(_ token: Token) -> Bool {
    let slot = token.slot
    let module = token.module.information
    return Self.agrees(label, token.label) && Self.agrees(manufacturer, token.manufacturer)
      && Self.agrees(serialNumber, token.serialNumber) && Self.agrees(model, token.model)
      && Self.agrees(libraryManufacturer, module.manufacturer) && Self.agrees(libraryDescription, module.libraryDescription)
      && Self.agrees(libraryVersion, module.libraryVersion) && Self.agrees(slotManufacturer, slot.manufacturer)
      && Self.agrees(slotDescription, slot.description) && Self.agrees(slotIdentifier, slot.identifier)
  }

  /// The attributes about objects as a template to search with.
  public var objectTemplate: [Attribute] {
    var template: [Attribute] = []
    if let objectClass { template.append(Attribute(.objectClass, objectClass)) }
    if let objectLabel { template.append(Attribute(.label, objectLabel)) }
    if let objectID { template.append(Attribute(.id, objectID)) }
    return template
  }

  /// Swift takes "é" and "e" with an accent behind it for the same text; tokens do not.
  private static func agrees(_ wanted: String?, _ actual: String) -> Bool {
    wanted.map { $0.utf8.elementsEqual(actual.utf8) } ?? true
  }

  private static func agrees<Value: Equatable>(_ wanted: Value?, _ actual: Value) -> Bool {
    wanted.map { $0 == actual } ?? true
  }
}

extension PKCS11URI: CustomStringConvertible {
  /// The URI, with its attributes in a fixed order.
  public var description: String { PKCS11URIFormat.format(self) }
}
