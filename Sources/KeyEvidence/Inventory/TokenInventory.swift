public import Foundation

/// What is on a token at one time, as the token told it: keys by halves, certificates, other objects, and what could not be read.
///
/// An inventory is an observation. Its claims are the token's own (*token-asserted*); nothing in it was probed. Signed, it is what a later
/// look at the same token is held against: see ``InventoryComparison``.
public struct TokenInventory: Hashable, Sendable {
  /// What names the form of a file with such a content.
  public static let format = "hsmkey-token-inventory/1"

  /// The token's own description of itself (`CK_TOKEN_INFO`).
  public struct Token: Hashable, Sendable {
    /// The name it was given when it was initialised.
    public let label: String
    /// Who made it.
    public let manufacturer: String
    /// The model.
    public let model: String
    /// The serial number, as text.
    public let serial: String
    /// The version of the hardware, `2.6`.
    public let hardwareVersion: String
    /// The version of the firmware, `2.6`.
    public let firmwareVersion: String

    /// A token of this description.
    public init(label: String, manufacturer: String, model: String, serial: String, hardwareVersion: String, firmwareVersion: String) {
      self.label = label
      self.manufacturer = manufacturer
      self.model = model
      self.serial = serial
      self.hardwareVersion = hardwareVersion
      self.firmwareVersion = firmwareVersion
    }
  }

  /// What was looked at.
  public struct Scope: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Public and private objects: the user was logged in, or the token wants no login.
    public static let all = Scope(rawValue: "all")
    /// Public objects only: nobody was logged in.
    public static let publicObjects = Scope(rawValue: "public")

    public var description: String { rawValue }
  }

  /// The token.
  public let token: Token
  /// What was looked at.
  public let scope: Scope
  /// The key policy that private keys were held against, by name.
  public let policy: String
  /// When the token was read; whole seconds.
  public let madeAt: Date
  /// The program that read it, with its version: `hsmkey 0.1.0`.
  public let madeBy: String
  /// Key pairs, or the one half of each that was seen.
  public let keys: [InventoryKey]
  /// Certificates.
  public let certificates: [InventoryCertificate]
  /// Everything else: secret keys, data, and what has a class that is not known.
  public let others: [InventoryObject]
  /// Objects and attributes that could not be read, each with the reason.
  public let unreadable: [InventoryUnreadable]

  /// An inventory of these parts. They are brought into an order of their own, so that the same objects make the same inventory.
  public init(
    token: Token, scope: Scope, policy: String, madeAt: Date, madeBy: String, keys: [InventoryKey],
    certificates: [InventoryCertificate], others: [InventoryObject], unreadable: [InventoryUnreadable]
  ) {
    self.token = token
    self.scope = scope
    self.policy = policy
    self.madeAt = Date(timeIntervalSince1970: madeAt.timeIntervalSince1970.rounded(.down))
    self.madeBy = madeBy
    self.keys = keys.sorted(by: \.sorting)
    self.certificates = certificates.sorted(by: \.sorting)
    self.others = others.sorted(by: \.sorting)
    self.unreadable = unreadable.sorted(by: \.sorting)
  }
}

/// A key pair on a token, or the half of one that was seen.
public struct InventoryKey: Hashable, Sendable {
  /// Kind and size: `rsa-2048`, `ecdsa-p256`, `ed25519`; `ec-` and an object identifier for other curves, or the Cryptoki name of a kind
  /// that is not known.
  public let algorithm: String
  /// SHA-256 of the public key (SubjectPublicKeyInfo in DER), in hexadecimal; nil where neither half nor a certificate tells it.
  public let publicKeySHA256: String?
  /// The private half; nil where none was seen.
  public let privateHalf: InventoryHalf?
  /// The public half; nil where none was seen.
  public let publicHalf: InventoryHalf?

  /// A key of these parts.
  public init(algorithm: String, publicKeySHA256: String?, privateHalf: InventoryHalf?, publicHalf: InventoryHalf?) {
    self.algorithm = algorithm.fitting(128)
    self.publicKeySHA256 = publicKeySHA256
    self.privateHalf = privateHalf
    self.publicHalf = publicHalf
  }

  /// The private half's label where it is seen, otherwise the public half's.
  public var label: String { (privateHalf ?? publicHalf)?.label ?? "" }
  /// The private half's identifier where it is seen, otherwise the public half's; in hexadecimal.
  public var id: String { (privateHalf ?? publicHalf)?.id ?? "" }

  var sorting: [String] { [label, id, publicKeySHA256 ?? "", privateHalf == nil ? "1" : "0"] }
}

/// One half of a key pair.
public struct InventoryHalf: Hashable, Sendable {
  /// `CKA_LABEL`: for people.
  public let label: String
  /// `CKA_ID`, in hexadecimal.
  public let id: String
  /// What it says of itself.
  public let attributes: AttributeClaims
  /// How a private half stands to the key policy; nil for public halves and for kinds of keys that the policy does not know.
  public let verdict: InventoryVerdict?

  /// A half of these parts.
  public init(label: String, id: String, attributes: AttributeClaims, verdict: InventoryVerdict? = nil) {
    self.label = label
    self.id = id
    self.attributes = attributes
    self.verdict = verdict
  }
}

/// How a private key stands to the key policy, by the names of the rules.
public struct InventoryVerdict: Hashable, Sendable {
  /// Rules that stand in the way of using the key: violated, or not claimed although they must be.
  public let objections: [String]
  /// Every rule of which the token claims the opposite, also where the policy overlooks it.
  public let violated: [String]
  /// Rules of which the token claims nothing.
  public let notClaimed: [String]

  /// Whether the key meets the policy.
  public var isMet: Bool { objections.isEmpty }

  /// A verdict of these parts.
  public init(objections: [String], violated: [String], notClaimed: [String]) {
    self.objections = objections
    self.violated = violated
    self.notClaimed = notClaimed
  }
}

/// An object that is neither half of a key pair nor a certificate.
public struct InventoryObject: Hashable, Sendable {
  /// `CKA_CLASS`, by name: `CKO_SECRET_KEY`.
  public let objectClass: String
  /// `CKA_LABEL`.
  public let label: String
  /// `CKA_ID`, in hexadecimal.
  public let id: String
  /// What it says of itself.
  public let attributes: AttributeClaims

  /// An object of these parts.
  public init(objectClass: String, label: String, id: String, attributes: AttributeClaims) {
    self.objectClass = objectClass
    self.label = label
    self.id = id
    self.attributes = attributes
  }

  var sorting: [String] { [objectClass, label, id] }
}

/// An object, or an attribute of one, that could not be read.
public struct InventoryUnreadable: Hashable, Sendable {
  /// The object's class by name, where it is known.
  public let objectClass: String
  /// Its label, where it is known.
  public let label: String
  /// Its identifier, where it is known, in hexadecimal.
  public let id: String
  /// What could not be read, and why, in a few words.
  public let reason: String

  /// What could not be read.
  public init(objectClass: String, label: String, id: String, reason: String) {
    self.objectClass = objectClass
    self.label = label
    self.id = id
    self.reason = reason.fitting(1024)
  }

  var sorting: [String] { [objectClass, label, id, reason] }
}

extension Array {
  /// Sorted by texts, the first of which decides unless it is the same.
  func sorted(by texts: (Element) -> [String]) -> [Element] {
    // The texts of each element are made once, and not at each comparison.
    map { (element: $0, texts: texts($0)) }.sorted { $0.texts.lexicographicallyPrecedes($1.texts) }.map(\.element)
  }
}
