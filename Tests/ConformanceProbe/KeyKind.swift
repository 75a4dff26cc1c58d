import Crypto
import CryptoExtras
import PKCS11
import SwiftASN1
import TokenKeys

/// The kinds of keys that are tried.
enum KeyKind: String, CaseIterable {
  case rsa2048 = "rsa-2048"
  case ecdsaP256 = "ecdsa-p256"
  case ecdsaP384 = "ecdsa-p384"
  case ecdsaP521 = "ecdsa-p521"
  case ed25519 = "ed25519"

  /// What the library calls it; nil while it does not know the kind.
  var algorithm: KeyAlgorithm? { KeyAlgorithm(rawValue: rawValue) }

  var checkName: String { "generate \(rawValue)" }

  var generation: Mechanism {
    switch self {
    case .rsa2048: .rsaPKCSKeyPairGeneration
    case .ed25519: .ecEdwardsKeyPairGeneration
    default: .ecKeyPairGeneration
    }
  }

  var type: KeyType {
    switch self {
    case .rsa2048: .rsa
    case .ed25519: .ecEdwards
    default: .ec
    }
  }

  /// What makes a public key of this kind, and no more than that.
  var parameters: [Attribute] {
    switch self {
    case .rsa2048: [.init(.modulusBits, UInt(2048)), .init(.publicExponent, [1, 0, 1])]
    case .ecdsaP256: [.init(.ecParameters, [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07])]
    case .ecdsaP384: [.init(.ecParameters, [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22])]
    case .ecdsaP521: [.init(.ecParameters, [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23])]
    // PrintableString "edwards25519", as SoftHSM wants it.
    case .ed25519: [.init(.ecParameters, [0x13, 0x0C] + Array("edwards25519".utf8))]
    }
  }

  /// In bytes.
  var signatureSize: Int {
    switch self {
    case .rsa2048: 256
    case .ecdsaP256, .ed25519: 64
    case .ecdsaP384: 96
    case .ecdsaP521: 132
    }
  }

  /// The ways to sign with such a key.
  var signing: [SigningWay] {
    switch self {
    case .rsa2048:
      [
        .init(.rsaPKCS, .digestInfoOfSHA256), .init(.sha256RSAPKCS, .message), .init(.sha384RSAPKCS, .message),
        .init(.sha512RSAPKCS, .message), .init(.rsaPKCSPSS(hash: .sha256), .sha256), .init(.hashingRSAPKCSPSS(hash: .sha256), .message),
        .init(.hashingRSAPKCSPSS(hash: .sha384), .message), .init(.hashingRSAPKCSPSS(hash: .sha512), .message),
      ]
    case .ecdsaP256: [.init(.ecdsa, .sha256), .init(.ecdsaSHA256, .message)]
    case .ecdsaP384: [.init(.ecdsa, .sha384), .init(.ecdsaSHA384, .message)]
    case .ecdsaP521: [.init(.ecdsa, .sha512), .init(.ecdsaSHA512, .message)]
    case .ed25519: [.init(.edDSA, .message)]
    }
  }
}

extension KeySignatureAlgorithm {
  /// The mechanisms that it can be made with.
  var mechanisms: [MechanismType] {
    switch self {
    case .rsaPKCS1SHA256: [.sha256RSAPKCS, .rsaPKCS]
    case .rsaPKCS1SHA384: [.sha384RSAPKCS, .rsaPKCS]
    case .rsaPKCS1SHA512: [.sha512RSAPKCS, .rsaPKCS]
    case .rsaPSSSHA256: [.sha256RSAPKCSPSS, .rsaPKCSPSS]
    case .rsaPSSSHA384: [.sha384RSAPKCSPSS, .rsaPKCSPSS]
    case .rsaPSSSHA512: [.sha512RSAPKCSPSS, .rsaPKCSPSS]
    case .ecdsaSHA256: [.ecdsaSHA256, .ecdsa]
    case .ecdsaSHA384: [.ecdsaSHA384, .ecdsa]
    case .ecdsaSHA512: [.ecdsaSHA512, .ecdsa]
    case .ed25519: [.edDSA]
    default: []
    }
  }
}

