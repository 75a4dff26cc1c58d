/// What kind of key pair the token generates, and at which size.
///
/// A raw-value type, so that the set can grow. The raw value is the name used on the command line and in configuration.
public struct KeyAlgorithm: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String

  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  private init(name: String) { rawValue = name }

  /// RSA with a modulus of 2048 bits and exponent 65537: what the certificate service supports.
  public static let rsa2048 = KeyAlgorithm(name: "rsa-2048")
  /// RSA with a modulus of 3072 bits and exponent 65537.
  public static let rsa3072 = KeyAlgorithm(name: "rsa-3072")
  /// RSA with a modulus of 4096 bits and exponent 65537.
  public static let rsa4096 = KeyAlgorithm(name: "rsa-4096")
  /// ECDSA on NIST P-256 (secp256r1), signed over SHA-256.
  public static let ecdsaP256 = KeyAlgorithm(name: "ecdsa-p256")
  /// ECDSA on NIST P-384 (secp384r1), signed over SHA-384.
  public static let ecdsaP384 = KeyAlgorithm(name: "ecdsa-p384")

  public static let allCases: [KeyAlgorithm] = [.rsa2048, .rsa3072, .rsa4096, .ecdsaP256, .ecdsaP384]

  public var description: String { rawValue }
}

extension KeyAlgorithm {
  /// Size of the modulus in bits, for RSA keys.
  var modulusBits: Int? {
    switch self {
    case .rsa2048: 2048
    case .rsa3072: 3072
    case .rsa4096: 4096
    default: nil
    }
  }

  /// The named curve as the DER object identifier that `CKA_EC_PARAMS` holds (RFC 5480 section 2.1.1.1), for ECDSA keys.
  var curveParameters: [UInt8]? {
    switch self {
    case .ecdsaP256: [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
    case .ecdsaP384: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22]
    default: nil
    }
  }

  static func rsa(modulusBits: Int) -> KeyAlgorithm? { allCases.first { $0.modulusBits == modulusBits } }
  static func elliptic(curveParameters: [UInt8]) -> KeyAlgorithm? { allCases.first { $0.curveParameters == curveParameters } }
}
