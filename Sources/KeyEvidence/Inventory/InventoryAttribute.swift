/// An attribute of an object that an inventory records, by its Cryptoki name without the prefix, in lower case with hyphens:
/// `always-sensitive` is `CKA_ALWAYS_SENSITIVE`.
public struct InventoryAttribute: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String
  /// Whether its value is true or false; otherwise it is a text.
  public let isTruth: Bool
  let place: Int

  public init?(rawValue: String) {
    guard let known = Self.byName[rawValue] else { return nil }
    self = known
  }

  private init(_ name: String, isTruth: Bool, place: Int) {
    rawValue = name
    self.isTruth = isTruth
    self.place = place
  }

  private static let truthNames = [
    "token", "private", "modifiable", "copyable", "destroyable", "sensitive", "always-sensitive", "extractable", "never-extractable",
    "local", "always-authenticate", "wrap-with-trusted", "trusted", "encrypt", "decrypt", "sign", "sign-recover", "verify",
    "verify-recover", "wrap", "unwrap", "derive",
  ]
  private static let textNames = ["key-type", "key-gen-mechanism", "allowed-mechanisms", "value-len", "application", "certificate-type"]

  /// Every attribute, those that are true or false first.
  public static let allCases: [InventoryAttribute] =
    truthNames.enumerated().map { .init($0.element, isTruth: true, place: $0.offset) }
    + textNames.enumerated().map { .init($0.element, isTruth: false, place: $0.offset) }

  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

  /// The Cryptoki name: `CKA_ALWAYS_SENSITIVE`.
  public var cryptokiName: String { "CKA_" + rawValue.uppercased().replacing("-", with: "_") }
  public var description: String { cryptokiName }
}

/// What an object says of itself: attributes that are true or false, and few texts. Attributes that the token does not know are not in it.
public struct AttributeClaims: Hashable, Sendable {
  // Two bits an attribute: a token may hold a great many objects, and the inventory of all of them is in memory at once.
  private var known: UInt32 = 0
  private var isTrue: UInt32 = 0
  private var texts: [String?] = []

  /// Nothing claimed.
  public init() {}

  /// A value that is true or false; nil when the token did not tell, and for attributes that are texts.
  public subscript(truth attribute: InventoryAttribute) -> Bool? {
    get {
      let bit: UInt32 = 1 << UInt32(attribute.place)
      return attribute.isTruth && known & bit != 0 ? isTrue & bit != 0 : nil
    }
    set {
      guard attribute.isTruth else { return }
      let bit: UInt32 = 1 << UInt32(attribute.place)
      known = newValue == nil ? known & ~bit : known | bit
      isTrue = newValue == true ? isTrue | bit : isTrue & ~bit
    }
  }

  /// A text; nil when the token did not tell, and for attributes that are true or false.
  public subscript(text attribute: InventoryAttribute) -> String? {
    get { attribute.isTruth || attribute.place >= texts.count ? nil : texts[attribute.place] }
    set {
      guard !attribute.isTruth else { return }
      while texts.count <= attribute.place { texts.append(nil) }
      texts[attribute.place] = newValue?.fitting(8192)
      while let last = texts.last, last == nil { texts.removeLast() }
    }
  }

  /// The value of an attribute in words: `true`, `false` or its text; nil when the token did not tell.
  public subscript(words attribute: InventoryAttribute) -> String? {
    attribute.isTruth ? self[truth: attribute].map { "\($0)" } : self[text: attribute]
  }

  /// The attributes that the token told, in the order of ``InventoryAttribute/allCases``.
  public var told: [InventoryAttribute] { InventoryAttribute.allCases.filter { self[words: $0] != nil } }
}

extension InventoryAttribute {
  private static func known(_ name: String) -> InventoryAttribute { byName[name] ?? allCases[0] }
  /// `CKA_TOKEN`: kept on the token.
  public static let token = known("token")
  /// `CKA_PRIVATE`: seen only after login.
  public static let isPrivate = known("private")
  /// `CKA_MODIFIABLE`: can be changed.
  public static let modifiable = known("modifiable")
  /// `CKA_COPYABLE`: can be copied.
  public static let copyable = known("copyable")
  /// `CKA_DESTROYABLE`: can be destroyed.
  public static let destroyable = known("destroyable")
  /// `CKA_SENSITIVE`: cannot be read in clear.
  public static let sensitive = known("sensitive")
  /// `CKA_ALWAYS_SENSITIVE`: never could be.
  public static let alwaysSensitive = known("always-sensitive")
  /// `CKA_EXTRACTABLE`: can be wrapped out.
  public static let extractable = known("extractable")
  /// `CKA_NEVER_EXTRACTABLE`: never could be.
  public static let neverExtractable = known("never-extractable")
  /// `CKA_LOCAL`: made on the token.
  public static let local = known("local")
  /// `CKA_ALWAYS_AUTHENTICATE`: wants the PIN at each use.
  public static let alwaysAuthenticate = known("always-authenticate")
  /// `CKA_WRAP_WITH_TRUSTED`: only trusted keys may wrap it.
  public static let wrapWithTrusted = known("wrap-with-trusted")
  /// `CKA_TRUSTED`: the security officer trusts it.
  public static let trusted = known("trusted")
  /// `CKA_ENCRYPT`: may encrypt.
  public static let encrypt = known("encrypt")
  /// `CKA_DECRYPT`: may decrypt.
  public static let decrypt = known("decrypt")
  /// `CKA_SIGN`: may sign.
  public static let sign = known("sign")
  /// `CKA_SIGN_RECOVER`: may sign with the data in the signature.
  public static let signRecover = known("sign-recover")
  /// `CKA_VERIFY`: may verify.
  public static let verify = known("verify")
  /// `CKA_VERIFY_RECOVER`: may verify and give the data back.
  public static let verifyRecover = known("verify-recover")
  /// `CKA_WRAP`: may wrap other keys.
  public static let wrap = known("wrap")
  /// `CKA_UNWRAP`: may unwrap other keys.
  public static let unwrap = known("unwrap")
  /// `CKA_DERIVE`: other keys may be derived from it.
  public static let derive = known("derive")
  /// `CKA_KEY_TYPE`, by name.
  public static let keyType = known("key-type")
  /// `CKA_KEY_GEN_MECHANISM`, by name.
  public static let keyGenerationMechanism = known("key-gen-mechanism")
  /// `CKA_ALLOWED_MECHANISMS`, names with spaces between them.
  public static let allowedMechanisms = known("allowed-mechanisms")
  /// `CKA_VALUE_LEN`, in bytes.
  public static let valueLength = known("value-len")
  /// `CKA_APPLICATION` of a data object.
  public static let application = known("application")
  /// `CKA_CERTIFICATE_TYPE`, when it is not X.509.
  public static let certificateType = known("certificate-type")
}
