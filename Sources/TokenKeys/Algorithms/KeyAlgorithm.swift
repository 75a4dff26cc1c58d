import PKCS11

/// What kind of key pair the token generates, and at which size.
///
/// A raw-value type, so that the set can grow. The raw value is the name used on the command line and in configuration.
public struct KeyAlgorithm: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  public let rawValue: String
  let kind: Kind

  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  private init(_ name: String, _ kind: Kind) {
    rawValue = name
    self.kind = kind
  }

  /// RSA with a modulus of 2048 bits and exponent 65537: what the certificate service supports.
  public static let rsa2048 = KeyAlgorithm("rsa-2048", .rsa(modulusBits: 2048))
  /// RSA with a modulus of 3072 bits and exponent 65537.
  public static let rsa3072 = KeyAlgorithm("rsa-3072", .rsa(modulusBits: 3072))
  /// RSA with a modulus of 4096 bits and exponent 65537.
  public static let rsa4096 = KeyAlgorithm("rsa-4096", .rsa(modulusBits: 4096))
  /// ECDSA on NIST P-256 (secp256r1), signed over SHA-256.
  public static let ecdsaP256 = KeyAlgorithm("ecdsa-p256", .elliptic(.p256))
  /// ECDSA on NIST P-384 (secp384r1), signed over SHA-384.
  public static let ecdsaP384 = KeyAlgorithm("ecdsa-p384", .elliptic(.p384))
  /// ECDSA on NIST P-521 (secp521r1), signed over SHA-512.
  public static let ecdsaP521 = KeyAlgorithm("ecdsa-p521", .elliptic(.p521))
  /// EdDSA on Curve25519 (RFC 8032), signed over the message itself.
  public static let ed25519 = KeyAlgorithm("ed25519", .edwards25519)
  /// ML-DSA-65 (FIPS 204), with the numbers of PKCS #11 3.2. Known by name only: no such key is made as long as X.509's public keys cannot
  /// hold one.
  public static let mlDSA65 = KeyAlgorithm("ml-dsa-65", .moduleLattice(.mlDSA65))
  /// ML-DSA-87 (FIPS 204). As ``mlDSA65``.
  public static let mlDSA87 = KeyAlgorithm("ml-dsa-87", .moduleLattice(.mlDSA87))

  public static let allCases: [KeyAlgorithm] = [
    .rsa2048, .rsa3072, .rsa4096, .ecdsaP256, .ecdsaP384, .ecdsaP521, .ed25519, .mlDSA65, .mlDSA87,
  ]

  public var description: String { rawValue }
}

extension KeyAlgorithm {
  /// What a key is, as far as its making, reading and signing differ.
  enum Kind: Hashable, Sendable {
    case rsa(modulusBits: Int)
    case elliptic(EllipticCurve)
    case edwards25519
    case moduleLattice(ParameterSet)
  }

  /// Size of the modulus in bits, for RSA keys.
  var modulusBits: Int? { if case .rsa(let bits) = kind { bits } else { nil } }

  /// `CKA_KEY_TYPE` of both halves.
  var keyType: KeyType {
    switch kind {
    case .rsa: .rsa
    case .elliptic: .ec
    case .edwards25519: .ecEdwards
    case .moduleLattice: .mlDSA
    }
  }

  /// The mechanism that generates such keys.
  var generation: Mechanism {
    switch kind {
    case .rsa: .rsaPKCSKeyPairGeneration
    case .elliptic: .ecKeyPairGeneration
    case .edwards25519: .ecEdwardsKeyPairGeneration
    case .moduleLattice: .mlDSAKeyPairGeneration
    }
  }

  /// How long every signature of such a key is, in bytes, as the token gives it (r and s for ECDSA).
  var signatureSize: Int {
    switch kind {
    case .rsa(let bits): bits / 8
    case .elliptic(let curve): 2 * curve.coordinateSize
    case .edwards25519: 64
    case .moduleLattice(let set): set == .mlDSA87 ? 4627 : 3309  // FIPS 204, table 2
    }
  }

  /// The sizes, in bits, under which mechanism lists know such keys: some count an Edwards curve's sign bit, some do not.
  var sizes: [Int] {
    switch kind {
    case .rsa(let bits): [bits]
    case .elliptic(let curve): [curve.bits]
    case .edwards25519: [255, 256]
    case .moduleLattice: []
    }
  }

  static func rsa(modulusBits: Int) -> KeyAlgorithm? { allCases.first { $0.modulusBits == modulusBits } }
  static func elliptic(_ curve: EllipticCurve) -> KeyAlgorithm? { allCases.first { $0.kind == .elliptic(curve) } }
}

/// A curve that ECDSA keys are on.
enum EllipticCurve: Hashable, Sendable, CaseIterable {
  case p256, p384, p521

  /// Length of the order and of a coordinate, in bits.
  var bits: Int {
    switch self {
    case .p256: 256
    case .p384: 384
    case .p521: 521
    }
  }

  /// Length of a coordinate, and of r and of s, in bytes.
  var coordinateSize: Int { (bits + 7) / 8 }

  /// The curve's object identifier in DER, as `CKA_EC_PARAMS` holds it (RFC 5480 section 2.1.1.1).
  var parameters: [UInt8] {
    switch self {
    case .p256: [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
    case .p384: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22]
    case .p521: [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23]
    }
  }
}

/// How `CKA_EC_PARAMS` names the curve of Ed25519. The standard allows both; tokens differ in which they take.
struct EdwardsParameters: Hashable, Sendable {
  let bytes: [UInt8]

  /// The PrintableString "edwards25519" (PKCS #11 3.0, section 2.3.10).
  static let curveName = EdwardsParameters(bytes: [0x13, 0x0C] + Array("edwards25519".utf8))
  /// The object identifier 1.3.101.112 (RFC 8410).
  static let objectIdentifier = EdwardsParameters(bytes: [0x06, 0x03, 0x2B, 0x65, 0x70])

  static let all = [curveName, objectIdentifier]
}
