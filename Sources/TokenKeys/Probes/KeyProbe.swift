import PKCS11

/// One attempt to make a token do with a private key what it must refuse: the token's word on a key is worth more when it was tried.
///
/// A probe is safe on a token in use: what it makes are session objects, which it destroys; a flag that a token lets itself be talked into
/// changing is turned back at once. It asks for no PIN, and nobody ever gets what a token gives out.
public struct KeyProbe: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String

  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  private init(_ name: String, _ rule: KeyRule, flag: KeyRule? = nil, _ action: String) {
    rawValue = name
    self.rule = rule
    self.flag = flag
    self.action = action
  }

  /// The rule that is violated when the probe succeeds.
  public let rule: KeyRule
  /// The rule whose flag is what the probe tries to turn.
  let flag: KeyRule?
  /// What the probe will do, in a sentence.
  public let action: String

  /// Reads the private value.
  public static let readPrivateValue = KeyProbe(
    "read-private-value", .sensitive, "asks for each private value of the key with C_GetAttributeValue; what comes is wiped")
  /// Wraps the key under a fresh session key, with several mechanisms.
  public static let wrapOut = KeyProbe(
    "wrap-out", .notExtractable,
    "makes a fresh session key and asks for the private key wrapped under it with C_WrapKey, by each mechanism that the token offers for "
      + "that; what comes is wiped, and the session key is destroyed")
  /// Decrypts a message that was encrypted to the public key in software.
  public static let decrypt = KeyProbe(
    "decrypt", .signOnly, "encrypts random bytes to the public key in software and asks for them with C_Decrypt; what comes is wiped")
  /// Unwraps a key that was encrypted to the public key in software.
  public static let unwrap = KeyProbe(
    "unwrap", .signOnly,
    "encrypts a random key to the public key in software and asks for it with C_UnwrapKey, as a session object, which is destroyed")
  /// Agrees on a key with a peer in software.
  public static let derive = KeyProbe(
    "derive", .signOnly,
    "makes a peer's key pair in software and agrees on a secret with C_DeriveKey (CKM_ECDH1_DERIVE), as a session object, which is "
      + "destroyed"
  )
  /// Signs in the way that leaves the data inside the signature.
  public static let signRecover = KeyProbe(
    "sign-recover", .signOnly, "asks for a signature with C_SignRecover over random bytes; what comes is wiped")
  /// Copies the key as it is.
  public static let copy = KeyProbe(
    "copy", .notCopyable, "asks for a copy of the private key with C_CopyObject, as a session object, which is destroyed")
  /// Copies the key as an extractable one.
  public static let copyExtractable = KeyProbe(
    "copy-extractable", .attributesFixed,
    "asks for an extractable copy of the private key with C_CopyObject, as a session object; where there is one, it is asked for its "
      + "value, and destroyed")
  /// Turns `CKA_EXTRACTABLE` on.
  public static let makeExtractable = KeyProbe(
    "make-extractable", .attributesFixed, flag: .notExtractable,
    "sets CKA_EXTRACTABLE of the private key to true with C_SetAttributeValue; where that is taken, the key is asked for its value, and "
      + "the flag is turned back at once")
  /// Turns `CKA_SENSITIVE` off.
  public static let makeReadable = KeyProbe(
    "make-readable", .attributesFixed, flag: .sensitive,
    "sets CKA_SENSITIVE of the private key to false with C_SetAttributeValue; where that is taken, the key is asked for its value, and the "
      + "flag is turned back at once")

  /// In the order in which they are made: what could change the key comes last.
  public static let allCases: [KeyProbe] = [
    .readPrivateValue, .wrapOut, .decrypt, .unwrap, .derive, .signRecover, .copy, .copyExtractable, .makeExtractable, .makeReadable,
  ]

  public var description: String { rawValue }

  /// The use that a probe makes of a key that only signs.
  var use: AttributeType? {
    switch self {
    case .decrypt: .decrypt
    case .unwrap: .unwrap
    case .derive: .derive
    case .signRecover: .signRecover
    default: nil
    }
  }

  public static func == (left: KeyProbe, right: KeyProbe) -> Bool { left.rawValue == right.rawValue }
  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension Set<KeyProbe> {
  /// Every probe that there is.
  public static var all: Set<KeyProbe> { Set(KeyProbe.allCases) }
}