/// A mechanism, and what it is given.
struct SigningWay {
  enum Input { case message, sha256, sha384, sha512, digestInfoOfSHA256 }

  let mechanism: Mechanism
  let input: Input

  init(_ mechanism: Mechanism, _ input: Input) {
    self.mechanism = mechanism
    self.input = input
  }

  func data(_ message: [UInt8]) -> [UInt8] {
    switch input {
    case .message: message
    case .sha256: Array(SHA256.hash(data: message))
    case .sha384: Array(SHA384.hash(data: message))
    case .sha512: Array(SHA512.hash(data: message))
    case .digestInfoOfSHA256:
      // RFC 8017 section 9.2, note 1.
      [0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20]
        + Array(SHA256.hash(data: message))
    }
  }
}

/// A key pair on the token, as the checks of mechanisms see it: by its identifier, with its public half in software.
struct TestKey {
  let kind: KeyKind
  let label: String
  let identifier: [UInt8]

  func privateHandle(in session: inout Session) throws -> ObjectHandle { try handle(.privateKey, in: &session) }

  /// Verifies in software, with the public half as the token shows it.
  func verify(_ signature: [UInt8], of message: [UInt8], by way: SigningWay, in session: inout Session) throws {
    let values = try session.attributes([.modulus, .publicExponent, .ecPoint], of: handle(.publicKey, in: &session))
    guard try isValid(signature, of: message, by: way.mechanism.type, values) else { throw Wrong("the signature does not verify") }
  }

  private func handle(_ objectClass: ObjectClass, in session: inout Session) throws -> ObjectHandle {
    let found = try session.findObjects(matching: [.init(.objectClass, objectClass), .init(.id, identifier)])
    guard let handle = found.first, found.count == 1 else { throw Wrong("\(found.count) objects where one is") }
    return handle
  }

  private func isValid(_ signature: [UInt8], of message: [UInt8], by type: MechanismType, _ values: AttributeValues) throws -> Bool {
    switch kind {
    case .rsa2048:
      guard let modulus = values.bytes(.modulus), let exponent = values.bytes(.publicExponent) else { throw Wrong("no modulus") }
      let key = try _RSA.Signing.PublicKey(n: modulus.drop { $0 == 0 }, e: exponent)
      let raw = _RSA.Signing.RSASignature(rawRepresentation: signature)
      let padding: _RSA.Signing.Padding =
        [.rsaPKCSPSS, .sha256RSAPKCSPSS, .sha384RSAPKCSPSS, .sha512RSAPKCSPSS].contains(type) ? .PSS : .insecurePKCS1v1_5
      switch type {
      case .sha384RSAPKCS, .sha384RSAPKCSPSS: return key.isValidSignature(raw, for: SHA384.hash(data: message), padding: padding)
      case .sha512RSAPKCS, .sha512RSAPKCSPSS: return key.isValidSignature(raw, for: SHA512.hash(data: message), padding: padding)
      default: return key.isValidSignature(raw, for: SHA256.hash(data: message), padding: padding)
      }
    case .ecdsaP256:
      return try P256.Signing.PublicKey(x963Representation: point(values)).isValidSignature(
        .init(rawRepresentation: signature), for: SHA256.hash(data: message))
    case .ecdsaP384:
      return try P384.Signing.PublicKey(x963Representation: point(values)).isValidSignature(
        .init(rawRepresentation: signature), for: SHA384.hash(data: message))
    case .ecdsaP521:
      return try P521.Signing.PublicKey(x963Representation: point(values)).isValidSignature(
        .init(rawRepresentation: signature), for: SHA512.hash(data: message))
    case .ed25519:
      return try Curve25519.Signing.PublicKey(rawRepresentation: point(values)).isValidSignature(signature, for: message)
    }
  }

  /// The public point, with or without the OCTET STRING around it.
  private func point(_ values: AttributeValues) throws -> ArraySlice<UInt8> {
    guard let encoded = values.bytes(.ecPoint) else { throw Wrong("the public key shows no point") }
    return (try? ASN1OctetString(derEncoded: encoded).bytes) ?? encoded[...]
  }
}
