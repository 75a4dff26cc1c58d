public import PKCS11

/// How a vendor's tokens differ from the standard, as far as it matters for keys: what has to be left out of or changed in the template
/// of a new key, and what the token does not say truly, or at all, of a key.
///
/// A dialect changes what is *asked for*. What a key must *be* is the policy's, and that is held against what is read back from the token,
/// whatever the dialect.
public struct TokenDialect: Sendable, Hashable, CustomStringConvertible {
  /// A short name: `softhsm`, `nss`, `standard`.
  public let name: String

  /// What differs from the standard, each with its reason.
  public let peculiarities: [Peculiarity]

  /// One way in which a vendor's tokens differ.
  public struct Peculiarity: Sendable, Hashable {
    /// What differs and what follows from it, in one sentence for people.
    public let explanation: String
    /// What it changes in the template of a new key pair; nil for what is only good to know.
    let change: TemplateChange?
  }

  /// One line for each peculiarity.
  public var explanations: [String] { peculiarities.map(\.explanation) }

  public var description: String { name }

  init(_ name: String, _ peculiarities: [Peculiarity]) {
    self.name = name
    self.peculiarities = peculiarities
  }

  /// The changes to templates, in their order.
  var changes: [TemplateChange] { peculiarities.compactMap(\.change) }

  /// Whether the token itself chooses `CKA_ID` and takes none from us.
  var choosesIdentifier: Bool { changes.contains(.leaveOutIdentifier) }
}

extension TokenDialect.Peculiarity {
  /// Something that changes no template.
  static func note(_ explanation: String) -> Self { .init(explanation: explanation, change: nil) }
  /// Attributes that the token refuses, at both halves of a pair unless told otherwise.
  static func refuses(_ types: Set<AttributeType>, at half: ObjectClass? = nil, _ explanation: String) -> Self {
    .init(explanation: explanation, change: .leaveOut(types, half))
  }
  /// An attribute that the token wants with a value of its own choice.
  static func wants(_ attribute: Attribute, at half: ObjectClass, _ explanation: String) -> Self {
    .init(explanation: explanation, change: .set(attribute, half))
  }
}

/// One change to the template of a new key pair.
enum TemplateChange: Hashable, Sendable {
  /// Leaves attributes out, of one half or of both.
  case leaveOut(Set<AttributeType>, ObjectClass?)
  /// Asks for another value.
  case set(Attribute, ObjectClass)
  /// Leaves `CKA_ID` out of both halves: the token chooses it.
  case leaveOutIdentifier

  /// The template of one half after the change.
  func applied(to template: [Attribute], of half: ObjectClass) -> [Attribute] {
    switch self {
    case .leaveOut(let types, let only): only == nil || only == half ? template.filter { !types.contains($0.type) } : template
    case .set(let attribute, let only): only == half ? template.filter { $0.type != attribute.type } + [attribute] : template
    case .leaveOutIdentifier: template.filter { $0.type != .id }
    }
  }
}

extension Token {
  /// The dialect that this token speaks, by what the module and the token say of themselves (`C_GetInfo`, `C_GetTokenInfo`).
  public var dialect: TokenDialect {
    TokenDialect(
      manufacturer: module.information.manufacturer, library: module.information.libraryDescription, tokenManufacturer: manufacturer,
      model: model)
  }
}
